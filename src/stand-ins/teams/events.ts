import type { ServerResponse } from 'node:http'
import type { Sandbox, SandboxEvent } from './sandbox.ts'

/** A reader that has not read so many bytes is cut off; browsers connect again by themselves and load what they missed. */
const MAX_UNREAD_BYTES = 8_000_000

/** Keeps proxies from closing a connection on which nothing happens. */
const KEEP_ALIVE_MS = 15_000

/**
 * Writes all that happens in a sandbox to a response as server-sent events: `message`, `refused`, `cleared` and `faults`,
 * each with one line of JSON. Ends with the connection, or when `stopping` is aborted.
 */
export function streamEvents(sandbox: Sandbox, response: ServerResponse, stopping: AbortSignal): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  const unsubscribe = sandbox.subscribe((event) => {
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
    else response.write(`event: ${event.type}\ndata: ${JSON.stringify(payloadOf(event))}\n\n`)
  })
  const timer = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS)
  timer.unref()
  const end = () => response.end()
  stopping.addEventListener('abort', end, { once: true })
  response.once('close', () => {
    unsubscribe()
    clearInterval(timer)
    stopping.removeEventListener('abort', end)
  })
  // The first bytes tell the reader that it misses nothing from here on.
  response.write('retry: 1000\n\n')
  if (stopping.aborted) end()
}

function payloadOf({ type: _type, ...payload }: SandboxEvent): object {
  return payload
}
