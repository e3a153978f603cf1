import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { definitionAt, startCluster, watchVault } from '../../sources/vault-world.ts'
import { makeCertificate } from '../../transports/receiver.ts'

/** A server that answers every request in its own way. Returns its address, and the headers that it was sent. */
async function serverThat(answers: (request: IncomingMessage, response: ServerResponse) => void) {
  const tokens: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const token = request.headers['x-vault-token']
    tokens.push(Array.isArray(token) ? token.join() : token)
    answers(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, tokens }
}

const HEALTHY = JSON.stringify({ initialized: true, sealed: false, standby: false, version: '1.21.1' })
const isHealth = ({ url }: IncomingMessage) => url?.startsWith('/v1/sys/health') ?? false
const sourceAt = (url: string, more = {}, token?: string) =>
  watchVault({ ...definitionAt([]), nodes: [url], ...more }, token)

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 'x')
  const next = () => {
    while (!response.destroyed && response.write(chunk)) {}
  }
  response.on('drain', next)
  next()
}

describe('a Vault source at a server that is none', () => {
  it.each([
    ['answer_unreadable', 'a page', (_: IncomingMessage, response: ServerResponse) => response.end('<html>')],
    ['answer_unreadable', 'other JSON', (_: IncomingMessage, response: ServerResponse) => response.end('{"sealed":1}')],
    [
      'answer_unreadable',
      'a redirect, which is not followed',
      (request: IncomingMessage, response: ServerResponse) =>
        response.writeHead(307, { location: `http://${request.headers.host}/other` }).end('{}'),
    ],
    ['no_answer', 'an end', (request: IncomingMessage) => request.socket.destroy()],
    ['no_answer', 'a failure', (_: IncomingMessage, response: ServerResponse) => response.writeHead(502).end()],
    ['answer_too_large', 'an endless answer', (_: IncomingMessage, response: ServerResponse) => pour(response)],
  ] as const)('says %s for %s', async (code, _, answers) => {
    const before = process.memoryUsage().arrayBuffers
    const server = await serverThat(answers)
    expect(await sourceAt(server.url).look()).toMatchObject({ events: [], code })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 2 ** 20)
    expect(server.tokens).toEqual([undefined])
  })

  it('gives up an answer that drips', async () => {
    const { url } = await serverThat((_, response) => {
      const drip = setInterval(() => response.write(' '), 100)
      response.on('close', () => clearInterval(drip))
    })
    expect(await sourceAt(url).look()).toMatchObject({ events: [], code: 'no_answer' })
  })

  it('says so where a healthy server answers requests with the token wrongly, and ends nothing', async () => {
    const { url, tokens } = await serverThat((request, response) => {
      if (isHealth(request)) return response.end(HEALTHY)
      return pour(response)
    })
    expect(await sourceAt(url, {}, 'hvs.made-up').look()).toMatchObject({ events: [], code: 'answer_too_large' })
    expect(tokens).toEqual([undefined, 'hvs.made-up'])
  })
})

describe('a Vault cluster', () => {
  it('whose audit device blocks is an event, although its health is well', async () => {
    const nodes = await startCluster(2)
    const [vault] = nodes
    vault?.enableAudit('socket/', 'socket')
    const { look, check } = watchVault(definitionAt(nodes), vault?.createToken())
    expect(await look()).toMatchObject({ events: [], code: undefined })
    vault?.setAudit('blocks')
    const blocked = await look()
    expect(blocked).toMatchObject({ events: ['vault.audit.blocking vault_prod.requests'], code: undefined })
    expect(blocked.data[0]?.impact).toContain('1 of 2 nodes is healthy and serves no requests: they hang.')
    expect(await check()).toContainEqual(expect.objectContaining({ what: 'token', ok: false, code: 'no_answer' }))
    vault?.setAudit('works')
    expect((await look()).events).toEqual(['vault.audit.recovered vault_prod.requests'])
  })

  it('that answers nothing makes the source blind, and one node that does not is an event', async () => {
    const nodes = await startCluster(2)
    const { look } = watchVault(definitionAt(nodes))
    void nodes[1]?.hang()
    expect(await look()).toMatchObject({ events: ['vault.node.unreachable vault_prod.unreachable'], code: undefined })
    void nodes[0]?.hang()
    expect(await look()).toMatchObject({ events: [], code: 'no_answer' })
  })

  it('is seen over TLS by the authority in ca_file, and not by another', async () => {
    const certificate = makeCertificate()
    const nodes = await startCluster(1, { tls: certificate })
    const caFile = join(mkdtempSync(join(inject('temporaryFolder'), 'vault-')), 'ca.pem')
    writeFileSync(caFile, certificate.cert)
    const within = { expiresWithinMs: 3_600_000 }
    expect(await watchVault(definitionAt(nodes, { ...within, caFile })).look()).toMatchObject({
      events: [],
      code: undefined,
    })
    writeFileSync(caFile, makeCertificate().cert)
    expect(await watchVault(definitionAt(nodes, { ...within, caFile })).look()).toMatchObject({ code: 'tls_failed' })
    expect(await watchVault(definitionAt(nodes, within)).look()).toMatchObject({ code: 'tls_failed' })
    // Its certificate is looked at all the same: that it has expired may be the reason.
    const late = watchVault(definitionAt(nodes))
    expect(await late.look()).toMatchObject({ events: ['vault.certificate.expiring vault_prod.certificate.nodes'] })
  })
})

describe('the certificate of a server', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is seen where it asks for one of the client, over %s', async (version) => {
    const server = createTlsServer({
      ...makeCertificate(),
      requestCert: true,
      minVersion: version,
      maxVersion: version,
    })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const place = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const nodes = await startCluster(1)
    const { look } = watchVault(definitionAt(nodes, { certificates: [place] }))
    expect((await look()).events).toEqual([`vault.certificate.expiring vault_prod.certificate.${place}`])
  })

  it('is not waited for where the server never answers', async () => {
    const { url } = await serverThat(() => {})
    const place = url.replace('http://', '')
    const nodes = await startCluster(1)
    const { look } = watchVault(definitionAt(nodes, { certificates: [place] }))
    expect((await look()).events).toEqual(['vault.certificate.unseen vault_prod.certificate_unseen'])
  })
})
