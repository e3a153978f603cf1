import { GatewayError } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'

/** Milliseconds until a request to Vault counts as unanswered. */
const TIMEOUT = 10_000

/** Vault's answer to one request. */
export interface VaultAnswer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Speaks HTTP with Vault. */
export interface VaultHttp {
  /**
   * Asks Vault, and gives every answer below 500 to the caller to judge.
   *
   * @param path below `/v1/`
   * @throws GatewayError `secrets_unreachable` where there is no answer, or one that says Vault can not work now
   */
  ask(method: 'GET' | 'POST', path: string, ask?: { token?: string; body?: object }): Promise<VaultAnswer>
  /** Cuts off all requests under way. */
  close(): void
}

/** @param namespace VAULT_NAMESPACE */
export function createVaultHttp(address: string, namespace: string | undefined): VaultHttp {
  const closing = new AbortController()
  const base = address.replace(/\/+$/, '')
  return {
    async ask(method, path, { token, body } = {}) {
      let status: number
      let text: string
      try {
        const response = await fetch(`${base}/v1/${path}`, {
          method,
          headers: {
            'x-vault-request': 'true',
            ...(token === undefined ? {} : { 'x-vault-token': token }),
            ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          // A redirect would take the token to wherever it points.
          redirect: 'manual',
          signal: AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT)]),
        })
        status = response.status
        text = await response.text()
      } catch (error) {
        throw unreachable(`no answer (${reasonOf(error)})`, 'the address of a Vault that is up')
      }
      const answer = parse(text)
      if (status === 503 && isSealed(answer)) throw unreachable('a sealed Vault', 'an unsealed one')
      if (status >= 500) throw unreachable(`an answer with status ${status}`, 'a Vault that is up')
      if (status >= 300 && status < 400)
        throw unreachable(`a redirect (${status})`, 'the address that it points to, since redirects are not followed')
      return { status, body: answer }
    },
    close: () => closing.abort(),
  }
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

/** The code of what went wrong; messages are not passed on, they may quote the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return `nothing within ${TIMEOUT / 1000} seconds`
  const cause = error.cause
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
}
