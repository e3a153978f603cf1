import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CeleryDefinition } from '../../../src/catalogue/celery-definition.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createCelerySource } from '../../../src/sources/celery/source.ts'
import { type CeleryUrls, runCelery, startCeleryWorker } from '../../services/celery.ts'
import { type RabbitMq, startRabbitMq } from '../../services/rabbitmq.ts'
import { type Redis, startRedis } from '../../services/redis.ts'
import { type Watched, watchSource } from './watched.ts'

const PASSWORD = 'MARKEDVALUE-of-the-monitor'
const PATIENT = 'MARKEDVALUE-Ahmed'
/** A worker counts as offline after 10 s; on a busy machine all takes longer. */
const PATIENCE = { timeout: 60_000, interval: 250 }

let rabbitmq: RabbitMq
let redis: Redis

beforeAll(async () => {
  ;[rabbitmq, redis] = await Promise.all([startRabbitMq(), startRedis()])
  // The rights of docs/guides/celery.md.
  await rabbitmq.api('PUT', 'users/monitor', { password: PASSWORD, tags: '' })
  await rabbitmq.api('PUT', 'permissions/%2F/monitor', {
    configure: '^celeryev\\.claimlinc\\..*$',
    write: '^celeryev\\.claimlinc\\..*$',
    read: '^(celeryev|celeryev\\.claimlinc\\..*)$',
  })
  const admin = await createClient({ url: redis.url }).connect()
  const acl = (line: string) => admin.sendCommand(['ACL', 'SETUSER', ...line.split(' ')])
  await acl(`monitor on >${PASSWORD} resetchannels &/0.celeryev/* ~* +psubscribe +ping +select +llen +pubsub`)
  await acl(
    `results on >${PASSWORD} resetchannels &celery-task-meta-* %R~celery-task-meta-* +psubscribe +ping +select +get`,
  )
  admin.destroy()
}, 120_000)
afterAll(async () => {
  await Promise.all([rabbitmq?.stop(), redis?.stop()])
})

const portOf = (url: string) => Number(new URL(url).port)
const server = (url: string) => ({ host: '127.0.0.1', port: portOf(url), tls: 'off', caFile: undefined }) as const

function definitionOf(broker: CeleryDefinition['broker'], more: Partial<CeleryDefinition> = {}): CeleryDefinition {
  return {
    name: 'claims_workers',
    kind: 'celery',
    intervalMs: 1_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    broker,
    results: { ...server(redis.url), user: 'results', database: 0, keyPrefix: '' },
    eventExchange: 'celeryev',
    queues: ['claims'],
    deadLetterQueues: [],
    retries: true,
    revoked: true,
    harmless: ['payer'],
    retryTasks: [],
    workerOfflineMs: 10_000,
    backlog: 1_000,
    backlogPerMinute: 1_000,
    backlogSeconds: 900,
    deadLetters: 1,
    ...more,
  }
}

const sourceOf = (definition: CeleryDefinition, password = PASSWORD) =>
  createCelerySource(definition, { secret: () => new Secret(password), clock: systemClock })
const rabbitmqBroker = () => ({ kind: 'rabbitmq', ...server(rabbitmq.amqpUrl), user: 'monitor', vhost: '/' }) as const
const redisBroker = () =>
  ({ kind: 'redis', ...server(redis.url), user: 'monitor', database: 0, keyPrefix: '' }) as const

const typesOf = ({ events }: Watched) => events.map(({ eventType }) => eventType)
const seen = (watched: Watched, looks: number) => expect.poll(() => watched.looks, PATIENCE).toBeGreaterThan(looks)
/** Waits for the event of a task; the id is the last line that Python printed. */
const endOf = (watched: Watched, taskId: string) =>
  expect.poll(() => watched.events.find(({ correlationId }) => correlationId === taskId), PATIENCE)

describe('Celery on RabbitMQ', () => {
  it('reports what tasks came to, a killed worker and its task, and not a worker that stopped in order', async () => {
    const urls: CeleryUrls = { broker: rabbitmq.amqpUrl, backend: redis.url }
    const source = sourceOf(definitionOf(rabbitmqBroker(), { deadLetterQueues: ['claims_dlq'] }))
    expect(await source.check(new AbortController().signal)).toMatchObject([
      { what: 'connection', ok: true },
      { what: 'rights', ok: true },
      { what: 'results', ok: true, part: 'results' },
    ])
    const watched = watchSource(source)
    // Before the first worker there is neither the queue nor the exchange of events.
    await expect.poll(() => typesOf(watched), PATIENCE).toEqual(['celery.queue.unattended'])

    const [worker, stopping] = await Promise.all([startCeleryWorker(urls, 'a@test'), startCeleryWorker(urls, 'b@test')])
    await expect.poll(() => typesOf(watched), PATIENCE).toContain('celery.queue.recovered')
    const workersOf = () => Object.keys(Object(watched.checkpoint.workers)).toSorted()
    await expect.poll(workersOf, PATIENCE).toEqual(['a@test', 'b@test'])

    const printed = await runCelery(
      urls,
      `declare_dead_letters()
p = '${PATIENT}'
print(fail.apply_async((p,), {'payer': 'TAWUNIYA'}).id)
print(again.delay(p).id)
print(wait.apply_async((p,), time_limit=1).id)
print(refuse.delay(p).id)
late = approve.apply_async((p,), countdown=2)
late.revoke()
print(late.id)
print(app.send_task('claims.unknown', (p,)).id)
print(failing_chord(p).id)
print(approve.delay(p).id)`,
    )
    const [failed = '', again = '', limited = '', refused = '', revoked = '', unknown = '', chord = '', fine = ''] =
      printed.split('\n')
    await endOf(watched, failed).toMatchObject({
      eventType: 'celery.task.failed',
      idempotencyKey: `celery:${failed}:failed:0`,
      data: { task_name: 'claims.fail', queue: 'claims', retry_count: 0, error: 'ValueError', payer: 'TAWUNIYA' },
    })
    await endOf(watched, limited).toMatchObject({
      eventType: 'celery.task.timeout',
      data: { error: 'TimeLimitExceeded' },
    })
    await endOf(watched, refused).toMatchObject({ eventType: 'celery.task.dlq' })
    await endOf(watched, revoked).toMatchObject({ eventType: 'celery.task.revoked' })
    await endOf(watched, unknown).toMatchObject({ eventType: 'celery.task.failed', data: { error: 'NotRegistered' } })
    await endOf(watched, chord).toMatchObject({ eventType: 'celery.task.failed', data: { error: 'ChordError' } })
    await expect
      .poll(
        () => watched.events.filter(({ correlationId }) => correlationId === again).map((e) => e.idempotencyKey),
        PATIENCE,
      )
      .toEqual([`celery:${again}:retried:0`, `celery:${again}:failed:1`])
    await expect.poll(() => typesOf(watched), PATIENCE).toContain('celery.dlq.threshold')

    // A replica that starts again knows the workers and makes no event twice.
    await watched.stop()
    const next = watchSource(source, watched.checkpoint)
    await seen(next, 1)
    expect(next.events).toEqual([])

    await stopping.stop()
    const running = await runCelery(urls, `print(wait.delay('${PATIENT}').id)`)
    const started = () => JSON.stringify(next.checkpoint.started)
    await expect.poll(started, PATIENCE).toContain(running)
    await worker.kill()
    await endOf(next, running).toMatchObject({ eventType: 'celery.task.lost', data: { worker: 'a@test' } })
    const offline = next.events.filter(({ eventType }) => eventType === 'celery.worker.offline')
    expect(offline.map(({ data }) => data.summary)).toEqual([
      '1 of 1 workers is offline: a@test.',
      'None of 1 workers is online.',
    ])
    await expect.poll(() => typesOf(next), PATIENCE).toContain('celery.queue.unattended')

    // Another one takes its place.
    await worker.restart()
    await expect.poll(() => typesOf(next), PATIENCE).toContain('celery.worker.recovered')
    expect([...watched.events, ...next.events].some(({ correlationId }) => correlationId === fine)).toBe(false)
    const written = JSON.stringify([watched, next])
    expect(written).not.toContain('MARKEDVALUE')
    await worker.stop()
  }, 300_000)

  it('says why it does not see, and sees again once the broker is back', async () => {
    const broker = rabbitmqBroker()
    const codeOf = async (definition: CeleryDefinition, password?: string) =>
      (await sourceOf(definition, password).check(new AbortController().signal))[0]?.code
    expect(await codeOf(definitionOf(broker), 'MARKEDVALUE-wrong')).toBe('secret_refused')
    expect(await codeOf(definitionOf({ ...broker, port: 1 }))).toBe('not_reached')
    expect(await codeOf(definitionOf({ ...broker, vhost: '/none' }))).toBe('refused')
    const watched = watchSource(sourceOf(definitionOf(broker, { results: undefined })))
    await seen(watched, 0)
    await rabbitmq.kill()
    await expect.poll(() => watched.code, PATIENCE).toBeDefined()
    await rabbitmq.restart()
    await expect.poll(() => watched.code, PATIENCE).toBeUndefined()
    await seen(watched, watched.looks)
  }, 180_000)
})

describe('Celery on Redis', () => {
  it('reports a failed task, and a killed worker and its task', async () => {
    const urls: CeleryUrls = { broker: redis.url, backend: redis.url }
    const source = sourceOf(definitionOf(redisBroker()))
    const watched = watchSource(source)
    await seen(watched, 0)
    const worker = await startCeleryWorker(urls, 'r@test')
    await expect.poll(() => Object.keys(Object(watched.checkpoint.workers)), PATIENCE).toEqual(['r@test'])
    const printed = await runCelery(
      urls,
      `p = '${PATIENT}'
print(fail.delay(p).id)
print(refuse.delay(p).id)
print(wait.delay(p).id)`,
    )
    const [failed = '', refused = '', running = ''] = printed.split('\n')
    await endOf(watched, failed).toMatchObject({ eventType: 'celery.task.failed', data: { error: 'ValueError' } })
    await endOf(watched, refused).toMatchObject({ eventType: 'celery.task.rejected', data: { queue: 'claims' } })
    await expect.poll(() => JSON.stringify(watched.checkpoint.started), PATIENCE).toContain(running)
    await worker.kill()
    await endOf(watched, running).toMatchObject({ eventType: 'celery.task.lost' })
    expect(typesOf(watched)).toContain('celery.worker.offline')
    expect(JSON.stringify(watched)).not.toContain('MARKEDVALUE')
    await worker.stop()
  }, 180_000)
})
