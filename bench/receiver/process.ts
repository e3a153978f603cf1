import { createServer, type IncomingMessage } from 'node:http'
import { nowMs } from '../clock.ts'
import type { Arrival, ReceiverAnswer, ReceiverRequest, RecordedPost } from './messages.ts'

// The receiving end: a process of its own, so that what it costs is not the gateway's. It takes every card at once, as
// nothing on the way of a real one does: what is measured is the sender.

/** Headers that belong to a connection, or that whoever posts again makes anew. */
const OF_THE_CONNECTION = new Set(['host', 'connection', 'content-length', 'keep-alive', 'transfer-encoding'])

let arrivals: Arrival[] = []
let recorded: RecordedPost[] | undefined
let awaited: number | undefined
let quiet: NodeJS.Timeout | undefined

function tell(answer: ReceiverAnswer): void {
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
    correlationId: String(headers['x-correlation-id'] ?? ''),
    bytes,
    repeat: headers['x-claimlinc-repeat'] !== undefined,
  })
  if (recorded) {
    const own = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name))
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
  tell({ told: 'arrived', count: arrivals.length })
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
  switch (request.ask) {
    case 'await':
      awaited = request.count
      if (arrivals.length >= request.count) answerWait()
      else quiet = setTimeout(answerWait, request.quietMs)
      break
    case 'take':
      tell({ told: 'taken', arrivals })
      arrivals = []
      break
    case 'record':
      recorded = []
      tell({ told: 'recording' })
      break
    case 'takeRecorded':
      tell({ told: 'recorded', posts: recorded ?? [] })
      recorded = undefined
      break
  }
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  tell({ told: 'listening', port: address !== null && typeof address === 'object' ? address.port : 0 })
})
