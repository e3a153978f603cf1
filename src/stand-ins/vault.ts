import '../kernel/require-node.ts'

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/**
 * A stand-in for HashiCorp Vault, over real HTTP: logins, token renewal and KV version 2, as far as the gateway uses
 * them.
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
  /** Makes a token. It expires after `ttl` seconds, or never without; renewals extend it up to `maxTtl`. */
  createToken(options?: TokenOptions): string
  appRole(options: TokenOptions & { readonly roleId: string; readonly secretId: string; readonly uses?: number }): void
  kubernetesRole(options: TokenOptions & { readonly role: string; readonly jwt: string }): void
  /** Revokes all tokens. */
  revokeAll(): void
  seal(): void
  unseal(): void
  /** Leaves all further requests without an answer; resolves when the first of them arrives. */
  hang(): Promise<void>
  /** Stops listening and closes connections; secrets, roles and tokens remain. */
  stop(): Promise<void>
  /** Listens again, on the same port. */
  start(): Promise<void>
}

/** Properties of a token, made directly or by a login. */
export interface TokenOptions {
  readonly policies?: readonly string[]
  readonly ttl?: number
  readonly maxTtl?: number
  readonly renewable?: boolean
}

interface Token extends TokenOptions {
  readonly madeAt: number
  endsAt: number
}

interface Answer {
  readonly status: number
  readonly body: object
}

const refuse = (status: number, ...errors: readonly string[]): Answer => ({ status, body: { errors } })
const DENIED = refuse(403, 'permission denied')
const KV1_WARNING =
  "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation."

/**
 * Starts the stand-in on a free port of 127.0.0.1, with KV version 2 mounted at `secret`.
 *
 * @param options.now clock by which tokens expire
 * @param options.namespace the only namespace; none if absent
 */
export async function startVault(
  options: { readonly now?: () => Date; readonly namespace?: string } = {},
): Promise<VaultStandIn> {
  const now = () => (options.now?.() ?? new Date()).getTime()
  const versions = new Map<string, { fields: Readonly<Record<string, unknown>>; deletedAt: string }[]>()
  const policies = new Map<string, readonly string[]>([['root', ['*']]])
  const tokens = new Map<string, Token>()
  const appRoles = new Map<string, TokenOptions & { secretId: string; usesLeft: number }>()
  const kubernetesRoles = new Map<string, TokenOptions & { jwt: string }>()
  const requests: string[] = []
  let sealed = false
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
    const ttl = Number.isFinite(token.endsAt) ? Math.round((token.endsAt - now()) / 1000) : 0
    return { status: 200, body: { data: { ttl, renewable: token.renewable ?? false, policies: token.policies } } }
  }

  function renewSelf(id: string, token: Token): Answer {
    if (!token.renewable) return refuse(400, 'lease is not renewable')
    const latestEnd = token.madeAt + (token.maxTtl ?? Number.POSITIVE_INFINITY) * 1000
    token.endsAt = Math.min(now() + (token.ttl ?? 0) * 1000, latestEnd)
    return authOf(id)
  }

  function mayRead(token: Token, path: string): boolean {
    return (token.policies ?? ['root'])
      .flatMap((name) => policies.get(name) ?? [])
      .some((allowed) => (allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : path === allowed))
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

  function answer(method: string, path: string, headers: IncomingMessage['headers'], body: string): Answer {
    if (sealed) return refuse(503, 'Vault is sealed')
    const inNamespace = (headers['x-vault-namespace'] ?? '') === (options.namespace ?? '')
    const auth = /^auth\/(approle|kubernetes)\/login$/.exec(path)?.[1]
    if (auth && method === 'POST')
      return (inNamespace && login(auth, JSON.parse(body))) || refuse(404, `no handler for route "${path}".`)
    const id = String(headers['x-vault-token'] ?? '')
    const token = tokens.get(id)
    if (!token || token.endsAt <= now() || !inNamespace) return DENIED
    if (path === 'auth/token/lookup-self' && method === 'GET') return lookupSelf(token)
    if (path === 'auth/token/renew-self' && method === 'POST') return renewSelf(id, token)
    if (method !== 'GET') return refuse(405, 'unsupported operation')
    if (!mayRead(token, path)) return DENIED
    if (path.startsWith('secret/data/')) return readSecret(`secret/${path.slice('secret/data/'.length)}`)
    if (path.startsWith('secret/')) return { status: 404, body: { data: null, warnings: [KV1_WARNING], auth: null } }
    return refuse(404, `no handler for route "${path}". route entry not found.`)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://vault').pathname).replace(/^\/v1\//, '')
    requests.push(`${request.method} ${path}`)
    if (onHanging) return onHanging()
    const given = answer(request.method ?? 'GET', path, request.headers, body || '{}')
    response.writeHead(given.status, { 'content-type': 'application/json' }).end(JSON.stringify(given.body))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  let port = 0
  async function start(): Promise<void> {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const address = server.address()
    if (address !== null && typeof address === 'object') port = address.port
  }
  await start()

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    put(path, fields) {
      versions.set(path, [...(versions.get(path) ?? []), { fields, deletedAt: '' }])
    },
    delete(path) {
      const newest = versions.get(path)?.at(-1)
      if (newest) newest.deletedAt = new Date(now()).toISOString()
    },
    policy: (name, paths) => void policies.set(name, paths),
    createToken: (given = {}) => makeToken(given),
    appRole: ({ roleId, uses = Number.POSITIVE_INFINITY, ...role }) =>
      void appRoles.set(roleId, { ...role, usesLeft: uses }),
    kubernetesRole: ({ role, ...rest }) => void kubernetesRoles.set(role, rest),
    revokeAll: () => tokens.clear(),
    seal: () => {
      sealed = true
    },
    unseal: () => {
      sealed = false
    },
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
