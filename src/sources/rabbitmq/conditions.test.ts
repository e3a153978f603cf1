import { describe, expect, it } from 'vitest'
import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import type { Cluster } from './cluster.ts'
import { clusterConditions, replicaConditions } from './cluster-conditions.ts'
import { moreOf, overOf, sumOf } from './findings.ts'
import { queueConditions } from './queue-conditions.ts'
import type { Queue } from './queues.ts'
import type { Trend } from './trends.ts'

const DEFINITION: RabbitmqDefinition = {
  name: 'broker',
  kind: 'rabbitmq',
  intervalMs: 30_000,
  blindAfterMs: 60_000,
  openAfterMs: 30_000,
  closeAfterMs: 60_000,
  hosts: ['rabbit-1'],
  port: 15_671,
  tls: 'verify',
  caFile: undefined,
  user: 'monitor',
  nodes: 3,
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
}

const QUIET: Trend = { growing: false, rate: undefined, grown: 0, idleMs: 0 }
const NOW = Date.parse('2026-11-30T10:00:00Z')

function queue(name: string, given: Partial<Queue> = {}): Queue {
  return {
    subject: `%2F/${name}`,
    vhost: '/',
    name,
    type: 'classic',
    state: 'running',
    durable: true,
    temporary: false,
    ready: 0,
    messages: given.ready ?? 0,
    consumers: 1,
    delivered: 0,
    headTimeMs: undefined,
    replicas: undefined,
    ...given,
  }
}

/** What is wrong with queues, as finding, queue and summary. */
function wrong(queues: readonly Queue[], limits: Partial<RabbitmqDefinition> = {}, trend: Partial<Trend> = {}) {
  const trends = new Map(queues.map(({ subject }) => [subject, { ...QUIET, ...trend }]))
  return queueConditions(queues, trends, { ...DEFINITION, ...limits }, NOW).conditions.map(
    ({ finding, says }) => `${finding}: ${says.data.summary}`,
  )
}

describe('a queue without a consumer', () => {
  it('is a condition by default where messages wait, and it is durable and no dead-letter queue, stream or temporary one', () => {
    const without = { consumers: 0, ready: 5 }
    expect(
      wrong([
        queue('claims', without),
        queue('empty', { consumers: 0 }),
        queue('volatile', { ...without, durable: false }),
        queue('amq.gen-1', { ...without, temporary: true }),
        queue('journal', { ...without, type: 'stream' }),
        queue('NPHIES.DLQ', without),
        queue('consumed', { ready: 5 }),
        queue('billing', { ...without, vhost: 'billing' }),
      ]),
    ).toEqual([
      'unconsumed: claims has no consumer. 5 messages wait.',
      'unconsumed: billing (billing) has no consumer. 5 messages wait.',
    ])
  })

  it('is one by its name, whatever it is and whether messages wait', () => {
    const queues = [
      queue('nphies_claims', { consumers: 0 }),
      queue('nphies_journal', { consumers: 0, type: 'stream', ready: 900 }),
      queue('nphies_rpc', { consumers: 0, temporary: true }),
      queue('other', { consumers: 0, ready: 5 }),
    ]
    expect(wrong(queues, { consumers: ['NPHIES_*'] })).toEqual([
      'unconsumed: nphies_claims has no consumer. 0 messages wait.',
      'unconsumed: nphies_journal has no consumer.',
      'unconsumed: nphies_rpc has no consumer. 0 messages wait.',
    ])
  })

  it('is unknown while it has no statistics', () => {
    const queues = [queue('new', { consumers: undefined, ready: undefined, messages: undefined })]
    const { conditions, unknown } = queueConditions(queues, new Map(), { ...DEFINITION, consumers: ['*'] }, NOW)
    expect(conditions).toEqual([])
    expect([...unknown]).toEqual(['%2F/new'])
  })
})

describe('a backlog', () => {
  it.each([
    ['by length', { ready: 10_000 }, {}, '10000 messages wait in claims.'],
    ['that shrinks', { ready: 12_000 }, { rate: -10 }, 'At the present rate it is empty in 20 min.'],
    ['that grows', { ready: 12_000 }, { rate: 2.4 }, 'It grows by 2 a second.'],
    ['by growth', { ready: 1_000 }, { growing: true, rate: 0.2 }, 'It grows by 12 a minute.'],
    ['by age, since none was given', { ready: 1 }, { idleMs: 900_000 }, 'The oldest has waited for 15 min or longer.'],
    ['by age, of its time', { ready: 1, headTimeMs: NOW - 7_200_000 }, {}, 'The oldest has waited for 2 h or longer.'],
  ] as const)('%s', (_, given, trend, text) => {
    expect(wrong([queue('claims', given)], {}, trend)).toEqual([expect.stringContaining(text)])
  })

  it.each([
    ['below its limits', { ready: 9_999 }, { idleMs: 899_000 }],
    ['that grows and is short', { ready: 999 }, { growing: true }],
    ['of an empty queue', { ready: 0, headTimeMs: NOW - 7_200_000 }, {}],
    ['of a stream', { ready: 99_999, type: 'stream' }, { growing: true }],
    ['of a temporary queue', { ready: 99_999, temporary: true }, {}],
    ['of a dead-letter queue', { ready: 50_000, name: 'dead-claims', messages: 50 }, {}],
    ['whose time is in the future', { ready: 1, headTimeMs: NOW + 7_200_000 }, {}],
    ['whose time is none', { ready: 1, headTimeMs: 5_000 }, {}],
  ] as const)('is none %s', (_, given, trend) => {
    expect(wrong([queue('claims', given)], {}, trend)).toEqual([])
  })
})

it('dead letters are conditions over their limit, and while they become more', () => {
  const dlq = queue('nphies_dlq', { consumers: 0, ready: 120 })
  expect(wrong([dlq], {}, { grown: 25 })).toEqual([
    'dead_letters: 120 messages lie in nphies_dlq.',
    'dead_letters_growing: 25 messages came into nphies_dlq; now 120 lie there.',
  ])
  expect(wrong([{ ...dlq, messages: 99 }], {}, { grown: 9 })).toEqual([])
})

describe('a cluster', () => {
  const node = (name: string, given: object = {}) => ({ name, running: true, partitions: [], ...given })
  const cluster = (given: Partial<Cluster>): Cluster => ({
    name: 'claims-prod',
    version: '3.10.8',
    nodes: ['rabbit@a', 'rabbit@b', 'rabbit@c'].map((name) => node(name)),
    alarms: [],
    queueCount: 0,
    statisticsOff: false,
    ...given,
  })
  const found = (given: Partial<Cluster>) =>
    clusterConditions(cluster(given), DEFINITION).map(({ finding, subject }) => `${finding} ${subject}`)

  it('is quiet while all nodes run, and has conditions by node', () => {
    expect(found({})).toEqual([])
    expect(found({ nodes: [node('rabbit@a'), node('rabbit@b', { running: false }), node('rabbit@c')] })).toEqual([
      'node rabbit@b',
    ])
    expect(found({ nodes: [node('rabbit@a'), node('rabbit@b')] })).toEqual(['nodes '])
    expect(found({ alarms: [{ resource: 'file descriptors', node: 'rabbit@a' }] })).toEqual([
      'alarm file descriptors rabbit@a',
    ])
    const parted = [node('rabbit@a', { partitions: ['rabbit@c'] }), node('rabbit@b'), node('rabbit@c')]
    expect(found({ nodes: parted })).toEqual(['partition '])
  })

  it('has queues with a replica to spare, without one, and without their majority', () => {
    const replicated = (name: string, members: number, online: number) =>
      queue(name, { type: 'quorum', replicas: { members, online } })
    const conditions = replicaConditions([
      replicated('whole', 3, 3),
      replicated('critical', 3, 2),
      replicated('lost', 3, 1),
      replicated('single', 1, 1),
      replicated('pair', 2, 2),
      replicated('five', 5, 4),
      queue('classic'),
      queue('down', { state: 'down' }),
    ])
    expect(conditions.map(({ says }) => says.data.summary)).toEqual([
      '2 of 8 queues are not available: lost, down.',
      '1 of 5 quorum queues and streams have no node to spare: critical.',
    ])
  })
})

it('texts are of one line and of limited length, whatever a name is', () => {
  const name = `a\nb\u2028${'x'.repeat(500)}`
  const [condition] = queueConditions(
    [queue(name, { subject: `%2F/${name}`, consumers: 0 })],
    new Map(),
    { ...DEFINITION, consumers: ['*'] },
    NOW,
  ).conditions
  expect(condition?.subject).toMatch(/^[^\n\u2028]{150,200}$/)
  expect(JSON.stringify(condition?.says)).not.toMatch(/\\n|\u2028|x{200}/)
})

it('every finding has an event that ends it, one for more of its kind, and one for several', () => {
  const finding = { finding: 'unconsumed', subject: '%2F/claims', since: '2026-11-30T10:00:00.000Z', open: true }
  expect(overOf(finding)?.eventType).toBe('rabbitmq.queue.recovered')
  expect(overOf({ ...finding, finding: 'of a later version' })).toBeUndefined()
  expect(moreOf('node', 3)).toMatchObject({ eventType: 'rabbitmq.node.down', data: { value: 3 } })
  const members = ['a', '…'].map((subject) => ({
    finding: { ...finding, subject },
    says: moreOf('unconsumed', 4),
  }))
  expect(sumOf('unconsumed', members, 12)).toMatchObject({
    eventType: 'rabbitmq.queue.unconsumed',
    data: { summary: '5 of 12 queues have no consumer.', value: 5, more_alerts: 4 },
  })
})
