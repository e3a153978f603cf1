import { getEventListeners, once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { API_TOKENS, CLAIM, createTestServer, TOKENS } from './harness.ts'

/** A server whose lists and acceptances wait for `release`. */
async function serverWithWaitingCalls(settings = {}) {
  const server = createTestServer(settings)
  const { origin, port } = await server.start()
  const release = Promise.withResolvers<void>()
  onTestFinished(() => release.resolve())
  const counts = { running: 0, most: 0, done: 0 }
  const begun: (() => void)[] = []
  async function waitForRelease() {
    counts.running++
    counts.most = Math.max(counts.most, counts.running)
    begun.shift()?.()
    await release.promise
    counts.running--
    counts.done++
  }
  const { listNotifications, accept } = server.service
  server.service.listNotifications = async (query) => {
    await waitForRelease()
    return listNotifications(query)
  }
  server.service.accept = async (...given) => {
    await waitForRelease()
    return accept(...given)
  }
  const nextBegun = () => new Promise<void>((resolve) => begun.push(resolve))
  return { ...server, origin, port, counts, nextBegun, release: () => release.resolve() }
}

const refusals = async (metrics: { expose(): Promise<{ body: string }> }, work: string) =>
  Number(
    new RegExp(`^teams_requests_refused_total\\{work="${work}"\\} (\\d+)$`, 'm').exec(
      (await metrics.expose()).body,
    )?.[1] ?? 0,
  )

/** Sends raw requests over one connection, and resolves with the statuses of so many answers. */
async function pipelined(port: number, requests: string, answers: number) {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(requests)
  let text = ''
  const all = new Promise<{ statuses: string[]; text: string }>((resolve) => {
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status)
      if (statuses.length === answers) resolve({ statuses, text })
    })
  })
  return { socket, all }
}

describe('1,600 pipelined requests on one connection', () => {
  it('get 16 answers, two at a time, and 503 for the rest, while /healthz and /metrics answer', async () => {
    const server = await serverWithWaitingCalls()
    const get = `GET /v1/notifications?limit=500 HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n\r\n`
    const begun = server.nextBegun()
    const { all } = await pipelined(server.port, get.repeat(1_600), 1_600)
    await begun
    expect((await fetch(`${server.origin}/healthz`)).status).toBe(200)
    expect((await fetch(`${server.origin}/metrics`)).status).toBe(200)
    server.release()
    const { statuses, text } = await all
    expect(Map.groupBy(statuses, (status) => status).get('200')).toHaveLength(16)
    expect(statuses.filter((status) => status === '503')).toHaveLength(1_584)
    expect(text).toMatch(/retry-after: 1\r\n/)
    expect(text).toContain('"code":"gateway_busy"')
    expect(server.counts.most).toBe(2)
    expect(await refusals(server.metrics, 'read')).toBe(1_584)
  })

  it('are not run after the connection closed', async () => {
    const server = await serverWithWaitingCalls()
    const get = `GET /v1/notifications HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n\r\n`
    const begun = [server.nextBegun(), server.nextBegun()]
    const { socket } = await pipelined(server.port, get.repeat(10), 10)
    await Promise.all(begun)
    const closed = once(server.app.server, 'request')
    socket.destroy()
    // Another request is there only after the server has heard of the end of the first connection.
    await fetch(`${server.origin}/healthz`)
    await closed
    const last = server.nextBegun()
    const other = fetch(`${server.origin}/v1/notifications`)
    await last
    server.release()
    expect((await other).status).toBe(200)
    // What waited before it would be let in before it.
    expect((await fetch(`${server.origin}/v1/notifications`)).status).toBe(200)
    expect(server.counts.done).toBe(4)
  })
})

describe('callers with tokens', () => {
  it('share the reads that run at once, over any number of connections', async () => {
    const server = await serverWithWaitingCalls({ TEAMS_API_TOKENS: API_TOKENS })
    const list = (token: string) =>
      fetch(`${server.origin}/v1/notifications`, { headers: { authorization: `Bearer ${token}` } })
    const begun = [server.nextBegun(), server.nextBegun(), server.nextBegun()]
    const many = Array.from({ length: 40 }, () => list(TOKENS.reader))
    const other = list(TOKENS.actor)
    await Promise.all(begun)
    expect(server.counts.running).toBe(3)
    server.release()
    expect((await other).status).toBe(200)
    const statuses = (await Promise.all(many)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(18)
    expect(statuses.filter((status) => status === 503)).toHaveLength(22)
    expect(server.counts.most).toBe(3)
  })

  it('get 503 for large bodies beyond their share, while other callers do not', async () => {
    const server = await serverWithWaitingCalls({ TEAMS_API_TOKENS: API_TOKENS })
    const large = JSON.stringify({ ...CLAIM, data: { ...CLAIM.data, provider: 'x'.repeat(1_000_000) } })
    const send = (token: string, body: string) =>
      fetch(`${server.origin}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
      })
    const refused = Array.from({ length: 12 }, () => send(TOKENS.sender, large))
    const begun = server.nextBegun()
    const small = send(TOKENS.sender, JSON.stringify(CLAIM))
    await begun
    const busy = await Promise.race(refused)
    expect(busy.status).toBe(503)
    expect(busy.headers.get('retry-after')).toBe('1')
    expect(await busy.json()).toMatchObject({ code: 'gateway_busy' })
    const other = send(TOKENS.admin, large)
    server.release()
    expect((await small).status).toBe(202)
    expect((await other).status).not.toBe(503)
    await Promise.all(refused)
  })
})

describe('actions', () => {
  it('of a relay that passes on 1,000 clicks at once are all answered; those beyond are told when to try again', async () => {
    const { app, service, metrics } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const headers = { authorization: `Bearer ${TOKENS.actor}`, 'content-type': 'application/json' }
    const sender = { ...headers, authorization: `Bearer ${TOKENS.sender}` }
    const sent = await app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: sender,
      payload: JSON.stringify(CLAIM),
    })
    const release = Promise.withResolvers<void>()
    onTestFinished(() => release.resolve())
    let [running, most] = [0, 0]
    const { act } = service
    service.act = async (...given) => {
      most = Math.max(most, ++running)
      await release.promise
      running--
      return act(...given)
    }
    const payload = JSON.stringify({
      action: 'acknowledge',
      notification_id: sent.json().events[0].notifications[0].id,
    })
    const click = async () => await app.inject({ method: 'POST', url: '/v1/actions', headers, payload })
    const clicks = Array.from({ length: 1_004 }, click)
    const beyond = await click()
    expect([beyond.statusCode, beyond.headers['retry-after'], beyond.json().code]).toEqual([503, '1', 'gateway_busy'])
    expect(await refusals(metrics, 'act')).toBe(1)
    // They are in nobody's way: a silence is a change of its own kind.
    const silences = await app.inject({ method: 'POST', url: '/v1/silences', headers, payload: '{}' })
    expect(silences.statusCode).toBe(422)
    release.resolve()
    expect(new Set((await Promise.all(clicks)).map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
    expect(most).toBe(4)
  })
})

describe('large bodies', () => {
  it('of unauthenticated callers share one allowance, apart from that of a token', async () => {
    const server = createTestServer({
      TEAMS_API_TOKENS: API_TOKENS,
      TEAMS_INBOUND_SECRETS: ['whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0'],
    })
    const { origin, port } = await server.start()
    const signature = { 'webhook-id': '1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' }
    const head = [
      'POST /v1/events HTTP/1.1',
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      'content-length: 1000000',
      ...Object.entries(signature).map(([name, value]) => `${name}: ${value}`),
      'expect: 100-continue',
    ].join('\r\n')
    const sockets = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const socket = connect(port, '127.0.0.1')
        onTestFinished(() => void socket.destroy())
        socket.write(`${head}\r\n\r\n`)
        // "100 Continue" comes with the headers; the gateway counts the body before it hears of the next connection.
        await once(socket, 'data')
        return socket
      }),
    )
    const body = JSON.stringify({ ...CLAIM, data: { ...CLAIM.data, provider: 'x'.repeat(999_000) } })
    const send = async (headers: Record<string, string>) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }
      return (await fetch(`${origin}/v1/events`, init)).status
    }
    expect(await send(signature)).toBe(503)
    expect(await send({ authorization: `Bearer ${TOKENS.sender}` })).toBe(202)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => send(signature)).toBe(401)
  })

  it('leave no listener on their connection once they are answered', async () => {
    const server = createTestServer()
    const listeners: number[] = []
    server.app.addHook('onRequest', async ({ disconnected }) => {
      if (disconnected) listeners.push(getEventListeners(disconnected, 'abort').length)
    })
    const { port } = await server.start()
    const body = JSON.stringify({ ...CLAIM, data: { ...CLAIM.data, provider: 'x'.repeat(100_000) } })
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    for (let n = 0; n < 5; n++) {
      socket.write(
        `POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      )
      const [bytes] = await once(socket, 'data')
      expect(String(bytes)).toMatch(/^HTTP\/1\.1 202 /)
    }
    expect(listeners).toEqual([0, 0, 0, 0, 0])
  })
})
