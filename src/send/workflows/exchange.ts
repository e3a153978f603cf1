import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../kernel/clock.ts'
import { postOver } from './answer.ts'
import type { Connections } from './connections.ts'

/** One POST. */
export interface Post {
  readonly origin: string
  readonly path: string
  /** Makes what is posted, once there is a connection: a time in the headers is the time of the post. */
  readonly make: () => { readonly headers: Record<string, string>; readonly body: Buffer }
  /** From having a connection to the end of the answer. */
  readonly timeoutMs: number
  /** The caller gives up. */
  readonly signal?: AbortSignal
}

/** What came of it. */
export type Exchange =
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | {
      readonly status: undefined
      readonly why: 'caller' | 'timeout' | 'network'
      /** True once the connection was open: something may have been written. */
      readonly begun: boolean
      readonly error: unknown
    }

/**
 * Posts once and reads the start of the answer. Never throws, follows no redirect, and once the status line is there, that is
 * what came of it, whether or not the body ends.
 */
export async function exchange(connections: Connections, clock: Clock, post: Post): Promise<Exchange> {
  const signal = post.signal ?? new AbortController().signal
  const connection = await connections.acquire(post.origin, signal).catch(() => undefined)
  if (!connection || signal.aborted) {
    connection?.release(true)
    return { status: undefined, why: 'caller', begun: false, error: undefined }
  }
  let late = false
  const stopTimer = clock.after(post.timeoutMs, () => {
    late = true
    connection.release(false)
  })
  let begun = () => false
  let reusable = false
  try {
    const made = post.make()
    begun = connection.wasOpen
    const { complete, ...answer } = await postOver(connection.client, { path: post.path, ...made })
    reusable = complete
    return answer
  } catch (error) {
    const why = late ? 'timeout' : signal.aborted ? 'caller' : 'network'
    return { status: undefined, why, begun: begun(), error }
  } finally {
    stopTimer()
    connection.release(reusable)
  }
}

/**
 * The error code of an exchange that got no answer in time, as the table of outcomes knows it: with the connection not
 * even open, nothing arrived.
 */
export function timeoutCode(begun: boolean): string {
  return begun ? 'ERR_SEND_TIMEOUT' : 'UND_ERR_CONNECT_TIMEOUT'
}
