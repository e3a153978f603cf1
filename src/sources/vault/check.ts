import type { VaultDefinition } from '../../catalogue/vault-definition.ts'
import { SOURCE_CODES, type SourceCode } from '../../contract/sources.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { ReadAuthority } from '../authority.ts'
import { type SourceCheck, SourceProblem } from '../source.ts'
import { readDevices, readFailures } from './audit.ts'
import type { CertificateWatch } from './certificates.ts'
import { inRole } from './cluster-words.ts'
import { type NodeClient, openNodes } from './http.ts'
import { hostOf, type NodeState, readCluster } from './node-state.ts'
import { probe, spanOf } from './token.ts'

/** What a check needs. */
export interface CheckParts {
  readonly definition: VaultDefinition
  readonly readAuthority: ReadAuthority
  readonly watch: CertificateWatch
  readonly token: Secret | undefined
  readonly clock: Clock
}

/** Tries every node, what needs the token, and every certificate. Renews no token. Does not throw. */
export async function checkVault(parts: CheckParts, signal: AbortSignal): Promise<readonly SourceCheck[]> {
  const { definition, readAuthority, watch, clock } = parts
  let client: NodeClient | undefined
  try {
    client = await openNodes(definition, readAuthority, signal)
    const { seen, unseen } = await readCluster(client, definition.nodes)
    const active = inRole(seen, 'active')[0]?.node
    const [withToken, certificates] = await Promise.all([
      checkToken(client, active, parts),
      watch.look(client, active, signal),
    ])
    return [
      ...seen.map((state): SourceCheck => ({ what: 'node', ok: true, found: described(state) })),
      ...unseen.map(({ node, code }) => failed('node', code, hostOf(node))),
      ...withToken,
      ...certificates.flatMap(({ name, certificate, code }) => {
        if (code !== undefined) return [failed('certificate', code, name)]
        if (certificate === undefined) return []
        const left = (certificate.expires.getTime() - clock.now().getTime()) / 1000
        const when = left > 0 ? `expires in ${spanOf(left)}` : 'has expired'
        return [{ what: 'certificate', ok: true, found: `${name}: ${certificate.subject}, ${when}` }]
      }),
    ]
  } catch (error) {
    return [failed('nodes', error instanceof SourceProblem ? error.code : 'failed')]
  } finally {
    client?.close()
  }
}

async function checkToken(
  client: NodeClient,
  active: string | undefined,
  { token, definition }: CheckParts,
): Promise<readonly SourceCheck[]> {
  if (token === undefined) {
    const found = 'none: audit devices, ordinary requests and the life of the token are not watched'
    return [{ what: 'token', ok: true, found }]
  }
  if (active === undefined) return [failed('token', 'no_answer', 'no active node')]
  const result = await probe(client, active, token)
  if (result.kind === 'refused') return [failed('token', result.code)]
  if (result.kind !== 'answered')
    return [failed('token', 'no_answer', result.kind === 'stuck' ? `requests ${result.how}` : hostOf(active))]
  const { seconds, renewable } = result.token
  const life = seconds === undefined ? 'does not expire' : `expires in ${spanOf(seconds)}`
  const checks: SourceCheck[] = [
    { what: 'token', ok: true, found: `${life}, ${renewable ? 'and is renewed' : 'and can not be renewed'}` },
  ]
  if (definition.audit)
    checks.push(
      await tried('sys/audit', async () => {
        const devices = Object.keys(await readDevices(client, active, token))
        return devices.length === 0 ? 'no audit device is enabled' : `audit devices: ${devices.slice(0, 10).join(', ')}`
      }),
    )
  if (definition.metrics)
    checks.push(
      await tried('sys/metrics', async () => {
        const count = await readFailures(client, active, token)
        return `${count} requests and answers not recorded since the node started`
      }),
    )
  return checks
}

function described({ node, role, version, heartbeat }: NodeState): string {
  const isStandby = role === 'standby' || role === 'performance_standby'
  const silent = isStandby && heartbeat === undefined ? ', and does not say whether it reaches the active node' : ''
  return `${hostOf(node)} is ${role.replace('_', ' ')}, Vault ${version}${silent}`
}

async function tried(what: string, run: () => Promise<string>): Promise<SourceCheck> {
  try {
    return { what, ok: true, found: await run() }
  } catch (error) {
    return failed(what, error instanceof SourceProblem ? error.code : 'failed')
  }
}

function failed(what: string, code: SourceCode, about?: string): SourceCheck {
  const { means } = SOURCE_CODES[code]
  return { what, ok: false, found: about === undefined ? means : `${about}: ${means}`, code }
}
