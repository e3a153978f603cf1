import type { JsonObject } from '../../kernel/json.ts'
import { inRole, wordsFor } from './cluster-words.ts'
import { condition, type FindingName, type VaultCondition } from './findings.ts'
import type { SealMemory } from './memory.ts'
import type { ClusterState, NodeState } from './node-state.ts'
import { rememberSealed, sealConditions } from './seal.ts'

/** What the nodes of a cluster show. */
export interface ClusterView {
  readonly conditions: readonly VaultCondition[]
  /** Findings about which the look says nothing. */
  readonly unknown: readonly FindingName[]
  /** Sealed nodes, for the next look. */
  readonly sealed: Readonly<Record<string, SealMemory>>
}

/** Findings of single nodes: where a node is not seen, nobody knows whether what was found there is over. */
const OF_NODES = ['sealed', 'unseal', 'removed', 'uninitialized', 'heartbeat'] as const

/** Decides what is wrong with a cluster: one condition for each matter, whichever and however many nodes have it. */
export function viewCluster(state: ClusterState, before: Readonly<Record<string, SealMemory>>, now: Date): ClusterView {
  const { seen, unseen } = state
  const words = wordsFor(state)
  const { about, share, leads } = words
  const sealedNodes = inRole(seen, 'sealed')
  const sealed = rememberSealed(sealedNodes, unseen, before, now)
  const removed = inRole(seen, 'removed')
  const uninitialized = inRole(seen, 'uninitialized')
  const standbys = seen.filter(({ role }) => role === 'standby' || role === 'performance_standby')
  const leader = leaderOf(state, standbys)
  const disconnected = leader === 'missing' ? [] : standbys.filter(({ heartbeat }) => heartbeat === false)

  const conditions: VaultCondition[] = [...sealConditions(sealedNodes, sealed, words, now)]
  const report = (finding: FindingName, nodes: readonly { readonly node: string }[], data: JsonObject) => {
    if (nodes.length === 0) return
    // A whole cluster without its data is worse than a new node.
    const isAll = finding === 'uninitialized' && nodes.length === seen.length + unseen.length
    const priority = isAll ? ({ priority: 'CRITICAL' } as const) : {}
    conditions.push(condition(finding, { ...about(nodes), ...data }, priority))
  }
  report('leader', leader === 'missing' ? standbys : [], {
    impact: `No node is active: ${share(standbys, 'standby')}, and Vault serves no secrets.`,
    recommended_actions: ['Compare the logs of the nodes: storage, quorum of Raft, connections between the nodes.'],
  })
  report('removed', removed, {
    impact: `${share(removed, 'removed from the cluster')}. ${leads}`,
    recommended_actions: ['Take the node out of use; or delete its Raft data, and let it join again.'],
  })
  report('uninitialized', uninitialized, {
    impact: `${share(uninitialized, 'not initialized')}; a node that lost its storage looks the same. ${leads}`,
    recommended_actions: ['Look at the storage first. Initialize no node of a cluster that has data.'],
  })
  report('heartbeat', disconnected, {
    impact: `${share(disconnected, 'without a connection to the active node')}. ${leads}`,
    recommended_actions: ['Check the cluster port (8201) between the nodes, their certificates and their clocks.'],
  })
  report('unreachable', unseen, {
    impact: `${share(unseen, 'not seen')} (${[...new Set(unseen.map(({ code }) => code))].join(', ')}). ${leads}`,
    recommended_actions: ['Check that the node runs, and that the gateway reaches it at its own address.'],
  })

  const unknown = new Set<FindingName>(unseen.length > 0 ? OF_NODES : [])
  if (sealedNodes.length > 0) unknown.add('unseal')
  if (leader !== 'there') unknown.add('heartbeat')
  if (leader === 'unknown') unknown.add('leader')
  for (const { finding } of conditions) unknown.delete(finding)
  return { conditions, unknown: [...unknown], sealed }
}

/**
 * Whether the cluster has an active node. A standby that reaches it says so since Vault 1.19. Where none says it, a node that is not
 * seen may be the active one. Rejected: `sys/leader`, which with Raft names the last leader also where there is none.
 */
function leaderOf({ seen, unseen }: ClusterState, standbys: readonly NodeState[]): 'there' | 'missing' | 'unknown' {
  if (inRole(seen, 'active').length > 0 || standbys.some(({ heartbeat }) => heartbeat === true)) return 'there'
  // Without a standby, the finding is that nodes are sealed; one about the leader stays open until there is one.
  if (standbys.length === 0) return 'unknown'
  return unseen.length > 0 && standbys.some(({ heartbeat }) => heartbeat === undefined) ? 'unknown' : 'missing'
}
