import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CeleryDefinition } from '../../../src/catalogue/celery-definition.ts'
import type { TlsMode } from '../../../src/catalogue/source-parts.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createCelerySource } from '../../../src/sources/celery/source.ts'
import { freePort } from '../../services/program.ts'
import { RABBITMQ_ADMIN, type RabbitMq, startRabbitMq } from '../../services/rabbitmq.ts'
import { type Redis, startRedis } from '../../services/redis.ts'
import { certificate } from './certificate.ts'

let rabbitmq: RabbitMq
let redis: Redis
let files: ReturnType<typeof certificate>
let other: ReturnType<typeof certificate>
const ports = { rabbitmq: 0, redis: 0 }

beforeAll(async () => {
  const folder = () => mkdtempSync(join(inject('temporaryFolder'), 'tls-'))
  files = certificate(folder())
  other = certificate(folder())
  ports.rabbitmq = await freePort()
  ports.redis = await freePort()
  const config = [
    `listeners.ssl.1 = 127.0.0.1:${ports.rabbitmq}`,
    `ssl_options.cacertfile = ${files.cert}`,
    `ssl_options.certfile = ${files.cert}`,
    `ssl_options.keyfile = ${files.key}`,
    'ssl_options.verify = verify_none',
  ]
  ;[rabbitmq, redis] = await Promise.all([startRabbitMq({ config }), startRedis()])
  const admin = await createClient({ url: redis.url }).connect()
  const set = { 'tls-cert-file': files.cert, 'tls-key-file': files.key, 'tls-ca-cert-file': files.cert }
  const all = { ...set, 'tls-auth-clients': 'no', 'tls-port': String(ports.redis) }
  await admin.sendCommand(['CONFIG', 'SET', ...Object.entries(all).flat()])
  admin.destroy()
}, 120_000)
afterAll(async () => {
  await Promise.all([rabbitmq?.stop(), redis?.stop()])
})

async function checkOf(kind: 'rabbitmq' | 'redis', tls: TlsMode, caFile: string | undefined) {
  const server = { host: '127.0.0.1', port: ports[kind], tls, caFile }
  const definition: CeleryDefinition = {
    name: 'claims_workers',
    kind: 'celery',
    intervalMs: 30_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    broker:
      kind === 'redis'
        ? { kind, ...server, user: undefined, database: 0, keyPrefix: '' }
        : { kind, ...server, user: RABBITMQ_ADMIN.user, vhost: '/' },
    results: undefined,
    eventExchange: 'celeryev',
    queues: ['claims'],
    deadLetterQueues: [],
    retries: false,
    revoked: true,
    harmless: [],
    retryTasks: [],
    workerOfflineMs: 30_000,
    backlog: 1,
    backlogPerMinute: 1,
    backlogSeconds: 1,
    deadLetters: 1,
  }
  const secret = () => (kind === 'redis' ? undefined : new Secret(RABBITMQ_ADMIN.password))
  const checks = await createCelerySource(definition, { secret, clock: systemClock }).check(
    new AbortController().signal,
  )
  return checks.map(({ what, ok, code }) => `${what} ${ok ? 'ok' : code}`)
}

describe.each(['rabbitmq', 'redis'] as const)('a Celery source at %s over TLS', (kind) => {
  it('sees a broker whose certificate is of the authority in ca_file, by its address', async () => {
    expect(await checkOf(kind, 'verify', files.cert)).toEqual(['connection ok', 'rights ok'])
  })

  it('says tls_failed for a certificate of another authority, unless it is told not to check', async () => {
    expect(await checkOf(kind, 'verify', other.cert)).toEqual(['connection tls_failed'])
    expect(await checkOf(kind, 'verify', undefined)).toEqual(['connection tls_failed'])
    expect(await checkOf(kind, 'unverified', undefined)).toEqual(['connection ok', 'rights ok'])
  })
})
