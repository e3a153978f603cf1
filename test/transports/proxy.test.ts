import type { ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/kernel/clock.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createProxyRules } from '../../src/transports/proxy.ts'
import { createTunnelConnector } from '../../src/transports/tunnel.ts'
import { createEntraTokens } from '../../src/transports/workflows/entra.ts'
import { MARKED, receiverFor, requestTo, transportFor } from './post.ts'
import { startProxy } from './proxy-server.ts'
import { makeCertificate } from './receiver.ts'

const HOST = 'flows.example.sa'
const certificate = makeCertificate(HOST)
const accept = (response: ServerResponse) => void response.writeHead(202).end()
const https = (url: string) => createProxyRules({ https: new Secret(url) })

/** A flow whose name no DNS has: it is reached through a proxy or not at all. */
async function hiddenFlow(handler: (response: ServerResponse) => void = accept) {
  const receiver = await receiverFor(handler, certificate)
  const port = new URL(receiver.origin).port
  return { receiver, port, origin: `https://${HOST}:${port}` }
}

/** A proxy that takes connections and never answers. */
async function startMuteProxy() {
  const open = new Set<Socket>()
  let ever = 0
  const server = createServer((socket) => {
    ever += 1
    open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open, ever: () => ever }
}

const options = (more: object) => ({
  tls: { minVersion: 'TLSv1.3' as const, ca: certificate.cert },
  extraHostSuffixes: [HOST],
  ...more,
})

describe('posts through a proxy', () => {
  it('use a tunnel, with TLS end to end, within the connection limits', async () => {
    const unanswered: ServerResponse[] = []
    const flow = await hiddenFlow((response) => void unanswered.push(response))
    const proxy = await startProxy({ credentials: 'user:p@ss' })
    const address = proxy.url.replace('//', '//user:p%40ss@')
    const transport = transportFor(undefined, options({ proxyFor: https(address), connectionsPerHost: 2 }))
    const sending = Array.from({ length: 6 }, () => transport.send(requestTo(flow)))
    for (const count of [2, 4, 6]) {
      await flow.receiver.arrived(count)
      expect(unanswered).toHaveLength(2)
      for (const response of unanswered.splice(0)) accept(response)
    }
    expect((await Promise.all(sending)).map(({ name }) => name)).toEqual(Array(6).fill('accepted'))
    expect(proxy.asked).toEqual(Array(2).fill(`${HOST}:${flow.port}`))
    expect(proxy.tunnels.peak).toBe(2)
    expect(flow.receiver.received[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  it.each([
    ['the credentials are wrong', { credentials: 'user:other' }, 'PROXY_407'],
    ['it does not allow the host', { refuse: 403 }, 'PROXY_403'],
  ])('end as proxy_refused where %s, without the credentials of the proxy URL', async (_, how, errorCode) => {
    const flow = await hiddenFlow()
    const proxy = await startProxy(how)
    const address = proxy.url.replace('//', `//user:${MARKED.clientSecret}@`)
    const transport = transportFor(undefined, options({ proxyFor: https(address) }))
    const outcome = await transport.send(requestTo(flow))
    expect(outcome).toMatchObject({
      name: 'proxy_refused',
      errorCode,
      mayHaveArrived: false,
      message: expect.stringContaining('HTTPS_PROXY'),
    })
    expect(JSON.stringify(outcome)).not.toContain(MARKED.clientSecret)
    expect(flow.receiver.connections.ever).toBe(0)
  })

  it('refuse a TLS version below TEAMS_TLS_MIN_VERSION, and a certificate of another host', async () => {
    const old = await receiverFor(accept, { ...certificate, maxVersion: 'TLSv1.2' })
    const other = await receiverFor(accept, makeCertificate('other.example.sa'))
    const transport = transportFor(undefined, options({ proxyFor: https((await startProxy()).url) }))
    const send = (port: string) => transport.send(requestTo({ origin: `https://${HOST}:${port}` }))
    expect(await send(new URL(old.origin).port)).toMatchObject({ name: 'tls_version', mayHaveArrived: false })
    expect(await send(new URL(other.origin).port)).toMatchObject({ name: 'tls_failed', mayHaveArrived: false })
    expect([...old.received, ...other.received]).toEqual([])
  })

  it('are handed_back when aborted while the tunnel is being made', async () => {
    const flow = await hiddenFlow()
    const proxy = await startMuteProxy()
    const stop = new AbortController()
    const transport = transportFor(undefined, options({ proxyFor: https(proxy.url) }))
    const sending = transport.send(requestTo(flow, { signal: stop.signal }))
    await expect.poll(() => proxy.open.size).toBe(1)
    stop.abort()
    expect(await sending).toMatchObject({ name: 'handed_back', mayHaveArrived: false })
    await expect.poll(() => proxy.open.size).toBe(0)
  })

  it('leave no connection to a proxy that accepts it and never answers, without an abort', async () => {
    const proxy = await startMuteProxy()
    // As Vault is asked: undici gives a request up by itself, and its signal does not reach the connector.
    const connector = createTunnelConnector(new Secret(proxy.url), {
      timeout: 100,
      signal: new AbortController().signal,
    })
    const target = { hostname: HOST, host: HOST, protocol: 'https:', port: '443' }
    const error = await new Promise((resolve) => connector(target, (...[failure]) => resolve(failure)))
    expect(error).toMatchObject({ code: 'ETIMEDOUT' })
    await expect.poll(() => [proxy.ever(), proxy.open.size]).toEqual([1, 0])
  }, 10_000)

  it('include the token request to Entra', async () => {
    const entra = await hiddenFlow((response) => {
      response.writeHead(200).end(JSON.stringify({ access_token: 'abc', expires_in: 3600 }))
    })
    const proxy = await startProxy()
    const tokens = createEntraTokens({
      authority: entra.origin,
      tenantId: 't',
      clientId: 'c',
      clientSecret: new Secret(MARKED.clientSecret),
      scope: 's',
      timeoutMs: 10_000,
      tls: { minVersion: 'TLSv1.3', ca: certificate.cert },
      proxyFor: https(proxy.url),
      clock: systemClock,
    })
    onTestFinished(() => tokens.close())
    expect(await tokens.token()).toMatchObject({ ok: true })
    expect(proxy.asked).toEqual([`${HOST}:${entra.port}`])
  })
})

describe('createProxyRules', () => {
  const rules = (none: readonly string[]) =>
    createProxyRules({ https: new Secret('http://s'), http: new Secret('http://p'), none })

  it('chooses by scheme, and none for loopback', () => {
    const proxyFor = rules([])
    expect(proxyFor('https://a.sa')?.reveal()).toBe('http://s')
    expect(proxyFor('http://a.sa')?.reveal()).toBe('http://p')
    for (const origin of ['https://localhost:8', 'http://127.0.0.1:8080', 'http://127.1.2.3', 'http://[::1]:1'])
      expect(proxyFor(origin)).toBeUndefined()
    expect(createProxyRules({ http: new Secret('http://p') })('https://a.sa')).toBeUndefined()
  })

  it.each([
    ['example.sa', ['https://example.sa', 'https://a.example.sa'], ['https://notexample.sa', 'https://example.sa.x']],
    ['.example.sa', ['https://example.sa', 'https://a.b.EXAMPLE.sa'], ['https://example.com']],
    ['*.example.sa', ['https://a.example.sa'], ['https://example.sa']],
    ['example.sa:8443', ['https://example.sa:8443', 'https://a.example.sa:8443'], ['https://example.sa']],
    ['example.sa:443', ['https://example.sa', 'https://example.sa.'], ['https://example.sa:8443', 'http://example.sa']],
    ['10.0.0.7', ['https://10.0.0.7:8200'], ['https://10.0.0.70']],
    ['[2001:db8::1]:443', ['https://[2001:db8::1]'], ['https://[2001:db8::1]:8443']],
    ['2001:db8::1', ['https://[2001:db8::1]:8443'], ['https://[2001:db8::2]']],
    ['*', ['https://example.sa', 'http://example.sa:1'], []],
    ['*:8200', ['https://vault.example.sa:8200'], ['https://vault.example.sa']],
  ])('excludes the hosts of NO_PROXY=%s', (entry, direct, proxied) => {
    const proxyFor = rules(['other.sa', entry])
    expect(direct.filter((origin) => proxyFor(origin) !== undefined)).toEqual([])
    expect(proxied.filter((origin) => proxyFor(origin) === undefined)).toEqual([])
  })
})
