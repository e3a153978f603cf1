import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { ABSURD, ANSWERS, type AnswerName, CALM, type ChannelPlan, type Plan } from './faults.ts'
import { createLines, type ReceiverLine } from './history.ts'
import { createRandom, type Random } from './random.ts'

// The receiving end, in a process of its own: `node chaos/receiver.ts LOG SECRET`. Takes posts at /channels/KEY?via=WHO,
// writes down each before it answers, and plays the faults of its plan (PUT /plan). Prints its origin.

const [log = '', secret = ''] = process.argv.slice(2)
const lines = createLines<ReceiverLine>(log)
let plan: Plan = { '*': CALM }
const draws = new Map<string, Random>()
let count = 0

const planOf = (channel: string): ChannelPlan => plan[channel] ?? plan['*'] ?? CALM

/** Draws from the channel's own stream, so that what one channel gets does not depend on the others. */
function draw(channel: string): { how: AnswerName; random: Random } {
  const { seed, faults } = planOf(channel)
  const name = `${seed}/${channel}`
  const random = draws.get(name) ?? createRandom(name)
  draws.set(name, random)
  let at = random.between(0, 1)
  for (const [how, share] of Object.entries(faults)) {
    at -= share
    if (at < 0) return { how: how as AnswerName, random }
  }
  return { how: 'ok', random }
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  } catch {
    return undefined
  }
}

function isWhole(request: IncomingMessage, body: Buffer): boolean {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  if (secret !== '' && request.headers['x-claimlinc-signature'] !== signature) return false
  try {
    const message = JSON.parse(body.toString('utf8')) as { attachments?: { content?: { type?: unknown } }[] }
    return message.attachments?.length === 1 && message.attachments[0]?.content?.type === 'AdaptiveCard'
  } catch {
    return false
  }
}

const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '')

async function take(request: IncomingMessage, response: ServerResponse, channel: string, via: string): Promise<void> {
  const { how, random } = draw(channel)
  const n = ++count
  const socket = request.socket
  const early = how === 'reset_before'
  const body = early ? undefined : await read(request)
  const whole = body !== undefined && isWhole(request, body)
  lines.write({
    kind: 'post',
    n,
    t: Date.now(),
    channel,
    via,
    id: header(request, 'webhook-id'),
    attempt: Number(header(request, 'x-claimlinc-attempt')),
    repeat: header(request, 'x-claimlinc-repeat') === 'true',
    correlation_id: decodeURIComponent(header(request, 'x-correlation-id')),
    bytes: body?.length ?? 0,
    link: /"https?:[^"]+(\/act\/[^"?]+)/.exec(body?.toString('utf8') ?? '')?.[1],
    whole,
  })
  const done = (status: number | null, delivered: boolean) =>
    lines.write({
      kind: 'answer',
      n,
      t: Date.now(),
      status,
      how: body === undefined && !early ? 'sender_gone' : how,
      taken: whole && ANSWERS[how].taken,
      delivered,
    })
  if (body === undefined && !early) return done(null, false)
  await answer(response, socket, how, planOf(channel), random, done)
}

type Done = (status: number | null, delivered: boolean) => void

async function answer(
  response: ServerResponse,
  socket: Socket,
  how: AnswerName,
  { delay, slow, tooLate, retryAfter }: ChannelPlan,
  random: Random,
  done: Done,
): Promise<void> {
  const ordinary = random.between(...delay)
  const end = (status: number, headers: Record<string, string> = {}, body = '') => {
    // Noted before it leaves: a killed receiver must not have said yes to what its log does not have.
    done(status, !socket.destroyed)
    response.writeHead(status, headers).end(body)
  }
  const json = { 'content-type': 'application/json' }
  const error = (code: string) => JSON.stringify({ error: { code, message: 'chaos' } })
  if (how !== 'hang' && how !== 'reset_before')
    await wait(how === 'slow' ? slow : how === 'too_late' ? tooLate : ordinary)
  switch (how) {
    case 'ok':
    case 'slow':
    case 'too_late':
      return end(202)
    case 'rate_limited_seconds':
      return end(429, { ...json, 'retry-after': String(retryAfter) }, error('TooManyRequests'))
    case 'rate_limited_date':
      return end(429, { ...json, 'retry-after': new Date(Date.now() + retryAfter * 1000).toUTCString() })
    case 'rate_limited_absent':
      return end(429, json, error('TooManyRequests'))
    case 'rate_limited_absurd':
      return end(429, { ...json, 'retry-after': random.pick(ABSURD) })
    case 'server_error':
      return end(500, json, error('InternalServerError'))
    case 'bad_gateway':
      return end(502, json, error('BadGateway'))
    case 'unavailable':
      return end(503, { ...json, 'retry-after': '1' }, error('ServiceUnavailable'))
    case 'hang':
      done(null, false)
      return
    case 'reset_before':
    case 'reset_after':
      done(null, false)
      socket.resetAndDestroy()
      return
    case 'cut_body':
    case 'cut_error_body': {
      const status = how === 'cut_body' ? 202 : 500
      done(status, !socket.destroyed)
      response.writeHead(status, { ...json, 'content-length': '64' }).write('{"par')
      await wait(5)
      socket.destroy()
      return
    }
    case 'drip': {
      done(202, !socket.destroyed)
      response.writeHead(202, { 'content-type': 'text/plain' })
      for (let byte = 0; byte < 5 && !socket.destroyed; byte++) {
        response.write('.')
        await wait(slow / 5)
      }
      response.end()
      return
    }
    case 'refused_text':
      return end(
        200,
        { 'content-type': 'text/plain' },
        'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 504 with ContextId chaos',
      )
    case 'refused_text_429':
      return end(
        200,
        { 'content-type': 'text/plain' },
        'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId chaos',
      )
    case 'refused_json':
      return end(200, json, error('InternalServerError'))
  }
}

const server = createServer((request, response) => {
  response.on('error', () => {})
  const url = new URL(request.url ?? '/', 'http://receiver')
  const channel = /^\/channels\/(\w+)$/.exec(url.pathname)?.[1]
  const work =
    request.method === 'POST' && channel
      ? take(request, response, channel, url.searchParams.get('via') ?? '')
      : request.method === 'PUT' && url.pathname === '/plan'
        ? read(request).then((body) => {
            plan = JSON.parse(body?.toString('utf8') ?? '{}') as Plan
            response.writeHead(204).end()
          })
        : Promise.resolve(void response.writeHead(404).end())
  work.catch((error: unknown) => {
    console.error(error)
    response.destroy()
  })
})
// A connection that rests is kept: the sender decides.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
