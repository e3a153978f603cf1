import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { signPayload } from '../../src/contract/sign-payload.ts'
import { API_TOKENS, CLAIM, createTestServer, TOKENS } from './harness.ts'

const body = JSON.stringify(CLAIM)
const json = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER_SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

function signed(secret: string, id: string, payload: string, at = new Date()) {
  return {
    ...json,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, payload),
  }
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

describe('tokens', () => {
  const everything = [
    ['POST', '/v1/events', 'send'],
    ['GET', '/v1/notifications', 'read'],
    ['GET', '/v1/notifications/0190c8f0-0000-7000-8000-000000000000', 'read'],
    ['GET', '/v1/channels', 'read'],
    ['GET', '/metrics', 'read'],
    ['POST', '/v1/notifications/0190c8f0-0000-7000-8000-000000000000/replay', 'act'],
  ] as const

  it.each(everything)('%s %s needs a token with the scope %s', async (method, url, scope) => {
    const { app } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const ask = (headers: Record<string, string>) =>
      app.inject({ method, url, headers: { ...json, ...headers }, payload: method === 'POST' ? body : '' })
    const anonymous = await ask({})
    expect(anonymous.json()).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(anonymous.headers['www-authenticate']).toMatch(/^Bearer/)
    const allowed = { send: TOKENS.sender, read: TOKENS.reader, act: TOKENS.actor }[scope]
    const refused = scope === 'send' ? TOKENS.actor : TOKENS.sender
    expect([200, 202, 404]).toContain((await ask(bearer(allowed))).statusCode)
    expect([200, 202, 404]).toContain((await ask(bearer(TOKENS.admin))).statusCode)
    const wrong = await ask(bearer(refused))
    expect(wrong.json()).toMatchObject({ status: 403, code: 'forbidden' })
    expect(wrong.json().errors[0].expected).toBe(`a token with the scope ${scope}`)
    expect(wrong.headers['www-authenticate']).toContain(`scope="${scope}"`)
  })

  it.each([
    ['nothing', ''],
    ['another scheme', 'Basic c2VuZGVy'],
    ['no token', 'Bearer '],
    ['two tokens', `Bearer ${TOKENS.sender} ${TOKENS.sender}`],
    ['a prefix of a token', `Bearer ${TOKENS.sender.slice(0, -1)}`],
    ['a longer token', `Bearer ${TOKENS.sender}x`],
    ['the name of a token', 'Bearer claims'],
    ['a whole entry', `Bearer ${API_TOKENS[0]}`],
  ])('refuses %s, and quotes nothing of it', async (_name, authorization) => {
    const { app, service, lines } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { ...json, authorization },
      payload: body,
    })
    expect(answer.statusCode).toBe(401)
    expect(answer.body + lines.join('')).not.toContain('sender-token')
    expect(service.taken).toEqual([])
  })

  it('refuses before it reads the body', async () => {
    const { app } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS, TEAMS_MAX_BODY_BYTES: 1_024 })
    const payload = 'x'.repeat(5_000)
    const answer = await app.inject({ method: 'POST', url: '/v1/events', headers: json, payload })
    expect(answer.statusCode).toBe(401)
  })

  it("tells the service the token's name", async () => {
    const { app, service, lines } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const headers = { ...json, authorization: `bearer ${TOKENS.sender}` }
    const answer = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
    const id = answer.json().events[0].notifications[0].id
    service.setState(id, 'failed')
    const url = `/v1/notifications/${id}/replay`
    expect((await app.inject({ method: 'POST', url, headers: bearer(TOKENS.actor) })).statusCode).toBe(200)
    expect(service.taken[0]?.origin).toBe('http:claims')
    expect(service.replays).toEqual([{ id, by: 'http:ops' }])
    await app.inject({ url: `/v1/notifications/${id}`, headers: bearer(TOKENS.reader) })
    expect(service.reads).toEqual([{ id, by: expect.stringMatching(/^http:[a-z]+$/) }])
    expect(lines.map((line) => JSON.parse(line).caller)).toEqual(['http:claims', 'http:ops', service.reads[0]?.by])
  })

  it('leaves health and documentation open', async () => {
    const { app } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    for (const url of ['/healthz', '/readyz', '/openapi.json', '/'])
      expect((await app.inject({ url, headers: { host: 'gateway.example' } })).statusCode, url).toBe(200)
  })

  it('refuses an entry that it can not read, without quoting it', () => {
    expect(() =>
      createTestServer({ TEAMS_API_TOKENS: ['a:send:secret-token-0123456', 'b:all:secret-token-0123456'] }),
    ).toThrow(/TEAMS_API_TOKENS: found an entry of another form \(entry 2\)/)
    expect(() => createTestServer({ TEAMS_INBOUND_SECRETS: [SECRET, 'whsec_not base64 at all!'] })).toThrow(
      /TEAMS_INBOUND_SECRETS: found text that is not base64 \(entry 2\)/,
    )
  })
})

describe('signatures', () => {
  const settings = { TEAMS_API_TOKENS: API_TOKENS, TEAMS_INBOUND_SECRETS: [SECRET, OTHER_SECRET] }

  it.each([SECRET, OTHER_SECRET])('takes a request signed with any of the secrets', async (secret) => {
    const { app, service } = createTestServer(settings)
    const headers = signed(secret, 'msg_1', body)
    const answer = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
    expect(answer.statusCode).toBe(202)
    expect(service.taken[0]).toMatchObject({ event: { idempotencyKey: 'msg_1' } })
    const again = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
    expect(again.json().events[0].duplicate).toBe(true)
  })

  it('takes what signPayload signs with a secret that begins with whsec_', async () => {
    const { app, service } = createTestServer(settings)
    const headers = { ...json, ...signPayload(body, { secret: SECRET, id: 'msg_1' }) }
    expect((await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })).statusCode).toBe(202)
    expect(service.taken[0]).toMatchObject({ event: { idempotencyKey: 'msg_1' } })
  })

  it.each([
    ['alone', [SECRET], ['http:signed', undefined]],
    ['without names', [SECRET, OTHER_SECRET], [/^http:signed:[0-9a-f]{8}$/, /^http:signed:[0-9a-f]{8}$/]],
    ['with names', [`claims:${SECRET}`, `orders:${OTHER_SECRET}`], ['http:signed:claims', 'http:signed:orders']],
    ['with a name, alone', [`claims:${SECRET}`], ['http:signed:claims', undefined]],
    ['of one caller who changes', [`a:${SECRET}`, `a:${OTHER_SECRET}`], ['http:signed:a', 'http:signed:a']],
  ])('gives a signed caller a name by secrets %s, the same at each start', async (_how, secrets, origins) => {
    const seen: (string | undefined)[] = []
    for (const list of [secrets, [...secrets].reverse()])
      for (const secret of [SECRET, OTHER_SECRET]) {
        const { app, service } = createTestServer({ TEAMS_INBOUND_SECRETS: list })
        await app.inject({ method: 'POST', url: '/v1/events', headers: signed(secret, 'm', body), payload: body })
        seen.push(service.taken[0]?.origin)
      }
    for (const [index, origin] of origins.entries()) {
      if (origin === undefined) expect(seen[index]).toBeUndefined()
      else expect(seen[index]).toMatch(origin)
      expect(seen[index + 2]).toBe(seen[index])
    }
    if (_how === 'without names') expect(seen[0]).not.toBe(seen[1])
  })

  it('keeps the idempotency keys of events, and gives each event of a list another one', async () => {
    const { app, service } = createTestServer(settings)
    const list = JSON.stringify([CLAIM, CLAIM, { ...CLAIM, idempotency_key: 'own' }])
    const send = (id: string, payload: string) =>
      app.inject({ method: 'POST', url: '/v1/events', headers: signed(SECRET, id, payload), payload })
    const answer = await send('msg_2', list)
    expect(answer.json().events.map((event: { duplicate: boolean }) => event.duplicate)).toEqual([false, false, false])
    expect(service.taken.map(({ event }) => event.idempotencyKey)).toEqual(['msg_2:0', 'msg_2:1', 'own'])
    await send(`msg_${'x'.repeat(300)}`, body)
    expect(service.taken[3]?.event.idempotencyKey).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['another body', { ...signed(SECRET, 'm', `${body} `) }],
    ['another secret', signed('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'm', body)],
    ['another id', { ...signed(SECRET, 'm', body), 'webhook-id': 'n' }],
    ['an id with a full stop', signed(SECRET, 'm.1', body)],
    ['an old signature', signed(SECRET, 'm', body, minutesAgo(6))],
    ['a signature of the future', signed(SECRET, 'm', body, minutesAgo(-6))],
    ['no timestamp', { ...signed(SECRET, 'm', body), 'webhook-timestamp': '' }],
    ['no signature in it', { ...signed(SECRET, 'm', body), 'webhook-signature': 'v1' }],
    ['a token that is wrong beside it', { ...signed(SECRET, 'm', body), ...bearer('wrong-token-0123456789') }],
  ])('refuses %s', async (_name, headers) => {
    const { app, service } = createTestServer(settings)
    const answer = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
    expect(answer.json()).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(service.taken).toEqual([])
  })

  it('accepts one that is 4 minutes old, among others in the header', async () => {
    const { app } = createTestServer(settings)
    const headers = signed(SECRET, 'm', body, minutesAgo(4))
    headers['webhook-signature'] = `v1a,zzz v1,AAAA ${headers['webhook-signature']}`
    expect((await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })).statusCode).toBe(202)
  })

  it('refuses a CloudEvent whose attributes it does not cover', async () => {
    const { app, service } = createTestServer(settings)
    const attributes = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': CLAIM.event_type }
    const payload = JSON.stringify(CLAIM.data)
    const headers = { ...signed(SECRET, 'm', payload), ...attributes }
    const answer = await app.inject({ method: 'POST', url: '/v1/events', headers, payload })
    expect(answer.json()).toMatchObject({ status: 415, errors: [{ at: 'ce-specversion' }] })
    expect(service.taken).toEqual([])

    const whole = JSON.stringify({
      specversion: '1.0',
      id: '1',
      source: '/a',
      type: CLAIM.event_type,
      data: CLAIM.data,
    })
    const structured = { ...signed(SECRET, 'n', whole), 'content-type': 'application/cloudevents+json' }
    expect(
      (await app.inject({ method: 'POST', url: '/v1/events', headers: structured, payload: whole })).statusCode,
    ).toBe(202)
  })

  it('has the scope send only', async () => {
    const { app } = createTestServer(settings)
    const read = await app.inject({ url: '/v1/notifications', headers: signed(SECRET, 'm', '') })
    expect(read.statusCode).toBe(401)
  })

  it('is required without tokens too, once there are secrets', async () => {
    const { app } = createTestServer({ TEAMS_INBOUND_SECRETS: [SECRET] })
    const plain = await app.inject({ method: 'POST', url: '/v1/events', headers: json, payload: body })
    expect(plain.json()).toMatchObject({ status: 401, errors: [{ at: 'webhook-signature' }] })
    const headers = signed(SECRET, 'm', body)
    expect((await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })).statusCode).toBe(202)
    expect((await app.inject('/v1/notifications')).statusCode).toBe(200)
  })
})

describe('signatures with the names of Svix', () => {
  it.each([SECRET, `v1,${SECRET}`])('are understood with the secret as %s', async (secret) => {
    const { app, service } = createTestServer({ TEAMS_INBOUND_SECRETS: [secret] })
    const plain = signed(SECRET, 'msg_1', body)
    const headers = {
      ...json,
      'svix-id': plain['webhook-id'],
      'svix-timestamp': plain['webhook-timestamp'],
      'svix-signature': plain['webhook-signature'],
    }
    const send = (more: object) =>
      app.inject({ method: 'POST', url: '/v1/events', headers: { ...headers, ...more }, payload: body })
    expect((await send({})).statusCode).toBe(202)
    expect(service.taken[0]).toMatchObject({ origin: 'http:signed', event: { idempotencyKey: 'msg_1' } })
    expect((await send({ 'svix-id': 'msg_2' })).statusCode).toBe(401)
    expect((await send({ 'svix-timestamp': '' })).json().errors[0]).toMatchObject({ at: 'svix-timestamp' })
  })
})

describe('x-hmac-signature', () => {
  const PLAIN_SECRET = "the platform's secret"
  const settings = { TEAMS_API_TOKENS: API_TOKENS, TEAMS_INBOUND_SECRETS: [PLAIN_SECRET, SECRET] }
  const hex = (secret: string, payload: string) => createHmac('sha256', secret).update(payload).digest('hex')
  const plainly = (secret: string, payload: string) => ({ ...json, 'x-hmac-signature': hex(secret, payload) })

  it.each([PLAIN_SECRET, SECRET])(
    'is taken with the secret "%s" as text, and makes no key of a header',
    async (one) => {
      const { app, service } = createTestServer(settings)
      // No signature covers these.
      const headers = { ...plainly(one, body), 'webhook-id': 'msg_1', 'svix-id': 'msg_1' }
      expect((await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })).statusCode).toBe(202)
      expect(service.taken[0]?.origin).toMatch(/^http:signed:[0-9a-f]{8}$/)
      expect(service.taken[0]?.event.idempotencyKey).toBeUndefined()
    },
  )

  it.each([
    ['another body', plainly(PLAIN_SECRET, `${body} `), 'x-hmac-signature'],
    ['another secret', plainly('of another caller 12', body), 'x-hmac-signature'],
    ['half of it', { ...json, 'x-hmac-signature': hex(PLAIN_SECRET, body).slice(0, 32) }, 'x-hmac-signature'],
    ['nothing in it', { ...json, 'x-hmac-signature': '' }, 'x-hmac-signature'],
    [
      'an old Standard Webhooks signature beside it',
      { ...signed(SECRET, 'm', body, minutesAgo(6)), ...plainly(PLAIN_SECRET, body) },
      'webhook-signature',
    ],
    ['no signature at all', json, 'authorization'],
  ])('is refused with %s', async (_name, headers, at) => {
    const { app, service } = createTestServer(settings)
    const answer = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
    expect(answer.json()).toMatchObject({ status: 401, code: 'unauthenticated', errors: [{ at }] })
    expect(service.taken).toEqual([])
  })

  it('covers no CloudEvent in headers', async () => {
    const { app } = createTestServer(settings)
    const payload = JSON.stringify(CLAIM.data)
    const attributes = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': CLAIM.event_type }
    const headers = { ...plainly(PLAIN_SECRET, payload), ...attributes }
    expect((await app.inject({ method: 'POST', url: '/v1/events', headers, payload })).statusCode).toBe(415)
  })
})

describe('without a token', () => {
  it.each(['127.0.0.1', '127.0.0.1:8080', 'localhost:9000', 'LOCALHOST', '[::1]:8080', '127.1.2.3'])(
    'answers as %s',
    async (host) => {
      const { app } = createTestServer()
      expect((await app.inject({ url: '/v1/channels', headers: { host } })).statusCode).toBe(200)
      const own = { ...json, host, origin: `http://${host}` }
      expect((await app.inject({ method: 'POST', url: '/v1/events', headers: own, payload: body })).statusCode).toBe(
        202,
      )
    },
  )

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8080', '10.0.0.1', '[2001:db8::1]', '['])(
    'does not answer as %j (DNS rebinding)',
    async (host) => {
      const { app } = createTestServer()
      const answer = await app.inject({ url: '/healthz', headers: { host } })
      expect(answer.json()).toMatchObject({ status: 403, code: 'cross_site', errors: [{ at: 'host' }] })
    },
  )

  it.each(['https://evil.example', 'null', 'http://127.0.0.1:3000', 'http://127.0.0.1:8080.evil.example'])(
    'answers no page of %s',
    async (origin) => {
      const { app, service } = createTestServer()
      const headers = { ...json, host: '127.0.0.1:8080', origin }
      const answer = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
      expect(answer.json()).toMatchObject({ status: 403, code: 'cross_site', errors: [{ at: 'origin' }] })
      expect(service.taken).toEqual([])
    },
  )

  it("guards plugins' routes as well, also when tokens are set", async () => {
    const sandbox = async (app: ReturnType<typeof createTestServer>['app']) => {
      app.put('/sandbox/faults', async () => 'done')
    }
    const headers = { host: '127.0.0.1', origin: 'https://evil.example' }
    for (const TEAMS_API_TOKENS of [undefined, API_TOKENS]) {
      const { app } = createTestServer({ TEAMS_API_TOKENS }, { plugins: [sandbox] })
      expect((await app.inject({ method: 'PUT', url: '/sandbox/faults', headers })).statusCode).toBe(403)
      expect((await app.inject({ method: 'PUT', url: '/sandbox/faults' })).body).toBe('done')
    }
  })
})
