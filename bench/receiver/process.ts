import { createServer, type IncomingMessage } from 'node:http'
import { nowMs } from '../process-facts.ts'
import type { Arrival, ReceiverAnswer, ReceiverRequest, RecordedPost } from './receiver.ts'

// The receiver's process. It accepts every card at once, unlike Teams: the bench measures the sender.

/** Headers of a connection, which a repeated post gets from its own. */
const CONNECTION_HEADERS = new Set(['host', 'connection', 'content-length', 'keep-alive', 'transfer-encoding'])

let arrivals: Arrival[] = []
let recorded: RecordedPost[] | undefined
let awaited: number | undefined
let quiet: NodeJS.Timeout | undefined

function send(answer: ReceiverAnswer): void {
  process.send?.(answer)
}

function take(request: IncomingMessage, body: readonly Buffer[], bytes: number): void {
  const { headers } = request
  const path = request.url ?? ''
  const id = String(headers['webhook-id'] ?? '')
  arrivals.push({
    at: nowMs(),
    channel: path.split('/')[2] ?? '',
    id,
    bytes,
  })
  if (recorded) {
    const own = Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name))
    recorded.push({
      id,
      path,
      headers: Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(body).toString('utf8'),
    })
  }
  if (awaited !== undefined && arrivals.length >= awaited) answerWait()
  else quiet?.refresh()
}

function answerWait(): void {
  awaited = undefined
  clearTimeout(quiet)
  send({ kind: 'arrived', count: arrivals.length })
}

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  const body: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (recorded) body.push(chunk)
  })
  request.on('end', () => {
    take(request, body, bytes)
    response.writeHead(202, { 'content-length': 0 }).end()
  })
})

process.on('message', (request: ReceiverRequest) => {
  switch (request.kind) {
    case 'await':
      awaited = request.count
      if (arrivals.length >= request.count) answerWait()
      else quiet = setTimeout(answerWait, request.quietMs)
      break
    case 'take':
      send({ kind: 'taken', arrivals })
      arrivals = []
      break
    case 'record':
      recorded = []
      send({ kind: 'recording' })
      break
    case 'takeRecorded':
      send({ kind: 'recorded', posts: recorded ?? [] })
      recorded = undefined
      break
  }
})
// The bench has stopped it, or has ended.
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  send({ kind: 'listening', port: address !== null && typeof address === 'object' ? address.port : 0 })
})
