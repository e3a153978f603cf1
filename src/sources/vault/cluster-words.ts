import type { JsonObject } from '../../kernel/json.ts'
import { type ClusterState, hostOf, type NodeState } from './node-state.ts'

/** Most nodes that an event names. */
const MOST_NAMED = 10

/** How events speak of the nodes of one look. */
export interface ClusterWords {
  /** The fields of an event about nodes. */
  about(nodes: readonly { readonly node: string }[]): JsonObject
  /** `1 of 3 nodes is sealed`. */
  share(nodes: readonly unknown[], what: string): string
  /** A sentence about the active node. */
  readonly leads: string
}

/** Makes the words for a look. */
export function wordsFor({ seen, unseen }: ClusterState): ClusterWords {
  const total = seen.length + unseen.length
  const clusterId = seen.find((state) => state.clusterId !== undefined)?.clusterId
  const active = inRole(seen, 'active')
  return {
    about: (nodes) => ({ node: named(nodes), ...(clusterId === undefined ? {} : { cluster_id: clusterId }) }),
    share: ({ length }, what) =>
      `${length} of ${total} ${total === 1 ? 'node' : 'nodes'} ${length === 1 ? 'is' : 'are'} ${what}`,
    leads: active.length > 0 ? `${named(active)} is active.` : 'No active node is seen.',
  }
}

/** The nodes of one role. */
export function inRole(nodes: readonly NodeState[], role: NodeState['role']): readonly NodeState[] {
  return nodes.filter((state) => state.role === role)
}

/** The hosts of nodes. */
export function named(nodes: readonly { readonly node: string }[]): string {
  const hosts = nodes.map(({ node }) => hostOf(node))
  const rest = hosts.length - MOST_NAMED
  return hosts.slice(0, MOST_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
