import type { ServerResponse } from 'node:http'
import type { Sandbox, SandboxEvent } from './sandbox.ts'

/**
 * A slow reader with more unread bytes is disconnected. Browsers reconnect by themselves, and the page then loads
 * everything.
 */
const MAX_UNREAD_BYTES = 8_000_000

/** Interval of comments that keep proxies from closing an idle connection. */
const KEEP_ALIVE_MS = 15_000

/**
 * Writes the sandbox's events to a response as server-sent events: `message`, `refused`, `cleared` and `faults`, each
 * with one line of JSON as `shown` lets the reader see it. Ends with the connection, or when `stopping` aborts.
 */
export function streamEvents(
  sandbox: Sandbox,
  response: ServerResponse,
  { stopping, shown }: { readonly stopping: AbortSignal; readonly shown: (text: string) => string },
): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  const unsubscribe = sandbox.subscribe((event) => {
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
    else response.write(`event: ${event.type}\ndata: ${shown(JSON.stringify(payloadOf(event)))}\n\n`)
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
  // After the first bytes, the browser reports "open": from here on it gets every event.
  response.write('retry: 1000\n\n')
  if (stopping.aborted) end()
}

function payloadOf({ type: _type, ...payload }: SandboxEvent): object {
  return payload
}
