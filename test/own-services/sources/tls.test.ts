import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import type { PostgresDefinition } from '../../../src/catalogue/source-definitions.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createPostgresSource } from '../../../src/sources/postgres/source.ts'
import { createRedisSource } from '../../../src/sources/redis/source.ts'
import { type Postgres, startPostgres } from '../../services/postgres.ts'
import { freePort } from '../../services/program.ts'
import { type Redis, startRedis } from '../../services/redis.ts'
import { certificate } from './certificate.ts'
import { lookOnce } from './one-look.ts'

const COMMON = {
  intervalMs: 30_000,
  blindAfterMs: 60_000,
  openAfterMs: 0,
  closeAfterMs: 0,
  host: '127.0.0.1',
  lagBytes: 1_000_000,
  lagSeconds: 60,
  replicas: 0,
} as const

type Tls = Pick<PostgresDefinition, 'tls' | 'caFile'>

let postgres: Postgres
let redis: Redis
let redisPort: number
let files: ReturnType<typeof certificate>
let other: ReturnType<typeof certificate>

beforeAll(async () => {
  postgres = await startPostgres({ durable: false })
  redis = await startRedis()
  files = certificate(postgres.folder)
  other = certificate(mkdtempSync(join(inject('temporaryFolder'), 'tls-')))
  const admin = new pg.Client({ connectionString: postgres.url })
  await admin.connect()
  await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${files.cert}'`)
  await admin.query(`ALTER SYSTEM SET ssl_key_file = '${files.key}'`)
  await admin.query('ALTER SYSTEM SET ssl = on')
  await admin.query('SELECT pg_reload_conf()')
  await admin.end()
  redisPort = await freePort()
  const client = createClient({ url: redis.url })
  await client.connect()
  const set = { 'tls-cert-file': files.cert, 'tls-key-file': files.key, 'tls-ca-cert-file': files.cert }
  const all = { ...set, 'tls-auth-clients': 'no', 'tls-port': String(redisPort) }
  await client.sendCommand(['CONFIG', 'SET', ...Object.entries(all).flat()])
  client.destroy()
})
afterAll(async () => {
  await redis?.stop()
  await postgres?.stop()
})

function postgresWith(tls: Tls, port = Number(new URL(postgres.url).port)) {
  const { password } = new URL(postgres.url)
  return createPostgresSource(
    {
      ...COMMON,
      ...tls,
      name: 'claims_db',
      kind: 'postgres',
      port,
      database: 'postgres',
      user: 'postgres',
      connections: 1,
      slotBytes: 1_000_000_000,
      transactionSeconds: 3_600,
      idleSeconds: 3_600,
    },
    { secret: () => new Secret(password), clock: systemClock },
  )
}

function redisWith(tls: Tls, port = redisPort) {
  const definition = { ...COMMON, ...tls, name: 'cache', kind: 'redis', port, user: undefined } as const
  return createRedisSource(definition, { secret: () => undefined, clock: systemClock })
}

describe.each([
  ['PostgreSQL', postgresWith],
  ['Redis', redisWith],
] as const)('a source of %s over TLS', (_, sourceWith) => {
  it('sees a server whose certificate is of the authority in ca_file, by its address', async () => {
    const source = sourceWith({ tls: 'verify', caFile: files.cert })
    await expect.poll(() => lookOnce(source), { timeout: 20_000 }).toMatchObject({ code: undefined })
  })

  it('says tls_failed for a certificate of another authority, unless it is told not to check', async () => {
    expect(await lookOnce(sourceWith({ tls: 'verify', caFile: other.cert }))).toMatchObject({ code: 'tls_failed' })
    expect(await lookOnce(sourceWith({ tls: 'verify', caFile: undefined }))).toMatchObject({ code: 'tls_failed' })
    expect(await lookOnce(sourceWith({ tls: 'unverified', caFile: undefined }))).toMatchObject({ code: undefined })
  })
})

/** Writes without an end. */
function pour(socket: Socket, head: Buffer): void {
  const next = () => {
    while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x'))) {}
  }
  socket.on('error', () => {})
  socket.on('drain', next)
  socket.write(head)
  next()
}

it.each([
  ['PostgreSQL', postgresWith, Buffer.from('443fffffff', 'hex')],
  ['Redis', redisWith, Buffer.from('+')],
] as const)('an endless answer is cut under TLS: %s', async (name, sourceWith, head) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const encrypt = () => {
      const keys = { cert: readFileSync(files.cert), key: readFileSync(files.key) }
      const secure = new TLSSocket(socket, { isServer: true, ...keys })
      secure.on('error', () => {})
      secure.once('data', () => pour(secure, head))
    }
    if (name === 'Redis') return encrypt()
    // The client asks for TLS first.
    return socket.once('data', () => {
      socket.write('S')
      encrypt()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const source = sourceWith({ tls: 'verify', caFile: files.cert }, port)
  expect(await lookOnce(source)).toMatchObject({ code: 'answer_too_large' })
})
