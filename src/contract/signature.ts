import { createHmac, createSecretKey } from 'node:crypto'

/** What is signed, and with what. */
export interface Signable {
  /** The message's id, the same over all attempts to send it. */
  readonly id: string
  /** When it is sent. The signature holds whole seconds. */
  readonly at: Date
  /** The body exactly as it goes out. */
  readonly body: Buffer
  /** The secrets that sign, the current one first; at most two. */
  readonly secrets: readonly string[]
}

/**
 * The headers by which a receiver checks where a message comes from: Standard Webhooks (https://www.standardwebhooks.com), and
 * the plain HMAC of the body that `openssl dgst -sha256 -hmac` gives, also as `x-hmac-signature`, which the platform's own
 * receivers check. While secrets rotate, `webhook-signature` holds a signature of each, as the standard has it; the plain
 * form holds one only, so the previous secret's has its own header.
 */
export function signatureHeaders({ id, at, body, secrets }: Signable): Record<string, string> {
  const [current, previous] = secrets
  const plain = current === undefined ? undefined : plainSignature(body, current).toString('hex')
  const second = String(Math.floor(at.getTime() / 1000))
  return {
    'webhook-id': id,
    'webhook-timestamp': second,
    'webhook-signature': secrets
      .map((secret) => standardSignature(`${id}.${second}.`, body, signingKey(secret)))
      .join(' '),
    ...(plain === undefined ? {} : { 'x-claimlinc-signature': `sha256=${plain}`, 'x-hmac-signature': plain }),
    ...(previous === undefined
      ? {}
      : { 'x-claimlinc-signature-previous': `sha256=${plainSignature(body, previous).toString('hex')}` }),
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
 * What `sign` of `standardwebhooks` gives, which a test holds it to, in a quarter of the time: that package brings its own
 * SHA-256 in JavaScript. The key is made a `KeyObject`, since Node 24.21 takes five times as long for one that is bytes.
 */
function standardSignature(start: string, body: Buffer, key: Uint8Array): string {
  if (key.length === 0) throw new TypeError('an empty secret signs nothing')
  return `v1,${createHmac('sha256', createSecretKey(key)).update(start).update(body).digest('base64')}`
}

/** The HMAC-SHA256 of the body alone, with the secret as the text that it is. */
export function plainSignature(body: Buffer, secret: string): Buffer {
  return createHmac('sha256', secret).update(body).digest()
}
