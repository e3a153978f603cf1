import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../kernel/clock.ts'
import { NotBegun, postOver } from './answer.ts'
import type { Connections } from './connections.ts'

/** One request. */
export interface Post {
  /** POST if absent. */
  readonly method?: 'GET' | 'POST' | undefined
  readonly origin: string
  readonly path: string
  /**
   * Makes headers and body. Called once there is a connection, so that the timestamp in the headers is that of the
   * post.
   */
  readonly make: () => { readonly headers: Record<string, string>; readonly body: Buffer | null }
  /** From getting a connection to the end of the answer. */
  readonly timeoutMs: number
  /** Aborts the post at any time. */
  readonly signal?: AbortSignal
  /** Aborts the post unless it is begun. */
  readonly callOff?: AbortSignal
  /** Called right before the first byte is written; false ends the post, as an abort does. */
  readonly mayPost?: () => boolean
}

/** After the timeout, for reading an answer that arrived while the event loop was blocked or the process suspended. */
const READ_GRACE_MS = 50
const NEVER = new AbortController().signal

/** The answer to a post, or the reason why there is none. */
export type Exchange =
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | {
      readonly status: undefined
      readonly why: 'caller' | 'timeout' | 'network'
      /** True once the first byte may have been written. */
      readonly begun: boolean
      readonly error: unknown
    }

/**
 * Posts once and reads the start of the answer. Never throws and follows no redirects. Once the status line has
 * arrived, the result is the answer, even if the body does not end.
 */
export async function exchange(connections: Connections, clock: Clock, post: Post): Promise<Exchange> {
  const { signal = NEVER, callOff = NEVER, mayPost = () => true } = post
  const connection = await connections.acquire(post.origin, { signal, callOff }).catch(() => undefined)
  if (!connection || signal.aborted || callOff.aborted || !mayPost()) {
    connection?.release(true)
    return { status: undefined, why: 'caller', begun: false, error: undefined }
  }
  let timedOut = false
  // Two timers: after a pause of the process longer than the timeout, Node runs the first before it reads the socket.
  let stopTimer = clock.after(post.timeoutMs, () => {
    stopTimer = clock.after(READ_GRACE_MS, () => {
      timedOut = true
      connection.release(false)
    })
  })
  let begun = false
  let reusable = false
  const begin = () => {
    begun = mayPost()
    if (begun) connection.begin()
    return begun
  }
  try {
    const { complete, ...answer } = await postOver(
      connection.client,
      { method: post.method, path: post.path, ...post.make() },
      begin,
    )
    reusable = complete
    return answer
  } catch (error) {
    reusable = error instanceof NotBegun
    const why = timedOut ? 'timeout' : reusable || signal.aborted || (callOff.aborted && !begun) ? 'caller' : 'network'
    return { status: undefined, why, begun, error }
  } finally {
    stopTimer()
    connection.release(reusable)
  }
}

/** The error code of an exchange that timed out, as in OUTCOMES: a post that was not begun had no open connection. */
export function timeoutCode(begun: boolean): string {
  return begun ? 'ERR_SEND_TIMEOUT' : 'UND_ERR_CONNECT_TIMEOUT'
}
