import type { VaultDefinition } from '../../src/catalogue/vault-definition.ts'
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { compareLook } from '../../src/sources/poll.ts'
import { createCertificateWatch } from '../../src/sources/vault/certificates.ts'
import { viewCluster } from '../../src/sources/vault/cluster.ts'
import { inRole } from '../../src/sources/vault/cluster-words.ts'
import { expiryConditions, isUndecided } from '../../src/sources/vault/expiry.ts'
import { moreOf, overOf } from '../../src/sources/vault/findings.ts'
import type { NodeClient } from '../../src/sources/vault/http.ts'
import { readMemory, writeMemory } from '../../src/sources/vault/memory.ts'
import { readCluster } from '../../src/sources/vault/node-state.ts'
import { lookAtServing } from '../../src/sources/vault/serving.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { holdPlain, holdSame, holdTaken } from '../properties/read-outside.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { createChecks } from './checks.ts'
import { definitionOf, NOW, watchedCatalogue } from './watched.ts'

const TOKEN = new Secret('hvs.made-up')
/** The answers of a node, each under the end of the path that it belongs to. */
const PATHS = ['health', 'seal-status', 'lookup-self', 'renew-self', 'audit', 'metrics', 'pem'] as const
const HEALTH = { initialized: true, sealed: false, standby: false, version: '1.19.0', cluster_id: 'c' }
const ACTIVE = {
  health: { status: 200, body: HEALTH },
  'seal-status': { status: 200, body: { type: 'shamir', progress: 0, t: 3 } },
  'lookup-self': { status: 200, body: { data: { ttl: 100, creation_ttl: 3_600, renewable: true } } },
  'renew-self': { status: 200, body: { auth: { lease_duration: 3_600, renewable: true } } },
  audit: { status: 200, body: { data: { 'file/': { type: 'file', path: 'file/' } } } },
  metrics: { status: 200, body: '# HELP a b\nvault_audit_log_request_failure 1\n' },
  pem: { status: 200, body: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' },
}
const STANDBY = {
  health: { status: 299, body: { ...HEALTH, standby: true, ha_connection_healthy: false } },
  'lookup-self': { status: 503, body: { errors: ['sealed'] } },
}
const SEALED = { ...ACTIVE, health: { status: 299, body: { ...HEALTH, sealed: true } } }
const STATUSES = [200, 204, 299, 307, 400, 403, 404, 429, 500, 503, 530]
const WORDS = [
  ...PATHS,
  ...['status', 'body', 'data', 'auth', 'ttl', 'period', 'expire_time', 'renewable', 'lease_duration', 'creation_ttl'],
  ...['initialized', 'sealed', 'standby', 'performance_standby', 'removed_from_cluster', 'ha_connection_healthy'],
  ...['last_request_forwarding_heartbeat_ms', 'cluster_id', 'version', 'type', 'progress', 't', 'errors', 'shamir'],
  ...['awskms', 'file/', 'invalid token', '\nvault_audit_log_response_failure{a="b"} 1e400\n', '# HELP', '1e400'],
]
/** Texts of the configuration and our own words, for each of fourteen findings or fifty devices. */
const MOST_CHARACTERS = 100_000

/** Answers of the nodes of a Vault cluster, in two looks one after the other. */
export const target: Target = {
  name: 'vault',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 8,
  maxSteps: (bytes) => 12_000 + 60 * bytes,
  seeds: () =>
    [
      [[ACTIVE, STANDBY]],
      [[SEALED, STANDBY], [{ ...SEALED, 'seal-status': { status: 200, body: { type: 'awskms', progress: 1, t: 3 } } }]],
      [[{ ...ACTIVE, metrics: { status: 200, body: '# \nvault_audit_log_response_failure{a="b"} 1e+400\n' } }]],
      [[ACTIVE, ACTIVE], [{ ...ACTIVE, audit: { status: 200, body: { data: {} } } }]],
    ].map((looks) => Buffer.from(JSON.stringify(looks))),
  mutate(input, other, random) {
    const looks = parsed(input)
    if (!Array.isArray(looks) || random.oneIn(2)) return mutateBody(input, other, random, WORDS)
    const changed = looks.map((nodes: Json) =>
      Array.isArray(nodes)
        ? nodes.map((node: Json) => withStatus(node, random.pick(PATHS), random.pick(STATUSES)))
        : nodes,
    )
    return Buffer.from(JSON.stringify(random.oneIn(3) ? [...changed, ...looks] : changed))
  },
  async open(): Promise<OpenTarget> {
    const catalogue = watchedCatalogue()
    const check = createChecks(catalogue)
    const definition = definitionOf(catalogue, 'vault')
    return {
      async run(bytes, thorough) {
        const given = parsed(bytes)
        const looks = Array.isArray(given) ? given.slice(0, 3) : [given]
        const seen = await lookAt(looks, definition)
        if (thorough) holdSame(seen, await lookAt(looks, definition), 'looked again')
        holdTaken(check, seen.events)
        return [...seen.events.map(({ eventType }) => eventType), ...seen.codes, 'looked']
      },
      async close() {},
    }
  },
}

function withStatus(node: Json, path: (typeof PATHS)[number], status: number): Json {
  if (!isObject(node)) return node
  const answer = node[path]
  return { ...(node as JsonObject), [path]: { ...(isObject(answer) ? (answer as JsonObject) : {}), status } }
}

/** Looks as the source does (`src/sources/vault/source.ts`), each time with other answers. */
async function lookAt(looks: readonly unknown[], definition: VaultDefinition) {
  const codes: string[] = []
  const events: ReturnType<typeof compareLook>['events'][number][] = []
  let findings: ReturnType<typeof compareLook>['findings'] = []
  let written: JsonObject = {}
  for (const [index, nodes] of looks.entries()) {
    const now = new Date(NOW.getTime() + index * 300_000)
    const client = clientOf(nodes, definition.nodes)
    const memory = readMemory(written)
    const state = await readCluster(client, definition.nodes)
    hold(state.seen.length + state.unseen.length === 2, 'same', () => 'a node is neither seen nor unseen')
    const serving = await lookAtServing(state, memory, { client, definition, token: TOKEN, now })
    const watch = createCertificateWatch(definition, { now: () => now, after: () => () => {} })
    const active = inRole(state.seen, 'active')[0]?.node
    const certificates = await watch.look(client, active, new AbortController().signal)
    const cluster = viewCluster(state, memory.sealed, now)
    const expiry = expiryConditions(certificates, { now, withinMs: definition.expiresWithinMs })
    const conditions = [...cluster.conditions, ...serving.conditions, ...expiry]
    holdPlain(conditions, MOST_CHARACTERS, 'the conditions')
    written = writeMemory({ ...memory, ...serving.memory, sealed: cluster.sealed })
    holdPlain(written, MOST_CHARACTERS, 'the memory')
    holdSame(written, writeMemory(readMemory(written)), 'a memory that was written')
    const unknown = new Set([...cluster.unknown, ...serving.unknown])
    const limits = { unknown, undecided: isUndecided(certificates, now) }
    const options = { ...definition, openAfterMs: 0, closeAfterMs: 0, over: overOf, more: moreOf }
    const compared = compareLook(findings, { conditions, ...limits }, now, options)
    findings = compared.findings
    events.push(...compared.events)
    codes.push(...state.unseen.map(({ code }) => code), ...(serving.code === undefined ? [] : [serving.code]))
  }
  return { events, codes: [...new Set(codes)] }
}

/** A client whose nodes answer as the input says; a node without an answer serves none. */
function clientOf(nodes: unknown, names: readonly string[]): NodeClient {
  return {
    async ask(node, path) {
      const answers: unknown = Array.isArray(nodes) ? nodes[names.indexOf(node)] : undefined
      const name = PATHS.find((known) => path.split('?')[0]?.endsWith(known))
      const answer = isObject(answers) && name !== undefined ? answers[name] : undefined
      const { status, body } = isObject(answer) ? answer : { status: 404, body: '' }
      return {
        status: typeof status === 'number' ? status : 200,
        text: typeof body === 'string' ? body : (JSON.stringify(body) ?? ''),
      }
    },
    close() {},
  }
}
