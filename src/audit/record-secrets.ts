import { createHash, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { Kysely } from 'kysely'
import type { Secret } from '../kernel/secret.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { SETTINGS, type SettingName, type Settings } from '../settings/table.ts'
import { lockBaselines, readBaseline } from '../store/audit-baseline.ts'
import { insertEntry } from '../store/insert-entry.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { compareFingerprints, formatFingerprints, readFingerprints } from './fingerprints.ts'

/** Name of the signing secrets among the fingerprints; of all others a prefix, which the name of the channel, pager, source or setting follows. */
const SIGNING = 'signing'
const WEBHOOK = 'webhook.'
const PAGER = 'pager.'
const SOURCE = 'source.'
const SETTING = 'setting.'

/**
 * Secret settings that are compared as the keys in use, which also come from files and Vault: the first two as {@link SIGNING},
 * the others with their own names.
 */
const IN_USE: readonly SettingName[] = [
  'TEAMS_HMAC_SECRET_KEY',
  'TEAMS_HMAC_SECRET_KEY_PREVIOUS',
  'TEAMS_AUDIT_KEY',
  'TEAMS_ARCHIVE_KEYS',
]

/** What is compared with the fingerprints of before. */
export interface ComparedSecrets {
  readonly secrets: Omit<Secrets, 'onChange' | 'close'>
  readonly settings: Settings
  /** Names of the configuration's pagers. */
  readonly pagers: readonly string[]
  /** Names of the configuration's sources that are watched. */
  readonly sources: readonly string[]
}

/**
 * Adds an entry where secrets are not those that the last entry knew: webhook URLs, signing secrets, keys of pagers, secrets of sources, secret settings.
 * None where nothing changed, such as in the second replica that sees a change. The entry says that they changed and never what they
 * are.
 *
 * @param atStart false while the gateway runs
 */
export async function recordSecrets(
  kysely: Kysely<Tables>,
  compared: ComparedSecrets,
  atStart: boolean,
): Promise<void> {
  const values = valuesOf(compared)
  await inTransaction(kysely, async (transaction) => {
    await lockBaselines(transaction)
    const last = readFingerprints((await readBaseline(transaction, 'fingerprints'))?.value)
    const { fingerprints, changed } = await compareFingerprints(values, last, fingerprintOf)
    if (changed.length === 0) return
    const changedOf = (prefix: string) =>
      changed.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    await insertEntry(
      transaction,
      'secrets.changed',
      {
        at_start: atStart,
        channels: changedOf(WEBHOOK),
        signing: changed.includes(SIGNING),
        pagers: changedOf(PAGER),
        sources: changedOf(SOURCE),
        settings: changedOf(SETTING),
        fingerprints: null,
      },
      { hashed: { fingerprints: formatFingerprints(fingerprints) } },
    )
  })
}

/** The secrets by name. A signing secret that each start makes up is none. */
function valuesOf({ secrets, settings, pagers, sources }: ComparedSecrets): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const key of secrets.webhookKeys()) values.set(`${WEBHOOK}${key}`, secrets.webhook(key)?.reveal() ?? '')
  if (!secrets.signingSecretIsMadeUp) values.set(SIGNING, textOf(secrets.signingSecrets()))
  for (const name of pagers) {
    const key = secrets.pagerKey(name)
    const known = [...(key ? [key] : []), ...secrets.pagerWebhookSecrets(name)]
    if (known.length > 0) values.set(`${PAGER}${name}`, textOf(known))
  }
  for (const name of sources) {
    const secret = secrets.sourceSecret(name)
    if (secret !== undefined) values.set(`${SOURCE}${name}`, textOf([secret]))
  }
  const signers = secrets.auditSigners().map(({ name, keyId }) => `${name} ${keyId}`)
  if (signers.length > 0) values.set(`${SETTING}TEAMS_AUDIT_KEY`, JSON.stringify(signers))
  const archiveKeys = secrets.archiveKeys().map(({ id }) => id)
  if (archiveKeys.length > 0) values.set(`${SETTING}TEAMS_ARCHIVE_KEYS`, JSON.stringify(archiveKeys))
  for (const name of SECRET_SETTINGS)
    if (settings[name] !== undefined && !IN_USE.includes(name))
      values.set(`${SETTING}${name}`, JSON.stringify(settings[name]))
  return values
}

const SECRET_SETTINGS = (Object.keys(SETTINGS) as SettingName[]).filter((name) => 'secret' in SETTINGS[name])

function textOf(secrets: readonly Secret[]): string {
  return JSON.stringify(secrets.map((secret) => secret.reveal()))
}

const deriveKey = promisify(scrypt) as (password: string, salt: string, bytes: number) => Promise<Buffer>

/**
 * Hashes a secret so that it can be compared and not found out. scrypt, because a signing secret may be a phrase that somebody
 * could try out; it takes 40 ms and there are few. A webhook URL ends in 256 random bits of Microsoft's, which nobody tries out,
 * and there may be hundreds: SHA-256.
 */
async function fingerprintOf(salt: string, value: string): Promise<string> {
  if (!value.startsWith('https:') && !value.startsWith('http:'))
    return (await deriveKey(value, salt, 32)).toString('hex')
  return createHash('sha256').update(`${salt}\n${value}`).digest('hex')
}
