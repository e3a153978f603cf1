import type { SourceCode } from '../../contract/sources.ts'
import { SourceProblem } from '../source.ts'
import { type NodeAnswer, type NodeClient, objectIn } from './http.ts'

/** What a node is, by its own word. */
export type NodeRole = 'active' | 'performance_standby' | 'standby' | 'sealed' | 'removed' | 'uninitialized'

/** A node that answered. */
export interface NodeState {
  /** Its address in the configuration. */
  readonly node: string
  readonly role: NodeRole
  /** Whether a standby reaches the active node; undefined for other nodes, and for servers before Vault 1.19. */
  readonly heartbeat: boolean | undefined
  readonly clusterId: string | undefined
  readonly version: string
  /** How a sealed node is unsealed; undefined for others, and where it did not say. */
  readonly seal: SealState | undefined
}

/** How far a sealed node is. */
export interface SealState {
  /** `shamir`, where people give key shares; else the key service by which it unseals itself. */
  readonly type: string
  /** Key shares given so far, and needed. */
  readonly progress: number
  readonly threshold: number
}

/** A node that was not seen. */
export interface UnseenNode {
  readonly node: string
  readonly code: SourceCode
}

/** The nodes of a cluster, as one look found them. */
export interface ClusterState {
  readonly seen: readonly NodeState[]
  readonly unseen: readonly UnseenNode[]
}

/**
 * Every status of the endpoint has the same body. By default it is an error for nodes that are not active; the official client asks
 * for 299 in its place too, and reads the body: https://developer.hashicorp.com/vault/api-docs/system/health
 */
const HEALTH = `sys/health?${[
  'uninitcode',
  'sealedcode',
  'standbycode',
  'drsecondarycode',
  'performancestandbycode',
  'removedcode',
  'haunhealthycode',
]
  .map((name) => `${name}=299`)
  .join('&')}`

/** Asks every node for its health, and those that are sealed for their seal status. Both need no token. Does not throw. */
export async function readCluster(client: NodeClient, nodes: readonly string[]): Promise<ClusterState> {
  const seen: NodeState[] = []
  const unseen: UnseenNode[] = []
  const states = await Promise.all(nodes.map((node) => readNode(client, node)))
  for (const state of states) {
    if ('code' in state) unseen.push(state)
    else seen.push(state)
  }
  return { seen, unseen }
}

async function readNode(client: NodeClient, node: string): Promise<NodeState | UnseenNode> {
  try {
    const state = stateOf(node, await client.ask(node, HEALTH))
    return state.role === 'sealed' ? { ...state, seal: await readSeal(client, node) } : state
  } catch (error) {
    return { node, code: error instanceof SourceProblem ? error.code : 'failed' }
  }
}

function stateOf(node: string, answer: NodeAnswer): NodeState {
  // 200 is of the active node; 500 is of one whose storage fails, which does not even know whether it is initialised.
  if (answer.status >= 500) throw new SourceProblem('no_answer')
  const { initialized, sealed, standby, ...body } = objectIn(answer)
  if (![initialized, sealed, standby].every((value) => typeof value === 'boolean'))
    throw new SourceProblem('answer_unreadable')
  const role = roleOf({ ...body, initialized, sealed, standby })
  const isStandby = role === 'standby' || role === 'performance_standby'
  return {
    node,
    role,
    heartbeat: isStandby ? heartbeatOf(body) : undefined,
    clusterId: typeof body.cluster_id === 'string' && body.cluster_id !== '' ? body.cluster_id : undefined,
    version: typeof body.version === 'string' ? body.version : 'of no version',
    seal: undefined,
  }
}

/** In the order of Vault: a removed node is sealed too, and one that is not initialised as well. */
function roleOf(body: Readonly<Record<string, unknown>>): NodeRole {
  if (body.initialized === false) return 'uninitialized'
  if (body.removed_from_cluster === true) return 'removed'
  if (body.sealed === true) return 'sealed'
  if (body.performance_standby === true) return 'performance_standby'
  return body.standby === true ? 'standby' : 'active'
}

/** A standby that has just started has sent no heartbeat, and is not said to have lost its connection. */
function heartbeatOf(body: Readonly<Record<string, unknown>>): boolean | undefined {
  const { ha_connection_healthy: healthy, last_request_forwarding_heartbeat_ms: lastMs } = body
  if (healthy === true) return true
  return healthy === false && typeof lastMs === 'number' ? false : undefined
}

/** Undefined where the node does not say: it is sealed all the same. */
async function readSeal(client: NodeClient, node: string): Promise<SealState | undefined> {
  try {
    const { type, progress, t } = objectIn(await client.ask(node, 'sys/seal-status'))
    if (typeof type !== 'string' || typeof progress !== 'number' || typeof t !== 'number') return undefined
    return { type, progress, threshold: t }
  } catch (error) {
    if (error instanceof SourceProblem) return undefined
    throw error
  }
}

/** The host and port of a node, by which people know it. */
export function hostOf(node: string): string {
  return new URL(node).host
}
