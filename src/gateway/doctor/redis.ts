import { setTimeout } from 'node:timers/promises'
import { EXIT } from '../../kernel/exit-codes.ts'
import type { Settings } from '../../settings/table.ts'
import { type Finding, fine, wrong } from './finding.ts'

/** Milliseconds that Redis has to connect and to answer. */
const ANSWER_TIMEOUT_MS = 5_000

/** Pings Redis, with the client options that events are published with. */
export async function checkRedis({ TEAMS_REDIS_URL: url }: Settings): Promise<Finding> {
  if (url === undefined) return fine('redis', 'not used: TEAMS_REDIS_URL is not set')
  const { createClient } = await import('redis')
  const client = createClient({
    url,
    RESP: 2,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false, connectTimeout: ANSWER_TIMEOUT_MS },
  })
  // Errors also reject connect() and ping(); without a listener, the `error` event would end the process.
  client.on('error', () => undefined)
  const timeout = new AbortController()
  try {
    const answer = client.connect().then(() => client.ping())
    const noAnswer = setTimeout(ANSWER_TIMEOUT_MS, 'no answer', { signal: timeout.signal })
    noAnswer.catch(() => undefined)
    const result = await Promise.race([answer, noAnswer])
    if (result === 'PONG') return fine('redis', 'answers PONG')
    return unreachable(result)
  } catch (error) {
    return unreachable(reasonOf(error))
  } finally {
    timeout.abort()
    client.destroy()
  }
}

function unreachable(reason: string): Finding {
  return wrong(
    'redis',
    `TEAMS_REDIS_URL: ${reason}`,
    'Check the URL and that Redis is up. Events are accepted and sent all the same; only live listeners miss them.',
    EXIT.unreachable,
  )
}

/** Error code, or the capital prefix of an error reply, such as WRONGPASS. Not the message, which may quote the URL. */
function reasonOf(error: unknown): string {
  const { code, message } = error instanceof Error ? (error as Error & { code?: unknown }) : {}
  if (typeof code === 'string') return code
  return /^[A-Z]{3,20}(?= )/.exec(message ?? '')?.[0] ?? 'no connection'
}
