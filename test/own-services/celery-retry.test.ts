import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient as createGatewayClient } from '../../src/client/client.ts'
import { QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { type CeleryUrls, runCelery, startCeleryWorker } from '../services/celery.ts'
import { embeddedFolder } from '../services/database.ts'
import type { Program } from '../services/program.ts'
import { type RabbitMq, startRabbitMq } from '../services/rabbitmq.ts'
import { type Redis, startRedis } from '../services/redis.ts'
import { startedStore } from '../services/stores.ts'

const PASSWORD = 'password-of-the-gateway'
const PATIENT = 'MARKEDVALUE-عيادة'
/** JSON.parse would change its last digits. */
const REFERENCE = '12345678901234567890'
const PATIENCE = { timeout: 60_000, interval: 250 }

let rabbitmq: RabbitMq
let redis: Redis

beforeAll(async () => {
  ;[rabbitmq, redis] = await Promise.all([startRabbitMq(), startRedis()])
  // The rights of docs/guides/celery.md for retries.
  await rabbitmq.api('PUT', 'users/gateway', { password: PASSWORD, tags: '' })
  await rabbitmq.api('PUT', 'permissions/%2F/gateway', { configure: '^$', write: '^amq\\.default$', read: '^$' })
  const admin = await createClient({ url: redis.url }).connect()
  const keys = '~claims ~unacked* ~_kombu.binding.*'
  const commands = '+ping +select +exists +zrange +hmget +lrange +lpush'
  await admin.sendCommand([
    'ACL',
    'SETUSER',
    'gateway',
    'on',
    `>${PASSWORD}`,
    'resetchannels',
    ...keys.split(' '),
    ...commands.split(' '),
  ])
  await admin.sendCommand([
    ...['ACL', 'SETUSER', 'results', 'on', `>${PASSWORD}`, 'resetchannels', '%R~celery-task-meta-*'],
    ...['+ping', '+select', '+get'],
  ])
  admin.destroy()
}, 120_000)
afterAll(async () => {
  await Promise.all([rabbitmq?.stop(), redis?.stop()])
})

const portOf = (url: string) => Number(new URL(url).port)

describe.each(['rabbitmq', 'redis'] as const)('a failed task of Celery on %s', (kind) => {
  let urls: CeleryUrls
  let worker: Program
  beforeAll(async () => {
    urls = { broker: kind === 'rabbitmq' ? rabbitmq.amqpUrl : `${redis.url}/1`, backend: `${redis.url}/2` }
    worker = await startCeleryWorker(urls, `${kind}-worker`)
  }, 60_000)
  afterAll(() => worker?.stop())

  /** A gateway in a process of its own, the failed task, and the file without which it fails. */
  async function failedTask(options: { readonly seconds?: number; readonly tasks?: readonly string[] } = {}) {
    const file = join(embeddedFolder(), 'claims.txt')
    const config = join(embeddedFolder(), 'config.json')
    const common = { host: '127.0.0.1', tls: 'off' }
    const broker =
      kind === 'rabbitmq'
        ? { ...common, broker: kind, port: portOf(rabbitmq.amqpUrl), user: 'gateway' }
        : { ...common, broker: kind, port: portOf(redis.url), user: 'gateway', database: 1 }
    writeFileSync(
      config,
      JSON.stringify({
        sources: {
          workers: {
            kind: 'celery',
            ...broker,
            queues: ['claims'],
            results: { ...common, port: portOf(redis.url), user: 'results', database: 2 },
            retry_tasks: options.tasks ?? ['claims.fail_*'],
          },
        },
      }),
    )
    const { DATABASE_URL = '' } = await startedStore('postgres')
    const env = {
      ...Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)])),
      DATABASE_URL,
      TEAMS_CONFIG_FILE: config,
      TEAMS_SOURCE_SECRET_WORKERS: PASSWORD,
      TEAMS_SOURCE_SECRET_WORKERS_RESULTS: PASSWORD,
    }
    const call = `fail_until.delay(${JSON.stringify(PATIENT)}, ${JSON.stringify(file)}, reference=${REFERENCE}, seconds=${options.seconds ?? 0})`
    const taskId = await runCelery(urls, `r = ${call}\nr.get(propagate=False, timeout=60)\nprint(r.id)`)
    const start = async () => {
      const gateway = await spawnGateway(env)
      return { ...gateway, client: createGatewayClient({ url: gateway.origin }) }
    }
    const first = await start()
    const { eventId } = await first.client.send({
      eventType: 'celery.task.failed',
      correlationId: taskId,
      data: { task_name: 'claims.fail_until', task_id: taskId, error: 'ValueError' },
    })
    const runs = () => readFileSync(file, 'utf8')
    const expireLease = async (actionId: string) => {
      const client = new pg.Client({ connectionString: DATABASE_URL })
      await client.connect()
      await client.query("UPDATE teams_actions SET lease_until = now() WHERE id = $1 AND state = 'running'", [actionId])
      await client.end()
    }
    return { ...first, start, expireLease, taskId, eventId, runs, allow: () => writeFileSync(file, '') }
  }

  it('is queued again from its card with its arguments byte for byte, and followed until it succeeded', async () => {
    const { client, eventId, taskId, runs, allow } = await failedTask()
    allow()
    const asked = await client.actions.act({ action: 'retry', target: { eventId } })
    expect(['requested', 'running']).toContain(asked.state)
    const action = () => client.actions.get(asked.id)
    await expect.poll(async () => (await action()).state, PATIENCE).toBe('done')
    expect((await action()).data).toEqual({ source: 'workers', task_id: taskId, new_task_id: taskId, queue: 'claims' })
    expect(runs()).toBe(`${PATIENT} ${REFERENCE}\n`)
    await expect
      .poll(
        async () => (await client.notifications.list({ eventType: 'gateway.followup' })).notifications.length,
        PATIENCE,
      )
      .toBeGreaterThan(0)
    const again = await client.actions.act({ action: 'retry', target: { eventId } })
    await expect.poll(async () => (await client.actions.get(again.id)).result, PATIENCE).toBe('task_succeeded')
    expect(runs()).toBe(`${PATIENT} ${REFERENCE}\n`)
  })

  it('that fails again is a failed action, and one that is not on the list is refused', async () => {
    const { client, eventId } = await failedTask()
    const asked = await client.actions.act({ action: 'retry', target: { eventId } })
    await expect
      .poll(() => client.actions.get(asked.id), PATIENCE)
      .toMatchObject({ state: 'failed', result: 'task_failed_again' })
    const other = await failedTask({ tasks: ['claims.approve'] })
    const refused = await other.client.actions.act({ action: 'retry', target: { eventId: other.eventId } })
    await expect
      .poll(() => other.client.actions.get(refused.id), PATIENCE)
      .toMatchObject({ state: 'refused', result: 'task_not_listed' })
  })

  it('runs once although the gateway is killed while it runs, and another one follows it', async () => {
    const { client, end, start, expireLease, eventId, runs, allow } = await failedTask({ seconds: 5 })
    allow()
    const asked = await client.actions.act({ action: 'retry', target: { eventId } })
    const status = `print(app.AsyncResult(${JSON.stringify((await client.actions.get(asked.id)).correlationId)}).status)`
    await expect.poll(() => runCelery(urls, status), PATIENCE).toBe('STARTED')
    await end('SIGKILL')
    await expireLease(asked.id)
    const next = await start()
    await expect
      .poll(() => next.client.actions.get(asked.id), { timeout: 90_000, interval: 500 })
      .toMatchObject({ state: 'done' })
    expect(runs()).toBe(`${PATIENT} ${REFERENCE}\n`)
  })
})
