import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createTestServer } from './harness.ts'

/** Sends bytes as they are, and gives back everything that comes until the other side closes. */
function exchange(port: number, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => resolve(got))
  return promise
}

describe('paths and methods', () => {
  it.each(['/nothing', '/v1', '/v1/events/', '/V1/events', '/v1/notifications/1/2', '//', '/v1/notifications/'])(
    '%s is not found',
    async (url) => {
      const { app } = createTestServer()
      const answer = await app.inject(url)
      expect(answer.json()).toMatchObject({
        type: 'urn:claimlinc-teams:error:not_found',
        status: 404,
        code: 'not_found',
      })
      expect(answer.headers['content-type']).toBe('application/problem+json')
    },
  )

  it('reads no body for a path that does not exist', async () => {
    const { app } = createTestServer()
    const headers = { 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url: '/nothing', headers, payload: '{' })
    expect(answer.statusCode).toBe(404)
  })

  it.each([
    ['GET', '/v1/events', 'OPTIONS, POST'],
    ['OPTIONS', '/v1/events', 'OPTIONS, POST'],
    ['OPTIONS', '/v1/channels', 'GET, HEAD'],
    ['DELETE', '/v1/notifications', 'GET, HEAD'],
    ['PATCH', '/v1/notifications/x', 'GET, HEAD'],
    ['GET', '/v1/notifications/x/replay', 'POST'],
    ['POST', '/healthz?x=1', 'GET, HEAD'],
    ['PUT', '/', 'GET, HEAD'],
    ['PROPFIND', '/metrics', 'GET, HEAD'],
  ] as const)('%s %s is not allowed, %s is', async (method, url, allow) => {
    const { app } = createTestServer()
    const answer = await app.inject({ method: method as 'GET', url })
    expect(answer.json()).toMatchObject({ status: 405, code: 'method_not_allowed' })
    expect(answer.headers.allow).toBe(allow)
  })

  it.each(['/v1/notifications/%zz', `/v1/notifications/${'x'.repeat(101)}`])('refuses the path %s', async (url) => {
    const { app } = createTestServer()
    expect((await app.inject(url)).json()).toMatchObject({
      status: 400,
      code: 'invalid_request',
      errors: [{ at: 'path' }],
    })
  })

  it('answers HEAD without a body', async () => {
    const { app } = createTestServer()
    const answer = await app.inject({ method: 'HEAD', url: '/healthz' })
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
  })

  it("gives a plugin's errors the same form, and says nothing of itself", async () => {
    const plugin = async (app: ReturnType<typeof createTestServer>['app']) => {
      app.post('/sandbox/x', async () => {
        throw new Error('secret detail')
      })
    }
    const { app } = createTestServer({}, { plugins: [plugin] })
    const broken = await app.inject({ method: 'POST', url: '/sandbox/x', payload: {} })
    expect(broken.json()).toMatchObject({ status: 500, code: 'internal' })
    expect(broken.body).not.toContain('secret detail')
    const headers = { 'content-type': 'application/json' }
    const bad = await app.inject({ method: 'POST', url: '/sandbox/x', headers, payload: '{' })
    expect(bad.json()).toMatchObject({ status: 400, code: 'invalid_json' })
    expect(Object.keys(bad.headers)).not.toContain('x-powered-by')
    expect(bad.headers['x-content-type-options']).toBe('nosniff')
    expect((await app.inject({ method: 'GET', url: '/sandbox/x' })).headers.allow).toBe('POST')
  })
})

describe('invalid HTTP', () => {
  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'a length and chunks',
      'POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
    ],
    ['a bad length', 'POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n', 400],
  ])('refuses %s in the same form', async (_name, bytes, status) => {
    const { start } = createTestServer()
    const { port } = await start()
    const answer = await exchange(port, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const [head, body = ''] = answer.split('\r\n\r\n')
    expect(head).toContain('content-type: application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ status, code: 'invalid_request', errors: [{ at: 'request' }] })
  })
})

describe('start', () => {
  it('returns its origin', async () => {
    const { start } = createTestServer({ TEAMS_HTTP_HOST: 'localhost' })
    const { host, port, origin } = await start()
    expect([host, origin]).toEqual(['127.0.0.1', `http://127.0.0.1:${port}`])
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  })

  it('names the setting when the port is taken', async () => {
    const first = await createTestServer().start()
    const second = createTestServer({ TEAMS_HTTP_PORT: first.port })
    await expect(second.start()).rejects.toMatchObject({
      code: 'port_in_use',
      problems: [{ at: 'TEAMS_HTTP_PORT', found: expect.stringContaining(String(first.port)) }],
    })
  })

  it('names the setting when there is no such interface', async () => {
    const { start } = createTestServer({ TEAMS_HTTP_HOST: '203.0.113.7' })
    await expect(start()).rejects.toMatchObject({ code: 'invalid_settings', problems: [{ at: 'TEAMS_HTTP_HOST' }] })
  })
})
