import '../kernel/require-node.ts'

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type Answer, DENIED, INVALID_TOKEN, NOT_ALLOWED, refuse } from './vault/answers.ts'
import { type AuditState, createVaultAudit, NOT_RECORDED } from './vault/audit.ts'
import { createVaultNode, type VaultRole } from './vault/node.ts'
import { allows, DEFAULT_POLICY, type PolicyRule, ROOT_POLICY, readPolicy } from './vault/policies.ts'

/**
 * A stand-in for a node of HashiCorp Vault, over real HTTP: logins, token renewal, KV version 2, health, seal, audit devices,
 * certificates of PKI mounts, as far as the gateway uses them, with their faults. Several of them are a cluster.
 */
export interface VaultStandIn {
  readonly url: string
  /** All requests so far, for example `GET secret/data/teams/webhooks`, for tests to count. */
  readonly requests: readonly string[]
  /** Writes a new version, like `vault kv put`, without fields of the previous version. */
  put(path: string, fields: Readonly<Record<string, unknown>>): void
  /** Deletes the newest version, like `vault kv delete`; its metadata remain. */
  delete(path: string): void
  /** Sets the paths that a policy lets tokens read: API paths (`secret/data/teams/webhooks`), or prefixes with a star. */
  policy(name: string, paths: readonly string[]): void
  /** Sets a policy as `vault policy write` takes it: `path "…" { capabilities = […] }`. */
  writePolicy(name: string, hcl: string): void
  /** Makes a token. It expires after `ttl` seconds, or never without; renewals extend it up to `maxTtl`. */
  createToken(options?: TokenOptions): string
  appRole(options: TokenOptions & { readonly roleId: string; readonly secretId: string; readonly uses?: number }): void
  kubernetesRole(options: TokenOptions & { readonly role: string; readonly jwt: string }): void
  /** Revokes all tokens. */
  revokeAll(): void
  /** Refuses renewals of tokens, or no longer. */
  refuseRenewals(refused: boolean): void
  /** Seals it: with `shamir` people give key shares, with another type (`awskms`, `transit` …) it unseals itself. */
  seal(type?: string): void
  unseal(): void
  /** Gives one of the three key shares that unseal it. With a wrong one among them it stays sealed, and counts anew. */
  giveKeyShare(isRight: boolean): void
  /** Sets what the node is; `active` at first. */
  become(role: VaultRole): void
  enableAudit(path: string, type?: string): void
  disableAudit(path: string): void
  /** Sets whether the enabled audit devices work. */
  setAudit(state: AuditState): void
  /** Sets whether `sys/metrics` has figures for Prometheus. */
  setMetrics(enabled: boolean): void
  /** Sets the certificate of an authority, in PEM, at a path such as `pki` or `pki/issuer/claims`. */
  putCertificate(path: string, pem: string): void
  /** Leaves all further requests without an answer; resolves when the first of them arrives. */
  hang(): Promise<void>
  /** Stops listening and closes connections; secrets, roles and tokens remain. */
  stop(): Promise<void>
  /** Listens again, on the same port. */
  start(): Promise<void>
}

/** Properties of a token, made directly or by a login. */
export interface TokenOptions {
  /** `root` if absent. Every token has the policy `default` too, */
  readonly policies?: readonly string[]
  /** unless this is true. */
  readonly noDefaultPolicy?: boolean
  readonly ttl?: number
  readonly maxTtl?: number
  readonly renewable?: boolean
}

interface Token extends TokenOptions {
  readonly madeAt: number
  endsAt: number
}

const KV1_WARNING =
  "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation."

/** Options of {@link startVault}. */
export interface VaultOptions {
  /** Clock by which tokens expire. */
  readonly now?: () => Date
  /** The only namespace; none if absent. */
  readonly namespace?: string
  /** A server before Vault 1.19, which does not say whether a node was removed or reaches the active one. */
  readonly older?: boolean
  /** Certificate and key in PEM; without TLS if absent. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** Starts the stand-in on a free port of 127.0.0.1, with KV version 2 mounted at `secret`. */
export async function startVault(options: VaultOptions = {}): Promise<VaultStandIn> {
  const now = () => (options.now?.() ?? new Date()).getTime()
  const versions = new Map<string, { fields: Readonly<Record<string, unknown>>; deletedAt: string }[]>()
  const policies = new Map<string, readonly PolicyRule[]>([['root', ROOT_POLICY]])
  const tokens = new Map<string, Token>()
  const appRoles = new Map<string, TokenOptions & { secretId: string; usesLeft: number }>()
  const kubernetesRoles = new Map<string, TokenOptions & { jwt: string }>()
  const requests: string[] = []
  const certificates = new Map<string, string>()
  const node = createVaultNode({ older: options.older ?? false, now })
  const audit = createVaultAudit()
  let renewalsRefused = false
  let onHanging: (() => void) | undefined

  function makeToken(given: TokenOptions): string {
    const token = `hvs.${randomUUID().replaceAll('-', '')}`
    tokens.set(token, { ...given, madeAt: now(), endsAt: now() + (given.ttl ?? Number.POSITIVE_INFINITY) * 1000 })
    return token
  }

  function authOf(token: string): Answer {
    const { endsAt = 0, renewable = false, policies: names = ['root'] } = tokens.get(token) ?? {}
    const lease = Number.isFinite(endsAt) ? Math.round((endsAt - now()) / 1000) : 0
    const auth = { client_token: token, lease_duration: lease, renewable, policies: names, token_type: 'service' }
    return { status: 200, body: { request_id: randomUUID(), data: null, warnings: null, auth } }
  }

  function login(method: string, body: Record<string, unknown>): Answer | undefined {
    if (method === 'approle') {
      const role = appRoles.get(String(body.role_id))
      if (!role || role.secretId !== body.secret_id || role.usesLeft === 0)
        return refuse(400, 'invalid role or secret ID')
      role.usesLeft -= 1
      return authOf(makeToken(role))
    }
    if (method === 'kubernetes') {
      const role = kubernetesRoles.get(String(body.role))
      if (!role) return refuse(400, `invalid role name "${String(body.role)}"`)
      return role.jwt === body.jwt ? authOf(makeToken(role)) : DENIED
    }
    return undefined
  }

  function lookupSelf(token: Token): Answer {
    const expires = Number.isFinite(token.endsAt)
    const ttl = expires ? Math.round((token.endsAt - now()) / 1000) : 0
    const data = {
      ttl,
      creation_ttl: token.ttl ?? 0,
      expire_time: expires ? new Date(token.endsAt).toISOString() : null,
      renewable: token.renewable ?? false,
      policies: token.policies,
    }
    return { status: 200, body: { data } }
  }

  function renewSelf(id: string, token: Token): Answer {
    if (renewalsRefused) return NOT_ALLOWED
    if (!token.renewable) return refuse(400, 'lease is not renewable')
    const latestEnd = token.madeAt + (token.maxTtl ?? Number.POSITIVE_INFINITY) * 1000
    token.endsAt = Math.min(now() + (token.ttl ?? 0) * 1000, latestEnd)
    return authOf(id)
  }

  function rulesOf(token: Token): readonly PolicyRule[] {
    const named = (token.policies ?? ['root']).flatMap((name) => policies.get(name) ?? [])
    return token.noDefaultPolicy ? named : [...named, ...DEFAULT_POLICY]
  }

  function readSecret(path: string): Answer {
    const found = versions.get(path)
    const newest = found?.at(-1)
    if (!found || !newest) return refuse(404)
    const metadata = { version: found.length, deletion_time: newest.deletedAt, destroyed: false }
    return newest.deletedAt
      ? { status: 404, body: { data: { data: null, metadata } } }
      : { status: 200, body: { request_id: randomUUID(), data: { data: newest.fields, metadata }, auth: null } }
  }

  function answer(
    method: string,
    path: string,
    headers: IncomingMessage['headers'],
    body: string,
    query: URLSearchParams,
  ): Answer {
    const inNamespace = (headers['x-vault-namespace'] ?? '') === (options.namespace ?? '')
    const auth = /^auth\/(approle|kubernetes)\/login$/.exec(path)?.[1]
    if (auth && method === 'POST')
      return (inNamespace && login(auth, JSON.parse(body))) || refuse(404, `no handler for route "${path}".`)
    const pem = method === 'GET' ? certificates.get(path) : undefined
    if (pem !== undefined) return { status: 200, body: pem }
    const id = String(headers['x-vault-token'] ?? '')
    const token = tokens.get(id)
    if (id === '' || !inNamespace) return DENIED
    if (!token || token.endsAt <= now()) return INVALID_TOKEN
    if (!allows(rulesOf(token), method, path)) return NOT_ALLOWED
    if (path === 'auth/token/lookup-self' && method === 'GET') return lookupSelf(token)
    if (path === 'auth/token/renew-self' && method === 'POST') return renewSelf(id, token)
    if (method !== 'GET') return refuse(405, 'unsupported operation')
    if (path === 'sys/audit') return audit.list()
    if (path === 'sys/metrics') return audit.metrics(query)
    if (path.startsWith('secret/data/')) return readSecret(`secret/${path.slice('secret/data/'.length)}`)
    if (path.startsWith('secret/')) return { status: 404, body: { data: null, warnings: [KV1_WARNING], auth: null } }
    return refuse(404, `no handler for route "${path}". route entry not found.`)
  }

  /** Answers a request, as far as the node can; undefined for one that hangs. */
  function answerAs(request: IncomingMessage, url: URL, path: string, body: string): Answer | undefined {
    // These two are not recorded, and need no token.
    if (path === 'sys/health') return node.health(url.searchParams)
    if (path === 'sys/seal-status') return node.sealStatus()
    if (node.isSealed()) return refuse(503, 'Vault is sealed')
    const recorded = audit.record()
    if (recorded === 'hang') return undefined
    if (recorded === 'refuse') return NOT_RECORDED
    return answer(request.method ?? 'GET', path, request.headers, body, url.searchParams)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const url = new URL(request.url ?? '/', 'http://vault')
    const path = decodeURIComponent(url.pathname).replace(/^\/v1\//, '')
    requests.push(`${request.method} ${path}`)
    if (onHanging) return onHanging()
    const given = answerAs(request, url, path, body || '{}')
    if (given === undefined) return
    const isText = typeof given.body === 'string'
    response
      .writeHead(given.status, { 'content-type': isText ? 'text/plain' : 'application/json' })
      .end(isText ? given.body : JSON.stringify(given.body))
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch(() => response.destroy())
  }
  const server = options.tls === undefined ? createServer(onRequest) : createTlsServer(options.tls, onRequest)
  let port = 0
  async function start(): Promise<void> {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const address = server.address()
    if (address !== null && typeof address === 'object') port = address.port
  }
  await start()

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    put(path, fields) {
      versions.set(path, [...(versions.get(path) ?? []), { fields, deletedAt: '' }])
    },
    delete(path) {
      const newest = versions.get(path)?.at(-1)
      if (newest) newest.deletedAt = new Date(now()).toISOString()
    },
    policy: (name, paths) =>
      void policies.set(
        name,
        paths.map((path) => ({ path, capabilities: ['read'] })),
      ),
    writePolicy: (name, hcl) => void policies.set(name, readPolicy(hcl)),
    createToken: (given = {}) => makeToken(given),
    appRole: ({ roleId, uses = Number.POSITIVE_INFINITY, ...role }) =>
      void appRoles.set(roleId, { ...role, usesLeft: uses }),
    kubernetesRole: ({ role, ...rest }) => void kubernetesRoles.set(role, rest),
    revokeAll: () => tokens.clear(),
    refuseRenewals: (refused) => {
      renewalsRefused = refused
    },
    seal: node.seal,
    unseal: node.unseal,
    giveKeyShare: node.giveKeyShare,
    become: node.become,
    enableAudit: (path, type = 'file') => audit.enable(path, type),
    disableAudit: audit.disable,
    setAudit: audit.become,
    setMetrics: audit.setMetrics,
    putCertificate: (path, pem) =>
      void certificates.set(/\/issuer\//.test(path) ? `${path}/pem` : `${path}/ca/pem`, pem),
    hang: () =>
      new Promise((resolve) => {
        onHanging = resolve
      }),
    start,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
