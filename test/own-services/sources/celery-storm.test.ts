import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { createClient as createRedis } from 'redis'
import { expect, inject, it, onTestFinished } from 'vitest'
import { createClient } from '../../../src/client/client.ts'
import { QUICK, spawnGateway } from '../../acceptance/gateways.ts'
import { startRedis } from '../../services/redis.ts'
import { startedStore } from '../../services/stores.ts'

const TASKS = 5_000
const PER_MESSAGE = 10

const failed = (taskId: string) => ({
  type: 'task-failed',
  hostname: 'celery@worker-1',
  timestamp: Date.now() / 1000,
  uuid: taskId,
  exception: "NphiesError('MARKEDVALUE')",
  traceback: 'MARKEDVALUE',
})
const sent = (taskId: string) => ({
  ...failed(taskId),
  type: 'task-sent',
  name: 'tasks.nphies.submit_claim',
  queue: 'nphies_claims',
  retries: 0,
  args: "('MARKEDVALUE',)",
  kwargs: "{'payer': 'TAWUNIYA', 'patient': 'MARKEDVALUE'}",
})
const envelope = (events: readonly object[]) =>
  JSON.stringify({
    body: Buffer.from(JSON.stringify(events)).toString('base64'),
    properties: { body_encoding: 'base64' },
  })

it('a storm of failed tasks is as many events and a few cards, and what the Python client says of one of them is no other', async () => {
  const store = await startedStore('postgres')
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const broker = await createRedis({ url: redis.url }).connect()
  onTestFinished(() => broker.destroy())
  const folder = mkdtempSync(join(inject('temporaryFolder'), 'celery-'))
  const file = join(folder, 'config.yaml')
  writeFileSync(
    file,
    `sources:
  claims_workers:
    kind: celery
    broker: redis
    host: 127.0.0.1
    port: ${new URL(redis.url).port}
    tls: "off"
    interval: 5s
    harmless: [payer]
`,
  )
  const { TEAMS_RATE_LIMIT_REQUESTS, TEAMS_RATE_LIMIT_BURST, TEAMS_DIGEST_AFTER, TEAMS_DIGEST_URGENT, ...quick } = QUICK
  const gateway = await spawnGateway({
    ...Object.fromEntries(Object.entries(quick).map(([name, value]) => [name, String(value)])),
    ...store,
    TEAMS_CONFIG_FILE: file,
  })
  const client = createClient({ url: gateway.origin })
  const listening = async () => (await broker.sendCommand(['PUBSUB', 'NUMPAT'])) as unknown
  await expect.poll(listening, { timeout: 30_000 }).toBe(1)

  const ids = Array.from({ length: TASKS }, (_, index) => `task-${index}`)
  for (let at = 0; at < TASKS; at += PER_MESSAGE) {
    const some = ids.slice(at, at + PER_MESSAGE)
    await broker.publish('/0.celeryev/task.multi', envelope([...some.map(sent), ...some.map(failed)]))
  }

  const database = new pg.Client({ connectionString: store.DATABASE_URL })
  await database.connect()
  onTestFinished(() => database.end())
  const numberOf = async (statement: string) => Number((await database.query(statement)).rows[0].n)
  const events = () => numberOf("SELECT count(*) AS n FROM teams_events WHERE event_type = 'celery.task.failed'")
  await expect.poll(events, { timeout: 60_000 }).toBe(TASKS)
  const [first] = (
    await database.query("SELECT data, correlation_id FROM teams_events WHERE correlation_id = 'task-0'")
  ).rows
  expect(first).toMatchObject({
    data: { task_name: 'tasks.nphies.submit_claim', queue: 'nphies_claims', payer: 'TAWUNIYA', error: 'NphiesError' },
  })

  // Nearly all of them stand in digests, and a channel gets no more cards than its budget has.
  const waiting = "SELECT count(*) AS n FROM teams_notifications WHERE state IN ('pending', 'sending')"
  await expect.poll(() => numberOf(waiting), { timeout: 90_000 }).toBe(0)
  expect(
    await numberOf("SELECT count(*) AS n FROM teams_notifications WHERE channel = 'sre' AND state = 'accepted'"),
  ).toBeLessThan(60)
  const answer = await client.send({
    eventType: 'celery.task.failed',
    data: { task_name: 'tasks.nphies.submit_claim', task_id: 'task-7', error: 'NphiesError: with its message' },
    correlationId: 'task-7',
    idempotencyKey: 'celery:task-7:failed:0',
  })
  expect(answer).toMatchObject({ duplicate: true, correlationId: 'task-7' })
  const dump = await numberOf("SELECT count(*) AS n FROM teams_events e WHERE to_jsonb(e)::text LIKE '%MARKEDVALUE%'")
  expect(dump).toBe(0)
}, 200_000)
