import { isObject } from '../../kernel/json.ts'
import { SourceProblem } from '../source.ts'
import type { ManagementApi } from './api.ts'

/** A node of the cluster. */
export interface ClusterNode {
  readonly name: string
  readonly running: boolean
  /** Names of the nodes from which it is partitioned. */
  readonly partitions: readonly string[]
}

/** A resource alarm, during which the cluster takes no messages. */
export interface Alarm {
  /** `memory`, `disk`, `file descriptors`. */
  readonly resource: string
  readonly node: string
}

/** What a cluster says about itself. */
export interface Cluster {
  readonly name: string
  readonly version: string
  readonly nodes: readonly ClusterNode[]
  readonly alarms: readonly Alarm[]
  /** Number of queues, also of those that the user may not see. */
  readonly queueCount: number
  /** True where the management plugin keeps no statistics of queues. */
  readonly statisticsOff: boolean
}

const OVERVIEW = 'overview?columns=cluster_name,rabbitmq_version,disable_stats,object_totals.queues'
const NODES = 'nodes?columns=name,running,partitions,mem_alarm,disk_free_alarm'

/**
 * Reads the state of a cluster's nodes and its alarms. Nodes first: for a user without the tag `monitoring` the other answers have only
 * what the user's own virtual hosts have.
 *
 * @throws SourceProblem
 */
export async function readCluster(api: ManagementApi): Promise<Cluster> {
  const nodes = (await api.get(NODES)).body
  const overview = (await api.get(OVERVIEW)).body
  // Its answer is 503 during an alarm; that of servers before 3.8.10, 404.
  const checked = await api.get('health/checks/alarms', [404, 503])
  if (!Array.isArray(nodes) || !isObject(overview)) throw unreadable()
  const { cluster_name: name, rabbitmq_version: version, object_totals: totals } = overview
  const queueCount = isObject(totals) ? totals.queues : undefined
  if (typeof version !== 'string' || typeof queueCount !== 'number') throw unreadable()
  return {
    name: typeof name === 'string' ? name : '',
    version,
    nodes: nodes.map(nodeOf),
    alarms: distinct([...alarmsOfNodes(nodes), ...alarmsOfCheck(checked.status, checked.body)]),
    queueCount,
    statisticsOff: overview.disable_stats === true,
  }
}

function nodeOf(node: unknown): ClusterNode {
  if (!isObject(node) || typeof node.name !== 'string' || typeof node.running !== 'boolean') throw unreadable()
  return { name: node.name, running: node.running, partitions: textsOf(node.partitions) }
}

/** By the statistics of the nodes, which are some seconds old. */
function alarmsOfNodes(nodes: readonly unknown[]): Alarm[] {
  return nodes.flatMap((node): Alarm[] => {
    if (!isObject(node) || typeof node.name !== 'string') return []
    return [
      ...(node.mem_alarm === true ? [{ resource: 'memory', node: node.name }] : []),
      ...(node.disk_free_alarm === true ? [{ resource: 'disk', node: node.name }] : []),
    ]
  })
}

/** By the health check, which has an alarm at once, and alone has that of file descriptors. */
function alarmsOfCheck(status: number, body: unknown): Alarm[] {
  if (status !== 503) return []
  if (!isObject(body) || !Array.isArray(body.alarms)) throw new SourceProblem('busy')
  return body.alarms.map((alarm: unknown): Alarm => {
    if (!isObject(alarm) || typeof alarm.resource !== 'string' || typeof alarm.node !== 'string') throw unreadable()
    return { resource: RESOURCES.get(alarm.resource) ?? alarm.resource, node: alarm.node }
  })
}

const RESOURCES = new Map([
  ['file_descriptor_limit', 'file descriptors'],
  ['file_descriptors', 'file descriptors'],
])

function distinct(alarms: readonly Alarm[]): readonly Alarm[] {
  return [...new Map(alarms.map((alarm) => [JSON.stringify([alarm.resource, alarm.node]), alarm])).values()]
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

const unreadable = () => new SourceProblem('answer_unreadable')
