import { setTimeout } from 'node:timers/promises'
import { EXIT } from '../../kernel/exit-codes.ts'
import type { Settings } from '../../settings/table.ts'
import { type Finding, fine, wrong } from './finding.ts'

/** Milliseconds in which Redis has to answer. */
const PATIENCE = 5_000

/** Asks Redis for a PONG, with the settings with which events are published. */
export async function checkRedis({ TEAMS_REDIS_URL: url }: Settings): Promise<Finding> {
  if (url === undefined) return fine('redis', 'not used: TEAMS_REDIS_URL is not set')
  const { createClient } = await import('redis')
  const client = createClient({
    url,
    RESP: 2,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false, connectTimeout: PATIENCE },
  })
  // What goes wrong is thrown at us as well.
  client.on('error', () => undefined)
  const givenUp = new AbortController()
  try {
    const answer = client.connect().then(() => client.ping())
    const late = setTimeout(PATIENCE, 'no answer', { signal: givenUp.signal })
    late.catch(() => undefined)
    const said = await Promise.race([answer, late])
    if (said === 'PONG') return fine('redis', 'answers PONG')
    return unreachable(said)
  } catch (error) {
    return unreachable(reasonOf(error))
  } finally {
    givenUp.abort()
    client.destroy()
  }
}

function unreachable(what: string): Finding {
  return wrong(
    'redis',
    `TEAMS_REDIS_URL: ${what}`,
    'Check the URL and that Redis is up. Events are accepted and sent all the same; only live listeners miss them.',
    EXIT.unreachable,
  )
}

/** The client's messages may quote the URL, and Redis' own begin with a word in capitals. */
function reasonOf(error: unknown): string {
  const { code, message } = error instanceof Error ? (error as Error & { code?: unknown }) : {}
  if (typeof code === 'string') return code
  return /^[A-Z]{3,20}(?= )/.exec(message ?? '')?.[0] ?? 'no connection'
}
