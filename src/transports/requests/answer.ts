import type { IncomingHttpHeaders } from 'node:http'
import type { Client } from 'undici'
import { bodyText } from './body-text.ts'

/** Most bytes of an answer's body that are read, to find an error code. */
const MAX_BODY_BYTES = 65_536

/** The receiver's answer to one request. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The body, up to {@link MAX_BODY_BYTES}; its start where the connection broke. */
  readonly body: string
  /** True where the body was read to its end, so that the connection can be reused. */
  readonly complete: boolean
}

/** The error of a request that was not begun because `begin` returned false. */
export class NotBegun extends Error {}

/**
 * Sends one request over one connection and reads the start of the answer. Rejects with undici's error, or with {@link NotBegun},
 * until the status line has arrived; afterwards a failure only shortens the body.
 *
 * Uses `dispatch`: the stream that undici's `request` makes for the body takes as long as the rest of a post.
 *
 * @param begin called once the connection is open, right before the first byte is written; with false nothing is written
 */
export function postOver(
  client: Client,
  post: {
    readonly method?: 'GET' | 'POST' | undefined
    readonly path: string
    readonly headers: Record<string, string>
    readonly body: Buffer | null
  },
  begin: () => boolean,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    let head: Pick<HttpAnswer, 'status' | 'headers'> | undefined
    const finish = (complete: boolean) => {
      if (!head) return
      const { status, headers } = head
      const text = bodyText(Buffer.concat(chunks), headers['content-encoding'], MAX_BODY_BYTES)
      if (typeof text === 'string') resolve({ status, headers, body: text, complete })
      else text.then((body) => resolve({ status, headers, body, complete }), reject)
    }
    client.dispatch(
      { ...post, method: post.method ?? 'POST' },
      {
        // undici passes an error thrown here to onResponseError, and keeps the connection open.
        onRequestStart() {
          if (!begin()) throw new NotBegun()
        },
        onResponseStart(_, status, headers) {
          // A 1xx status is followed by the final answer.
          if (status >= 200) head = { status, headers }
        },
        onResponseData(_, chunk) {
          if (length <= MAX_BODY_BYTES) chunks.push(chunk.subarray(0, MAX_BODY_BYTES - length))
          length += chunk.length
          if (length > MAX_BODY_BYTES) finish(false)
        },
        onResponseEnd: () => finish(true),
        onResponseError(_, error) {
          if (head) finish(false)
          else reject(error)
        },
      },
    )
  })
}
