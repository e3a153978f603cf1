import { createHmac, createSecretKey } from 'node:crypto'

/** A message with the secrets that sign it. */
export interface Signable {
  /** The message's id, the same over all attempts to send it. */
  readonly id: string
  /** Time of sending. Rounded down to whole seconds. */
  readonly at: Date
  /** The body as it is sent. */
  readonly body: Buffer
  /** The secrets that sign, the current one first; at most two. */
  readonly secrets: readonly string[]
}

/**
 * Makes the signature headers of a message: Standard Webhooks (https://www.standardwebhooks.com), and the plain HMAC of the
 * body that `openssl dgst -sha256 -hmac` prints, also as `x-hmac-signature`, which the platform's own receivers check. During
 * a rotation `webhook-signature` contains a signature with each secret, as the standard specifies. A plain header has one
 * signature, so the previous secret's has a header of its own.
 */
export function signatureHeaders({ id, at, body, secrets }: Signable): Record<string, string> {
  const [current, previous] = secrets
  const plain = current === undefined ? undefined : plainSignature(body, current)
  const second = String(Math.floor(at.getTime() / 1000))
  return {
    'webhook-id': id,
    'webhook-timestamp': second,
    'webhook-signature': secrets
      .map((secret) => standardSignature(`${id}.${second}.`, body, signingKey(secret)))
      .join(' '),
    ...(plain === undefined ? {} : { 'x-claimlinc-signature': `sha256=${plain}`, 'x-hmac-signature': plain }),
    ...(previous === undefined ? {} : { 'x-claimlinc-signature-previous': `sha256=${plainSignature(body, previous)}` }),
  }
}

/**
 * Returns the key bytes of a secret for Standard Webhooks: the base64 after `whsec_` (or `v1,whsec_`, as some consoles show
 * it), and for any other text its UTF-8. Invalid base64 after the prefix also counts as text, so that no post fails because
 * of the notation of a secret.
 */
export function signingKey(secret: string): Uint8Array {
  const encoded = /^(?:v1,)?whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?)$/.exec(secret)?.[1]
  return Buffer.from(encoded || secret, encoded ? 'base64' : 'utf8')
}

/**
 * Makes a Standard Webhooks signature. Rejected: `sign` of the package `standardwebhooks`, which takes four times as long
 * because of its SHA-256 in JavaScript; a test compares the results. The key is a `KeyObject`, because Node 24.21 takes five
 * times as long for a key of bytes.
 */
function standardSignature(start: string, body: Buffer, key: Uint8Array): string {
  if (key.length === 0) throw new TypeError('an empty secret signs nothing')
  return `v1,${createHmac('sha256', createSecretKey(key)).update(start).update(body).digest('base64')}`
}

/** HMAC-SHA256 of the body alone, in lower-case hex. The key is the UTF-8 of the secret, also of one with `whsec_`. */
export function plainSignature(body: Buffer, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}
