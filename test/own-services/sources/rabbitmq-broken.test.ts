import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { RabbitmqDefinition } from '../../../src/catalogue/rabbitmq-definition.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createRabbitmqSource } from '../../../src/sources/rabbitmq/source.ts'
import { lookOnce } from './one-look.ts'

const definition = (given: Partial<RabbitmqDefinition>): RabbitmqDefinition => ({
  name: 'broker',
  kind: 'rabbitmq',
  intervalMs: 30_000,
  blindAfterMs: 60_000,
  openAfterMs: 0,
  closeAfterMs: 0,
  hosts: ['127.0.0.1'],
  port: 1,
  tls: 'off',
  caFile: undefined,
  user: 'monitor',
  nodes: 0,
  vhosts: undefined,
  queues: undefined,
  consumers: undefined,
  backlog: 10,
  ageSeconds: 900,
  growthSeconds: 600,
  growthFrom: 1_000,
  deadLetterQueues: ['*dlq*'],
  deadLetters: 100,
  deadLetterGrowth: 10,
  ...given,
})

const look = (given: Partial<RabbitmqDefinition>) =>
  lookOnce(createRabbitmqSource(definition(given), { secret: () => new Secret('MARKEDVALUE'), clock: systemClock }))

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
const serverThat = (answers: RequestListener) => listening(createHttpServer(answers))

/** Answers what a healthy cluster of one node answers, except for what `paths` has. */
function healthyBut(paths: Readonly<Record<string, RequestListener>>): RequestListener {
  const bodies: Readonly<Record<string, unknown>> = {
    nodes: [{ name: 'rabbit@a', running: true, partitions: [] }],
    overview: { rabbitmq_version: '3.10.8', disable_stats: false, object_totals: { queues: 0 } },
    'health/checks/alarms': { status: 'ok' },
    queues: { items: [], total_count: 0, filtered_count: 0, page_count: 1 },
  }
  return (request, response) => {
    const path = request.url?.replace(/^\/api\/|\?.*$/g, '') ?? ''
    const broken = paths[path]
    if (broken) return broken(request, response)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(bodies[path] ?? null))
  }
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
const html =
  (status: number): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/html' })
    response.end('<html>Sign in</html>')
  }

describe('a RabbitMQ source at a server that is none, or a broken one', () => {
  it.each([
    ['answer_unreadable', 'a page', html(200)],
    ['answer_unreadable', 'a page that is not there', html(404)],
    ['answer_unreadable', 'a redirect', html(302)],
    ['busy', 'a gateway without its server', html(503)],
    ['secret_refused', 'a page that asks for a password', html(401)],
    ['secret_refused', 'a wrong password', json(401, { error: 'not_authorised', reason: 'Login failed' })],
    ['rights_missing', 'a missing tag', json(401, { error: 'not_authorised', reason: 'Not monitor user' })],
    ['answer_unreadable', 'something else in JSON', json(200, { nodes: [] })],
    ['answer_unreadable', 'nodes that are none', healthyBut({ nodes: json(200, [{ name: 7 }]) })],
    ['answer_unreadable', 'an overview that is none', healthyBut({ overview: json(200, [1]) })],
    ['busy', 'an alarm that is none', healthyBut({ 'health/checks/alarms': json(503, { status: 'failed' }) })],
  ] as const)('says %s for %s', async (code, _, answers) => {
    expect(await look({ port: await serverThat(answers) })).toMatchObject({ code, events: [] })
  })

  it.each([
    [
      'statistics_off',
      { overview: json(200, { rabbitmq_version: '3.10.8', disable_stats: true, object_totals: { queues: 1 } }) },
    ],
    ['answer_unreadable', { queues: json(200, 'none') }],
    ['too_many', { queues: json(200, { items: [], total_count: 1e6, filtered_count: 1e6, page_count: 2_000 }) }],
    [
      'rights_missing',
      {
        overview: json(200, { rabbitmq_version: '3.10.8', object_totals: { queues: 5 } }),
        vhosts: json(200, [{ name: 'x' }]),
        'queues/x': json(401, { reason: 'User not authorised to access virtual host' }),
      },
    ],
  ] as const)('still sees a node that is down where it says %s', async (code, paths) => {
    const nodes = json(200, [
      { name: 'rabbit@a', running: true },
      { name: 'rabbit@b', running: false },
    ])
    const open = { finding: 'unconsumed', subject: '%2F/claims', since: '2026-11-30T10:00:00.000Z', open: true }
    const source = createRabbitmqSource(definition({ port: await serverThat(healthyBut({ nodes, ...paths })) }), {
      secret: () => new Secret('MARKEDVALUE'),
      clock: systemClock,
    })
    // What is open at a queue stays open: nobody knows.
    expect(await lookOnce(source, { findings: [open] })).toMatchObject({
      code,
      events: [{ eventType: 'rabbitmq.node.down', data: { node: 'rabbit@b', healthy_nodes: 1 } }],
    })
  })

  it('sees through another host where the first one is broken, and keeps to it', async () => {
    let asked = 0
    const port = await serverThat(html(502))
    // The same port at another address of this machine.
    const server = createHttpServer((request, response) => {
      asked += 1
      healthyBut({})(request, response)
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.2', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const source = createRabbitmqSource(definition({ port, hosts: ['127.0.0.1', '127.0.0.2'] }), {
      secret: () => new Secret('MARKEDVALUE'),
      clock: systemClock,
    })
    expect(await lookOnce(source)).toMatchObject({ code: undefined })
    expect(asked).toBe(4)
    expect((await look({ port, hosts: ['127.0.0.1'] })).code).toBe('busy')
  })

  it('cuts a body of 100 MB, and keeps little of it', async () => {
    const port = await serverThat((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(1_048_576, '[')
      let sent = 0
      const pour = () => {
        while (sent < 100 && !response.destroyed) {
          sent += 1
          if (!response.write(chunk)) return void response.once('drain', pour)
        }
        response.end()
      }
      pour()
    })
    let most = 0
    const before = process.memoryUsage().arrayBuffers
    const measure = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 5)
    expect(await look({ port })).toMatchObject({ code: 'answer_too_large', events: [] })
    clearInterval(measure)
    expect(most).toBeLessThan(50 * 2 ** 20)
  })

  it('gives up an answer that drips, and one that does not come', async () => {
    const drips = await serverThat((_, response) => {
      response.write('[')
      const drip = setInterval(() => response.write(' '), 100)
      response.on('close', () => clearInterval(drip))
    })
    const silent = await serverThat(() => {})
    const begun = performance.now()
    const looked = await Promise.all([look({ port: drips }), look({ port: silent })])
    expect(looked.map(({ code }) => code)).toEqual(['no_answer', 'no_answer'])
    expect(performance.now() - begun).toBeLessThan(19_000)
  })

  it('says no_answer for a server that closes, and stops at once when it is told to', async () => {
    const closing = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void closing.close())
    const address = closing.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect((await look({ port })).code).toBe('no_answer')
    const silent = await serverThat(() => {})
    const source = createRabbitmqSource(definition({ port: silent }), {
      secret: () => new Secret('MARKEDVALUE'),
      clock: systemClock,
    })
    const begun = performance.now()
    expect(await source.check(AbortSignal.timeout(50))).toMatchObject([{ ok: false }])
    expect(performance.now() - begun).toBeLessThan(4_000)
  })
})

describe('a RabbitMQ source over TLS', () => {
  /** Makes a certificate for 127.0.0.1 that is its own authority, and has expired where it is told to. */
  function certificate(isExpired = false) {
    const folder = mkdtempSync(join(inject('temporaryFolder'), 'tls-'))
    const [cert, key] = [join(folder, 'server.pem'), join(folder, 'server.key')]
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    const names = ['-subj', '/CN=claimlinc-test', '-addext', 'subjectAltName=IP:127.0.0.1']
    const request = ['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, ...names]
    // Only `openssl ca` takes both ends of the time.
    writeFileSync(join(folder, 'index.txt'), '')
    writeFileSync(
      join(folder, 'ca.cnf'),
      `[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
default_md = sha256
policy = names
rand_serial = yes
copy_extensions = copy
[names]
commonName = supplied
`,
    )
    openssl(...request, '-new', '-out', 'request.pem')
    const times = ['-startdate', '20260101000000Z', '-enddate', isExpired ? '20260102000000Z' : '20991231000000Z']
    const ca = ['ca', '-batch', '-config', 'ca.cnf', '-selfsign', '-keyfile', key, '-in', 'request.pem']
    openssl(...ca, '-out', cert, '-notext', ...times)
    return { cert, key }
  }
  const secureServer = ({ cert, key }: { readonly cert: string; readonly key: string }) =>
    listening(createHttpsServer({ cert: readFileSync(cert), key: readFileSync(key) }, healthyBut({})))

  it('sees a server whose certificate is of the authority in ca_file, and says tls_failed for others', async () => {
    const files = certificate()
    const port = await secureServer(files)
    const caFile = files.cert
    expect(await look({ port, tls: 'verify', caFile })).toMatchObject({ code: undefined })
    expect(await look({ port, tls: 'verify' })).toMatchObject({ code: 'tls_failed' })
    expect(await look({ port, tls: 'verify', caFile: certificate().cert })).toMatchObject({
      code: 'tls_failed',
    })
    expect(await look({ port, tls: 'unverified' })).toMatchObject({ code: undefined })
    // Without TLS, and at a port without it.
    expect((await look({ port, tls: 'off' })).code).toMatch(/^(no_answer|answer_unreadable)$/)
    expect((await look({ port: await serverThat(healthyBut({})), tls: 'verify', caFile })).code).toBe('tls_failed')
  })

  it('says tls_failed for a certificate that has expired', async () => {
    const files = certificate(true)
    const port = await secureServer(files)
    expect(await look({ port, tls: 'verify', caFile: files.cert })).toMatchObject({ code: 'tls_failed' })
  })
})
