import { Webhook } from 'standardwebhooks'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { fitsPlain, fitsStandard, type HeaderValues, shownSignature } from './check-signature.ts'
import { bodyBytes, isSecret, SECRET_EXPECTED } from './sign-payload.ts'
import { signingKey } from './signature.ts'

/** What else {@link verifySignature} takes. */
export interface VerifyOptions {
  /**
   * True to take the plain HMAC of the body too, where a request shows no Standard Webhooks signature. Off by default: the
   * plain form covers no time, so whoever has seen one post could send it again for ever by leaving the other headers out.
   */
  readonly plain?: boolean
}

/** What a signature that fits says. */
export type VerifiedSignature =
  | {
      readonly form: 'standard'
      /** The message's id: of a gateway's post, the notification's, the same over all attempts. */
      readonly id: string
      /** When the message was sent, in whole seconds. */
      readonly sentAt: Date
    }
  | { readonly form: 'plain' }

/** Headers of a request: those of Node's `http`, of `fetch`, or any object of names in any letter case. */
export type RequestHeaders = Headers | HeaderValues

/** The headers of the plain form, of which one has to fit: the second and third are `sha256=` and hex. */
const PLAIN_HEADERS = ['x-hmac-signature', 'x-claimlinc-signature', 'x-claimlinc-signature-previous']

/**
 * Checks that a request was signed with one of the secrets, for receivers of the gateway's posts and of {@link signPayload}.
 * Returns for a signature that fits and throws for any other, so that a result that is not looked at lets nothing through.
 *
 * A Standard Webhooks signature (`webhook-*` or `svix-*` headers) fits for five minutes before and after its timestamp, the
 * standard's tolerance. Within them a copy fits as well: take each `id` once. Signatures are compared in constant time, and
 * every secret is tried. Where a request shows both forms, this one decides.
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
 * @param body - The body as it came, before anything parsed it; text is read as UTF-8.
 * @param headers - The request's headers. A name that comes twice counts as missing.
 * @param secrets - The secrets that may have signed, while they rotate the new one and the old one; read as in {@link SignOptions}.
 * @param options - Whether the plain form is taken.
 * @returns Which form fitted, and what it covers.
 * @throws GatewayError `unauthenticated` (status 401) where nothing fits, `invalid_request` (status 400) for arguments of another
 * kind. Neither quotes a secret, a signature or the body.
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

/** How many fit. Not `some`: every secret is tried, so that the time says nothing about which one fitted. */
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

/** Headers by their names in lower case; a name that comes twice, in different letter case, has no value. */
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
    values[lower] = typeof value === 'string' && !Object.hasOwn(values, lower) ? value : ''
  }
  return values
}
