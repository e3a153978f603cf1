import { z } from 'zod'
import { duration, flag, listOf, oneOf, readAs, strict, text } from './config-parts.ts'
import type { VaultDefinition } from './vault-definition.ts'
import { atLeast, COMMON, commonOf, SHORTEST_INTERVAL } from './watched-parts.ts'

/** Seconds between two looks at a Vault cluster: a sealed one has to be known within half a minute. */
export const VAULT_INTERVAL = 15
const LONGEST_INTERVAL = 30
const INTERVAL_EXPECTED = `a duration from ${SHORTEST_INTERVAL} to ${LONGEST_INTERVAL} seconds, such as ${VAULT_INTERVAL}s`
const EXPIRES_WITHIN = 7 * 86_400

const MOST_NODES = 20
const MOST_PLACES = 50
const PATH = /^(?!\.)[\w.-]+(?:\/(?!\.)[\w.-]+)*$/
const SERVER = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):(\d{1,5})$/

const node = readAs(originOf, 'the address of one node, such as https://vault-0.internal:8200')
const path = text(200).regex(PATH, { error: 'a path without slashes at its ends, such as pki or pki/issuer/claims' })
const server = readAs(serverOf, 'a host and a port, such as claims.internal:443')
const device = text(200)
  .regex(/^[\w./-]+$/, { error: 'the path of an audit device, such as file/' })
  .transform((given) => `${given.replace(/\/+$/, '')}/`)

function several<V extends z.ZodType>(item: V, most: number, what: string) {
  const error = `at most ${most} ${what}, each once`
  return listOf(item, `a list of ${what}`)
    .max(most, { error })
    .refine((given) => new Set(given).size === given.length, { error })
}

/** The schema of a source of the kind `vault`. */
export const vaultSchema = strict({
  kind: z.literal('vault'),
  ...COMMON,
  interval: atLeast(SHORTEST_INTERVAL, `${VAULT_INTERVAL}s`)
    .refine((given) => given <= LONGEST_INTERVAL, { error: INTERVAL_EXPECTED })
    .default(VAULT_INTERVAL),
  nodes: several(node, MOST_NODES, 'addresses of nodes'),
  tls: oneOf(['verify', 'unverified']).default('verify'),
  ca_file: text(1_000).optional(),
  audit: flag.default(true),
  audit_devices: several(device, MOST_NODES, 'paths of audit devices').optional(),
  metrics: flag.default(true),
  pki: several(path, MOST_PLACES, 'PKI mounts or issuers').default([]),
  certificates: several(server, MOST_PLACES, 'hosts with a port').default([]),
  expires_within: duration.default(EXPIRES_WITHIN),
})

/** The definition of a checked source. */
export function vaultDefinition(name: string, source: z.output<typeof vaultSchema>): VaultDefinition {
  return {
    ...commonOf(name, source),
    kind: source.kind,
    nodes: source.nodes,
    tls: source.tls,
    caFile: source.ca_file,
    audit: source.audit,
    auditDevices: source.audit_devices,
    metrics: source.metrics,
    pki: source.pki,
    certificates: source.certificates,
    expiresWithinMs: source.expires_within * 1000,
  }
}

/** The address of a node, without a path; undefined where it has more, such as a password. */
function originOf(written: string): string | undefined {
  const url = URL.parse(written.trim())
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined
  const isPlain =
    url.username === '' && url.password === '' && url.pathname === '/' && url.search === '' && url.hash === ''
  return isPlain ? url.origin : undefined
}

function serverOf(written: string): string | undefined {
  const port = Number(SERVER.exec(written.trim())?.[1])
  return port >= 1 && port <= 65_535 ? written.trim().toLowerCase() : undefined
}
