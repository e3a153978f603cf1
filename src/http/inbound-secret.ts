import { createHmac, scryptSync, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { parseNamedSecret } from '../kernel/secret.ts'

/** Header names of a Standard Webhooks signature: the standard's, and Svix's, where the standard comes from. */
const FAMILIES = ['webhook', 'svix'] as const
/** The platform's own header: hex HMAC-SHA256 of the body. */
const PLAIN = 'x-hmac-signature'

/** One signature that a request shows. */
export type ShownSignature =
  | {
      readonly kind: 'standard'
      /** The request's id, which the signature covers. */
      readonly id: string
      readonly timestamp: string
      readonly signature: string
    }
  | { readonly kind: 'plain'; readonly hex: string }

/** One entry of TEAMS_INBOUND_SECRETS. */
export interface InboundSecret {
  /** Who signs with it, as it goes into the audit: see {@link createInboundSecrets}. */
  readonly origin: string
  /** True where the signature was made with this secret over exactly these bytes, and is not too old to say so. */
  verifies(shown: ShownSignature, body: Buffer): boolean
}

/** True where a request shows a signature, good or bad. */
export function showsSignature(headers: IncomingHttpHeaders): boolean {
  return headers[PLAIN] !== undefined || FAMILIES.some((family) => headers[`${family}-signature`] !== undefined)
}

/**
 * The signature that a request shows. Where it shows a Standard Webhooks one, that one has to be right: it alone covers the
 * time of sending, so a plain one beside it must not stand in for it.
 *
 * @throws GatewayError `unauthenticated` where a part is missing
 */
export function shownSignature(headers: IncomingHttpHeaders): ShownSignature {
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
 * Reads TEAMS_INBOUND_SECRETS. Who signs is a caller of its own for each secret, or one caller's idempotency keys would
 * answer for another's events:
 *
 * - `http:signed:<name>` where the entry is `name:secret`. Two secrets of one name are one caller, who changes from one to
 *   the other without a gap.
 * - `http:signed:<8 hex digits>` where it is a secret alone: 32 bits of its scrypt hash, the same at each start and in each
 *   replica. A guess at the secret costs 50 ms to try, and what a right one would have in common with wrong ones, one in
 *   four billion.
 * - `http:signed` where it is the only one, as in versions that knew no other: what was sent before the upgrade is known
 *   after it.
 *
 * @throws GatewayError `invalid_settings` for an entry that starts with `whsec_` and goes on with what is no base64
 */
export function createInboundSecrets(entries: readonly string[]): readonly InboundSecret[] {
  return entries.map((entry, index) => {
    const { name, secret } = parseNamedSecret(entry)
    const who = name ?? (entries.length > 1 ? fingerprintOf(secret) : undefined)
    return createInboundSecret(secret, index, who === undefined ? 'http:signed' : `http:signed:${who}`)
  })
}

function fingerprintOf(secret: string): string {
  return scryptSync(secret, 'claimlinc-teams inbound secret', 4).toString('hex')
}

/**
 * Reads one secret. Standard Webhooks takes what follows `whsec_` (or `v1,whsec_`), or the whole
 * entry, as base64, and an entry that is no base64 as the text that it is; the platform's plain signature takes the
 * entry as text, always.
 *
 * @throws GatewayError `invalid_settings` for an entry that starts with `whsec_` and goes on with what is no base64
 */
function createInboundSecret(entry: string, index: number, origin: string): InboundSecret {
  const webhook = webhookOf(entry, index)
  return {
    origin,
    verifies(shown, body) {
      if (shown.kind === 'plain') return sameHex(shown.hex, createHmac('sha256', entry).update(body).digest())
      const { id, timestamp, signature } = shown
      try {
        // Tolerance of the timestamp, 5 minutes, is the package's; it knows the standard's header names only.
        webhook.verify(
          body,
          { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature },
          { jsonParse: false },
        )
        return true
      } catch {
        return false
      }
    },
  }
}

function webhookOf(entry: string, index: number): Webhook {
  const secret = entry.replace(/^v1,(?=whsec_)/, '')
  try {
    return new Webhook(secret)
  } catch {
    if (!secret.startsWith('whsec_')) return new Webhook(secret, { format: 'raw' })
    // The package's message could quote the secret.
    throw new GatewayError('invalid_settings', [
      {
        at: 'TEAMS_INBOUND_SECRETS',
        found: `text that is not base64 (entry ${index + 1})`,
        expected: 'base64 behind "whsec_", as Standard Webhooks has it',
      },
    ])
  }
}

function sameHex(hex: string, digest: Buffer): boolean {
  return /^[0-9a-f]{64}$/i.test(hex) && timingSafeEqual(Buffer.from(hex, 'hex'), digest)
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
