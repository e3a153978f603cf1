import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createCeleryProviders } from '../../src/actions/celery/providers.ts'
import { createArchive } from '../../src/archive/archive.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import { createClient } from '../../src/client/client.ts'
import { generateArchiveKey, readArchiveKey } from '../../src/contract/archive-keys.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { newId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { encodeLetter, searchQueue, taskIdOf } from '../../src/sources/celery/dead-letter.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { type CeleryUrls, runCelery, startCeleryWorker } from '../services/celery.ts'
import { embeddedFolder } from '../services/database.ts'
import type { Program } from '../services/program.ts'
import { type RabbitMq, startRabbitMq } from '../services/rabbitmq.ts'
import { startedStore } from '../services/stores.ts'

const PASSWORD = 'password-of-the-gateway'
const PATIENT = 'MARKEDVALUE-عيادة'
const QUEUE = 'claims_dlq'
const PATIENCE = { timeout: 60_000, interval: 250 }

let rabbitmq: RabbitMq
let worker: Program
let urls: CeleryUrls

beforeAll(async () => {
  rabbitmq = await startRabbitMq()
  // The rights of docs/guides/celery.md for discards.
  await rabbitmq.api('PUT', 'users/gateway', { password: PASSWORD, tags: '' })
  const rights = { configure: '^$', write: '^amq\\.default$', read: `^${QUEUE}$` }
  await rabbitmq.api('PUT', 'permissions/%2F/gateway', rights)
  urls = { broker: rabbitmq.amqpUrl }
  await runCelery(urls, 'declare_dead_letters()')
  worker = await startCeleryWorker(urls, 'worker')
}, 120_000)
afterAll(async () => {
  await worker?.stop()
  await rabbitmq?.stop()
})

/** A client of the broker, as its administrator. */
async function openChannel() {
  const connection = await connect(rabbitmq.amqpUrl)
  onTestFinished(() => connection.close())
  return connection.createChannel()
}

/** The ids of the tasks in the dead-letter queue, in its order. */
async function deadLetters(): Promise<readonly string[]> {
  const channel = await openChannel()
  const ids: string[] = []
  await searchQueue(
    channel,
    QUEUE,
    (letter) => {
      ids.push(taskIdOf(letter) ?? '')
      return false
    },
    () => undefined,
  )
  await channel.close()
  return ids
}

/** Tasks that the worker refused, each with its event, and a gateway of an empty dead-letter queue. */
async function refusedTasks(count: number) {
  const channel = await openChannel()
  await channel.purgeQueue(QUEUE)
  await channel.close()
  const calls = Array.from({ length: count }, () => `print(refuse.delay(${JSON.stringify(PATIENT)}).id)`)
  const ids = (await runCelery(urls, calls.join('\n'))).split('\n')
  await expect.poll(deadLetters, PATIENCE).toHaveLength(count)
  const { text } = generateArchiveKey()
  const read = readArchiveKey(text)
  if ('found' in read) throw new Error(read.found)
  const config = {
    sources: {
      workers: {
        kind: 'celery',
        broker: 'rabbitmq',
        host: '127.0.0.1',
        tls: 'off',
        port: Number(new URL(rabbitmq.amqpUrl).port),
        user: 'gateway',
        dead_letter_queues: [QUEUE],
      },
    },
  } as const
  const file = join(embeddedFolder(), 'config.json')
  writeFileSync(file, JSON.stringify(config))
  const store = await startedStore('postgres')
  const env = {
    ...Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)])),
    ...store,
    TEAMS_CONFIG_FILE: file,
    TEAMS_SOURCE_SECRET_WORKERS: PASSWORD,
    TEAMS_ARCHIVE_KEYS: text,
  }
  const start = async () => {
    const gateway = await spawnGateway(env)
    return { ...gateway, client: createClient({ url: gateway.origin }) }
  }
  const gateway = await start()
  const events = await gateway.client.sendMany(
    ids.map((id) => ({
      eventType: 'celery.task.dlq' as const,
      correlationId: id,
      data: { task_name: 'claims.refuse', task_id: id, error: 'rejected' },
    })),
  )
  const eventIds = events.map(({ eventId }) => eventId)
  return { ...gateway, start, ids, eventIds, store, config, key: read.key }
}

const DISCARD = { action: 'discard', inputs: { reason: 'sent by mistake' } } as const

it('a dead letter is archived and taken off its queue, the others stay in order, and it is put back once', async () => {
  const { client, ids, eventIds } = await refusedTasks(3)
  const [, taskId = ''] = ids
  const target = { eventId: eventIds[1] ?? '' }
  const { id } = await client.actions.act({ ...DISCARD, target })
  await expect.poll(() => client.actions.get(id), PATIENCE).toMatchObject({ state: 'done' })
  expect(await deadLetters()).toEqual([ids[0], ids[2]])
  const { records } = await client.archive.list()
  expect(records).toMatchObject([
    {
      kind: 'celery.message',
      source: 'workers',
      subject: taskId,
      eventId: target.eventId,
      actionId: id,
      about: { task: 'claims.refuse', queue: 'claims', reason: 'rejected', dead_letter_queue: QUEUE },
      state: 'kept',
    },
  ])
  expect(JSON.stringify(records)).not.toContain('MARKEDVALUE')
  const content = Buffer.from((await client.archive.get(records[0]?.id ?? '')).content, 'base64').toString()
  expect(Buffer.from(JSON.parse(content).content, 'base64').toString()).toContain(JSON.stringify(PATIENT).slice(1, 12))
  expect(await client.actions.act({ ...DISCARD, target })).toMatchObject({ result: 'already_discarded' })

  const restored = await client.actions.act({ action: 'restore', target })
  await expect.poll(() => client.actions.get(restored.id), PATIENCE).toMatchObject({ state: 'done' })
  expect([...(await deadLetters())].sort()).toEqual([...ids].sort())
  expect((await client.archive.list()).records).toMatchObject([{ state: 'restored' }])
  expect(await client.actions.act({ action: 'restore', target })).toMatchObject({ result: 'not_discarded' })
})

it('a dead letter whose gateway is killed is in its queue or in the archive, and in the end archived once', async () => {
  const { client, end, start, ids, eventIds, store, config, key } = await refusedTasks(2)
  const { id } = await client.actions.act({ ...DISCARD, target: { eventId: eventIds[0] ?? '' } })
  await end('SIGKILL')
  const database = await openDatabase(loadSettings(store))
  onTestFinished(() => database.close())
  const { kysely } = database
  await kysely
    .updateTable('teams_actions')
    .set({ lease_until: new Date(0) })
    .where('state', '=', 'running')
    .execute()
  const next = await start()
  await expect.poll(() => next.client.actions.get(id), PATIENCE).toMatchObject({ state: 'done' })
  expect(await deadLetters()).toEqual([ids[1]])
  expect((await next.client.archive.list()).records).toMatchObject([{ subject: ids[0], actionId: id }])

  // As a kill between the commit and the acknowledgement leaves it: in both.
  const archive = createArchive(() => [key])
  const channel = await openChannel()
  const search = await searchQueue(
    channel,
    QUEUE,
    () => true,
    () => undefined,
  )
  if (search.found === undefined) throw new Error('no message')
  await channel.close()
  const actionId = newId()
  const [eventId = ''] = eventIds.slice(1)
  const about = { kind: 'celery.message', source: 'workers', subject: ids[1] ?? '', about: {} }
  await archive.keep(kysely, { ...about, eventId, actionId, content: encodeLetter(search.letter) })
  const { sources } = loadCatalogue({ language: 'en', budget: { requests: 1, period: 1, burst: 1 }, config })
  const discard = createCeleryProviders(sources.values(), {
    kysely: () => kysely,
    secret: () => new Secret(PASSWORD),
    archive,
    clock: systemClock,
  }).find(({ action }) => action === 'discard')
  const event = await kysely.selectFrom('teams_events').selectAll().where('id', '=', eventId).executeTakeFirstOrThrow()
  const found = await discard?.look?.(
    {
      id: eventId,
      createdAt: event.created_at,
      correlationId: event.correlation_id,
      eventType: event.event_type,
      priority: event.priority,
      stakeholders: event.stakeholders,
    },
    actionId,
    {
      actionId,
      actor: { via: 'library', id: null, name: null, verified: false, roles: [], relayedBy: null },
      signal: new AbortController().signal,
    },
  )
  expect(found).toMatchObject({ state: 'done' })
  expect(await deadLetters()).toEqual([])
  expect((await next.client.archive.list()).records).toHaveLength(2)
})
