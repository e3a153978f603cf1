import { SOURCE_CODES, type SourceCode } from '../../contract/sources.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'
import type { Secret } from '../../kernel/secret.ts'
import { SourceProblem } from '../source.ts'
import { condition, type VaultCondition } from './findings.ts'
import { type NodeAnswer, type NodeClient, objectIn } from './http.ts'

/** The source's own token. */
export interface TokenState {
  /** Until it expires; undefined for one that does not. */
  readonly seconds: number | undefined
  /** Of its lease when it was made, or renewed by its period. */
  readonly leaseSeconds: number
  readonly renewable: boolean
}

/** What an ordinary request to a node came to. */
export type Probe =
  | { readonly kind: 'answered'; readonly token: TokenState }
  /** A node that is healthy by its own word does not serve ordinary requests. */
  | { readonly kind: 'stuck'; readonly how: string }
  | { readonly kind: 'refused'; readonly code: SourceCode }
  /** The node changed its role, or went away, since it was asked for its health. */
  | { readonly kind: 'changed' }

/**
 * Asks a node about the token. Vault records this request in its audit devices, as it does every request but those for health and
 * seal status: where a device blocks, it hangs. Does not throw.
 */
export async function probe(client: NodeClient, node: string, token: Secret): Promise<Probe> {
  let answer: NodeAnswer
  try {
    answer = await client.ask(node, 'auth/token/lookup-self', { token })
    if (answer.status === 200) return { kind: 'answered', token: tokenOf(objectIn(answer).data) }
  } catch (error) {
    if (isTimeout(error)) return { kind: 'stuck', how: 'hang' }
    const code = error instanceof SourceProblem ? error.code : 'failed'
    return code === 'answer_unreadable' || code === 'answer_too_large' ? { kind: 'refused', code } : { kind: 'changed' }
  }
  if (answer.status === 503 || answer.status === 307) return { kind: 'changed' }
  if (answer.status >= 500) return { kind: 'stuck', how: `fail with status ${answer.status}` }
  return { kind: 'refused', code: codeOfAnswer(answer) }
}

/** Why an answer to a request with the token is none. Since Vault 1.11, it says whether the token is invalid, or its policies too few. */
export function codeOfAnswer({ status, text }: NodeAnswer): SourceCode {
  if (status === 403) return /invalid token|bad token/.test(text) ? 'secret_refused' : 'rights_missing'
  if (status === 429) return 'busy'
  return status === 400 || status === 404 ? 'refused' : 'answer_unreadable'
}

/** Renews a token of which less than half is left. Returns what is left, and why it was not renewed. */
export async function renewWhenDue(
  client: NodeClient,
  node: string,
  token: Secret,
  state: TokenState,
): Promise<{ readonly state: TokenState; readonly problem?: string }> {
  if (!state.renewable || state.seconds === undefined || state.seconds > state.leaseSeconds / 2) return { state }
  try {
    const answer = await client.ask(node, 'auth/token/renew-self', { token, method: 'POST' })
    const auth = answer.status === 200 ? objectIn(answer).auth : undefined
    if (!isObject(auth) || typeof auth.lease_duration !== 'number')
      return { state, problem: `its renewal was refused (status ${answer.status})` }
    return { state: { ...state, seconds: auth.lease_duration, renewable: auth.renewable === true } }
  } catch (error) {
    const code = error instanceof SourceProblem ? error.code : 'failed'
    return { state, problem: `its renewal failed (${SOURCE_CODES[code].means.toLowerCase().replace(/\.$/, '')})` }
  }
}

/** The condition of a token that was not renewed, or of which less than a third is left. */
export function tokenConditions(
  { seconds, leaseSeconds, renewable }: TokenState,
  problem: string | undefined,
  about: JsonObject,
): readonly VaultCondition[] {
  if (seconds === undefined) return []
  const isLate = seconds <= leaseSeconds / 3
  if (problem === undefined && !isLate) return []
  const why = problem ?? (renewable ? 'renewals extend it no further' : 'it can not be renewed')
  const impact = `The token of this source expires in ${spanOf(seconds)}: ${why}. Then audit devices are not watched any more.`
  return [
    condition('token', {
      ...about,
      impact,
      recommended_actions: [
        'Make a new token, renewable or with a period, and set it as the secret of the source.',
        'Other programs with tokens of the same kind may lose theirs as well.',
      ],
    }),
  ]
}

/** A length of time in its two largest units. */
export function spanOf(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .flatMap(([amount, unit]) => (amount > 0 ? [`${amount} ${unit}`] : []))
    .join(' ')
}

function tokenOf(data: unknown): TokenState {
  if (!isObject(data) || typeof data.ttl !== 'number') throw new SourceProblem('answer_unreadable')
  const { ttl, creation_ttl: made, period, expire_time: end } = data
  const lease = Math.max(ttl, typeof made === 'number' ? made : 0, typeof period === 'number' ? period : 0)
  const expires = ttl > 0 || typeof end === 'string'
  return { seconds: expires ? ttl : undefined, leaseSeconds: lease, renewable: data.renewable === true }
}

/** True where no answer came in time; not where the connection was cut, as by a node that stops. */
function isTimeout(error: unknown): boolean {
  return error instanceof SourceProblem && error.cause instanceof Error && error.cause.name === 'TimeoutError'
}
