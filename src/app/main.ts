import { keepHeapSmall } from '../cli/heap.ts'
import { runCommandLine } from '../cli/run.ts'

const args = process.argv.slice(2)
if (args.find((arg) => !arg.startsWith('-')) === 'serve') keepHeapSmall()
// Dynamic imports: only a command that makes a gateway of its own loads the database; `--help` does not.
const code = await runCommandLine(args, {
  serve: async (options) => (await import('./serve.ts')).serveGateway(options),
  open: async (options) => (await import('./open-gateway.ts')).openGateway(options),
})
process.exit(code)
