import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import type { Cluster } from './cluster.ts'
import { condition, listed, type RabbitmqCondition, shown } from './findings.ts'
import { nameOf, type Queue } from './queues.ts'

/** What is wrong with the nodes of a cluster. */
export function clusterConditions(cluster: Cluster, definition: RabbitmqDefinition): readonly RabbitmqCondition[] {
  return [...nodesDown(cluster), ...nodesMissing(cluster, definition), ...alarms(cluster), ...partitions(cluster)]
}

const clusterLabels = ({ name }: Cluster) => (name === '' ? {} : { labels: { cluster: shown(name) } })

function nodesDown(cluster: Cluster): RabbitmqCondition[] {
  const running = cluster.nodes.filter((node) => node.running).length
  return cluster.nodes
    .filter((node) => !node.running)
    .map(({ name }) =>
      condition('node', name, {
        summary: `${shown(name)} is down; ${running} of ${cluster.nodes.length} nodes run.`,
        node: shown(name),
        healthy_nodes: running,
        ...clusterLabels(cluster),
      }),
    )
}

/** Of a node that was taken out of the cluster, or never came into it, RabbitMQ says nothing. */
function nodesMissing(cluster: Cluster, { nodes: wanted }: RabbitmqDefinition): RabbitmqCondition[] {
  const { length } = cluster.nodes
  if (length >= wanted) return []
  const summary = `The cluster has ${length} of ${wanted} nodes: ${listed(cluster.nodes.map(({ name }) => name))}.`
  return [
    condition('nodes', '', { summary, value: length, threshold: wanted, unit: 'nodes', ...clusterLabels(cluster) }),
  ]
}

function alarms(cluster: Cluster): RabbitmqCondition[] {
  return cluster.alarms.map(({ resource, node }) =>
    condition('alarm', `${resource} ${node}`, {
      summary: `The alarm of ${shown(resource)} is on at ${shown(node)}: the whole cluster takes no messages from publishers.`,
      node: shown(node),
      labels: { alarm: shown(resource), ...clusterLabels(cluster).labels },
    }),
  )
}

function partitions(cluster: Cluster): RabbitmqCondition[] {
  const parted = cluster.nodes.filter((node) => node.partitions.length > 0)
  if (parted.length === 0) return []
  const sides = parted.map(({ name, partitions }) => `${shown(name)} does not see ${listed(partitions)}`)
  return [
    condition('partition', '', {
      summary: `The cluster is partitioned: ${sides.slice(0, 10).join('; ')}.`,
      value: parted.length,
      unit: 'nodes',
      ...clusterLabels(cluster),
    }),
  ]
}

const UNAVAILABLE: readonly (string | undefined)[] = ['down', 'crashed', 'stopped', 'minority', 'terminated']

/** What the state of nodes does to queues: all of them together are one condition. */
export function replicaConditions(queues: readonly Queue[]): readonly RabbitmqCondition[] {
  const replicated = queues.filter(({ replicas }) => replicas !== undefined && replicas.members > 1)
  const lost = queues.filter(isUnavailable)
  // A queue on two nodes never has one to spare: that is how it was declared.
  const critical = replicated.filter((queue) => spareOf(queue) === 0 && !isComplete(queue))
  const about = (finding: 'quorum' | 'unavailable', some: readonly Queue[], among: readonly Queue[], what: string) =>
    some.length === 0
      ? []
      : [
          condition(finding, '', {
            summary: `${some.length} of ${among.length} ${what}: ${listed(some.map(nameOf))}.`,
            value: some.length,
            unit: 'queues',
          }),
        ]
  return [
    ...about('unavailable', lost, queues, 'queues are not available'),
    ...about('quorum', critical, replicated, 'quorum queues and streams have no node to spare'),
  ]
}

/** True for a queue that neither takes messages nor gives any. */
export function isUnavailable(queue: Queue): boolean {
  return UNAVAILABLE.includes(queue.state) || spareOf(queue) < 0
}

const isComplete = ({ replicas }: Queue) => replicas?.members === replicas?.online

/** How many more nodes may fail until a queue has lost its majority; none to lose, and none to spare, without replicas. */
function spareOf({ replicas }: Queue): number {
  if (replicas === undefined || replicas.members < 2) return Number.POSITIVE_INFINITY
  return replicas.online - (Math.floor(replicas.members / 2) + 1)
}
