import { createHash, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { Kysely } from 'kysely'
import type { Secrets } from '../secrets/secrets.ts'
import { lockBaselines, readBaseline } from '../store/audit-baseline.ts'
import { insertEntry } from '../store/insert-entry.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { compareFingerprints, formatFingerprints, readFingerprints } from './fingerprints.ts'

/** Name of the signing secrets among the fingerprints; `webhook.` and the key for each channel. */
const SIGNING = 'signing'
const WEBHOOK = 'webhook.'

/**
 * Adds an entry where webhook URLs or signing secrets are not those that the last entry knew; none where nothing changed, such as
 * in the second replica that sees a change. The entry says that they changed and never what they are.
 *
 * @param atStart false while the gateway runs
 */
export async function recordSecrets(
  kysely: Kysely<Tables>,
  secrets: Pick<Secrets, 'webhook' | 'webhookKeys' | 'signingSecrets' | 'signingSecretIsMadeUp'>,
  atStart: boolean,
): Promise<void> {
  const values = valuesOf(secrets)
  await inTransaction(kysely, async (transaction) => {
    await lockBaselines(transaction)
    const last = readFingerprints((await readBaseline(transaction, 'fingerprints'))?.value)
    const { fingerprints, changed } = await compareFingerprints(values, last, fingerprintOf)
    if (changed.length === 0) return
    await insertEntry(
      transaction,
      'secrets.changed',
      {
        at_start: atStart,
        channels: changed.filter((name) => name.startsWith(WEBHOOK)).map((name) => name.slice(WEBHOOK.length)),
        signing: changed.includes(SIGNING),
        fingerprints: null,
      },
      { hashed: { fingerprints: formatFingerprints(fingerprints) } },
    )
  })
}

/** The secrets by name. A signing secret that each start makes up is none. */
function valuesOf(
  secrets: Pick<Secrets, 'webhook' | 'webhookKeys' | 'signingSecrets' | 'signingSecretIsMadeUp'>,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const key of secrets.webhookKeys()) values.set(`${WEBHOOK}${key}`, secrets.webhook(key)?.reveal() ?? '')
  if (!secrets.signingSecretIsMadeUp)
    values.set(SIGNING, JSON.stringify(secrets.signingSecrets().map((secret) => secret.reveal())))
  return values
}

const deriveKey = promisify(scrypt) as (password: string, salt: string, bytes: number) => Promise<Buffer>

/**
 * Hashes a secret so that it can be compared and not found out. scrypt, because a signing secret may be a phrase that somebody
 * could try out; it takes 40 ms and there is one. A webhook URL ends in 256 random bits of Microsoft's, which nobody tries out,
 * and there may be hundreds: SHA-256.
 */
async function fingerprintOf(salt: string, value: string): Promise<string> {
  if (!value.startsWith('https:') && !value.startsWith('http:'))
    return (await deriveKey(value, salt, 32)).toString('hex')
  return createHash('sha256').update(`${salt}\n${value}`).digest('hex')
}
