import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { createClient } from 'redis'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { embeddedFolder, freshDatabase } from '../services/database.ts'
import { type Postgres, startPostgres } from '../services/postgres.ts'
import { startRabbitMq } from '../services/rabbitmq.ts'
import { startRedis } from '../services/redis.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** True while the process exists and is no zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('PostgreSQL for tests', () => {
  it('keeps what it has committed when it is killed, and comes back at the same address', async () => {
    const postgres: Postgres = await startPostgres()
    onTestFinished(() => postgres.stop())
    await query(postgres.url, 'CREATE TABLE kept AS SELECT 7 AS n')
    await postgres.kill()
    await expect(query(postgres.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await postgres.restart()
    expect(await query(postgres.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    await postgres.restart()
    expect(await query(postgres.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }])
  })

  it('gives each caller a database of its own', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
    await query(one.url, 'CREATE TABLE mine (n int)')
    await expect(query(two.url, 'SELECT * FROM mine')).rejects.toMatchObject({ code: '42P01' })
    await one.drop()
    await expect(query(one.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' })
  })
})

describe('Redis for tests', () => {
  it('hangs on SIGSTOP, goes on after SIGCONT, and comes back after a kill', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const client = createClient({ url: redis.url, disableOfflineQueue: true })
    client.on('error', () => {})
    onTestFinished(() => client.destroy())
    await client.connect()
    redis.signal('SIGSTOP')
    const answer = client.ping()
    redis.signal('SIGCONT')
    expect(await answer).toBe('PONG')
    await redis.kill()
    expect(redis.pid).toBeUndefined()
    await redis.restart()
    await vi.waitFor(async () => expect(await client.ping()).toBe('PONG'), { timeout: 20_000 })
  })
})

describe('RabbitMQ for tests', () => {
  it('answers its management API, keeps a durable message when it is killed, and takes a second node into its cluster', async () => {
    const rabbit = await startRabbitMq()
    onTestFinished(() => rabbit.stop())
    await rabbit.api('PUT', 'queues/%2F/kept', { durable: true })
    const message = {
      properties: { delivery_mode: 2 },
      routing_key: 'kept',
      payload: 'seven',
      payload_encoding: 'string',
    }
    expect(await rabbit.api('POST', 'exchanges/%2F/amq.default/publish', message)).toEqual({ routed: true })
    await rabbit.kill()
    await expect(rabbit.api('GET', 'overview')).rejects.toThrow('fetch failed')
    await rabbit.restart()
    const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    expect(await rabbit.api('POST', 'queues/%2F/kept/get', get)).toMatchObject([{ payload: 'seven' }])
    const second = await startRabbitMq({ joins: rabbit })
    onTestFinished(() => second.stop())
    await vi.waitFor(
      async () =>
        expect(await rabbit.api('GET', 'nodes?columns=name,running')).toEqual(
          expect.arrayContaining([rabbit, second].map(({ node }) => ({ name: node, running: true }))),
        ),
      { timeout: 30_000 },
    )
  }, 180_000)
})

describe('a started service', () => {
  it('ends, with its folder, when the process that started it is killed with SIGKILL', async () => {
    const script = join(embeddedFolder(), 'start.ts')
    writeFileSync(
      script,
      `import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, '../services/postgres.ts'))}
       const postgres = await startPostgres({ durable: false })
       process.stdout.write(JSON.stringify({ pid: postgres.pid, folder: postgres.folder }))
       setInterval(() => {}, 1_000)`,
    )
    const starter = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [printed] = (await once(starter.stdout, 'data')) as [Buffer]
    const { pid, folder } = JSON.parse(printed.toString()) as { pid: number; folder: string }
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true])
    starter.kill('SIGKILL')
    await vi.waitFor(() => expect([isAlive(pid), existsSync(folder)]).toEqual([false, false]), { timeout: 20_000 })
  })

  it('includes a Chromium', () => {
    expect(existsSync(inject('chromiumPath'))).toBe(true)
  })
})
