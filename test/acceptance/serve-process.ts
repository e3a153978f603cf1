import { serveGateway } from '../../src/app/serve.ts'

// A gateway in a process of its own, for tests that kill it. Its settings are its environment; the first line that it
// prints is where it listens.
const gateway = await serveGateway({})
process.once('SIGTERM', () => {
  gateway.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
process.stdout.write(`${gateway.origin}\n`)
