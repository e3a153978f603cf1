import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { type EntraStandIn, type EntraStandInOptions, startEntraStandIn } from '../../src/stand-ins/entra.ts'
import { createEntraTokens, type EntraCredentials } from '../../src/transports/workflows/entra.ts'
import { CHANNEL, MARKED, PATH, type RequestChanges, receiverFor, requestTo, transportFor } from './post.ts'
import { makeCertificate, type Received, type Receiver } from './receiver.ts'

const SCOPE = 'https://service.flow.microsoft.com//.default'
const APP = { tenantId: '6f0c-tenant', clientId: '9d1e-client', clientSecret: MARKED.clientSecret, scope: SCOPE }
const certificate = makeCertificate()

async function standIn(more: Partial<EntraStandInOptions> = {}): Promise<EntraStandIn> {
  const entra = await startEntraStandIn({ ...APP, ...more })
  onTestFinished(() => entra.close())
  return entra
}

const credentials = (entra: EntraStandIn, more: Partial<EntraCredentials> = {}): EntraCredentials => ({
  authority: entra.authority,
  tenantId: APP.tenantId,
  clientId: APP.clientId,
  clientSecret: new Secret(APP.clientSecret),
  scope: SCOPE,
  ...more,
})

function tokensOf(
  entra: EntraStandIn,
  more: Partial<EntraCredentials> = {},
  clock: Clock = systemClock,
  timeoutMs = 20_000,
) {
  const tokens = createEntraTokens({ ...credentials(entra, more), tls: { minVersion: 'TLSv1.3' }, timeoutMs, clock })
  onTestFinished(() => tokens.close())
  return tokens
}

/** A clock that the test moves forward; timers are real. */
function movable() {
  let offset = 0
  return {
    clock: { now: () => new Date(Date.now() + offset), after: systemClock.after } satisfies Clock,
    forward: (seconds: number) => {
      offset += seconds * 1000
    },
  }
}

/** A flow that needs a token: it answers with the status that `statusOf` gives. */
const flow = (statusOf: (post: Received) => number) =>
  receiverFor((response, post) => void response.writeHead(statusOf(post)).end(), certificate)
const entraTransport = (entra: EntraCredentials | undefined, more = {}) =>
  transportFor(undefined, { tls: { minVersion: 'TLSv1.3', ca: certificate.cert }, entra, ...more })
const entraRequest = (receiver: Receiver, more: RequestChanges = {}) =>
  requestTo(receiver, {
    channel: { ...CHANNEL, auth: 'entra' },
    address: new Secret(`${receiver.origin}${PATH}?api-version=1`),
    ...more,
  })

it('names TEAMS_TLS_MIN_VERSION where Entra, or a proxy before it, has TLS 1.2 at most', async () => {
  const old = await receiverFor((response) => void response.writeHead(200).end(), {
    ...certificate,
    maxVersion: 'TLSv1.2',
  })
  const flows = await flow(() => 202)
  const entra = { ...APP, clientSecret: new Secret(APP.clientSecret), authority: old.origin }
  expect(await entraTransport(entra).send(entraRequest(flows))).toMatchObject({
    name: 'token_unavailable',
    errorCode: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    message: expect.stringContaining('TEAMS_TLS_MIN_VERSION'),
  })
})

describe('the stand-in', () => {
  it('signs a token that its own keys verify, with the claims that a flow checks', async () => {
    const entra = await standIn()
    const answer = await tokensOf(entra).token()
    const keys = (await (await fetch(`${entra.authority}/${APP.tenantId}/discovery/v2.0/keys`)).json()) as JSONWebKeySet
    const { payload } = await jwtVerify(answer.ok ? answer.token.reveal() : '', createLocalJWKSet(keys), {
      audience: 'https://service.flow.microsoft.com/',
      issuer: `https://sts.windows.net/${APP.tenantId}/`,
    })
    expect(payload).toMatchObject({ tid: APP.tenantId, appid: APP.clientId })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3599)
  })

  it.each<[string, Partial<EntraCredentials>, string]>([
    ['tenant', { tenantId: 'other' }, 'invalid_request'],
    ['client', { clientId: 'other' }, 'unauthorized_client'],
    ['secret', { clientSecret: new Secret('wrong') }, 'invalid_client'],
    ['empty secret', { clientSecret: new Secret('') }, 'invalid_client'],
    ['form of scope', { scope: 'https://service.flow.microsoft.com/' }, 'invalid_scope'],
    ['scope', { scope: 'https://graph.microsoft.com/.default' }, 'invalid_resource'],
    ['empty scope', { scope: '' }, 'invalid_request'],
  ])('refuses a wrong %s as Entra does', async (_what, more, errorCode) => {
    const entra = await standIn()
    expect(await tokensOf(entra, more).token()).toEqual({ ok: false, errorCode })
  })

  it("words its refusals in Entra's shape", async () => {
    const entra = await standIn()
    const response = await fetch(`${entra.authority}/${APP.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: APP.clientId, scope: SCOPE }),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: 'unsupported_grant_type',
      error_codes: [70003],
      error_description: expect.stringMatching(/^AADSTS70003: .*Trace ID: /),
      trace_id: expect.any(String),
      correlation_id: expect.any(String),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
    })
  })
})

describe('tokens', () => {
  it('are kept until five minutes before their end', async () => {
    const entra = await standIn()
    const { clock, forward } = movable()
    const tokens = tokensOf(entra, {}, clock)
    expect(await tokens.token()).toMatchObject({ fresh: true })
    expect(await tokens.token()).toMatchObject({ fresh: false })
    forward(3599 - 300 - 5)
    expect(await tokens.token()).toMatchObject({ fresh: false })
    expect(entra.requests()).toBe(1)
    forward(10)
    expect(await tokens.token()).toMatchObject({ fresh: true })
    expect(entra.requests()).toBe(2)
  })

  it('with a shorter lifetime are kept for half of it', async () => {
    const entra = await standIn({ expiresIn: 60 })
    const { clock, forward } = movable()
    const tokens = tokensOf(entra, {}, clock)
    await tokens.token()
    forward(28)
    expect(await tokens.token()).toMatchObject({ fresh: false })
    forward(4)
    expect(await tokens.token()).toMatchObject({ fresh: true })
  })

  it('are requested once for concurrent callers', async () => {
    const entra = await standIn()
    const tokens = tokensOf(entra)
    const answers = await Promise.all(Array.from({ length: 50 }, () => tokens.token()))
    expect(new Set(answers.map((answer) => (answer.ok ? answer.token.reveal() : '')))).toHaveProperty('size', 1)
    expect(entra.requests()).toBe(1)
  })

  it('are dropped only while the refused one is in use', async () => {
    const entra = await standIn()
    const tokens = tokensOf(entra)
    const first = await tokens.token()
    if (!first.ok) throw new Error('no token')
    tokens.drop(first.token)
    await tokens.token()
    tokens.drop(first.token)
    expect(await tokens.token()).toMatchObject({ fresh: false })
    expect(entra.requests()).toBe(2)
  })

  it.each<[string, Parameters<EntraStandIn['failNext']>[0], string | RegExp]>([
    ['a failure of the server', { kind: 'status', status: 503 }, 'HTTP_503'],
    ['a redirect', { kind: 'status', status: 302 }, 'HTTP_302'],
    ['a body without a token', { kind: 'status', status: 200, body: '{"expires_in":3599}' }, 'invalid_token_response'],
    [
      'a token that never lived',
      { kind: 'status', status: 200, body: '{"access_token":"x","expires_in":0}' },
      'invalid_token_response',
    ],
    [
      'a token with a line break',
      { kind: 'status', status: 200, body: '{"access_token":"a\\nb","expires_in":60}' },
      'invalid_token_response',
    ],
    ['no JSON', { kind: 'status', status: 200, body: '<html>' }, 'invalid_token_response'],
    [
      'an echo of the secret',
      { kind: 'status', status: 401, body: JSON.stringify({ error: APP.clientSecret }) },
      'HTTP_401',
    ],
    ['a cut connection', { kind: 'cut' }, /^(UND_ERR_SOCKET|ECONNRESET)$/],
    ['silence', { kind: 'hang' }, 'ERR_SEND_TIMEOUT'],
  ])('are missing after %s, and requested again by the next call', async (_what, fault, errorCode) => {
    const entra = await standIn()
    const tokens = tokensOf(entra, {}, systemClock, fault.kind === 'hang' ? 200 : 20_000)
    entra.failNext(fault)
    const answer = await tokens.token()
    expect(answer).toEqual({
      ok: false,
      errorCode: typeof errorCode === 'string' ? errorCode : expect.stringMatching(errorCode),
    })
    expect(await tokens.token()).toMatchObject({ ok: true })
  })
})

describe('posts with a token', () => {
  it('carry one token for many posts', async () => {
    const [entra, receiver] = [await standIn(), await flow(() => 202)]
    const transport = entraTransport(credentials(entra))
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => transport.send(entraRequest(receiver))))
    expect(new Set(outcomes.map((outcome) => outcome.name))).toEqual(new Set(['accepted']))
    expect(new Set(receiver.received.map((post) => post.headers.authorization))).toHaveProperty('size', 1)
    expect(receiver.received[0]?.headers.authorization).toMatch(/^Bearer eyJ/)
    expect(entra.requests()).toBe(1)
  })

  it('carry none to a SAS channel or to the sandbox', async () => {
    const [entra, receiver] = [await standIn(), await flow(() => 202)]
    const sandbox = await receiverFor((response) => void response.writeHead(202).end())
    const transport = entraTransport(credentials(entra), { sandboxOrigin: () => sandbox.origin })
    await transport.send(requestTo(receiver))
    await transport.send(entraRequest(sandbox))
    expect([...receiver.received, ...sandbox.received].map((post) => post.headers.authorization)).toEqual([
      undefined,
      undefined,
    ])
    expect(entra.requests()).toBe(0)
  })

  it('get one new token after a 401, and only where the old one was cached', async () => {
    const entra = await standIn()
    let valid: string | undefined
    const receiver = await flow((post) => {
      valid ??= post.headers.authorization
      return post.headers.authorization === valid ? 202 : 401
    })
    const transport = entraTransport(credentials(entra))
    expect(await transport.send(entraRequest(receiver))).toMatchObject({ name: 'accepted' })
    valid = 'none of those given so far'
    const refusedTwice = await transport.send(entraRequest(receiver))
    expect(refusedTwice).toMatchObject({ name: 'unauthorized', statusCode: 401 })
    expect([receiver.received.length, entra.requests()]).toEqual([3, 2])
    valid = undefined
    expect(await transport.send(entraRequest(receiver))).toMatchObject({ name: 'accepted' })
    // Withdrawn once: the repeat with a new token goes through within the same attempt.
    const old = valid
    valid = undefined
    let seen = 0
    const strict = await flow((post) => (post.headers.authorization === old && ++seen > 0 ? 401 : 202))
    expect(await transport.send(entraRequest(strict))).toMatchObject({ name: 'accepted' })
    expect([seen, strict.received.length]).toEqual([1, 2])
    expect(new Set(strict.received.map((post) => post.headers['webhook-id']))).toHaveProperty('size', 1)
  })

  it('are not repeated after a 401 with a fresh token, nor after a 403', async () => {
    const entra = await standIn()
    const codes = [401, 202, 403]
    const receiver = await flow(() => codes.shift() ?? 202)
    const transport = entraTransport(credentials(entra))
    expect(await transport.send(entraRequest(receiver))).toMatchObject({ name: 'unauthorized' })
    expect(await transport.send(entraRequest(receiver))).toMatchObject({ name: 'accepted' })
    expect(await transport.send(entraRequest(receiver))).toMatchObject({ name: 'unauthorized', statusCode: 403 })
    expect(receiver.received).toHaveLength(3)
    // Both refusals dropped their token, so that what was granted since is seen.
    await transport.send(entraRequest(receiver))
    expect(entra.requests()).toBe(3)
  })

  it("end as token_unavailable with Entra's code without a token, and nothing is posted", async () => {
    const [entra, receiver] = [await standIn(), await flow(() => 202)]
    const wrong = entraTransport(credentials(entra, { clientSecret: new Secret(`${MARKED.clientSecret}x`) }))
    const outcome = await wrong.send(entraRequest(receiver))
    expect(outcome).toMatchObject({ name: 'token_unavailable', errorCode: 'invalid_client', statusCode: undefined })
    expect(JSON.stringify(outcome)).not.toContain('MARKED')
    expect(await entraTransport(undefined).send(entraRequest(receiver))).toMatchObject({
      name: 'token_unavailable',
      errorCode: 'entra_not_set',
    })
    expect(receiver.received).toEqual([])
  })

  it('are handed_back when aborted while Entra does not answer', async () => {
    const [entra, receiver] = [await standIn(), await flow(() => 202)]
    entra.failNext({ kind: 'hang' })
    const stop = new AbortController()
    const sending = entraTransport(credentials(entra)).send(entraRequest(receiver, { signal: stop.signal }))
    await expect.poll(() => entra.requests()).toBe(1)
    stop.abort()
    expect(await sending).toMatchObject({ name: 'handed_back', mayHaveArrived: false })
  })
})
