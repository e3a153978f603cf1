import { createHmac } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Secret } from '../../src/kernel/secret.ts'
import { CARD, CHANNEL, MARKED, PATH, QUERY, receiverFor, requestTo, transportFor } from './post.ts'

const answer =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  (response: import('node:http').ServerResponse) => {
    response.writeHead(status, headers)
    response.end(body)
  }

/** A server that takes connections and then says nothing, not even the TLS greeting. */
async function startMute() {
  let greet = (): void => undefined
  const connected = new Promise<void>((resolve) => {
    greet = resolve
  })
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .resume()
    sockets.add(socket)
    greet()
  })
  const sockets = new Set<Socket>()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { origin: `https://localhost:${(server.address() as AddressInfo).port}`, connected, open: () => sockets.size }
}

describe('a post', () => {
  it('is the envelope, in UTF-8, signed, to the URL byte for byte, without Authorization', async () => {
    const receiver = await receiverFor(answer(202))
    const tail = `/a%2Fb/./c//d;x=1?sig=${MARKED.sig}%2B%3d&sp=/t%2fr&&e`
    const outcome = await transportFor(receiver).send(
      requestTo(receiver, {
        address: new Secret(`${receiver.origin}${tail}`),
        correlationId: 'مطالبة 1',
        attempt: 2,
        repeat: true,
      }),
    )
    expect(outcome).toMatchObject({ name: 'accepted', statusCode: 202, mayHaveArrived: false })
    const [post] = receiver.received
    expect([post?.method, post?.path]).toEqual(['POST', tail])
    expect(JSON.parse(post?.body ?? '')).toEqual({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: CARD }],
    })
    const headers = post?.headers ?? {}
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(post?.body ?? '')),
      'user-agent': expect.stringMatching(/^claimlinc-teams\/\d+\.\d+\.\d+/),
      'webhook-id': '01930000-0000-7000-8000-000000000001',
      'x-claimlinc-attempt': '2',
      'x-claimlinc-repeat': 'true',
    })
    expect(decodeURIComponent(String(headers['x-correlation-id']))).toBe('مطالبة 1')
    expect(headers.authorization).toBeUndefined()
    const verifier = new Webhook(Buffer.from(MARKED.hmac), { format: 'raw' })
    verifier.verify(post?.body ?? '', headers as Record<string, string>)
    const hex = createHmac('sha256', MARKED.hmac)
      .update(post?.body ?? '')
      .digest('hex')
    expect(headers).toMatchObject({
      'x-claimlinc-signature': `sha256=${hex}`,
      'x-hmac-signature': hex,
      'x-priority': 'critical',
    })
  })

  it('is the bare card where the channel has payload bare', async () => {
    const receiver = await receiverFor(answer(200))
    await transportFor(receiver).send(requestTo(receiver, { channel: { ...CHANNEL, payload: 'bare' } }))
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toEqual(CARD)
  })

  it('is not sent to an invalid address, and the outcome has its code', async () => {
    const receiver = await receiverFor(answer(202))
    const transport = transportFor(undefined)
    for (const [url, errorCode] of [
      [`${receiver.origin}${PATH}${QUERY}`, 'webhook_invalid'],
      ['placeholder', 'webhook_placeholder'],
      ['https://contoso.webhook.office.com/webhookb2/1', 'webhook_retired'],
    ] as const)
      expect(await transport.send(requestTo(receiver, { address: new Secret(url) }))).toMatchObject({
        name: 'address_invalid',
        errorCode,
      })
    expect(receiver.connections.ever).toBe(0)
  })

  it('has another signature after the secret changed, on the same connection', async () => {
    const receiver = await receiverFor(answer(202))
    let secret = 'first-secret-of-16'
    const transport = transportFor(receiver, { signingSecrets: () => [new Secret(secret)] })
    await transport.send(requestTo(receiver))
    secret = 'second-secret-of-16'
    await transport.send(requestTo(receiver))
    const [first, second] = receiver.received.map((post) => post.headers['x-claimlinc-signature'])
    expect(first).not.toBe(second)
    expect(receiver.connections.ever).toBe(1)
  })
})

describe('a compressed answer', () => {
  const FLOW_OFF = JSON.stringify({ error: { code: 'WorkflowTriggerIsNotEnabled', message: 'x'.repeat(500) } })
  const send = async (encoding: string, body: Buffer) => {
    const receiver = await receiverFor((response) => {
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': encoding })
      response.end(body)
    })
    return transportFor(receiver).send(requestTo(receiver))
  }

  it.each([
    ['gzip', gzipSync(FLOW_OFF)],
    ['deflate', deflateSync(FLOW_OFF)],
    ['br', brotliCompressSync(FLOW_OFF)],
    ['zstd', zstdCompressSync(FLOW_OFF)],
    ['identity', Buffer.from(FLOW_OFF)],
  ])('is read for its error code: %s', async (encoding, body) => {
    expect(await send(encoding, body)).toMatchObject({ name: 'flow_off', errorCode: 'WorkflowTriggerIsNotEnabled' })
  })

  it('has the outcome of its status where it is damaged, and is not unpacked beyond the limit', async () => {
    expect(await send('gzip', Buffer.from('no gzip'))).toMatchObject({ name: 'bad_request', errorCode: undefined })
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    expect(await send('gzip', bomb)).toMatchObject({ name: 'bad_request' })
  })
})

describe('answers', () => {
  it('give the outcome of their status, each over a real connection', async () => {
    const receiver = await receiverFor((response, post) => answer(Number(post.headers['x-correlation-id']))(response))
    const transport = transportFor(receiver)
    const names: Record<number, string> = {
      200: 'accepted',
      201: 'accepted',
      202: 'accepted',
      204: 'accepted',
      301: 'redirected',
      302: 'redirected',
      304: 'redirected',
      307: 'redirected',
      400: 'bad_request',
      401: 'unauthorized',
      403: 'unauthorized',
      404: 'gone',
      405: 'bad_request',
      407: 'unauthorized',
      408: 'request_timeout',
      409: 'bad_request',
      410: 'gone',
      413: 'too_large',
      425: 'request_timeout',
      429: 'rate_limited',
      500: 'server_error',
      502: 'server_error',
      503: 'server_error',
      504: 'server_error',
      599: 'server_error',
      600: 'server_error',
    }
    for (const [status, name] of Object.entries(names))
      expect(await transport.send(requestTo(receiver, { correlationId: status }))).toMatchObject({
        name,
        statusCode: Number(status),
      })
    expect(receiver.received).toHaveLength(Object.keys(names).length)
  })

  it('are not followed where they redirect', async () => {
    const target = await receiverFor(answer(202))
    const receiver = await receiverFor(answer(307, { location: `${target.origin}/elsewhere` }))
    expect(await transportFor(receiver).send(requestTo(receiver))).toMatchObject({
      name: 'redirected',
      statusCode: 307,
    })
    expect(target.connections.ever).toBe(0)
  })

  it.each([
    ['7', 7000],
    [new Date(Date.now() + 10 * 86_400_000).toUTCString(), 3_600_000],
    ['-1', undefined],
    ['soon', undefined],
  ])('give retryAfterMs for Retry-After %s', async (header, retryAfterMs) => {
    const receiver = await receiverFor(answer(429, { 'retry-after': header }))
    expect(await transportFor(receiver).send(requestTo(receiver))).toMatchObject({ name: 'rate_limited', retryAfterMs })
  })

  it('may say in a 2xx body that the card was refused', async () => {
    const bodies = [
      '{"error":{"code":"InvalidBotAdaptiveCard"}}',
      'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x',
    ]
    const receiver = await receiverFor((response) => answer(200, {}, bodies.shift())(response))
    const transport = transportFor(receiver)
    expect(await transport.send(requestTo(receiver))).toMatchObject({
      name: 'refused_in_body',
      errorCode: 'InvalidBotAdaptiveCard',
    })
    expect(await transport.send(requestTo(receiver))).toMatchObject({ name: 'rate_limited', statusCode: 200 })
  })

  it('are read up to 64 KB; an error after that is not seen, and the connection is closed', async () => {
    const long = `{"error":{"code":"Late"},"x":"${'a'.repeat(70_000)}"}`
    const receiver = await receiverFor((response) => answer(200, {}, long)(response))
    const transport = transportFor(receiver)
    expect(await transport.send(requestTo(receiver))).toMatchObject({ name: 'accepted', errorCode: undefined })
    expect(await transport.send(requestTo(receiver))).toMatchObject({ name: 'accepted' })
    expect(receiver.connections.ever).toBe(2)
  })

  it('give the outcome of their status, though the body is cut or never ends', async () => {
    const receiver = await receiverFor((response, post) => {
      const [status, how] = String(post.headers['x-correlation-id']).split('-')
      response.writeHead(Number(status), { 'content-length': '100' })
      response.write('{"error":', () => how === 'cut' && response.destroy())
    })
    const transport = transportFor(receiver, { timeoutMs: 300 })
    for (const [status, name] of [
      ['202', 'accepted'],
      ['503', 'server_error'],
      ['413', 'too_large'],
    ] as const)
      for (const how of ['cut', 'hang'])
        expect(await transport.send(requestTo(receiver, { correlationId: `${status}-${how}` }))).toMatchObject({
          name,
          statusCode: Number(status),
          mayHaveArrived: name === 'server_error',
        })
  })
})

describe('no answer', () => {
  it('in time is timed_out, and the card may have arrived', async () => {
    const receiver = await receiverFor(() => undefined)
    expect(await transportFor(receiver, { timeoutMs: 200 }).send(requestTo(receiver))).toMatchObject({
      name: 'timed_out',
      errorCode: 'ERR_SEND_TIMEOUT',
      statusCode: undefined,
      mayHaveArrived: true,
    })
    expect(receiver.received).toHaveLength(1)
  })

  it('because headers trickle in without an end is timed_out too', async () => {
    const receiver = await receiverFor((response) => {
      response.socket?.write('HTTP/1.1 202 Accepted\r\nx-slow: ')
      const timer = setInterval(() => response.socket?.write('a'), 20)
      response.socket?.on('close', () => clearInterval(timer))
    })
    expect(await transportFor(receiver, { timeoutMs: 200 }).send(requestTo(receiver))).toMatchObject({
      name: 'timed_out',
    })
  })

  it('because the connection broke is connection_failed, and the card may have arrived', async () => {
    const receiver = await receiverFor((response) => response.socket?.resetAndDestroy())
    expect(await transportFor(receiver).send(requestTo(receiver))).toMatchObject({
      name: 'connection_failed',
      errorCode: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/),
      mayHaveArrived: true,
    })
  })

  it('because the connection was closed, or the answer is no HTTP, is connection_failed', async () => {
    for (const text of [
      '',
      'HTTP/1.1 2',
      'SSH-2.0-OpenSSH_9.2\r\n',
      'HTTP/1.1 999999 x\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    ]) {
      const receiver = await receiverFor((response) => response.socket?.end(text))
      expect(await transportFor(receiver).send(requestTo(receiver))).toMatchObject({
        name: 'connection_failed',
        mayHaveArrived: true,
      })
    }
  })

  it('from a closed port is connection_failed, and nothing arrived', async () => {
    const receiver = await receiverFor(() => undefined)
    await receiver.close()
    expect(await transportFor(receiver).send(requestTo(receiver))).toMatchObject({
      name: 'connection_failed',
      errorCode: 'ECONNREFUSED',
      mayHaveArrived: false,
    })
  })

  it('because no such host exists is connection_failed', async () => {
    const address = new Secret(`https://nowhere.localhost.:9/x${QUERY}`)
    const transport = transportFor(undefined, { extraHostSuffixes: ['localhost.'], timeoutMs: 5_000 })
    expect(await transport.send(requestTo({ origin: '' }, { address }))).toMatchObject({
      name: 'connection_failed',
      mayHaveArrived: false,
    })
  })

  it('to the TLS greeting in time is connection_failed, and nothing arrived', async () => {
    const mute = await startMute()
    expect(await transportFor(undefined, { timeoutMs: 200 }).send(requestTo(mute))).toMatchObject({
      name: 'connection_failed',
      errorCode: 'UND_ERR_CONNECT_TIMEOUT',
      mayHaveArrived: false,
    })
  })
})

describe('an aborted post', () => {
  it('before the first byte is handed_back', async () => {
    const receiver = await receiverFor(() => undefined)
    const transport = transportFor(receiver)
    expect(await transport.send(requestTo(receiver, { signal: AbortSignal.abort() }))).toMatchObject({
      name: 'handed_back',
    })
    expect(receiver.connections.ever).toBe(0)
  })

  it('in the queue for a connection is handed_back', async () => {
    const receiver = await receiverFor(() => undefined)
    const transport = transportFor(receiver, { connectionsPerHost: 1 })
    const [first, second] = [new AbortController(), new AbortController()]
    const holding = transport.send(requestTo(receiver, { signal: first.signal }))
    await receiver.arrived(1)
    const waiting = transport.send(requestTo(receiver, { signal: second.signal }))
    second.abort()
    expect(await waiting).toMatchObject({ name: 'handed_back', mayHaveArrived: false })
    first.abort()
    expect(await holding).toMatchObject({ name: 'interrupted', mayHaveArrived: true })
    expect(receiver.received).toHaveLength(1)
  })

  it('while the connection opens is handed_back', async () => {
    const mute = await startMute()
    const stop = new AbortController()
    const sending = transportFor(undefined).send(requestTo(mute, { signal: stop.signal }))
    await mute.connected
    stop.abort()
    expect(await sending).toMatchObject({ name: 'handed_back', mayHaveArrived: false })
    await expect.poll(() => mute.open()).toBe(0)
  })

  it('after the status line has the outcome of the status', async () => {
    const receiver = await receiverFor((response) => {
      response.writeHead(202, { 'content-length': '10' })
      response.write('x')
    })
    const stop = new AbortController()
    // undici says on this channel that the headers of an answer have come, just before it hands them over.
    const abort = () => setImmediate(() => stop.abort())
    subscribe('undici:request:headers', abort)
    onTestFinished(() => void unsubscribe('undici:request:headers', abort))
    const sending = transportFor(receiver).send(requestTo(receiver, { signal: stop.signal }))
    expect(await sending).toMatchObject({ name: 'accepted', statusCode: 202 })
  })
})

describe('close', () => {
  it('waits for posts in flight, hands back later ones, and leaves no connection', async () => {
    let finish = (): void => undefined
    const receiver = await receiverFor((response) => {
      finish = () => answer(202)(response)
    })
    const transport = transportFor(receiver)
    const sending = transport.send(requestTo(receiver))
    await receiver.arrived(1)
    const closing = transport.close()
    expect(await transport.send(requestTo(receiver))).toMatchObject({ name: 'handed_back' })
    finish()
    expect(await sending).toMatchObject({ name: 'accepted' })
    await closing
    expect(receiver.received).toHaveLength(1)
    await expect.poll(() => receiver.connections.open).toBe(0)
  })
})
