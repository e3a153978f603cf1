import { isUtf8 } from 'node:buffer'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { signatureHeaders } from './signature.ts'

/** Secrets, id and time of a signature. */
export interface SignOptions {
  /**
   * The secret that signs. `whsec_` and base64 is decoded as in Standard Webhooks, any other text is used as UTF-8. A gateway
   * signs its posts with TEAMS_HMAC_SECRET_KEY. For requests to a gateway take one of TEAMS_INBOUND_SECRETS that begins with
   * `whsec_`: the gateway decodes an inbound secret without this prefix as base64 if it is valid base64.
   */
  readonly secret: string
  /** The previous secret, during a rotation: the headers then contain a signature with each. */
  readonly previousSecret?: string
  /**
   * The message's id, the same each time the message is sent, so that its receiver can recognise a repeat: 1 to 200 visible
   * ASCII characters without a full stop, which separates the signed parts.
   */
  readonly id: string
  /** Time of sending; now if absent. Rounded down to whole seconds. */
  readonly timestamp?: Date
}

/** The signature headers of a post. Names are in lower case. */
export interface SignatureHeaders extends Readonly<Record<string, string>> {
  /** {@link SignOptions.id}. */
  readonly 'webhook-id': string
  /** Seconds since 1970. */
  readonly 'webhook-timestamp': string
  /** Standard Webhooks: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; one for each secret, separated by blanks. */
  readonly 'webhook-signature': string
  /** `sha256=` and hex of HMAC-SHA256 over the body alone. */
  readonly 'x-claimlinc-signature': string
  /** The same hex alone, which the platform's own receivers check. */
  readonly 'x-hmac-signature': string
}

/**
 * Signs a body as the gateway signs its posts: with a Standard Webhooks signature, and with the plain HMAC-SHA256 of the
 * body, which one line of `openssl` or Python checks (docs/guides/signatures.md). Send the headers with exactly the signed
 * bytes; JSON that is serialised again may differ. The counterpart is {@link verifySignature}.
 *
 * @example
 * ```ts
 * import { signPayload } from 'claimlinc-teams'
 *
 * const body = JSON.stringify({ event_type: 'backup.failed', data: { subject: 'claims-db', description: 'No backup' } })
 * const headers = signPayload(body, { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', id: 'msg_backup-2026-11-30' })
 * console.log(headers['webhook-signature'], headers['x-hmac-signature'])
 * ```
 *
 * @param body - The body as it will be sent: text, which is signed as UTF-8, or its bytes in UTF-8.
 * @param options - The secret, the id and the time.
 * @returns The headers to send with the body.
 * @throws GatewayError `invalid_request` with all problems of the arguments. Never quotes the secret.
 */
export function signPayload(body: string | Uint8Array, options: SignOptions): SignatureHeaders {
  const given: SignOptions = isObject(options) ? options : ({} as SignOptions)
  const { secret, previousSecret, id, timestamp = new Date() } = given
  const problems: Problem[] = []
  const bytes = bodyBytes(body, problems)
  // Libraries of Standard Webhooks that read the body as text, such as JavaScript's, can not verify other bytes.
  if (bytes !== undefined && !isUtf8(bytes))
    problems.push({ at: 'body', found: 'bytes that are not UTF-8', expected: 'text, or its bytes in UTF-8' })
  for (const [at, value] of Object.entries({ secret, ...(previousSecret === undefined ? {} : { previousSecret }) }))
    if (!isSecret(value)) problems.push({ at: `options.${at}`, found: describeValue(value), expected: SECRET_EXPECTED })
  if (typeof id !== 'string' || !/^[\x21-\x2d\x2f-\x7e]{1,200}$/.test(id))
    problems.push({
      at: 'options.id',
      found: describeValue(id),
      expected: '1 to 200 visible ASCII characters without a full stop',
    })
  if (!(timestamp instanceof Date) || !(timestamp.getTime() >= 0))
    problems.push({
      at: 'options.timestamp',
      found: timestamp instanceof Date ? 'a Date of no time, or of one before 1970' : describeValue(timestamp),
      expected: 'a Date',
    })
  if (problems.length > 0 || bytes === undefined) throw new GatewayError('invalid_request', problems)
  const secrets = previousSecret === undefined ? [secret] : [secret, previousSecret]
  return signatureHeaders({ id, at: timestamp, body: bytes, secrets }) as SignatureHeaders
}

/** `expected` of a problem with a secret. */
export const SECRET_EXPECTED = 'a secret, which is text and more than the prefix whsec_'

/**
 * True for a text that can be a secret. False for an empty one, also behind its prefix: `whsec_` alone, as a template with
 * a missing value makes it, would be a key that everyone knows.
 */
export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && !/^(?:(?:v1,)?whsec_)?$/.test(value)
}

/** Returns the bytes of a body. Adds a problem and returns undefined for any other type, such as a parsed body. */
export function bodyBytes(body: unknown, problems: Problem[]): Buffer | undefined {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  problems.push({ at: 'body', found: describeValue(body), expected: 'the text or the bytes of the body' })
  return undefined
}
