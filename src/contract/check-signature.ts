import { timingSafeEqual } from 'node:crypto'
import type { Webhook } from 'standardwebhooks'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { plainSignature } from './signature.ts'

/** Header names of a Standard Webhooks signature: the standard's, and Svix's, where the standard comes from. */
const FAMILIES = ['webhook', 'svix'] as const
/** The platform's own header: hex HMAC-SHA256 of the body. */
const PLAIN = 'x-hmac-signature'

/** Headers of a request by their names in lower case, as Node has them. */
export type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>

/** A Standard Webhooks signature in its parts, as they stand in the headers. */
export interface StandardSignature {
  readonly kind: 'standard'
  /** The request's id, which the signature covers. */
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: string
  /** `v1,` and base64; several are separated by blanks. */
  readonly signature: string
}

/** One signature that a request shows. */
export type ShownSignature = StandardSignature | { readonly kind: 'plain'; readonly hex: string }

/** True where a request shows a signature, good or bad. */
export function showsSignature(headers: HeaderValues): boolean {
  return headers[PLAIN] !== undefined || FAMILIES.some((family) => headers[`${family}-signature`] !== undefined)
}

/**
 * The signature that a request shows. Where it shows a Standard Webhooks one, that one has to be right: it alone covers the
 * time of sending, so a plain one beside it must not stand in for it.
 *
 * @throws GatewayError `unauthenticated` where a part is missing
 */
export function shownSignature(headers: HeaderValues): ShownSignature {
  const family = FAMILIES.find((one) => headers[`${one}-signature`] !== undefined)
  if (family === undefined) return { kind: 'plain', hex: textOf(headers[PLAIN]) }
  const [id, timestamp, signature] = (['id', 'timestamp', 'signature'] as const).map((part) =>
    textOf(headers[`${family}-${part}`]),
  )
  if (id && timestamp && signature) return { kind: 'standard', id, timestamp, signature }
  const missing = Object.entries({ id, timestamp, signature })
    .filter(([, value]) => !value)
    .map(([part]): Problem => ({ at: `${family}-${part}`, found: 'nothing', expected: 'a Standard Webhooks header' }))
  throw new GatewayError('unauthenticated', missing)
}

/**
 * True where one of the signatures was made over exactly these bytes, and the timestamp is at most five minutes away from
 * now. The comparison in constant time and the tolerance are the package's.
 */
export function fitsStandard(webhook: Webhook, { id, timestamp, signature }: StandardSignature, body: Buffer): boolean {
  try {
    // The package knows the standard's header names only.
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
    webhook.verify(body, headers, { jsonParse: false })
    return true
  } catch {
    return false
  }
}

/** True where `hex` is the HMAC-SHA256 of the body, compared in constant time. Says nothing of when it was made. */
export function fitsPlain(hex: string, body: Buffer, secret: string): boolean {
  return /^[0-9a-f]{64}$/i.test(hex) && timingSafeEqual(Buffer.from(hex, 'hex'), plainSignature(body, secret))
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
