import type { Kysely } from 'kysely'
import { hadEarlierVersion, readEntriesWithoutSubject, readFirstChange } from '../../store/record-history.ts'
import type { Tables } from '../../store/tables.ts'
import { type Entry, readEntry } from './read-entry.ts'

/** What the entries about the record as a whole say: since when there are entries, and which rows retention removed. */
export interface Trail {
  /** Rows from before have no entries; undefined where the start of the trail was removed, or there was no earlier version. */
  readonly beganAt: string | undefined
  /** Until then a gateway of an earlier version, which writes no entries, may have changed rows; undefined if none did. */
  readonly earlierVersionUntil: string | undefined
  /** The latest time from before which a table's rows were removed; an empty text where none were. */
  removedBefore(table: string): string
  /** Whether the card of a notification of this time was removed after this entry. */
  isCardRemoved(createdAt: string, entry: Entry): boolean
}

const FIRST_MIGRATION = '0005_audit'
/** Milliseconds for which replicas of an earlier version may go on after the upgrade. */
const UPGRADE_MS = 86_400_000

/** Entries and rows round the same time to milliseconds in other ways. Months end at a whole second. */
function secondAfter(time: string): string {
  const at = Date.parse(time)
  return Number.isNaN(at) ? '' : new Date(at + 1_000).toISOString()
}

/**
 * Reads the trail's start and removals.
 *
 * @param options.earlierVersionUntil 24 hours after the upgrade if absent; not at all where the database never had an earlier
 *   version
 */
export async function readTrail(
  transaction: Kysely<Tables>,
  options: { readonly earlierVersionUntil?: Date | undefined },
): Promise<Trail> {
  const firstChange = Number((await readFirstChange(transaction)) ?? Number.POSITIVE_INFINITY)
  const removed = new Map<string, string>()
  const cards: { number: number; before: string }[] = []
  let beganAt: string | undefined
  for await (const rows of readEntriesWithoutSubject(transaction)) {
    for (const row of rows) {
      const entry = readEntry(row)
      if (!entry) continue
      const { kind, fields, number } = entry
      // The migration that begins the trail comes before any change of a row. A later entry that says the same begins nothing.
      if (kind === 'schema.migrated' && fields.migration === FIRST_MIGRATION && number < firstChange)
        beganAt ??= entry.createdAt
      // Retention removes what is older than the removal: a later time explains nothing.
      if (kind !== 'record.removed' || !(String(fields.before) <= String(fields.at))) continue
      const table = String(fields.table)
      const before = table === 'teams_notifications' ? String(fields.before) : secondAfter(String(fields.before))
      if (before > (removed.get(table) ?? '')) removed.set(table, before)
      if (table === 'teams_notifications.card_payload') cards.push({ number, before })
    }
  }
  // For each removal the latest time that it or a later one names.
  for (let index = cards.length - 2; index >= 0; index -= 1) {
    const [own, next] = [cards[index], cards[index + 1]]
    if (own && next && next.before > own.before) own.before = next.before
  }
  // Without an earlier version no row is from before the trail, whatever time it names.
  if (beganAt !== undefined && !options.earlierVersionUntil && !(await hadEarlierVersion(transaction, beganAt)))
    beganAt = undefined
  const earlier =
    options.earlierVersionUntil ?? (beganAt === undefined ? undefined : new Date(Date.parse(beganAt) + UPGRADE_MS))
  return {
    beganAt,
    earlierVersionUntil: earlier?.toISOString(),
    removedBefore: (table) => removed.get(table) ?? '',
    isCardRemoved(createdAt, entry) {
      const after = cards.find(({ number }) => number > entry.number)
      return after !== undefined && createdAt <= after.before
    },
  }
}
