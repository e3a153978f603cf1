import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { SOURCE_CODES } from '../../contract/sources.ts'
import { type SourceCheck, SourceProblem } from '../source.ts'
import type { CeleryConnections } from './connections.ts'
import { openLink } from './open-link.ts'
import { openResults } from './results.ts'

/** Tries the broker, the rights to listen and to look at queues, and the result backend. */
export async function checkCelery(
  definition: CeleryDefinition,
  connections: CeleryConnections,
  signal: AbortSignal,
): Promise<readonly SourceCheck[]> {
  const { broker, results } = definition
  const checks = [await tried('connection', () => connect(`${broker.host}:${broker.port}`, connections.broker(signal)))]
  if (checks[0]?.ok) checks.push(await tried('rights', () => listen(definition, connections, signal)))
  if (results === undefined) return checks
  const reached = await tried('results', async () => {
    const opened = await openResults(connections, results.keyPrefix, () => {}, signal)
    // No such record: it shows the right to read one.
    return connect(
      `${results.host}:${results.port}`,
      opened.read('claimlinc-teams', signal).then(() => opened),
    )
  })
  return [...checks, { ...reached, part: 'results' }]
}

async function connect(server: string, opened: Promise<{ close(): void }>): Promise<string> {
  const connection = await opened
  connection.close()
  return `${server} takes the user`
}

async function listen(
  definition: CeleryDefinition,
  connections: CeleryConnections,
  signal: AbortSignal,
): Promise<string> {
  const { eventExchange, queues, deadLetterQueues } = definition
  const link = await openLink(definition, connections, () => {}, signal)
  try {
    const figures = await link.queues([...queues, ...deadLetterQueues], signal)
    const found = figures.filter(({ exists }) => exists).length
    const events = (await link.listen(signal)) ? 'listens to events' : `there is no exchange ${eventExchange} yet`
    return `${events}; ${found} of ${figures.length} queues are there`
  } finally {
    link.close()
  }
}

async function tried(what: string, run: () => Promise<string>): Promise<SourceCheck> {
  try {
    return { what, ok: true, found: await run() }
  } catch (error) {
    const code = error instanceof SourceProblem ? error.code : 'failed'
    return { what, ok: false, found: SOURCE_CODES[code].means, code }
  }
}
