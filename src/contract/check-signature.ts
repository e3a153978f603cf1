import { isUtf8 } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import type { Webhook } from 'standardwebhooks'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { plainSignature } from './signature.ts'

/** Header names of a Standard Webhooks signature: the standard's, and Svix's, where the standard comes from. */
const FAMILIES = ['webhook', 'svix'] as const
/** The platform's own header: hex HMAC-SHA256 of the body. */
const PLAIN = 'x-hmac-signature'

/** Headers of a request by their names in lower case, as in Node's `IncomingHttpHeaders`. */
export type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>

/** The parts of a Standard Webhooks signature, unchanged from the headers. */
export interface StandardSignature {
  readonly kind: 'standard'
  /** The request's id, which the signature covers. */
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: string
  /** `v1,` and base64; several are separated by blanks. */
  readonly signature: string
}

/** The signature in a request's headers. */
export type ShownSignature = StandardSignature | { readonly kind: 'plain'; readonly hex: string }

/** True where a request has a signature header, valid or not. */
export function showsSignature(headers: HeaderValues): boolean {
  return headers[PLAIN] !== undefined || FAMILIES.some((family) => headers[`${family}-signature`] !== undefined)
}

/**
 * Returns the signature in a request's headers. A Standard Webhooks signature takes precedence over a plain one: only the
 * standard form covers the timestamp, so a valid plain signature must not replace an invalid standard one.
 *
 * @throws GatewayError `unauthenticated` where a part of a Standard Webhooks signature is missing, or its id has a full stop
 */
export function shownSignature(headers: HeaderValues): ShownSignature {
  const family = FAMILIES.find((name) => headers[`${name}-signature`] !== undefined)
  if (family === undefined) return { kind: 'plain', hex: textOf(headers[PLAIN]) }
  const [id, timestamp, signature] = (['id', 'timestamp', 'signature'] as const).map((part) =>
    textOf(headers[`${family}-${part}`]),
  )
  // `id.timestamp.body` is signed. With full stops in the id, a part of an old body could pass for a new timestamp, and the
  // rest of it for the body.
  if (id?.includes('.'))
    throw new GatewayError('unauthenticated', [
      {
        at: `${family}-id`,
        found: 'an id with a full stop',
        expected: 'an id without one: it separates the signed parts',
      },
    ])
  if (id && timestamp && signature) return { kind: 'standard', id, timestamp, signature }
  const missing = Object.entries({ id, timestamp, signature })
    .filter(([, value]) => !value)
    .map(([part]): Problem => ({ at: `${family}-${part}`, found: 'nothing', expected: 'a Standard Webhooks header' }))
  throw new GatewayError('unauthenticated', missing)
}

/**
 * True where one of the signatures fits these bytes, and the timestamp is at most five minutes before or after now. The
 * tolerance and the constant-time comparison are those of the package `standardwebhooks`.
 *
 * False for a body that is not UTF-8: the package decodes it first, and each malformed byte becomes U+FFFD, so that a
 * signature would also fit other bytes than the signed ones.
 */
export function fitsStandard(webhook: Webhook, { id, timestamp, signature }: StandardSignature, body: Buffer): boolean {
  if (!isUtf8(body)) return false
  try {
    // The package accepts only the standard's header names.
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
    webhook.verify(body, headers, { jsonParse: false })
    return true
  } catch {
    return false
  }
}

/** True where `hex` is the HMAC-SHA256 of the body; compares in constant time. The plain form covers no timestamp. */
export function fitsPlain(hex: string, body: Buffer, secret: string): boolean {
  return (
    /^[0-9a-f]{64}$/i.test(hex) &&
    timingSafeEqual(Buffer.from(hex, 'hex'), Buffer.from(plainSignature(body, secret), 'hex'))
  )
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
