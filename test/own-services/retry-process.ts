import type { ActionProvider } from '../../src/actions/provider.ts'
import { serveGateway } from '../../src/app/serve.ts'

// A gateway in a process of its own whose retries ask another system over HTTP, OTHER_SIDE, for tests that kill it. With LOOKS it
// can look up there what became of a retry. The first line that it prints is where it listens.
const { OTHER_SIDE = '', LOOKS } = process.env

async function ask(method: 'POST' | 'GET', actionId: string): Promise<{ readonly done: boolean }> {
  const answer = await fetch(`${OTHER_SIDE}/${actionId}`, { method })
  return JSON.parse(await answer.text())
}

const retry: ActionProvider = {
  action: 'retry',
  offers: () => ({ can: true }),
  async run(_event, { actionId }) {
    await ask('POST', actionId)
    return { state: 'done', data: null }
  },
}

const looked: ActionProvider = {
  ...retry,
  look: async (_event, actionId) => ({ state: (await ask('GET', actionId)).done ? 'done' : 'failed', data: null }),
}

const gateway = await serveGateway({ actions: [LOOKS === undefined ? retry : looked] })
process.stdout.write(`${gateway.origin}\n`)
