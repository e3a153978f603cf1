import { scryptSync } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { fitsPlain, fitsStandard, type ShownSignature } from '../contract/check-signature.ts'
import { GatewayError } from '../kernel/errors.ts'
import { parseNamedSecret } from '../kernel/secret.ts'

/** One entry of TEAMS_INBOUND_SECRETS. */
export interface InboundSecret {
  /** Name of the caller that signs with it: see {@link createInboundSecrets}. */
  readonly origin: string
  /**
   * True where this secret made the signature over exactly these bytes. A Standard Webhooks timestamp has to be within
   * 5 minutes.
   */
  verifies(shown: ShownSignature, body: Buffer): boolean
}

/**
 * Reads TEAMS_INBOUND_SECRETS. Each secret is a separate caller, since idempotency keys are compared per caller: with one
 * caller for all secrets, one sender's keys would answer another sender's events. The caller's name is:
 *
 * - `http:signed:<name>` for an entry `name:secret`. Two secrets of one name are one caller, which can so rotate its secret
 *   without a gap.
 * - `http:signed:<8 hex digits>` for an entry without a name: 32 bits of the secret's scrypt hash, the same at each start
 *   and in each replica. To test a guess of the secret costs 50 ms, and one wrong guess in four billion has the same digits.
 * - `http:signed` for the only entry, if it has no name. Versions with one secret used this name, so idempotency keys from
 *   before an upgrade stay known.
 *
 * @throws GatewayError `invalid_settings` for an entry that starts with `whsec_` and does not continue with base64
 */
export function createInboundSecrets(entries: readonly string[]): readonly InboundSecret[] {
  return entries.map((entry, index) => {
    const { name, secret } = parseNamedSecret(entry)
    const caller = name ?? (entries.length > 1 ? fingerprintOf(secret) : undefined)
    return createInboundSecret(secret, index, caller === undefined ? 'http:signed' : `http:signed:${caller}`)
  })
}

function fingerprintOf(secret: string): string {
  return scryptSync(secret, 'claimlinc-teams inbound secret', 4).toString('hex')
}

/**
 * Reads one secret. For Standard Webhooks, the key is the text after `whsec_` (or `v1,whsec_`), or the whole entry,
 * decoded from base64; an entry that is no base64 is used as text. For `x-hmac-signature`, the key is always the entry
 * as text.
 *
 * @throws GatewayError `invalid_settings` for an entry that starts with `whsec_` and does not continue with base64
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
