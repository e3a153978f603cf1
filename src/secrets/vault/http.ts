import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { GatewayError } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import type { ProxyFor } from '../../transports/proxy.ts'
import { createTunnelConnector } from '../../transports/tunnel.ts'

/** A request to Vault without a response after this time has failed. */
const REQUEST_TIMEOUT_MS = 10_000
/** Redirects followed per request: a standby names the active node, and the active node answers. */
const MAX_REDIRECTS = 2

/** Vault's response to one request. */
export interface VaultAnswer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** HTTP client of one Vault. */
export interface VaultHttp {
  /**
   * Sends a request and returns every response with a status below 500.
   *
   * @param path below `/v1/`
   * @throws GatewayError `secrets_unreachable` without a response, for status 500 and above, and for refused redirects
   */
  ask(method: 'GET' | 'POST', path: string, content?: { token?: string; body?: object }): Promise<VaultAnswer>
  /** Aborts all requests in flight. */
  close(): void
}

/** Options of {@link createVaultHttp}. */
export interface VaultHttpOptions {
  /** VAULT_NAMESPACE */
  readonly namespace: string | undefined
  /** TEAMS_VAULT_REDIRECT_HOSTS */
  readonly redirectHosts: readonly string[]
  readonly proxyFor: ProxyFor
}

/**
 * Makes an HTTP client for the Vault at VAULT_ADDR. A standby that does not forward requests answers 307 with the address
 * of the active node. The redirect is followed where the token may be sent: with the same scheme, to the same host or to
 * one of TEAMS_VAULT_REDIRECT_HOSTS.
 */
export function createVaultHttp(address: string, options: VaultHttpOptions): VaultHttp {
  const { namespace, proxyFor } = options
  const closing = new AbortController()
  const base = address.replace(/\/+$/, '')
  const dispatchers = new Map<string, Dispatcher>()

  function dispatcherFor({ origin, protocol }: URL): Dispatcher {
    const proxy = proxyFor(origin)
    const key = proxy?.reveal() ?? ''
    const known = dispatchers.get(key)
    if (known) return known
    const made =
      proxy === undefined
        ? new Agent({ allowH2: false })
        : protocol === 'https:'
          ? new Agent({
              connect: createTunnelConnector(proxy, { timeout: REQUEST_TIMEOUT_MS, signal: closing.signal }),
            })
          : new ProxyAgent(proxy.reveal())
    dispatchers.set(key, made)
    return made
  }

  return {
    async ask(method, path, { token, body } = {}) {
      const headers = {
        'x-vault-request': 'true',
        ...(token === undefined ? {} : { 'x-vault-token': token }),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      }
      let url = new URL(`${base}/v1/${path}`)
      for (let redirects = 0; ; redirects++) {
        const { status, text, location } = await send(url, {
          method,
          headers,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          dispatcher: dispatcherFor(url),
          signal: AbortSignal.any([closing.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
        })
        if (status >= 300 && status < 400) {
          url = target({ status, location, from: url, base: new URL(base), options, redirects })
          continue
        }
        const answer = parse(text)
        if (status === 503 && isSealed(answer)) throw unreachable('a sealed Vault', 'an unsealed one')
        if (status >= 500) throw unreachable(`an answer with status ${status}`, 'a Vault that is up')
        return { status, body: answer }
      }
    },
    close() {
      closing.abort()
      for (const dispatcher of dispatchers.values()) void dispatcher.destroy()
    },
  }
}

async function send(
  url: URL,
  options: Parameters<typeof request>[1],
): Promise<{ readonly status: number; readonly text: string; readonly location: string | undefined }> {
  try {
    const { statusCode, headers, body } = await request(url, options)
    const { location } = headers
    return {
      status: statusCode,
      text: await body.text(),
      location: typeof location === 'string' ? location : undefined,
    }
  } catch (error) {
    throw unreachable(`no answer (${reasonOf(error)})`, 'the address of a Vault that is up')
  }
}

/** The URL that a redirect leads to. @throws GatewayError `secrets_unreachable` for a redirect that must not be followed */
function target(redirect: {
  readonly status: number
  readonly location: string | undefined
  readonly from: URL
  readonly base: URL
  readonly options: VaultHttpOptions
  readonly redirects: number
}): URL {
  const { status, location, from, base, options, redirects } = redirect
  const to = location === undefined ? undefined : (URL.parse(location, from.href) ?? undefined)
  if (!to || (status !== 307 && status !== 308))
    throw unreachable(`a redirect (${status})`, 'the address that it points to, since only 307 and 308 are followed')
  if (redirects >= MAX_REDIRECTS) throw unreachable(`one redirect (${status}) after the other`, 'the active node')
  if (to.protocol !== base.protocol || to.username !== '' || to.password !== '')
    throw unreachable(`a redirect (${status}) to another scheme`, `an address that leads to ${base.protocol}//`)
  const { hostname } = to
  const allowed = options.redirectHosts.some((name) =>
    name.startsWith('.') ? hostname.endsWith(name.toLowerCase()) : hostname === name.toLowerCase(),
  )
  if (hostname !== base.hostname && !allowed)
    throw unreachable(
      `a redirect (${status}) to ${hostname}, where the token may not go`,
      'the address of the active node; or its host in TEAMS_VAULT_REDIRECT_HOSTS, which a standby then may name',
    )
  return to
}

function unreachable(found: string, expected: string): GatewayError {
  return new GatewayError('secrets_unreachable', [{ at: 'VAULT_ADDR', found, expected }])
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function isSealed(answer: Record<string, unknown>): boolean {
  return Array.isArray(answer.errors) && answer.errors.includes('Vault is sealed')
}

/** The code of an error. Its message is left out, since it may quote the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return `nothing within ${REQUEST_TIMEOUT_MS / 1000} seconds`
  return 'code' in error ? String(error.code) : error.name
}
