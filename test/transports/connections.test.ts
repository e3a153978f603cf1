import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { receiverFor, requestTo, transportFor } from './post.ts'
import { makeCertificate } from './receiver.ts'

/** Leaves posts unanswered until `answerAll`. */
function gate() {
  const unanswered: ServerResponse[] = []
  return {
    handler: (response: ServerResponse) => void unanswered.push(response),
    answerAll: () => {
      for (const response of unanswered.splice(0)) response.writeHead(202).end()
    },
    unanswered,
  }
}

describe('connection limits', () => {
  it('apply per host; connections are reused, and posts begin in order', async () => {
    const { handler, answerAll, unanswered } = gate()
    const receiver = await receiverFor(handler)
    const transport = transportFor(receiver, { connectionsPerHost: 3 })
    const sending = Array.from({ length: 10 }, (_, n) =>
      transport.send(requestTo(receiver, { correlationId: `n${n}` })),
    )
    for (const count of [3, 6, 9, 10]) {
      await receiver.arrived(count)
      expect(unanswered).toHaveLength(count === 10 ? 1 : 3)
      answerAll()
    }
    expect((await Promise.all(sending)).map((outcome) => outcome.name)).toEqual(Array(10).fill('accepted'))
    expect(receiver.connections).toMatchObject({ peak: 3, ever: 3 })
    const order = receiver.received.map((post) =>
      Math.floor(Number(String(post.headers['x-correlation-id']).slice(1)) / 3),
    )
    expect(order).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
  })

  it('apply over all hosts; an idle connection is closed where another host needs one', async () => {
    const gates = [gate(), gate(), gate()]
    const certificate = makeCertificate()
    const receivers = await Promise.all(gates.map(({ handler }) => receiverFor(handler, certificate)))
    const transport = transportFor(undefined, {
      totalConnections: 4,
      connectionsPerHost: 3,
      tls: { minVersion: 'TLSv1.3', ca: certificate.cert },
    })
    const sending = receivers.flatMap((receiver) =>
      Array.from({ length: 4 }, () => transport.send(requestTo(receiver))),
    )
    const [a, b, c] = receivers as [(typeof receivers)[0], (typeof receivers)[0], (typeof receivers)[0]]
    const inUse = () => gates.map(({ unanswered }) => unanswered.length)

    await Promise.all([a.arrived(3), b.arrived(1)])
    expect(inUse()).toEqual([3, 1, 0])
    gates[0]?.answerAll()
    await Promise.all([a.arrived(4), b.arrived(3)])
    expect(inUse()).toEqual([1, 3, 0])
    gates[0]?.answerAll()
    gates[1]?.answerAll()
    await Promise.all([b.arrived(4), c.arrived(3)])
    expect(inUse()).toEqual([0, 1, 3])
    gates[1]?.answerAll()
    gates[2]?.answerAll()
    await c.arrived(4)
    gates[2]?.answerAll()
    expect((await Promise.all(sending)).map((outcome) => outcome.name)).toEqual(Array(12).fill('accepted'))
    expect(receivers.map((receiver) => receiver.connections.peak)).toEqual([3, 3, 3])
    await expect
      .poll(() => receivers.reduce((sum, { connections }) => sum + connections.open, 0))
      .toBeLessThanOrEqual(4)
  })

  it('let an aborted signal interrupt posts in flight and hand back queued ones', async () => {
    const { handler, unanswered } = gate()
    const receiver = await receiverFor(handler)
    const transport = transportFor(receiver, { connectionsPerHost: 3 })
    const stop = new AbortController()
    const sending = Array.from({ length: 10 }, () => transport.send(requestTo(receiver, { signal: stop.signal })))
    await receiver.arrived(3)
    stop.abort()
    const came = (await Promise.all(sending)).map((outcome) => outcome.name)
    expect(came).toEqual([...Array(3).fill('interrupted'), ...Array(7).fill('handed_back')])
    expect(unanswered).toHaveLength(3)
    await transport.close()
    expect(receiver.received).toHaveLength(3)
  })

  it('let callOff hand back queued and connecting posts, and leave posts in flight', async () => {
    const { handler, unanswered, answerAll } = gate()
    const receiver = await receiverFor(handler)
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    // A TLS handshake without an answer: the connection stays in the state of connecting.
    const { port } = silent.address() as AddressInfo
    const transport = transportFor(receiver, { connectionsPerHost: 3 })
    const lost = new AbortController()
    const sending = [
      ...Array.from({ length: 5 }, () => transport.send(requestTo(receiver, { callOff: lost.signal }))),
      transport.send(requestTo({ origin: `https://localhost:${port}` }, { callOff: lost.signal })),
    ]
    await Promise.all([receiver.arrived(3), once(silent, 'connection')])
    lost.abort()
    expect((await Promise.all(sending.slice(3))).map(({ name }) => name)).toEqual(Array(3).fill('handed_back'))
    expect(unanswered).toHaveLength(3)
    answerAll()
    expect((await Promise.all(sending.slice(0, 3))).map(({ name }) => name)).toEqual(Array(3).fill('accepted'))
    expect(receiver.received).toHaveLength(3)
  })

  it('ask mayPost once the connection is open, and write nothing where it is false', async () => {
    const { handler, answerAll } = gate()
    const receiver = await receiverFor(handler)
    const transport = transportFor(receiver, { connectionsPerHost: 1 })
    let may = true
    const request = requestTo(receiver, { mayPost: () => may })
    const sending = [transport.send(request), transport.send(request)]
    await receiver.arrived(1)
    may = false
    answerAll()
    expect((await Promise.all(sending)).map(({ name }) => name)).toEqual(['accepted', 'handed_back'])
    let asked = 0
    const opened = requestTo(receiver, { mayPost: () => ++asked < 2 })
    expect(await transportFor(receiver).send(opened)).toMatchObject({ name: 'handed_back', mayHaveArrived: false })
    expect([receiver.received.length, asked, receiver.connections.ever]).toEqual([1, 2, 2])
    may = true
    const last = transport.send(request)
    await receiver.arrived(2)
    answerAll()
    expect(await last).toMatchObject({ name: 'accepted' })
    // The connection on which nothing was written was kept.
    expect(receiver.connections.ever).toBe(2)
  })

  it('free the connection of a post that timed out or broke', async () => {
    const receiver = await receiverFor((response, post) => {
      if (post.headers['x-correlation-id'] === 'hang') return
      if (post.headers['x-correlation-id'] === 'reset') return void response.socket?.resetAndDestroy()
      response.writeHead(202).end()
    })
    const transport = transportFor(receiver, { connectionsPerHost: 1, timeoutMs: 300 })
    const sending = ['hang', 'reset', 'fine'].map((correlationId) =>
      transport.send(requestTo(receiver, { correlationId })),
    )
    expect((await Promise.all(sending)).map((outcome) => outcome.name)).toEqual([
      'timed_out',
      'connection_failed',
      'accepted',
    ])
    expect(receiver.connections.ever).toBe(3)
  })

  it('allow a new connection where the receiver closed the idle one', async () => {
    const receiver = await receiverFor((response) => {
      response.writeHead(202, { connection: 'close' })
      response.end()
    })
    const transport = transportFor(receiver, { connectionsPerHost: 1 })
    for (let n = 0; n < 5; n++) expect(await transport.send(requestTo(receiver))).toMatchObject({ name: 'accepted' })
    expect(receiver.connections.ever).toBe(5)
  })
})

describe('TLS', () => {
  const accept = (response: ServerResponse) => void response.writeHead(202).end()

  it('refuses a receiver with TLS 1.2 at most, and accepts it once TEAMS_TLS_MIN_VERSION is 1.2', async () => {
    const certificate = makeCertificate()
    const receiver = await receiverFor(accept, { ...certificate, maxVersion: 'TLSv1.2' })
    const strict = transportFor(undefined, { tls: { minVersion: 'TLSv1.3', ca: certificate.cert } })
    expect(await strict.send(requestTo(receiver))).toMatchObject({
      name: 'tls_version',
      mayHaveArrived: false,
      message: expect.stringContaining('TEAMS_TLS_MIN_VERSION=TLSv1.2'),
    })
    expect(receiver.received).toHaveLength(0)
    const lenient = transportFor(undefined, { tls: { minVersion: 'TLSv1.2', ca: certificate.cert } })
    expect(await lenient.send(requestTo(receiver))).toMatchObject({ name: 'accepted' })
  })

  it('refuses an untrusted certificate, or one for another host', async () => {
    const own = makeCertificate()
    const receiver = await receiverFor(accept, own)
    expect(await transportFor(undefined).send(requestTo(receiver))).toMatchObject({
      name: 'tls_failed',
      errorCode: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    const foreign = makeCertificate('other.host.sa')
    const wrong = await receiverFor(accept, foreign)
    const transport = transportFor(undefined, { tls: { minVersion: 'TLSv1.3', ca: foreign.cert } })
    expect(await transport.send(requestTo(wrong))).toMatchObject({
      name: 'tls_failed',
      errorCode: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    expect([...receiver.received, ...wrong.received]).toEqual([])
  })

  it('is tls_failed where the receiver speaks plain HTTP', async () => {
    const receiver = await receiverFor(accept)
    const origin = receiver.origin.replace('http://127.0.0.1', 'https://localhost')
    expect(await transportFor(undefined).send(requestTo({ origin }))).toMatchObject({ name: 'tls_failed' })
  })
})
