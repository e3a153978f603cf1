import { createHmac, createSecretKey } from 'node:crypto'
import type { Priority } from '../catalogue/priority.ts'
import type { Secret } from '../kernel/secret.ts'

/** What the headers of one post say. */
export interface Signed {
  /** The notification's id: the same over all its attempts, so that a receiver can tell a repeat. */
  readonly id: string
  readonly correlationId: string
  readonly priority: Priority
  readonly attempt: number
  readonly repeat: boolean
  /** When it is posted. */
  readonly at: Date
  /** The body exactly as it goes out. */
  readonly body: Buffer
  /** The secrets that sign, the current one first; at most two. */
  readonly secrets: readonly Secret[]
}

/**
 * The headers by which a receiver checks where a post comes from: Standard Webhooks (https://www.standardwebhooks.com), and
 * the plain HMAC of the body that `openssl dgst -sha256 -hmac` gives, also as `x-hmac-signature`, which the platform's own
 * receivers check. While secrets rotate, `webhook-signature` holds a signature of each, as the standard has it; the plain
 * form holds one only, so the previous secret's has its own header.
 */
export function signedHeaders(signed: Signed): Record<string, string> {
  const secrets = signed.secrets.map((secret) => secret.reveal())
  const [current, previous] = secrets
  const { body } = signed
  const plain = current === undefined ? undefined : hmacHex(body, current)
  const second = String(Math.floor(signed.at.getTime() / 1000))
  return {
    'webhook-id': signed.id,
    'webhook-timestamp': second,
    'webhook-signature': secrets
      .map((secret) => standardSignature(`${signed.id}.${second}.`, body, signingKey(secret)))
      .join(' '),
    'x-correlation-id': headerSafe(signed.correlationId),
    'x-priority': signed.priority.toLowerCase(),
    ...(plain === undefined ? {} : { 'x-claimlinc-signature': `sha256=${plain}`, 'x-hmac-signature': plain }),
    ...(previous === undefined ? {} : { 'x-claimlinc-signature-previous': `sha256=${hmacHex(body, previous)}` }),
    'x-claimlinc-attempt': String(signed.attempt),
    ...(signed.repeat ? { 'x-claimlinc-repeat': 'true' } : {}),
  }
}

/**
 * The key bytes of a secret for Standard Webhooks: what follows `whsec_` (or `v1,whsec_`, as some consoles show it) read as
 * base64, and any other text as UTF-8. Text that starts so but holds no base64 counts as any other text too, so that a post
 * is never lost to how a secret is written.
 */
export function signingKey(secret: string): Uint8Array {
  const encoded = /^(?:v1,)?whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?)$/.exec(secret)?.[1]
  return Buffer.from(encoded || secret, encoded ? 'base64' : 'utf8')
}

/**
 * A value as header text: visible ASCII stays, all else is percent-encoded as UTF-8, and `%` too, so that decoding gives the
 * value back. A line break in a correlation id can therefore not start a header of its own.
 */
export function headerSafe(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\x21-\x24\x26-\x7e]/gu, (character) =>
      [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
}

/**
 * What `sign` of `standardwebhooks` gives, which a test holds it to, in a quarter of the time: that package brings its own
 * SHA-256 in JavaScript. The key is made a `KeyObject`, since Node 24.21 takes five times as long for one that is bytes.
 */
function standardSignature(start: string, body: Buffer, key: Uint8Array): string {
  if (key.length === 0) throw new TypeError('an empty secret signs nothing')
  return `v1,${createHmac('sha256', createSecretKey(key)).update(start).update(body).digest('base64')}`
}

function hmacHex(body: Buffer, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}
