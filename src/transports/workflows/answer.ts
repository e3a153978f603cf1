import type { IncomingHttpHeaders } from 'node:http'
import type { Client } from 'undici'
import { bodyText } from './body-text.ts'

/** Of a receiver's body only this much is read: it is looked through for an error code and then forgotten. */
export const MAX_BODY_BYTES = 65_536

/** What a receiver answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** As much of the body as came, up to {@link MAX_BODY_BYTES}. */
  readonly body: string
  /** Whether that was all of it, so that its connection can be used again. */
  readonly complete: boolean
}

/** Says that a post was not begun, because its sender may not post any more. */
export class NotBegun extends Error {}

/**
 * Posts over one connection and reads the start of the answer. Once the status line is there, whatever happens to the body is
 * part of the answer; before that it rejects with undici's error, or with {@link NotBegun}.
 *
 * By `dispatch` and not by `request`, whose stream for the body takes as long as all the rest of a post.
 *
 * @param begin called once the connection is open, right before the first byte is written; false ends it there
 */
export function postOver(
  client: Client,
  post: { readonly path: string; readonly headers: Record<string, string>; readonly body: Buffer },
  begin: () => boolean,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    let head: Pick<Answer, 'status' | 'headers'> | undefined
    const answer = (complete: boolean) => {
      if (!head) return
      const { status, headers } = head
      const text = bodyText(Buffer.concat(chunks), headers['content-encoding'], MAX_BODY_BYTES)
      if (typeof text === 'string') resolve({ status, headers, body: text, complete })
      else text.then((body) => resolve({ status, headers, body, complete }), reject)
    }
    client.dispatch(
      { method: 'POST', ...post },
      {
        // What is thrown here undici hands to onResponseError, and keeps the connection.
        onRequestStart() {
          if (!begin()) throw new NotBegun()
        },
        onResponseStart(_, status, headers) {
          // 1xx: the answer itself is still to come.
          if (status >= 200) head = { status, headers }
        },
        onResponseData(_, chunk) {
          if (length <= MAX_BODY_BYTES) chunks.push(chunk.subarray(0, MAX_BODY_BYTES - length))
          length += chunk.length
          if (length > MAX_BODY_BYTES) answer(false)
        },
        onResponseEnd: () => answer(true),
        onResponseError(_, error) {
          if (head) answer(false)
          else reject(error)
        },
      },
    )
  })
}
