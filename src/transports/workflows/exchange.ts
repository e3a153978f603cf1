import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../kernel/clock.ts'
import { NotBegun, postOver } from './answer.ts'
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
  /** The caller no longer waits for the post to begin; one that is begun goes on. */
  readonly callOff?: AbortSignal
  /** Asked right before the first byte is written; false ends the post there, as if the caller had given up. */
  readonly mayPost?: () => boolean
}

/** Milliseconds in which a process that was held up for longer than the timeout reads an answer that has come meanwhile. */
const TO_READ_MS = 50
const NEVER = new AbortController().signal

/** What came of it. */
export type Exchange =
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | {
      readonly status: undefined
      readonly why: 'caller' | 'timeout' | 'network'
      /** True from the moment at which the first byte could be written. */
      readonly begun: boolean
      readonly error: unknown
    }

/**
 * Posts once and reads the start of the answer. Never throws, follows no redirect, and once the status line is there, that is
 * what came of it, whether or not the body ends.
 */
export async function exchange(connections: Connections, clock: Clock, post: Post): Promise<Exchange> {
  const { signal = NEVER, callOff = NEVER, mayPost = () => true } = post
  const connection = await connections.acquire(post.origin, { signal, callOff }).catch(() => undefined)
  if (!connection || signal.aborted || callOff.aborted || !mayPost()) {
    connection?.release(true)
    return { status: undefined, why: 'caller', begun: false, error: undefined }
  }
  let late = false
  // In two steps: after the process was held up for so long, the timer runs before the answer that lies there is read.
  let stopTimer = clock.after(post.timeoutMs, () => {
    stopTimer = clock.after(TO_READ_MS, () => {
      late = true
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
    const { complete, ...answer } = await postOver(connection.client, { path: post.path, ...post.make() }, begin)
    reusable = complete
    return answer
  } catch (error) {
    reusable = error instanceof NotBegun
    const why = late ? 'timeout' : reusable || signal.aborted || (callOff.aborted && !begun) ? 'caller' : 'network'
    return { status: undefined, why, begun, error }
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
