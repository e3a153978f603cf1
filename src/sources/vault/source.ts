import type { VaultDefinition } from '../../catalogue/vault-definition.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { createAuthority } from '../authority.ts'
import type { Finding } from '../findings.ts'
import { type Look, poll } from '../poll.ts'
import type { Source, SourceParts } from '../source.ts'
import { createCertificateWatch } from './certificates.ts'
import { checkVault } from './check.ts'
import { type ClusterView, viewCluster } from './cluster.ts'
import { inRole } from './cluster-words.ts'
import { expiryConditions, isUndecided } from './expiry.ts'
import { FINDING_NAMES, type FindingName, moreOf, overOf } from './findings.ts'
import { openNodes } from './http.ts'
import { readMemory, type VaultMemory, writeMemory } from './memory.ts'
import { readCluster } from './node-state.ts'
import { lookAtServing, type ServingView, WITH_TOKEN } from './serving.ts'

/** Findings that are told without any node. */
const OF_CERTIFICATES: readonly FindingName[] = ['certificate', 'certificate_expired', 'certificate_unseen']

/**
 * Watches a Vault cluster, every node by its own address: a load balancer hides the node that is sealed. With a token, also the audit
 * devices and the token itself; and certificates.
 */
export function createVaultSource(definition: VaultDefinition, { secret, clock }: SourceParts): Source {
  const { nodes, expiresWithinMs } = definition
  const readAuthority = createAuthority(definition.caFile)
  const watch = createCertificateWatch(definition, clock)

  async function look(signal: AbortSignal, written: JsonObject): Promise<Look> {
    const memory = readMemory(written)
    const client = await openNodes(definition, readAuthority, signal)
    try {
      const state = await readCluster(client, nodes)
      const now = clock.now()
      const token = secret()
      const parts = { client, definition, now }
      const [serving, certificates] = await Promise.all([
        token === undefined ? NOT_ASKED : lookAtServing(state, memory, { ...parts, token }),
        watch.look(client, inRole(state.seen, 'active')[0]?.node, signal),
      ])
      const cluster = state.seen.length > 0 ? viewCluster(state, memory.sealed, now) : hidden(memory)
      const expiry = expiryConditions(certificates, { now, withinMs: expiresWithinMs })
      const code = state.seen.length === 0 ? (state.unseen[0]?.code ?? 'failed') : serving.code
      return {
        conditions: [...cluster.conditions, ...serving.conditions, ...expiry],
        unknown: new Set([...cluster.unknown, ...serving.unknown]),
        undecided: isUndecided(certificates, now),
        absent: ({ finding }) => token === undefined && needsToken(finding),
        memory: writeMemory({ ...memory, ...serving.memory, sealed: cluster.sealed }),
        ...(code === undefined ? {} : { code }),
      }
    } finally {
      client.close()
    }
  }

  /** True for a finding that the source looks for, as it is configured. */
  function isWatched({ finding }: Finding): boolean {
    if (finding === 'audit_device' && !definition.audit) return false
    if (finding === 'audit_failures' && !definition.metrics) return false
    return secret() !== undefined || !needsToken(finding)
  }

  return {
    run: (context) =>
      poll(context, {
        ...definition,
        look,
        // Without one, the event says that it is not known whether the finding is over.
        over: (finding) => (isWatched(finding) ? overOf(finding) : undefined),
        more: moreOf,
      }),
    check: (signal) => checkVault({ definition, readAuthority, watch, token: secret(), clock }, signal),
  }
}

function needsToken(finding: string): boolean {
  return WITH_TOKEN.some((name) => name === finding)
}

/** Without a token: what was found with one is neither over nor looked at. */
const NOT_ASKED: ServingView = { conditions: [], unknown: [] }

/** No node was seen: nothing is known but certificates. */
function hidden({ sealed }: VaultMemory): ClusterView {
  return { conditions: [], unknown: FINDING_NAMES.filter((name) => !OF_CERTIFICATES.includes(name)), sealed }
}
