import { once } from 'node:events'
import { connect } from 'node:net'
import Fastify from 'fastify'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError, isGatewayError } from '../../src/kernel/errors.ts'
import { sandboxRoutes } from '../../src/stand-ins/teams/routes.ts'
import { createSandbox } from '../../src/stand-ins/teams/teams.ts'
import { createSandboxServer, type SandboxServer } from '../../src/stand-ins/teams/test-server.ts'

const card = { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: 'Vault is sealed' }] }
const envelope = {
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
}

let server: SandboxServer
let agent: Agent

beforeAll(async () => {
  server = await createSandboxServer()
  agent = new Agent()
})
afterAll(async () => {
  await agent.destroy()
  await server.close()
})
beforeEach(() => {
  for (const { key } of server.sandbox.channels()) {
    server.sandbox.setFaults(key, {})
    server.sandbox.clear(key)
  }
})

function post(channel: string, options: { body?: string | Buffer; headersTimeout?: number; type?: string } = {}) {
  return request(server.addresses.get(channel) ?? '', {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': options.type ?? 'application/json; charset=utf-8', 'x-correlation-id': 'abc' },
    body: options.body ?? JSON.stringify(envelope),
    ...(options.headersTimeout ? { headersTimeout: options.headersTimeout } : {}),
  })
}

function call(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: unknown) {
  return request(server.origin + path, {
    method,
    dispatcher: agent,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
}

describe('a post', () => {
  it('is answered 202 with an empty body, and then listed', async () => {
    const answer = await post('sre')
    expect([answer.statusCode, await answer.body.text()]).toEqual([202, ''])
    const listed = await call('GET', '/sandbox/channels/sre/messages')
    const { messages } = (await listed.body.json()) as { messages: Record<string, unknown>[] }
    expect(messages).toMatchObject([{ card, run: 'succeeded', body: JSON.stringify(envelope) }])
    expect(messages[0]?.headers).toMatchObject({ 'x-correlation-id': 'abc' })
    const since = await call('GET', `/sandbox/channels/sre/messages?since=${messages[0]?.id}`)
    expect(await since.body.json()).toEqual({ messages: [] })
    const channels = (await (await call('GET', '/sandbox/channels')).body.json()) as { channels: unknown[] }
    expect(channels.channels).toHaveLength(8)
    expect(channels.channels).toContainEqual(
      expect.objectContaining({ key: 'sre', name: '#sre-alerts', messages: 1, faults: {}, refused: 0 }),
    )
    expect((await call('DELETE', '/sandbox/channels/sre/messages')).statusCode).toBe(204)
    expect(server.sandbox.messages('sre')).toEqual([])
  })

  it.each([
    ['of another type', { type: 'text/plain' }, 415, 'UnsupportedMediaType'],
    ['that is no JSON', { body: '{' }, 400, 'InvalidRequestContent'],
    ['with nothing in it', { body: '' }, 400, 'InvalidRequestContent'],
    ['of more than a megabyte', { body: Buffer.alloc(1_048_577, 0x20) }, 413, 'RequestEntityTooLarge'],
  ])('%s is refused as the platform does', async (_what, options, status, code) => {
    const answer = await post('sre', options)
    expect(answer.statusCode).toBe(status)
    expect(await answer.body.json()).toMatchObject({ error: { code } })
  })

  it('of half a megabyte is accepted, and its run fails', async () => {
    const text = 'x'.repeat(500_000)
    const body = JSON.stringify({ attachments: [{ content: { ...card, body: [{ type: 'TextBlock', text }] } }] })
    expect((await post('sre', { body })).statusCode).toBe(202)
    expect(server.sandbox.messages('sre')[0]?.error).toContain('MessageSizeExceeded')
  })
})

describe('beside a gateway', () => {
  it("leaves requests that the server's own checks refuse to the server", async () => {
    const app = Fastify()
    app.addHook('onRequest', async () => {
      throw new GatewayError('unauthenticated')
    })
    app.setErrorHandler(async (error, _request, reply) => reply.code(401).send({ seen: isGatewayError(error) }))
    await app.register(sandboxRoutes(createSandbox()))
    const answer = await app.inject({ method: 'POST', url: '/sandbox/channels/sre/webhook', payload: {} })
    expect([answer.statusCode, answer.json()]).toEqual([401, { seen: true }])
    await app.close()
  })

  it('says so on the page', async () => {
    const app = Fastify()
    await app.register(sandboxRoutes(createSandbox()))
    expect((await app.inject('/sandbox/page/settings.json')).json()).toMatchObject({ gateway: true })
    expect((await (await call('GET', '/sandbox/page/settings.json')).body.json()) as object).toMatchObject({
      gateway: false,
      message_limit: 28_672,
    })
    await app.close()
  })
})

describe('faults over the wire', () => {
  it('are set, shown and cleared', async () => {
    const set = await call('PUT', '/sandbox/channels/sre/faults', { status: 429, retry_after: 7 })
    expect([set.statusCode, await set.body.json()]).toEqual([200, { faults: { status: 429, retry_after: 7 } }])
    const refused = await post('sre')
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '7'])
    await refused.body.dump()
    await (await call('PUT', '/sandbox/channels/sre/faults', {})).body.dump()
    expect((await post('sre')).statusCode).toBe(202)
  })

  it.each([
    ['before anything', 'before', 0, /ECONNRESET|UND_ERR_SOCKET/],
    ['within the headers', 'headers', 1, /UND_ERR_SOCKET/],
  ])('cut %s', async (_where, cut, arrived, code) => {
    server.sandbox.setFaults('sre', { cut })
    const error = await post('sre').then(
      () => undefined,
      (cause) => cause as { code?: string },
    )
    expect(error?.code).toMatch(code)
    expect(server.sandbox.messages('sre')).toHaveLength(arrived)
  })

  it('cut within the body, after a good status', async () => {
    server.sandbox.setFaults('sre', { cut: 'body' })
    const answer = await post('sre')
    expect(answer.statusCode).toBe(202)
    await expect(answer.body.text()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' })
    expect(server.sandbox.messages('sre')).toHaveLength(1)
  })

  it('hang until the caller gives up, although the message has arrived', async () => {
    server.sandbox.setFaults('sre', { hang: true })
    await expect(post('sre', { headersTimeout: 200 })).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
    expect(server.sandbox.messages('sre')).toHaveLength(1)
  })

  it('answer late', async () => {
    server.sandbox.setFaults('sre', { delay_ms: 300 })
    const started = performance.now()
    expect((await post('sre')).statusCode).toBe(202)
    expect(performance.now() - started).toBeGreaterThanOrEqual(290)
  })

  it('do not keep the server from stopping', async () => {
    const other = await createSandboxServer()
    const own = new Agent()
    const send = () =>
      request(other.addresses.get('sre') ?? '', {
        method: 'POST',
        dispatcher: own,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(envelope),
      }).then(
        (answer) => answer.statusCode,
        (error: Error) => error.name,
      )
    other.sandbox.setFaults('sre', { hang: true })
    const hanging = send()
    await other.sandbox.waitFor('sre', 1)
    other.sandbox.setFaults('sre', { delay_ms: 600_000 })
    const slow = send()
    await other.sandbox.waitFor('sre', 2)
    const stream = await request(`${other.origin}/sandbox/events`, { dispatcher: own })
    await other.close()
    expect(await hanging).toBe('SocketError')
    expect(await slow).toBe(202)
    await stream.body.dump()
    await own.close()
  })

  it.each([
    ['a wrong value', '/sandbox/channels/sre/faults', { status: 'no' }, 400, 'invalid_request'],
    ['a list', '/sandbox/channels/sre/faults', [], 400, 'invalid_request'],
    ['an unknown channel', '/sandbox/channels/nobody/faults', {}, 404, 'not_found'],
  ])('are refused with the reason: %s', async (_what, path, body, status, code) => {
    const answer = await call('PUT', path, body)
    expect(answer.statusCode).toBe(status)
    expect(await answer.body.json()).toMatchObject({ code })
  })

  it.each([
    ['/sandbox/channels/nobody/messages', 404, 'not_found'],
    ['/sandbox/channels/sre/messages?since=x', 400, 'invalid_request'],
    ['/sandbox/channels/sre/messages?limit=0', 400, 'invalid_request'],
  ])('%s gives %d', async (path, status, code) => {
    const answer = await call('GET', path)
    expect(answer.statusCode).toBe(status)
    expect(await answer.body.json()).toMatchObject({ code })
  })
})

it('closes at once, also with an idle connection', async () => {
  const own = await createSandboxServer()
  const silent = connect(Number(new URL(own.origin).port), '127.0.0.1')
  await once(silent, 'connect')
  // Taken in order: when this is answered, the connection before it has been accepted.
  await (await request(`${own.origin}/sandbox/channels`, { dispatcher: agent })).body.dump()
  await expect(Promise.all([once(silent, 'close'), own.close()])).resolves.toBeDefined()
}, 10_000)

describe('a page of another site', () => {
  it.each([
    ['whose name was made to lead here', { host: 'evil.example' }],
    ['that calls from where it is', { origin: 'https://evil.example' }],
  ])('%s neither reads nor changes anything', async (_what, headers) => {
    for (const [method, path] of [
      ['GET', '/sandbox'],
      ['GET', '/sandbox/channels/sre/messages'],
      ['PUT', '/sandbox/channels/sre/faults'],
    ] as const) {
      const answer = await request(server.origin + path, { method, dispatcher: agent, headers })
      expect(answer.statusCode).toBe(403)
      expect(await answer.body.json()).toMatchObject({ code: 'cross_site' })
    }
  })
})

describe('the event stream', () => {
  it('answers HEAD at once, although it never ends', async () => {
    const answer = await request(`${server.origin}/sandbox/events`, { method: 'HEAD', dispatcher: agent })
    expect(answer.statusCode).toBe(404)
  })

  it('sends each message, refusal and fault as it happens', async () => {
    const stream = await request(`${server.origin}/sandbox/events`, { dispatcher: agent })
    expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    await (await post('sre')).body.dump()
    server.sandbox.setFaults('sre', { status: 500, times: 1 })
    await (await post('sre')).body.dump()
    let text = ''
    for await (const chunk of stream.body) {
      text += chunk
      if (text.includes('event: refused') && text.endsWith('\n\n')) break
    }
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, type, data]) => [
      type,
      JSON.parse(data ?? ''),
    ])
    expect(events.map(([type]) => type)).toEqual(['message', 'faults', 'faults', 'refused'])
    expect(events[0]?.[1]).toMatchObject({ channel: { key: 'sre', messages: 1 }, message: { card } })
  })
})

describe('the page', () => {
  it.each([
    ['/sandbox', 'text/html; charset=utf-8'],
    ['/sandbox/page/page.js', 'text/javascript; charset=utf-8'],
    ['/sandbox/page/adaptivecards.js', 'text/javascript; charset=utf-8'],
    ['/sandbox/page/settings.json', 'application/json; charset=utf-8'],
  ])('%s is served with a restrictive Content-Security-Policy', async (path, type) => {
    const answer = await call('GET', path)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, type])
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    await answer.body.dump()
  })

  it('serves every file that its HTML names', async () => {
    const html = await (await call('GET', '/sandbox')).body.text()
    const named = [...html.matchAll(/(?:src|href)="(\/sandbox\/[^"]+)"/g)].map(([, path]) => path ?? '')
    expect(named.length).toBeGreaterThanOrEqual(4)
    for (const path of named) {
      const answer = await call('GET', path)
      const text = await answer.body.text()
      expect([path, answer.statusCode]).toEqual([path, 200])
      const folder = path.slice(0, path.lastIndexOf('/'))
      if (path.endsWith('page.js')) {
        for (const [, file] of text.matchAll(/from '\.(\/[^']+)'/g)) {
          expect((await call('GET', folder + file)).statusCode).toBe(200)
        }
      }
    }
  })

  it('serves no other file from the disk', async () => {
    for (const path of [
      '/sandbox/page/..%2froutes.ts',
      '/sandbox/page/%2e%2e/teams.ts',
      '/sandbox/page/page.test.ts',
    ]) {
      expect((await call('GET', path)).statusCode).toBe(404)
    }
  })
})
