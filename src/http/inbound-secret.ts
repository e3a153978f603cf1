import { scryptSync } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { fitsPlain, fitsStandard, type ShownSignature } from '../contract/check-signature.ts'
import { GatewayError } from '../kernel/errors.ts'
import { parseNamedSecret } from '../kernel/secret.ts'

/** One entry of TEAMS_INBOUND_SECRETS. */
export interface InboundSecret {
  /** Who signs with it, as it goes into the audit: see {@link createInboundSecrets}. */
  readonly origin: string
  /** True where the signature was made with this secret over exactly these bytes, and is not too old to say so. */
  verifies(shown: ShownSignature, body: Buffer): boolean
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
      return shown.kind === 'plain' ? fitsPlain(shown.hex, body, entry) : fitsStandard(webhook, shown, body)
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
