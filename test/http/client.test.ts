import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { EventInput } from '../../src/contract/events.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { API_TOKENS, CLAIM, createTestServer, TOKENS } from './harness.ts'
import { CHANNEL } from './memory-service.ts'

const EVENT: EventInput = {
  eventType: 'nphies.claim.submitted',
  correlationId: CLAIM.correlation_id,
  data: CLAIM.data,
  stakeholders: ['Integration Team', 'PMO'],
  priority: 'INFO',
  occurredAt: new Date('2026-11-21T10:00:00Z'),
}

async function running() {
  const server = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
  const { origin } = await server.start()
  const waits: number[] = []
  const client = (token: string, fetch?: typeof globalThis.fetch) =>
    createClient({
      url: `${origin}/`,
      token,
      sleep: async (ms) => waits.push(ms),
      ...(fetch ? { fetch } : {}),
    })
  return { ...server, origin, client, waits }
}

describe('the client', () => {
  it('sends events and reads their notifications', async () => {
    const { client, service } = await running()
    const admin = client(TOKENS.admin)
    const acceptance = await admin.send(EVENT)
    expect(acceptance).toEqual({
      eventId: expect.any(String),
      correlationId: 'corr-claim-xyz789',
      duplicate: false,
      notifications: [{ id: expect.any(String), channel: 'sre', state: 'pending' }],
    })
    expect(service.taken[0]).toMatchObject({
      origin: 'http:root',
      event: {
        data: CLAIM.data,
        occurredAt: '2026-11-21T10:00:00.000Z',
        idempotencyKey: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    })
    const id = acceptance.notifications[0]?.id ?? ''
    const detail = await admin.notifications.get(id)
    expect(detail).toEqual(await service.getNotification(id, 'test'))
    expect(detail.createdAt).toBeInstanceOf(Date)
    expect(
      await admin.notifications.list({ correlationId: 'corr-claim-xyz789', since: new Date(0), limit: 1 }),
    ).toEqual({
      notifications: [expect.objectContaining({ id, createdAt: detail.createdAt })],
      nextCursor: null,
    })
    expect(await admin.notifications.list({ state: 'failed' })).toEqual({ notifications: [], nextCursor: null })
    service.setState(id, 'failed')
    expect(await admin.notifications.replay(id)).toMatchObject({ id, state: 'pending' })
    expect(await admin.channels()).toEqual([CHANNEL])
  })

  it('sends many, in order, each with its own idempotency key', async () => {
    const { client, service } = await running()
    const answers = await client(TOKENS.sender).sendMany([
      EVENT,
      { ...EVENT, correlationId: 'second', idempotencyKey: 'k' },
    ])
    expect(answers.map(({ correlationId }) => correlationId)).toEqual(['corr-claim-xyz789', 'second'])
    const keys = service.taken.map(({ event }) => event.idempotencyKey)
    expect([new Set(keys).size, keys[1]]).toEqual([2, 'k'])
    expect(await client(TOKENS.sender).sendMany([])).toEqual([])
  })

  it.each([
    ['7', 7_000, 7_500],
    ['3600', 10_000, 10_500],
    ['-5', 0, 500],
    ['soon', 0, 500],
  ])('adds Retry-After: %s to its own wait, from none to 10 s of it', async (retryAfter, above, below) => {
    const waits: number[] = []
    let tries = 0
    const busy = createClient({
      url: 'http://127.0.0.1:1',
      sleep: async (ms) => void waits.push(ms),
      fetch: async () =>
        tries++ === 0
          ? new Response('{}', { status: 503, headers: { 'retry-after': retryAfter } })
          : new Response('{"channels":[]}', { status: 200 }),
    })
    expect(await busy.channels()).toEqual([])
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeGreaterThan(above)
    expect(waits[0]).toBeLessThan(below)
  })

  it('throws the error of the gateway', async () => {
    const { client } = await running()
    // As a caller without types may write it.
    const bad: EventInput = JSON.parse(JSON.stringify({ ...EVENT, data: { claim_id: true } }))
    await expect(client(TOKENS.sender).sendMany([EVENT, bad])).rejects.toMatchObject({
      name: 'GatewayError',
      code: 'invalid_event',
      problems: [{ at: 'events[1].data.claim_id', found: 'a boolean', expected: 'text or a number' }],
    })
    await expect(client(TOKENS.sender).channels()).rejects.toMatchObject({ code: 'forbidden' })
    await expect(client(TOKENS.reader).notifications.get('1/../2')).rejects.toMatchObject({ code: 'not_found' })
    await expect(client(TOKENS.reader).notifications.list({ cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid_request',
      problems: [{ at: 'cursor' }],
    })
    await expect(client('a-wrong-token-0123456789').send(EVENT)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('retries a lost answer with the same key, which makes no second notification', async () => {
    const { client, service, waits } = await running()
    let tries = 0
    const lossy: typeof fetch = async (url, init) => {
      const answer = await fetch(url, init)
      tries++
      if (tries < 3) throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })
      return answer
    }
    const acceptance = await client(TOKENS.sender, lossy).send(EVENT)
    expect([tries, service.taken.length, acceptance.duplicate]).toEqual([3, 1, true])
    expect(waits).toHaveLength(2)
    expect(waits[0]).toBeGreaterThanOrEqual(125)
    expect(waits[1]).toBeLessThanOrEqual(750)
  })

  it('retries three times after 503, and then throws the error of the gateway', async () => {
    const { client, service, waits } = await running()
    let tries = 0
    service.beforeAccept = async () => {
      if (tries++ < 3) throw new GatewayError('database_unreachable')
    }
    await client(TOKENS.sender).send(EVENT)
    expect([tries, waits.length]).toEqual([4, 3])
    tries = -10
    await expect(client(TOKENS.sender).send(EVENT)).rejects.toMatchObject({ code: 'database_unreachable' })
    expect(tries).toBe(-6)
  })

  it('retries no replay and no refused request', async () => {
    const { client, waits } = await running()
    const broken: typeof fetch = async () => {
      throw new TypeError('fetch failed')
    }
    await expect(client(TOKENS.actor, broken).notifications.replay('x')).rejects.toMatchObject({
      code: 'gateway_unreachable',
    })
    await expect(client(TOKENS.reader).send(EVENT)).rejects.toMatchObject({ code: 'forbidden' })
    expect(waits).toEqual([])
  })

  it('throws gateway_unreachable with URL and cause, without the token', async () => {
    const { origin, stop, client, waits } = await running()
    await stop()
    const error = await client(TOKENS.sender)
      .send(EVENT)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'gateway_unreachable',
      problems: [{ at: origin, found: 'no program that listens at this host and port (ECONNREFUSED)' }],
    })
    expect(waits).toHaveLength(3)
    expect(`${JSON.stringify(error)}${(error as Error).message}${(error as Error).stack}`).not.toContain(TOKENS.sender)
  })

  it.each([
    [404, 'text/html', '<h1>Not Found</h1>', 1],
    [301, 'text/html', '', 1],
    [200, 'text/html', '<h1>It works!</h1>', 1],
    [200, 'application/json', '{"events":[{"event_id":1}]}', 1],
    [200, 'application/json', '{"events":[]}', 1],
    [400, 'application/problem+json', '{"code":"of_the_future"}', 1],
    [502, 'text/html', '<h1>Bad Gateway</h1>', 4],
  ])('reports an answer of %i %s %s as one of no gateway', async (status, type, body, tries) => {
    let asked = 0
    const other = createServer((_request, response) => {
      asked++
      response.writeHead(status, { 'content-type': type, location: 'http://127.0.0.1:1/' }).end(body)
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const client = createClient({ url, sleep: async () => {} })
    await expect(client.send(EVENT)).rejects.toMatchObject({ code: 'gateway_unreachable' })
    expect(asked).toBe(tries)
  })

  it.each<[string, string, (socket: Socket) => void, string]>([
    [
      'http',
      'greets in another protocol',
      (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
      'does not answer in HTTP',
    ],
    ['http', 'hangs up', (socket) => socket.once('data', () => socket.end()), 'closed before an HTTP answer'],
    [
      'https',
      'speaks no TLS',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 No\r\n\r\n')),
      'speaks no TLS',
    ],
  ])('says in words what it found at an %s address where a program %s', async (scheme, _, onSocket, found) => {
    const other = createTcpServer((socket) => onSocket(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const url = `${scheme}://127.0.0.1:${(other.address() as AddressInfo).port}`
    const client = createClient({ url, sleep: async () => {} })
    await expect(client.channels()).rejects.toMatchObject({
      code: 'gateway_unreachable',
      problems: [
        { at: url, found: expect.stringContaining(found), expected: expect.stringContaining('claimlinc-teams serve') },
      ],
    })
  })

  it('times out without an answer', async () => {
    const other = createServer(() => {})
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      other.closeAllConnections()
      other.close()
    })
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const client = createClient({ url, timeout: 50, sleep: async () => {} })
    await expect(client.channels()).rejects.toMatchObject({ problems: [{ at: url, found: 'no answer in time' }] })
  })

  it('refuses an invalid URL or token, without quoting it', () => {
    for (const url of ['', 'gateway:8080', 'ftp://x', 'http://user:SECRET@x', 'http://x/?token=SECRET'])
      expect(() => createClient({ url })).toThrow(
        expect.objectContaining({ code: 'invalid_request', message: expect.not.stringContaining('SECRET') }),
      )
    expect(() => createClient({ url: 'http://x', token: 'SECRET\n' })).toThrow(
      expect.objectContaining({
        problems: [expect.objectContaining({ at: 'token' })],
        message: expect.not.stringContaining('SECRET'),
      }),
    )
  })

  it('refuses values that JSON can not express, before it sends', async () => {
    const client = createClient({ url: 'http://127.0.0.1:1' })
    await expect(client.sendMany([EVENT, { ...EVENT, occurredAt: new Date('no') }])).rejects.toMatchObject({
      code: 'invalid_event',
      problems: [{ at: 'events[1].occurredAt' }],
    })
    const lost: EventInput = Object.assign({}, EVENT, { data: { ...CLAIM.data, n: Number.NaN, own: { k: new Set() } } })
    await expect(client.send(lost)).rejects.toMatchObject({
      code: 'invalid_event',
      problems: [
        { at: 'data.n', found: 'a number that is not finite', expected: 'a finite number' },
        { at: 'data.own', found: 'a Set' },
      ],
    })
    await expect(client.sendMany([EVENT, lost])).rejects.toMatchObject({
      problems: [{ at: 'events[1].data.n' }, { at: 'events[1].data.own' }],
    })
    const circle: { own?: unknown } = {}
    circle.own = circle
    const round: EventInput = Object.assign({}, EVENT, { data: circle })
    await expect(client.send(round)).rejects.toMatchObject({ code: 'invalid_event', problems: [{ at: 'data' }] })
  })

  it('sends a BigInt as its digits', async () => {
    const bodies: string[] = []
    const client = createClient({
      url: 'http://127.0.0.1:1',
      fetch: async (_url, init) => {
        bodies.push(String(init?.body))
        return new Response('{"events":[]}', { status: 202 })
      },
    })
    const big: EventInput = Object.assign({}, EVENT, { data: { claim_id: 12345678901234567890n, n: 7n } })
    await client.sendMany([big])
    expect(bodies[0]).toContain('"data":{"claim_id":"12345678901234567890","n":7}')
  })
})
