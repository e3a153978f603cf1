import type { RabbitmqDefinition } from '../../src/catalogue/rabbitmq-definition.ts'
import { isObject } from '../../src/kernel/json.ts'
import { compareLook } from '../../src/sources/poll.ts'
import type { ManagementApi } from '../../src/sources/rabbitmq/api.ts'
import { readCluster } from '../../src/sources/rabbitmq/cluster.ts'
import { clusterConditions, replicaConditions } from '../../src/sources/rabbitmq/cluster-conditions.ts'
import { moreOf, overOf, sumOf } from '../../src/sources/rabbitmq/findings.ts'
import { queueConditions } from '../../src/sources/rabbitmq/queue-conditions.ts'
import { hiddenVhosts, readQueues } from '../../src/sources/rabbitmq/queues.ts'
import { createTrends } from '../../src/sources/rabbitmq/trends.ts'
import { type SourceEvent, SourceProblem } from '../../src/sources/source.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { holdPlain, holdSame, holdTaken } from '../properties/read-outside.ts'
import type { OpenTarget, Target } from '../target.ts'
import { createChecks } from './checks.ts'
import { definitionOf, NOW, watchedCatalogue } from './watched.ts'

const NODE = { name: 'rabbit@a', running: true, partitions: [], mem_alarm: false, disk_free_alarm: false }
const QUEUE = {
  name: 'nphies_claims',
  vhost: '/',
  type: 'quorum',
  state: 'running',
  durable: true,
  auto_delete: false,
  exclusive: false,
  messages: 20_000,
  messages_ready: 20_000,
  consumers: 0,
  message_stats: { deliver_get: 7 },
  members: ['rabbit@a', 'rabbit@b', 'rabbit@c'],
  online: ['rabbit@a'],
}
const LOOK = {
  nodes: [NODE, { ...NODE, name: 'rabbit@b', running: false, partitions: ['rabbit@a'] }],
  overview: { cluster_name: 'claims', rabbitmq_version: '3.12.1', object_totals: { queues: 2 } },
  alarms: { status: 503, body: { alarms: [{ resource: 'memory', node: 'rabbit@a' }] } },
  queues: [QUEUE, { ...QUEUE, name: 'nphies_dlq', head_message_timestamp: 1_796_000_000 }],
  vhosts: [{ name: '/' }],
}
const WORDS = [
  ...Object.keys({ ...NODE, ...QUEUE, ...LOOK, ...LOOK.overview }),
  ...[
    'status',
    'body',
    'items',
    'total_count',
    'filtered_count',
    'page_count',
    'resource',
    'disable_stats',
    'deliver_get',
  ],
  ...['classic', 'stream', 'down', 'minority', 'file_descriptor_limit', 'rights_missing', 'a/b', '%2F', 'claims.dead'],
]
/** Names that RabbitMQ takes, for each finding of a look. */
const MOST_CHARACTERS = 600_000

/** Answers of RabbitMQ's management API, in looks one after the other. */
export const target: Target = {
  name: 'rabbitmq',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 8,
  maxSteps: (bytes) => 10_000 + 30 * bytes,
  seeds: () => {
    const longer = { ...LOOK, queues: LOOK.queues.map((queue) => ({ ...queue, messages_ready: 90_000 })) }
    const many = { ...LOOK, queues: Array.from({ length: 12 }, (_, index) => ({ ...QUEUE, name: `claims_${index}` })) }
    return [[LOOK], [LOOK, longer], [many]].map((looks) => Buffer.from(JSON.stringify(looks)))
  },
  mutate: (input, other, random) => mutateBody(input, other, random, WORDS),
  async open(): Promise<OpenTarget> {
    const catalogue = watchedCatalogue()
    const check = createChecks(catalogue)
    const definition = definitionOf(catalogue, 'rabbitmq')
    return {
      async run(bytes, thorough) {
        const given = parsed(bytes)
        const looks = Array.isArray(given) ? given.slice(0, 3) : [given]
        const seen = await lookAt(looks, definition)
        if (thorough) holdSame(seen, await lookAt(looks, definition), 'looked again')
        holdTaken(check, seen.events)
        return [...seen.events.map(({ eventType }) => eventType), ...seen.codes, 'looked']
      },
      async close() {},
    }
  },
}

/** Looks as the source does (`src/sources/rabbitmq/source.ts`), each time with other answers. */
async function lookAt(looks: readonly unknown[], definition: RabbitmqDefinition) {
  const codes: string[] = []
  const events: SourceEvent[] = []
  const trends = createTrends(definition.growthSeconds * 1000)
  let findings: ReturnType<typeof compareLook>['findings'] = []
  for (const [index, answers] of looks.entries())
    try {
      const api = apiOf(answers)
      const cluster = await readCluster(api)
      const { queues } = await readQueues(api, definition)
      const hidden = await hiddenVhosts(api)
      const atMs = index * 300_000
      const of = queueConditions(queues, trends.note(queues, atMs, new Map()), definition, NOW.getTime() + atMs)
      const conditions = [...clusterConditions(cluster, definition), ...replicaConditions(queues), ...of.conditions]
      holdPlain([conditions, hidden, [...of.deadLetters]], MOST_CHARACTERS, 'what a look shows')
      const grouping = { from: 3, says: (name: string, members: Members) => sumOf(name, members, of.watched.get(name)) }
      const options = { ...definition, openAfterMs: 0, closeAfterMs: 0, over: overOf, more: moreOf, grouping }
      const compared = compareLook(findings, { conditions }, new Date(NOW.getTime() + atMs), options)
      findings = compared.findings
      events.push(...compared.events)
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
      codes.push(error.code)
    }
  return { events, codes }
}

type Members = Parameters<typeof sumOf>[1]

/** An API that answers as the input says. Queues that are a list come in one page. */
function apiOf(answers: unknown): ManagementApi {
  const of = (name: string) => (isObject(answers) ? answers[name] : undefined)
  const pageOf = (queues: unknown) =>
    Array.isArray(queues)
      ? { items: queues, total_count: queues.length, filtered_count: queues.length, page_count: 1 }
      : queues
  return {
    host: 'rabbit-1',
    async get(path, expected = []) {
      if (path.startsWith('health')) {
        const alarms = of('alarms')
        const { status, body } = isObject(alarms) ? alarms : { status: 200, body: alarms }
        if (typeof status === 'number' && status !== 200 && !expected.includes(status)) throw new SourceProblem('busy')
        return { status: typeof status === 'number' ? status : 200, body }
      }
      const name = /^[a-z]+/.exec(path)?.[0] ?? ''
      const answer = name === 'queues' ? pageOf(of(name)) : of(name)
      if (answer === 'rights_missing') throw new SourceProblem('rights_missing')
      if (answer === undefined) throw new SourceProblem('answer_unreadable')
      return { status: 200, body: answer }
    },
    close() {},
  }
}
