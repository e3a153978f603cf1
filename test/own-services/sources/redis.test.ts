import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { RedisDefinition } from '../../../src/catalogue/source-definitions.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createRedisSource } from '../../../src/sources/redis/source.ts'
import { type Redis, startRedis } from '../../services/redis.ts'
import { lookOnce } from './one-look.ts'

const PASSWORD = 'MARKEDVALUE-of-the-monitor'
let primary: Redis
let replica: Redis
let admin: ReturnType<typeof createClient>

beforeAll(async () => {
  primary = await startRedis({ 'repl-diskless-sync-delay': 0 })
  replica = await startRedis({ replicaof: `127.0.0.1 ${portOf(primary)}` })
  admin = createClient({ url: primary.url })
  admin.on('error', () => {})
  await admin.connect()
  // The least that the guide of sources asks for.
  await admin.sendCommand(['ACL', 'SETUSER', 'monitor', 'on', `>${PASSWORD}`, '+info'])
  await admin.sendCommand(['ACL', 'SETUSER', 'nobody', 'on', `>${PASSWORD}`])
})
afterAll(async () => {
  admin?.destroy()
  await replica?.stop()
  await primary?.stop()
})

const portOf = ({ url }: Redis) => Number(new URL(url).port)

function sourceAt(port: number, limits: Partial<RedisDefinition> = {}, password: string | null = null) {
  const definition: RedisDefinition = {
    name: 'cache',
    kind: 'redis',
    intervalMs: 30_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    host: '127.0.0.1',
    port,
    tls: 'off',
    caFile: undefined,
    user: undefined,
    lagBytes: 16 * 2 ** 20,
    lagSeconds: 30,
    replicas: 0,
    ...limits,
  }
  const secret = () => (password === null ? undefined : new Secret(password))
  return createRedisSource(definition, { secret, clock: systemClock })
}

describe('a Redis source', () => {
  it('sees a healthy primary and its replica, as a user that may run INFO and no more', async () => {
    const source = sourceAt(portOf(primary), { replicas: 1, user: 'monitor' }, PASSWORD)
    await expect.poll(() => lookOnce(source), { timeout: 30_000 }).toMatchObject({ events: [], code: undefined })
    await expect.poll(() => lookOnce(sourceAt(portOf(replica))), { timeout: 30_000 }).toMatchObject({ events: [] })
    expect(await source.check(new AbortController().signal)).toMatchObject([
      { ok: true, found: expect.stringContaining('is a primary with 1 replicas') },
    ])
  })

  it.each([
    ['secret_refused', { user: 'monitor' }, 'wrong'],
    ['rights_missing', { user: 'nobody' }, PASSWORD],
    ['not_reached', { port: 1 }, null],
  ])('says %s', async (code, limits, password) => {
    const source = sourceAt(portOf(primary), limits, password)
    const [check] = await source.check(new AbortController().signal)
    expect(check).toMatchObject({ ok: false, code })
    expect((await lookOnce(source)).code).toBe(code)
    expect(JSON.stringify(check)).not.toContain('MARKEDVALUE')
  })

  it('says secret_missing where the server asks for one', async () => {
    await admin.sendCommand(['CONFIG', 'SET', 'requirepass', PASSWORD])
    onTestFinished(async () => {
      await admin.sendCommand(['CONFIG', 'SET', 'requirepass', ''])
    })
    expect((await lookOnce(sourceAt(portOf(primary)))).code).toBe('secret_missing')
    expect((await lookOnce(sourceAt(portOf(primary), {}, PASSWORD))).code).toBeUndefined()
  })

  it('reports a replica that hangs, and that it has caught up', async () => {
    const limits = { lagBytes: 100_000 }
    replica.signal('SIGSTOP')
    onTestFinished(() => replica.signal('SIGCONT'))
    await admin.set('large', 'x'.repeat(200_000))
    const found = await lookOnce(sourceAt(portOf(primary), limits))
    const correlationId = `cache.lag.127.0.0.1:${portOf(replica)}`
    expect(found.events).toMatchObject([
      {
        eventType: 'redis.replica.lagging',
        correlationId,
        data: { component: 'cache', unit: 'bytes', threshold: 100_000 },
      },
    ])
    replica.signal('SIGCONT')
    await expect
      .poll(async () => (await lookOnce(sourceAt(portOf(primary), limits), found.checkpoint)).events, {
        timeout: 20_000,
      })
      .toMatchObject([{ eventType: 'redis.replica.recovered', correlationId }])
  })

  it('reports a server that can not save its data, and that it can again', async () => {
    // A folder where its file should be.
    const file = join(primary.folder, 'dump.rdb')
    rmSync(file, { force: true })
    mkdirSync(file)
    await admin.sendCommand(['BGSAVE']).catch(() => undefined)
    const look = async () => lookOnce(sourceAt(portOf(primary)))
    await expect
      .poll(async () => (await look()).events, { timeout: 20_000 })
      .toMatchObject([
        {
          eventType: 'redis.persistence.failing',
          correlationId: 'cache.persistence',
          data: { labels: { rdb_last_bgsave_status: 'err' } },
        },
      ])
    const { checkpoint } = await look()
    rmdirSync(file)
    await admin.sendCommand(['SAVE'])
    expect((await lookOnce(sourceAt(portOf(primary)), checkpoint)).events).toMatchObject([
      { eventType: 'redis.persistence.recovered' },
    ])
  })

  it('reports a missing replica, and a replica whose primary is gone', async () => {
    expect((await lookOnce(sourceAt(portOf(primary), { replicas: 2 }))).events).toMatchObject([
      { eventType: 'redis.replica.missing', correlationId: 'cache.replicas', data: { value: 1, threshold: 2 } },
    ])
    admin.destroy()
    await primary.kill()
    await expect
      .poll(async () => (await lookOnce(sourceAt(portOf(replica)))).events, { timeout: 20_000 })
      .toMatchObject([{ eventType: 'redis.replica.missing', correlationId: 'cache.link' }])
    expect((await lookOnce(sourceAt(portOf(primary)))).code).toBe('not_reached')
  })
})

describe('a Redis source at a server that is none', () => {
  it.each([
    ['answer_unreadable', 'another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['answer_unreadable', 'an INFO of something else', '$4\r\nnone\r\n'],
    ['answer_too_large', 'an answer of 1 GB', '$999999999\r\n'],
    ['busy', 'a server that loads its data', '-LOADING Redis is loading the dataset in memory\r\n'],
    ['answer_too_large', 'an endless answer', undefined],
  ])('says %s for %s', async (code, _, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      const pour = () => {
        while (!socket.destroyed && socket.write('+'.repeat(65_536))) {}
      }
      socket.once('data', () => {
        if (answer !== undefined) return socket.write(answer)
        socket.on('drain', pour)
        return pour()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await lookOnce(sourceAt(port))).toMatchObject({ code, events: [] })
  })
})
