import type { ClusterWords } from './cluster-words.ts'
import { condition, type VaultCondition } from './findings.ts'
import type { SealMemory } from './memory.ts'
import type { NodeState, SealState, UnseenNode } from './node-state.ts'

/** How long a node may be sealed that unseals itself, until that counts as failed: a start takes some seconds. */
const SELF_UNSEAL_MS = 120_000

type Sealed = Readonly<Record<string, SealMemory>>

/** What the next look has to know of sealed nodes. One that is not seen keeps its entry. */
export function rememberSealed(
  nodes: readonly NodeState[],
  unseen: readonly UnseenNode[],
  before: Sealed,
  now: Date,
): Sealed {
  const kept = unseen.flatMap(({ node }): readonly [string, SealMemory][] => {
    const memory = before[node]
    return memory === undefined ? [] : [[node, memory]]
  })
  const current = nodes.map(({ node, seal }): readonly [string, SealMemory] => {
    const { since = now.toISOString(), progress = 0, failed = false } = before[node] ?? {}
    // A time in the future is of a clock that was set back since.
    const past = Date.parse(since) > now.getTime() ? now.toISOString() : since
    if (seal === undefined) return [node, { since: past, progress, failed }]
    // Key shares that were complete and right would have unsealed the node.
    const isLost = !isAutomatic(seal) && progress > 0 && seal.progress === 0
    return [node, { since: past, progress: seal.progress, failed: failed || isLost }]
  })
  return Object.fromEntries([...kept, ...current])
}

/** The condition of sealed nodes, and that of those whose unsealing failed. */
export function sealConditions(
  nodes: readonly NodeState[],
  sealed: Sealed,
  { about, share, leads }: ClusterWords,
  now: Date,
): readonly VaultCondition[] {
  if (nodes.length === 0) return []
  const since = nodes.map(({ node }) => sealed[node]?.since ?? now.toISOString()).sort()
  const all = condition('sealed', {
    ...about(nodes),
    sealed_at: since[0] ?? now.toISOString(),
    auto_unseal_attempted: nodes.some(({ seal }) => isAutomatic(seal)),
    impact: `${share(nodes, 'sealed')}. ${leads}`,
    recommended_actions: [
      'Look in the log of the node for why it is sealed, or was started.',
      'Unseal it with "vault operator unseal", at its own address.',
    ],
  })
  const stuck = nodes.filter(({ node, seal }) => {
    const memory = sealed[node]
    if (memory === undefined) return false
    return memory.failed || (isAutomatic(seal) && now.getTime() - Date.parse(memory.since) >= SELF_UNSEAL_MS)
  })
  return stuck.length === 0 ? [all] : [all, unsealCondition(stuck, { about, share, leads })]
}

function unsealCondition(stuck: readonly NodeState[], { about, share, leads }: ClusterWords): VaultCondition {
  const services = [
    ...new Set(stuck.flatMap(({ seal }) => (seal && isAutomatic(seal) ? [seal.type.slice(0, 50)] : []))),
  ]
  const why =
    services.length > 0
      ? 'Their key service did not unseal them.'
      : 'Key shares were given, and were refused or taken back.'
  return condition('unseal', {
    ...about(stuck),
    auto_unseal_attempted: services.length > 0,
    ...(services.length > 0
      ? { auto_unseal_error: `Not unsealed by ${services.join(', ')} within ${SELF_UNSEAL_MS / 1000} s.` }
      : {}),
    impact: `${share(stuck, 'still sealed')}. ${why} ${leads}`,
    recommended_actions: [
      services.length > 0
        ? 'Check that the node reaches its key service, and what the service logs.'
        : 'Give the key shares again, from the beginning: "vault operator unseal -reset".',
    ],
  })
}

/** True where a key service unseals the node, and not people with key shares. */
function isAutomatic(seal: SealState | undefined): boolean {
  return seal !== undefined && seal.type !== 'shamir'
}
