import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { WebhookAnswer } from './sandbox.ts'

/**
 * Sends an answer with its faults: late, cut off or never. `stopping` ends delays and hanging answers when the server
 * closes, which would otherwise wait for their connections.
 */
export async function sendAnswer(reply: FastifyReply, answer: WebhookAnswer, stopping: AbortSignal): Promise<unknown> {
  const { socket } = reply.request.raw
  if (answer.delayMs) await wait(answer.delayMs, undefined, { signal: stopping }).catch(() => undefined)
  if (!answer.cut && !answer.hang) return reply.code(answer.status).headers(answer.headers).send(answer.body)
  // Written to the socket directly: Node's HTTP server can not send half an answer.
  reply.hijack()
  if (answer.hang) hang(socket, stopping)
  else cut(socket, answer)
  return reply
}

function hang(socket: Socket, stopping: AbortSignal): void {
  const end = () => {
    socket.destroy()
  }
  if (stopping.aborted) end()
  stopping.addEventListener('abort', end, { once: true })
  socket.once('close', () => stopping.removeEventListener('abort', end))
}

function cut(socket: Socket, answer: WebhookAnswer): void {
  if (answer.cut === 'before') {
    // RST, as from a machine that crashed. The other cuts end with FIN, so that the bytes before it arrive.
    socket.resetAndDestroy()
    return
  }
  const body = answer.body || '{"status":"Accepted"}'
  const headers = Object.entries({ ...answer.headers, 'content-length': String(Buffer.byteLength(body)) })
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n')
  const bytes = answer.cut === 'headers' ? head.slice(0, head.length - 5) : `${head}\r\n\r\n${body.slice(0, 5)}`
  socket.end(bytes, () => socket.destroy())
}
