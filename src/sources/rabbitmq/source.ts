import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import { SOURCE_CODES, type SourceCode } from '../../contract/sources.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'
import { createAuthority } from '../authority.ts'
import type { Finding } from '../findings.ts'
import { type Look, poll } from '../poll.ts'
import { type Source, type SourceCheck, type SourceParts, SourceProblem } from '../source.ts'
import { type ManagementApi, openApi } from './api.ts'
import { type Cluster, readCluster } from './cluster.ts'
import { clusterConditions, isUnavailable, replicaConditions } from './cluster-conditions.ts'
import { moreOf, overOf, QUEUE_FINDINGS, sumOf } from './findings.ts'
import { queueConditions } from './queue-conditions.ts'
import { hiddenVhosts, type Queue, readQueues } from './queues.ts'
import { createTrends } from './trends.ts'

/** Longest time of a look, with the hosts that do not answer. */
const LOOK_MS = 19_000
/** Findings of a kind that open at once, up to which each has an event of its own. */
const GROUP_FROM = 3
/** So that the findings of queues leave room for those of nodes. */
const MOST_OF_A_KIND = 8

/** What one look read. */
interface Seen {
  readonly host: string
  readonly cluster: Cluster
  /** Undefined where the queues could not be read. */
  readonly queues: readonly Queue[] | undefined
  /** Why nothing, or not everything, is known of the queues. */
  readonly code: SourceCode | undefined
  /** A virtual host that the user may not see. */
  readonly hidden: readonly string[]
}

/**
 * Watches a RabbitMQ cluster by its management API: nodes, alarms, partitions, and the queues. What it remembers of their lengths is that
 * of this process; only those of dead-letter queues stand in the checkpoint, so that what came in while no replica looked is seen.
 */
export function createRabbitmqSource(definition: RabbitmqDefinition, { secret, clock }: SourceParts): Source {
  const readAuthority = createAuthority(definition.caFile)
  let preferred = definition.hosts[0] ?? ''

  /**
   * Looks through the first host that answers, beginning with the one of the last look: two sides of a partition see different things.
   *
   * @throws SourceProblem where no host shows anything
   */
  async function see(stop: AbortSignal): Promise<Seen> {
    const password = secret()
    if (password === undefined) throw new SourceProblem('secret_missing')
    const signal = AbortSignal.any([stop, AbortSignal.timeout(LOOK_MS)])
    const others = definition.hosts.filter((host) => host !== preferred)
    let part: Seen | undefined
    let problem: unknown
    for (const host of [preferred, ...others]) {
      const api = await openApi(host, definition, { secret: password, readAuthority, signal })
      try {
        const seen = await seeThrough(api, definition)
        if (!isAway(seen.code)) {
          preferred = host
          return seen
        }
        part ??= seen
      } catch (error) {
        if (!(error instanceof SourceProblem)) throw error
        problem ??= error
        if (!isAway(error.code)) break
      } finally {
        api.close()
      }
      if (signal.aborted) break
    }
    if (part) return part
    throw problem
  }

  return {
    async run(context) {
      const trends = createTrends(definition.growthSeconds * 1000)
      let watched: ReadonlyMap<string, number> = new Map()

      async function look(signal: AbortSignal, memory: JsonObject): Promise<Look> {
        const { cluster, queues, code } = await see(signal)
        const ofCluster = clusterConditions(cluster, definition)
        if (queues === undefined) return { conditions: ofCluster, unknown: QUEUE_FINDINGS, ...(code && { code }) }
        const trend = trends.note(queues, performance.now(), deadLettersIn(memory))
        const of = queueConditions(queues, trend, definition, clock.now().getTime())
        watched = of.watched
        const listed = new Set(queues.map(({ subject }) => subject))
        // The queue has no statistics now, or the user may not see it any more.
        const undecided = ({ finding, subject }: Finding) =>
          QUEUE_FINDINGS.has(finding) &&
          (of.unknown.has(subject) || (code === 'rights_missing' && !listed.has(subject)))
        return {
          conditions: [...ofCluster, ...replicaConditions(queues), ...of.conditions],
          undecided,
          ...(code === undefined ? { memory: memoryOf(of.deadLetters) } : {}),
          ...(code && { code }),
        }
      }

      await poll(context, {
        ...definition,
        look,
        over: overOf,
        more: moreOf,
        mostOfAKind: MOST_OF_A_KIND,
        grouping: { from: GROUP_FROM, says: (finding, members) => sumOf(finding, members, watched.get(finding)) },
      })
    },
    async check(signal) {
      const checks: SourceCheck[] = []
      try {
        const { host, cluster, queues, code, hidden } = await see(signal)
        const running = cluster.nodes.filter((node) => node.running).length
        const name = cluster.name === '' ? '' : `, cluster ${cluster.name}`
        const found = `${host}:${definition.port} is RabbitMQ ${cluster.version}${name}; ${running} of ${cluster.nodes.length} nodes run`
        checks.push({ what: 'connection', ok: true, found })
        const missing = hidden.length > 0 ? ` Virtual host ${hidden.join(', ')}.` : ''
        checks.push(
          code === undefined
            ? { what: 'queues', ok: true, found: `${queues?.length ?? 0} queues are watched` }
            : { what: 'queues', ok: false, found: `${SOURCE_CODES[code].means}${missing}`, code },
        )
      } catch (error) {
        const code = error instanceof SourceProblem ? error.code : 'failed'
        checks.push({ what: 'connection', ok: false, found: SOURCE_CODES[code].means, code })
      }
      return checks
    },
  }
}

/** Dead-letter queues whose length is remembered for the next process. */
const MOST_REMEMBERED = 100

function memoryOf(deadLetters: ReadonlyMap<string, number>): JsonObject {
  return { dead_letters: Object.fromEntries([...deadLetters].slice(0, MOST_REMEMBERED)) }
}

function deadLettersIn({ dead_letters: kept }: JsonObject): ReadonlyMap<string, number> {
  const entries = isObject(kept) ? Object.entries(kept) : []
  return new Map(entries.flatMap(([subject, length]) => (typeof length === 'number' ? [[subject, length]] : [])))
}

/** Reads the nodes, and then the queues. @throws SourceProblem where not even the nodes could be read */
async function seeThrough(api: ManagementApi, definition: RabbitmqDefinition): Promise<Seen> {
  const cluster = await readCluster(api)
  const blind = { host: api.host, cluster, queues: undefined, hidden: [] }
  if (cluster.statisticsOff) return { ...blind, code: 'statistics_off' }
  try {
    const { queues, seen, hidden: named } = await readQueues(api, definition)
    const isPart = definition.vhosts === undefined && seen < cluster.queueCount
    const hidden = isPart ? await hiddenVhosts(api) : named
    const up = queues.filter((queue) => !isUnavailable(queue))
    const isBlank = up.length > 0 && up.every(({ ready }) => ready === undefined)
    const code = hidden.length > 0 ? 'rights_missing' : isBlank ? 'statistics_off' : undefined
    return { host: api.host, cluster, queues, hidden, code }
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error
    return { ...blind, code: error.code }
  }
}

const AWAY: readonly (SourceCode | undefined)[] = [
  'not_reached',
  'no_answer',
  'busy',
  'tls_failed',
  'answer_unreadable',
  'answer_too_large',
]

/** True where another host of the cluster may answer better. */
function isAway(code: SourceCode | undefined): boolean {
  return AWAY.includes(code)
}
