import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/**
 * What happens to the next request instead of the usual answer:
 *
 * - `status`: refused with this status, such as 429 or 503, and nothing is kept; `retryAfter` in seconds
 * - `slow`: kept, and answered after `delayMs`
 * - `cut`: the connection closes without an answer; `kept` says whether the request was kept before. A caller can not tell
 *   the two apart, and has to join what it may have sent already
 * - `hang`: kept, and no answer until the caller disconnects
 */
export type PagerFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number; readonly body?: string }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'cut'; readonly kept: boolean }
  | { readonly kind: 'hang' }

/** One request, with its body as bytes. */
export interface PagerRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The answer to one request. */
export interface PagerAnswer {
  readonly status: number
  readonly body: object
  readonly headers?: Readonly<Record<string, string>>
}

/** A listening stand-in. */
export interface PagerServer {
  /** For example `http://127.0.0.1:41234`. */
  readonly origin: string
  close(): Promise<void>
}

/** Serves a stand-in on 127.0.0.1, on `port` or a free port. `faults` are taken from the front, one for each request. */
export async function servePager(options: {
  readonly port: number | undefined
  readonly faults: PagerFault[]
  readonly answer: (request: PagerRequest) => PagerAnswer
}): Promise<PagerServer> {
  const { faults, answer } = options

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host')
    const { method = 'GET', headers } = request
    const fault = faults.shift()
    if (fault?.kind === 'status') {
      const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
      response.writeHead(fault.status, { 'content-type': 'application/json', ...retryAfter })
      response.end(fault.body ?? '{}')
      return
    }
    if (fault?.kind === 'cut' && !fault.kept) return void request.socket.destroy()
    const given = answer({ method, path: pathname, query: searchParams, headers, body: Buffer.concat(chunks) })
    if (fault?.kind === 'cut') return void request.socket.destroy()
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'slow') await setTimeout(fault.delayMs)
    response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers })
    response.end(JSON.stringify(given.body))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const WINDOW_MS = 60_000

/** Counts calls of each key in a sliding window of a minute; `take` is false for a call beyond the limit, which is not counted. */
export function createWindow(perMinute: number, now: () => number): { take(key: string): boolean } {
  const calls = new Map<string, number[]>()
  return {
    take(key) {
      const recent = (calls.get(key) ?? []).filter((at) => at > now() - WINDOW_MS)
      const free = recent.length < perMinute
      calls.set(key, free ? [...recent, now()] : recent)
      return free
    },
  }
}

/** Parses a body; undefined where it is no JSON object. */
export function objectOf(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** True for a plain object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Length in code points, as both services count it. */
export function lengthOf(text: string): number {
  return [...text].length
}
