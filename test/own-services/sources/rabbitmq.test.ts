import { connect } from 'amqplib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { RabbitmqDefinition } from '../../../src/catalogue/rabbitmq-definition.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createRabbitmqSource } from '../../../src/sources/rabbitmq/source.ts'
import { type RabbitMq, startRabbitMq } from '../../services/rabbitmq.ts'
import { lookOnce } from './one-look.ts'

const PASSWORD = 'MARKEDVALUE-of-the-monitor'
let rabbit: RabbitMq

beforeAll(async () => {
  rabbit = await startRabbitMq()
  // The least that the guide of sources asks for.
  await addUser('claimlinc_monitor', 'monitoring')
  await permit('%2F', 'claimlinc_monitor')
  await addUser('untagged', 'management')
  await permit('%2F', 'untagged')
  await addUser('without_vhost', 'monitoring')
}, 120_000)
afterAll(async () => {
  await rabbit?.stop()
})

const addUser = (name: string, tags: string) => rabbit.api('PUT', `users/${name}`, { password: PASSWORD, tags })
const permit = (vhost: string, user: string) =>
  rabbit.api('PUT', `permissions/${vhost}/${user}`, { configure: '^$', write: '^$', read: '^$' })

const portOf = ({ managementUrl }: RabbitMq) => Number(new URL(managementUrl).port)

function sourceWith(limits: Partial<RabbitmqDefinition> = {}, password: string | null = PASSWORD) {
  const definition: RabbitmqDefinition = {
    name: 'broker',
    kind: 'rabbitmq',
    intervalMs: 30_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    hosts: ['127.0.0.1'],
    port: portOf(rabbit),
    tls: 'off',
    caFile: undefined,
    user: 'claimlinc_monitor',
    nodes: 0,
    vhosts: undefined,
    queues: undefined,
    consumers: undefined,
    backlog: 10_000,
    ageSeconds: 900,
    growthSeconds: 600,
    growthFrom: 1_000,
    deadLetterQueues: ['*dlq*', '*dead*'],
    deadLetters: 100,
    deadLetterGrowth: 10,
    ...limits,
  }
  const secret = () => (password === null ? undefined : new Secret(password))
  return createRabbitmqSource(definition, { secret, clock: systemClock })
}

const look = (limits: Partial<RabbitmqDefinition> = {}) => lookOnce(sourceWith(limits))

async function declare(name: string, options: object = {}): Promise<void> {
  await rabbit.api('PUT', `queues/%2F/${name}`, { durable: true, ...options })
  onTestFinished(async () => {
    await rabbit.api('DELETE', `queues/%2F/${name}`)
  })
}

async function publish(queue: string, count: number): Promise<void> {
  const message = { properties: {}, routing_key: queue, payload: 'MARKEDVALUE', payload_encoding: 'string' }
  for (let sent = 0; sent < count; sent += 1) await rabbit.api('POST', 'exchanges/%2F/amq.default/publish', message)
}

describe('a RabbitMQ source', () => {
  it('sees a healthy node, as a user with the tag monitoring and an empty permission', async () => {
    const source = sourceWith({ nodes: 1 })
    expect(await lookOnce(source)).toMatchObject({ events: [], code: undefined })
    expect(await source.check(new AbortController().signal)).toMatchObject([
      { what: 'connection', ok: true, found: expect.stringMatching(/is RabbitMQ 3\.\d+.*; 1 of 1 nodes run/) },
      { what: 'queues', ok: true, found: '0 queues are watched' },
    ])
  })

  it.each([
    ['secret_refused', {}, 'wrong'],
    ['secret_missing', {}, null],
    ['rights_missing', { user: 'untagged' }, PASSWORD],
    ['not_reached', { port: 1 }, PASSWORD],
  ])('says %s', async (code, limits, password) => {
    const source = sourceWith(limits, password)
    const [check] = await source.check(new AbortController().signal)
    expect(check).toMatchObject({ what: 'connection', ok: false, code })
    expect(await lookOnce(source)).toMatchObject({ code, events: [] })
    expect(JSON.stringify(check)).not.toContain('MARKEDVALUE')
  })

  it('says rights_missing where it may not see a virtual host, which RabbitMQ leaves out of its answers without a word', async () => {
    await rabbit.api('PUT', 'vhosts/billing')
    onTestFinished(async () => {
      await rabbit.api('DELETE', 'vhosts/billing')
    })
    await rabbit.api('PUT', 'queues/billing/invoices', { durable: true })
    await declare('claims')
    const source = sourceWith()
    expect(await lookOnce(source)).toMatchObject({ code: 'rights_missing', events: [] })
    expect((await source.check(new AbortController().signal))[1]).toMatchObject({
      ok: false,
      code: 'rights_missing',
      found: expect.stringContaining('Virtual host billing.'),
    })
    expect((await look({ user: 'without_vhost' })).code).toBe('rights_missing')
    expect((await look({ vhosts: ['billing'] })).code).toBe('rights_missing')
    // What is open there stays open: nobody knows.
    const open = { finding: 'backlog', subject: 'billing/invoices', since: '2026-11-30T10:00:00.000Z', open: true }
    expect((await lookOnce(source, { findings: [open] })).events).toEqual([])
    // The one that matters may be named.
    await expect.poll(() => look({ vhosts: ['/'] }), { timeout: 20_000 }).toMatchObject({ code: undefined })
    expect((await look({ vhosts: ['/', 'nowhere'] })).code).toBe('refused')
    await permit('billing', 'claimlinc_monitor')
    await expect.poll(() => look(), { timeout: 20_000 }).toMatchObject({ code: undefined })
  })

  it('reports queues without a consumer in which messages wait, each; and several together as one', async () => {
    await declare('claims')
    await publish('claims', 2)
    await declare('idle')
    await expect
      .poll(async () => (await look()).events, { timeout: 20_000 })
      .toMatchObject([
        {
          eventType: 'rabbitmq.queue.unconsumed',
          correlationId: 'broker.unconsumed.%2F/claims',
          data: { summary: 'claims has no consumer. 2 messages wait.', labels: { vhost: '/', type: 'classic' } },
        },
      ])
    // By name, also those in which nothing waits.
    expect((await look({ consumers: ['*'] })).events).toHaveLength(2)
    for (const name of ['a', 'b', 'c']) await declare(name)
    const together = async () => lookOnce(sourceWith({ consumers: ['*'] }))
    await expect
      .poll(async () => (await together()).events, { timeout: 20_000 })
      .toMatchObject([
        {
          eventType: 'rabbitmq.queue.unconsumed',
          correlationId: expect.stringMatching(/^broker\.unconsumed\.20/),
          data: { summary: '5 of 5 queues have no consumer.', value: 5, alerts: expect.arrayContaining([]) },
        },
      ])
    const { checkpoint, events } = await together()
    expect(await lookOnce(sourceWith({ consumers: ['a', 'b'] }), checkpoint)).toMatchObject({ events: [] })
    expect((await lookOnce(sourceWith({ consumers: ['none'] }), checkpoint)).events).toMatchObject([
      { eventType: 'rabbitmq.queue.recovered', correlationId: events[0]?.correlationId },
    ])
  })

  it('reports that a consumer is back, and messages that none is given', async () => {
    await declare('claims')
    await publish('claims', 1)
    await expect.poll(async () => (await look()).events, { timeout: 20_000 }).toHaveLength(1)
    const { checkpoint } = await look()
    const connection = await connect(rabbit.amqpUrl)
    onTestFinished(() => connection.close())
    const channel = await connection.createChannel()
    await channel.prefetch(1)
    await channel.consume('claims', () => {})
    await expect
      .poll(async () => (await lookOnce(sourceWith(), checkpoint)).events, { timeout: 20_000 })
      .toMatchObject([{ eventType: 'rabbitmq.queue.recovered', correlationId: 'broker.unconsumed.%2F/claims' }])
    // It takes one message and hangs: the others become old, by the time that their publisher gave them.
    const properties = { timestamp: Math.floor(Date.now() / 1000) - 7_200 }
    const message = { properties, routing_key: 'claims', payload: 'MARKEDVALUE', payload_encoding: 'string' }
    await rabbit.api('POST', 'exchanges/%2F/amq.default/publish', message)
    const old = async () => (await look()).events
    await expect.poll(old, { timeout: 20_000 }).toMatchObject([
      {
        eventType: 'rabbitmq.queue.backlog',
        data: {
          summary: '1 messages wait in claims. The oldest has waited for 2 h or longer.',
          labels: { consumers: 1 },
        },
      },
    ])
    expect(JSON.stringify(await old())).not.toContain('MARKEDVALUE')
  })

  it('takes the messages that a stream keeps for no backlog', async () => {
    await declare('journal', { arguments: { 'x-queue-type': 'stream' } })
    await publish('journal', 5)
    const kept = async () => rabbit.api('GET', 'queues/%2F/journal?columns=messages_ready')
    await expect.poll(kept, { timeout: 20_000 }).toEqual({ messages_ready: 5 })
    expect(await look({ backlog: 1 })).toMatchObject({ events: [], code: undefined })
    expect((await look({ consumers: ['jour*'] })).events).toMatchObject([
      { eventType: 'rabbitmq.queue.unconsumed', data: { labels: { type: 'stream' } } },
    ])
  })

  it('reports a backlog, and dead letters over their limit', async () => {
    await declare('claims')
    await declare('nphies_dlq')
    await publish('claims', 3)
    await publish('nphies_dlq', 4)
    await expect
      .poll(async () => (await look({ consumers: ['none'], backlog: 3, deadLetters: 4 })).events, { timeout: 20_000 })
      .toMatchObject([
        { eventType: 'rabbitmq.queue.backlog', data: { value: 3, threshold: 3, unit: 'messages' } },
        { eventType: 'rabbitmq.dlq.threshold', data: { value: 4, threshold: 4, labels: { queue: 'nphies_dlq' } } },
      ])
    // What came in while no replica looked is growth, by the lengths in the checkpoint.
    const { checkpoint } = await look({ consumers: ['none'] })
    await publish('nphies_dlq', 3)
    const later = () => lookOnce(sourceWith({ consumers: ['none'], deadLetterGrowth: 3 }), checkpoint)
    await expect
      .poll(async () => (await later()).events, { timeout: 20_000 })
      .toMatchObject([{ eventType: 'rabbitmq.dlq.growing', data: { value: 3, labels: { messages: 7 } } }])
  })

  it('reads 1,200 queues in pages, and those of a pattern alone', async () => {
    const queues = Array.from({ length: 1_200 }, (_, index) => ({
      name: `page.${index}`,
      durable: true,
      auto_delete: false,
      arguments: {},
    }))
    await rabbit.api('POST', 'definitions/%2F', { queues })
    onTestFinished(async () => {
      await rabbit.api('DELETE', 'vhosts/%2F')
      await rabbit.api('PUT', 'vhosts/%2F')
      await permit('%2F', 'claimlinc_monitor')
      await permit('%2F', 'untagged')
    })
    const found = async (limits: Partial<RabbitmqDefinition>) =>
      (await look({ consumers: ['*'], ...limits })).events[0]?.data
    await expect.poll(() => found({}), { timeout: 60_000 }).toMatchObject({ value: 1_200, more_alerts: 1_192 })
    await expect.poll(() => found({ queues: ['PAGE.11*', 'other'] }), { timeout: 20_000 }).toMatchObject({ value: 111 })
  }, 120_000)

  it('reports an alarm by its name, and that it is over', async () => {
    const start = await startRabbitMq({ config: ['vm_memory_high_watermark.absolute = 1MB'] })
    onTestFinished(() => start.stop())
    await start.api('PUT', 'users/claimlinc_monitor', { password: PASSWORD, tags: 'monitoring' })
    await start.api('PUT', 'permissions/%2F/claimlinc_monitor', { configure: '^$', write: '^$', read: '^$' })
    const limits = { port: portOf(start) }
    await expect
      .poll(async () => (await look(limits)).events, { timeout: 30_000 })
      .toMatchObject([{ eventType: 'rabbitmq.alarm.raised', data: { node: start.node, labels: { alarm: 'memory' } } }])
    const { checkpoint } = await look(limits)
    expect((await lookOnce(sourceWith({}), checkpoint)).events).toMatchObject([
      { eventType: 'rabbitmq.alarm.cleared', correlationId: `broker.alarm.memory ${start.node}` },
    ])
  }, 120_000)

  it('tells a node that is down from an API that is away, and sees queues that lose their majority', async () => {
    const second = await startRabbitMq({ joins: rabbit })
    onTestFinished(() => second.stop())
    await declare('replicated', { arguments: { 'x-queue-type': 'quorum' } })
    await rabbit.api('PUT', 'queues/%2F/there', { durable: true, node: second.node })
    await expect.poll(() => look({ nodes: 2 }), { timeout: 30_000 }).toMatchObject({ events: [], code: undefined })
    expect((await look({ nodes: 3 })).events).toMatchObject([
      { eventType: 'rabbitmq.node.down', correlationId: 'broker.nodes', data: { value: 2, threshold: 3 } },
    ])
    await second.kill()
    const types = async () => (await look()).events.map(({ eventType, data }) => `${eventType}: ${data.summary}`)
    await expect
      .poll(types, { timeout: 60_000 })
      .toEqual([
        `rabbitmq.node.down: ${second.node} is down; 1 of 2 nodes run.`,
        expect.stringMatching(/rabbitmq\.queue\.unavailable: 2 of 2 queues are not available: .*there/),
      ])
    // The node that is asked is gone, and another one answers.
    const hosts = { hosts: ['127.0.0.2', '127.0.0.1'] }
    expect((await look(hosts)).code).toBeUndefined()
    expect((await look({ hosts: ['127.0.0.2'] })).code).toBe('not_reached')
    await second.restart()
    await expect.poll(types, { timeout: 60_000 }).toEqual([])
  }, 240_000)
})
