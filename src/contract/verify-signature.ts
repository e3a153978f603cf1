import { Webhook } from 'standardwebhooks'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { fitsPlain, fitsStandard, type HeaderValues, shownSignature } from './check-signature.ts'
import { bodyBytes, isSecret, SECRET_EXPECTED } from './sign-payload.ts'
import { signingKey } from './signature.ts'

/** Options of {@link verifySignature}. */
export interface VerifyOptions {
  /**
   * True to accept the plain HMAC of the body where a request has no Standard Webhooks signature. False by default: the plain
   * form covers no timestamp, so a copy of one post, without the other headers, could be replayed for ever.
   */
  readonly plain?: boolean
}

/** The form of a valid signature, and the id and time that it covers. */
export type VerifiedSignature =
  | {
      readonly form: 'standard'
      /** The message's id: for a gateway's post, the notification's id, the same over all attempts. */
      readonly id: string
      /** Time of sending, in whole seconds. */
      readonly sentAt: Date
    }
  | { readonly form: 'plain' }

/**
 * Headers of a request: those of Node's `http` (`headers` or `headersDistinct`), of `fetch`, or an object with names in any
 * letter case.
 */
export type RequestHeaders = Headers | HeaderValues

/** Headers of the plain form; one of them has to fit. The second and third are `sha256=` and hex. */
const PLAIN_HEADERS = ['x-hmac-signature', 'x-claimlinc-signature', 'x-claimlinc-signature-previous']

/**
 * Checks that a request was signed with one of the secrets, for receivers of the gateway's posts and of {@link signPayload}.
 * Throws for an invalid signature, so that a caller that ignores the result accepts no forged request.
 *
 * A Standard Webhooks signature (`webhook-*` or `svix-*` headers) is valid for five minutes before and after its timestamp,
 * the standard's tolerance. A copy is valid too in that time: accept each `id` once. Signatures are compared in constant
 * time, and every secret is tried. Where a request has both forms, only this one is checked. An `id` with a full stop is
 * refused: it separates the signed parts, and such an id could give an old signature a new timestamp.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { buffer } from 'node:stream/consumers'
 * import { isGatewayError, verifySignature } from 'claimlinc-teams'
 *
 * const secrets = [process.env.TEAMS_HMAC_SECRET_KEY ?? '']
 *
 * export const receiver = createServer(async (request, response) => {
 *   const body = await buffer(request) // as it came: JSON that was parsed and written again may differ
 *   try {
 *     verifySignature(body, request.headers, secrets)
 *     response.writeHead(202).end()
 *   } catch (error) {
 *     response.writeHead(isGatewayError(error) ? error.status : 500).end()
 *   }
 * })
 * ```
 *
 * @param body - The body as received, before parsing; text is read as UTF-8. No Standard Webhooks signature fits bytes that
 * are not UTF-8.
 * @param headers - The request's headers. A name that comes twice counts as missing.
 * @param secrets - The accepted secrets; during a rotation the new and the old one. Decoded as in {@link SignOptions}.
 * @param options - Whether the plain form is accepted.
 * @returns The form of the signature, with the id and time that it covers.
 * @throws GatewayError `unauthenticated` (status 401) for a missing or invalid signature, `invalid_request` (status 400) for
 * invalid arguments. Neither quotes a secret, a signature or the body.
 */
export function verifySignature(
  body: string | Uint8Array,
  headers: RequestHeaders,
  secrets: readonly string[],
  options: VerifyOptions = {},
): VerifiedSignature {
  const problems: Problem[] = []
  const bytes = bodyBytes(body, problems)
  const values = headerValues(headers, problems)
  checkSecrets(secrets, problems)
  if (bytes === undefined || values === undefined || problems.length > 0)
    throw new GatewayError('invalid_request', problems)

  const shown = shownSignature(values)
  if (shown.kind === 'standard') {
    const fits = (secret: string) => fitsStandard(new Webhook(signingKey(secret), { format: 'raw' }), shown, bytes)
    if (count(secrets, fits) === 0)
      throw refusal(
        'webhook-signature',
        true,
        'a signature of this body with one of the secrets, at most 5 minutes old',
      )
    return { form: 'standard', id: shown.id, sentAt: new Date(Number.parseInt(shown.timestamp, 10) * 1000) }
  }
  if (options.plain !== true) throw refusal('webhook-signature', false, 'a Standard Webhooks signature')
  const plain = plainSignatures(values)
  if (count(secrets, (secret) => plain.some((hex) => fitsPlain(hex, bytes, secret))) === 0)
    throw refusal('x-hmac-signature', plain.length > 0, 'hex of the HMAC-SHA256 of the body with one of the secrets')
  return { form: 'plain' }
}

function plainSignatures(values: HeaderValues): string[] {
  return PLAIN_HEADERS.flatMap((name) => {
    const value = values[name]
    return typeof value === 'string' ? [value.replace(/^sha256=/, '')] : []
  })
}

/** Counts the secrets that fit. Rejected: `some`, whose time would reveal which secret fitted. */
function count(secrets: readonly string[], fits: (secret: string) => boolean): number {
  return secrets.filter(fits).length
}

function refusal(at: string, shown: boolean, expected: string): GatewayError {
  const found = shown ? 'a signature that does not fit' : 'nothing'
  return new GatewayError('unauthenticated', [{ at, found, expected }])
}

function checkSecrets(secrets: unknown, problems: Problem[]): void {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    const found = Array.isArray(secrets) ? 'an empty list' : describeValue(secrets)
    problems.push({ at: 'secrets', found, expected: 'a list of one secret or more' })
    return
  }
  for (const [index, secret] of secrets.entries())
    if (!isSecret(secret))
      problems.push({ at: `secrets[${index}]`, found: describeValue(secret), expected: SECRET_EXPECTED })
}

/** Returns headers by their names in lower case. A name that comes twice has an empty value. */
function headerValues(headers: unknown, problems: Problem[]): HeaderValues | undefined {
  if (headers instanceof Headers) return Object.fromEntries(headers)
  if (!isObject(headers)) {
    problems.push({ at: 'headers', found: describeValue(headers), expected: 'the headers of the request' })
    return undefined
  }
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const lower = name.toLowerCase()
    const text = Array.isArray(value) && value.length === 1 ? value[0] : value
    values[lower] = typeof text === 'string' && !Object.hasOwn(values, lower) ? text : ''
  }
  return values
}
