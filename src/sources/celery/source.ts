import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { SOURCE_CODES } from '../../contract/sources.ts'
import { type Source, type SourceCheck, type SourceParts, SourceProblem } from '../source.ts'
import { type CeleryConnections, createConnections } from './connections.ts'
import { watch } from './watch.ts'

/** Watches Celery workers through their broker. */
export function createCelerySource(definition: CeleryDefinition, parts: SourceParts): Source {
  const connections = createConnections(definition, parts)
  return {
    run: (context) => watch(context, definition, connections),
    check: (signal) => checkConnections(definition, connections, signal),
  }
}

async function checkConnections(
  { broker, results }: CeleryDefinition,
  connections: CeleryConnections,
  signal: AbortSignal,
): Promise<readonly SourceCheck[]> {
  const checks = [await tried('connection', `${broker.host}:${broker.port}`, () => connections.broker(signal))]
  if (results !== undefined)
    checks.push({
      ...(await tried('results', `${results.host}:${results.port}`, () => connections.results(signal))),
      part: 'results',
    })
  return checks
}

async function tried(
  what: string,
  server: string,
  open: () => Promise<{ close(): void } | undefined>,
): Promise<SourceCheck> {
  try {
    const connection = await open()
    connection?.close()
    return { what, ok: true, found: `${server} takes the user` }
  } catch (error) {
    const code = error instanceof SourceProblem ? error.code : 'failed'
    return { what, ok: false, found: SOURCE_CODES[code].means, code }
  }
}
