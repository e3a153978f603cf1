import type { Kysely } from 'kysely'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { packageVersion } from '../kernel/version.ts'
import type { Settings } from '../settings/table.ts'
import { lockBaselines, readBaseline } from '../store/audit-baseline.ts'
import { saltedHash } from '../store/entry-sql.ts'
import { insertEntry } from '../store/insert-entry.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { configurationParts } from './configuration.ts'
import { compareFingerprints, formatFingerprints, readFingerprints } from './fingerprints.ts'

/**
 * Adds the entry of a start: version, channels, and what changed in the configuration since the last start.
 *
 * The entry has a hash of fingerprints and no value: settings and mentions can name people and hosts. Who has a configuration
 * at hand can check that it was this one. The fingerprints stay beside, in `teams_audit_values`, once for each configuration: an
 * unchanged start repeats the hash of the start before.
 */
export async function recordStart(kysely: Kysely<Tables>, settings: Settings, catalogue: Catalogue): Promise<void> {
  const parts = configurationParts(settings, catalogue)
  await inTransaction(kysely, async (transaction) => {
    await lockBaselines(transaction)
    const last = await readBaseline(transaction, 'configuration')
    const earlier = readFingerprints(last?.value)
    const { fingerprints, changed } = await compareFingerprints(parts, earlier, saltedHash)
    const same = last !== undefined && earlier !== undefined && changed.length === 0
    await insertEntry(
      transaction,
      'gateway.started',
      {
        version: packageVersion(),
        configuration: same ? saltedHash(last.salt, last.value) : null,
        first: earlier === undefined,
        changed: earlier === undefined ? [] : changed,
        channels: [...catalogue.channels.keys()],
      },
      same ? {} : { hashed: { configuration: formatFingerprints(fingerprints) } },
    )
  })
}
