import type { VaultDefinition } from '../../catalogue/vault-definition.ts'
import type { SourceCode } from '../../contract/sources.ts'
import type { Secret } from '../../kernel/secret.ts'
import { SourceProblem } from '../source.ts'
import { deviceConditions, failureConditions, readDevices, readFailures } from './audit.ts'
import { inRole, wordsFor } from './cluster-words.ts'
import { condition, type FindingName, type VaultCondition } from './findings.ts'
import type { NodeClient } from './http.ts'
import type { VaultMemory } from './memory.ts'
import type { ClusterState } from './node-state.ts'
import { type Probe, probe, renewWhenDue, type TokenState, tokenConditions } from './token.ts'

type AuditMemory = Pick<VaultMemory, 'devices' | 'failures' | 'failedAt'>

/** What requests with the source's token show. */
export interface ServingView {
  readonly conditions: readonly VaultCondition[]
  /** Findings about which the look says nothing. */
  readonly unknown: readonly FindingName[]
  /** Why something was not seen that should be. */
  readonly code?: SourceCode | undefined
  /** What changed for the next look. */
  readonly memory?: Partial<AuditMemory>
}

/** The findings that need the token. */
export const WITH_TOKEN = ['requests', 'audit_device', 'audit_failures', 'token'] as const satisfies FindingName[]

/** What a look with the token needs. */
export interface ServingParts {
  readonly client: NodeClient
  readonly definition: Pick<VaultDefinition, 'audit' | 'auditDevices' | 'metrics'>
  readonly token: Secret
  readonly now: Date
}

interface Probed {
  readonly node: string
  readonly probe: Probe
}

/** Asks the nodes that serve requests, with the source's token: whether they answer, and what the audit devices do. */
export async function lookAtServing(
  state: ClusterState,
  before: AuditMemory,
  parts: ServingParts,
): Promise<ServingView> {
  const { client, token } = parts
  const serving = [...inRole(state.seen, 'active'), ...inRole(state.seen, 'performance_standby')]
  const probes = await Promise.all(
    serving.map(async ({ node }): Promise<Probed> => ({ node, probe: await probe(client, node, token) })),
  )
  const answered = probes.flatMap((probed) =>
    probed.probe.kind === 'answered' ? [{ node: probed.node, token: probed.probe.token }] : [],
  )
  const requests = requestsView(state, probes)
  const [first] = answered
  if (first === undefined) {
    const others = WITH_TOKEN.filter((finding) => finding !== 'requests')
    return { ...requests, unknown: [...requests.unknown, ...others] }
  }
  const views = await Promise.all([
    tokenView(state, first, parts),
    devicesView(state, first.node, before, parts),
    failuresView(
      state,
      answered.map(({ node }) => node),
      before,
      parts,
    ),
  ])
  return [requests, ...views].reduce((all, view) => ({
    conditions: [...all.conditions, ...view.conditions],
    unknown: [...all.unknown, ...view.unknown],
    code: all.code ?? view.code,
    memory: { ...all.memory, ...view.memory },
  }))
}

function requestsView(state: ClusterState, probes: readonly Probed[]): ServingView {
  const stuck = probes.flatMap(({ node, probe: { kind, ...rest } }) =>
    kind === 'stuck' && 'how' in rest ? [{ node, how: rest.how }] : [],
  )
  const code = probes.flatMap(({ probe: result }) => (result.kind === 'refused' ? [result.code] : []))[0]
  if (stuck.length > 0) {
    const { about, share } = wordsFor(state)
    const how = [...new Set(stuck.map((node) => node.how))].join(', ')
    const data = {
      ...about(stuck),
      impact: `${share(stuck, 'healthy and serves no requests')}: they ${how}. Usually an audit device blocks, or can not write.`,
      recommended_actions: [
        'Look at the audit devices of the node: a full disk, a socket or a pipe that nobody reads.',
        'The log of the node names the device and its error.',
      ],
    }
    return { conditions: [condition('requests', data)], unknown: [], code }
  }
  const isKnown = probes.length > 0 && probes.every(({ probe: { kind } }) => kind !== 'changed')
  return { conditions: [], unknown: isKnown ? [] : ['requests'], code }
}

async function tokenView(
  state: ClusterState,
  { node, token: found }: { readonly node: string; readonly token: TokenState },
  { client, token }: ServingParts,
): Promise<ServingView> {
  const renewed = await renewWhenDue(client, node, token, found)
  return { conditions: tokenConditions(renewed.state, renewed.problem, wordsFor(state).about([{ node }])), unknown: [] }
}

async function devicesView(
  state: ClusterState,
  node: string,
  before: AuditMemory,
  { client, token, definition }: ServingParts,
): Promise<ServingView> {
  if (!definition.audit) return { conditions: [], unknown: [] }
  const listed = await attempt(() => readDevices(client, node, token))
  if ('code' in listed) return { conditions: [], unknown: ['audit_device'], code: listed.code }
  const about = wordsFor(state).about([{ node }])
  const { auditDevices: expected } = definition
  const view = deviceConditions(listed.value, { expected, before: before.devices, about })
  return { conditions: view.conditions, unknown: [], memory: { devices: view.devices } }
}

async function failuresView(
  state: ClusterState,
  nodes: readonly string[],
  before: AuditMemory,
  { client, token, definition, now }: ServingParts,
): Promise<ServingView> {
  if (!definition.metrics) return { conditions: [], unknown: [] }
  const read = await Promise.all(
    nodes.map(async (node) => ({ node, ...(await attempt(() => readFailures(client, node, token))) })),
  )
  const counts = Object.fromEntries(read.flatMap((result) => ('value' in result ? [[result.node, result.value]] : [])))
  const code = read.flatMap((result) => ('code' in result ? [result.code] : []))[0]
  const { conditions, ...memory } = failureConditions(
    counts,
    before,
    now,
    wordsFor(state).about(nodes.map((node) => ({ node }))),
  )
  return { conditions, unknown: code !== undefined && conditions.length === 0 ? ['audit_failures'] : [], code, memory }
}

async function attempt<T>(read: () => Promise<T>): Promise<{ readonly value: T } | { readonly code: SourceCode }> {
  try {
    return { value: await read() }
  } catch (error) {
    if (error instanceof SourceProblem) return { code: error.code }
    throw error
  }
}
