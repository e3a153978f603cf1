import { describe, expect, it } from 'vitest'
import { viewCluster } from './cluster.ts'
import type { ClusterState, NodeRole, NodeState, SealState } from './node-state.ts'

const NOW = new Date('2026-11-30T10:00:00Z')
const addressOf = (index: number) => `https://vault-${index}.internal:8200`

/** A cluster by the roles of its nodes; `gone` is one that is not seen, and a list has the heartbeat of a standby or the seal. */
function cluster(...nodes: readonly ('gone' | NodeRole | readonly [NodeRole, boolean | SealState])[]): ClusterState {
  const seen: NodeState[] = []
  const unseen: ClusterState['unseen'][number][] = []
  for (const [index, given] of nodes.entries()) {
    const node = addressOf(index)
    if (given === 'gone') {
      unseen.push({ node, code: 'not_reached' })
      continue
    }
    const [role, more] = typeof given === 'string' ? [given, undefined] : given
    seen.push({
      node,
      role,
      heartbeat: typeof more === 'boolean' ? more : undefined,
      seal: typeof more === 'object' ? more : undefined,
      clusterId: undefined,
      version: '1.21.1',
    })
  }
  return { seen, unseen }
}

const shamir = (progress: number): readonly [NodeRole, SealState] => [
  'sealed',
  { type: 'shamir', progress, threshold: 3 },
]
const AWS: readonly [NodeRole, SealState] = ['sealed', { type: 'awskms', progress: 0, threshold: 3 }]

const found = (state: ClusterState) =>
  viewCluster(state, {}, NOW).conditions.map(({ finding, says }) => `${finding} ${String(says.data.node)}`)
const unknown = (state: ClusterState) => [...viewCluster(state, {}, NOW).unknown].sort()

describe('a cluster', () => {
  it.each([
    ['one active node', cluster('active')],
    [
      'an active node, a standby of an older server and a performance standby',
      cluster('active', 'standby', 'performance_standby'),
    ],
    ['a standby that reaches an active node which is not in the configuration', cluster(['standby', true])],
  ])('is well: %s', (_, state) => {
    expect(found(state)).toEqual([])
    expect(unknown(state)).toEqual([])
  })

  it('has one condition for a matter, however many nodes have it', () => {
    const state = cluster(shamir(0), shamir(0), 'active', 'removed', 'uninitialized', ['standby', false], 'gone')
    expect(found(state)).toEqual([
      'sealed vault-0.internal:8200, vault-1.internal:8200',
      'removed vault-3.internal:8200',
      'uninitialized vault-4.internal:8200',
      'heartbeat vault-5.internal:8200',
      'unreachable vault-6.internal:8200',
    ])
    const [sealed] = viewCluster(state, {}, NOW).conditions
    expect(sealed?.says.data.impact).toBe('2 of 7 nodes are sealed. vault-2.internal:8200 is active.')
  })

  it.each([
    ['no standby is active', cluster('standby', 'standby'), 'missing'],
    ['standbys that have lost the active node, which is not seen', cluster(['standby', false], 'gone'), 'missing'],
    ['a standby of an older server, and a node that is not seen', cluster('standby', 'gone'), 'unknown'],
    ['only sealed nodes', cluster(shamir(0), shamir(0)), 'unknown'],
    ['a standby that reaches the active node, which is not seen', cluster(['standby', true], 'gone'), 'there'],
  ])('has a leader or not: %s', (_, state, expected) => {
    const isMissing = found(state).some((text) => text.startsWith('leader'))
    expect(isMissing ? 'missing' : unknown(state).includes('leader') ? 'unknown' : 'there').toBe(expected)
  })

  it('does not report each standby without a leader', () => {
    expect(found(cluster(['standby', false], ['standby', false]))).toEqual([
      'leader vault-0.internal:8200, vault-1.internal:8200',
    ])
  })

  it('says nothing of what was found at a node that is not seen', () => {
    expect(unknown(cluster('active', 'gone'))).toEqual(['heartbeat', 'removed', 'sealed', 'uninitialized', 'unseal'])
    expect(unknown(cluster('active', shamir(0), 'gone'))).not.toContain('sealed')
  })

  it('is CRITICAL where no node is initialized', () => {
    const priorities = (state: ClusterState) => viewCluster(state, {}, NOW).conditions.map(({ says }) => says.priority)
    expect(priorities(cluster('uninitialized', 'uninitialized'))).toEqual(['CRITICAL'])
    expect(priorities(cluster('uninitialized', 'active'))).toEqual([undefined])
  })
})

describe('a failed unsealing', () => {
  const looks = (...states: readonly (readonly [ClusterState, seconds: number])[]) => {
    let sealed = {}
    return states.map(([state, seconds]) => {
      const view = viewCluster(state, sealed, new Date(NOW.getTime() + seconds * 1000))
      sealed = view.sealed
      return view.conditions.some(({ finding }) => finding === 'unseal')
    })
  }

  it('is one after which the count of key shares begins anew, until the node is unsealed', () => {
    const given = looks(
      [cluster(shamir(0)), 0],
      [cluster(shamir(2)), 15],
      [cluster(shamir(0)), 30],
      [cluster(shamir(1)), 45],
    )
    expect(given).toEqual([false, false, true, true])
    expect(looks([cluster(shamir(2)), 0], [cluster('active'), 15], [cluster(shamir(0)), 30])).toEqual([
      false,
      false,
      false,
    ])
  })

  it('is forgotten neither while the node is not seen, nor where it does not say how it is unsealed', () => {
    expect(looks([cluster(shamir(2)), 0], [cluster('gone'), 15], [cluster(shamir(0)), 30])).toEqual([
      false,
      false,
      true,
    ])
    expect(looks([cluster(shamir(2)), 0], [cluster('sealed'), 15], [cluster(shamir(0)), 30])).toEqual([
      false,
      false,
      true,
    ])
  })

  it('is one of a node that unseals itself, once it is sealed for two minutes', () => {
    expect(looks([cluster(AWS), 0], [cluster(AWS), 119], [cluster(AWS), 120])).toEqual([false, false, true])
    // The clock was set back: the time begins anew.
    expect(looks([cluster(AWS), 0], [cluster(AWS), -600], [cluster(AWS), -500], [cluster(AWS), -480])).toEqual([
      false,
      false,
      false,
      true,
    ])
  })
})
