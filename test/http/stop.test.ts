import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { CLAIM, createTestServer } from './harness.ts'

/** A server whose acceptances wait for `go`; `arrived` resolves with the first one. */
function serverWithWaitingAccept() {
  const server = createTestServer()
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  server.service.beforeAccept = () => {
    arrived.resolve()
    return go.promise
  }
  return { ...server, arrived: arrived.promise, go: () => go.resolve() }
}

const post = (origin: string) =>
  fetch(`${origin}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CLAIM),
  })

it('stop() finishes requests in flight, then closes the port', async () => {
  const { start, stop, service, arrived, go } = serverWithWaitingAccept()
  const { origin } = await start()
  const answer = post(origin)
  await arrived
  const stopped = stop()
  go()
  expect((await answer).status).toBe(202)
  expect((await answer).headers.get('connection')).toBe('close')
  await stopped
  expect(service.taken).toHaveLength(1)
  await expect(fetch(`${origin}/healthz`)).rejects.toThrow()
  await stop()
})

it('a request during stop() is answered with 503, and its connection closed', async () => {
  const { start, stop, arrived, go, service } = serverWithWaitingAccept()
  const { origin, port } = await start()
  const first = post(origin)
  await arrived
  // One whole request and the beginning of another in one piece: with the answer to the first, the second has begun.
  const socket = connect(port, '127.0.0.1')
  let got = ''
  const answered = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  socket.on('close', () => closed.resolve())
  socket.on('data', (chunk) => {
    got += chunk
    answered.resolve()
  })
  socket.write('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nGET /v1/channels HTTP/1.1\r\nhost: 127.')
  await answered.promise
  const stopped = stop()
  socket.write('0.0.1\r\n\r\n')
  await closed.promise
  const [head = '', body = ''] = got.slice(got.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 503 /)
  expect(head).toMatch(/connection: close/i)
  expect(JSON.parse(body)).toMatchObject({ code: 'gateway_stopped', status: 503 })
  go()
  expect((await first).status).toBe(202)
  await stopped
  expect(service.taken).toHaveLength(1)
})

it('stop() does not wait for connections without a complete request', async () => {
  const { start, stop } = createTestServer({ TEAMS_SHUTDOWN_TIMEOUT: 60 })
  const { port, origin } = await start()
  const agent = new Agent({ keepAlive: true })
  await new Promise<void>((resolve, reject) =>
    request(`${origin}/healthz`, { agent }, (answer) => answer.resume().on('end', resolve))
      .on('error', reject)
      .end(),
  )
  const silent = connect(port, '127.0.0.1')
  await new Promise((resolve) => silent.once('connect', resolve))
  const halfAsked = connect(port, '127.0.0.1')
  await new Promise((resolve) => halfAsked.once('connect', resolve))
  halfAsked.write('POST /v1/events HTTP/1.1\r\nhost:')
  const closed = Promise.all(
    [silent, halfAsked].map((s) => new Promise((resolve) => s.on('error', () => {}).once('close', resolve))),
  )
  await stop()
  await closed
  expect([silent.destroyed, halfAsked.destroyed]).toEqual([true, true])
  await expect(fetch(`${origin}/healthz`)).rejects.toThrow()
  agent.destroy()
})

it('stop() cuts requests that exceed TEAMS_SHUTDOWN_TIMEOUT', async () => {
  const server = createTestServer({ TEAMS_SHUTDOWN_TIMEOUT: 0.05 })
  const arrived = Promise.withResolvers<void>()
  server.service.beforeAccept = () => {
    arrived.resolve()
    return new Promise(() => {})
  }
  const { origin } = await server.start()
  const answer = post(origin)
  answer.catch(() => {})
  await arrived.promise
  await server.stop()
  await expect(answer).rejects.toThrow()
})

it('stop() does not wait for closed connections', async () => {
  const { start, stop, app, arrived, go } = serverWithWaitingAccept()
  const { port } = await start()
  const responses: string[] = []
  const both = Promise.withResolvers<void>()
  app.server.on('request', (request, response) =>
    response.once('close', () => {
      responses.push(request.url ?? '')
      if (responses.length === 2) both.resolve()
    }),
  )
  const head = 'POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: '
  const body = JSON.stringify(CLAIM)
  const waiting = connect(port, '127.0.0.1', () => waiting.write(`${head}${body.length}\r\n\r\n${body}`))
  await arrived
  waiting.destroy()
  const begun = new Promise((resolve) => app.server.once('request', resolve))
  const sending = connect(port, '127.0.0.1', () => sending.write(`${head}100\r\n\r\n{`))
  await begun
  sending.destroy()
  await both.promise
  const started = performance.now()
  await stop()
  expect(performance.now() - started).toBeLessThan(4_000)
  go()
})
