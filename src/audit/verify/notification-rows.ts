import type { StoredAttempt, StoredNotification } from '../../store/record-in-order.ts'
import { checkAttempts } from './attempt-rows.ts'
import { addRowWithoutEntry, differs, type Findings, mayBeEarlierVersion } from './found.ts'
import { DERIVED_COLUMNS } from './notification-columns.ts'
import { type History, historyOf, type Routing } from './notification-history.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_notifications'
/** A row has the time of its statement, an entry that of its transaction. */
const CLOCK_TOLERANCE_MS = 1_000

/** The rows of a notification's id, with the entries about it. */
export interface NotificationRows {
  readonly id: string
  readonly rows: readonly StoredNotification[]
  readonly attempts: readonly StoredAttempt[]
  readonly entries: readonly Entry[]
}

/**
 * Compares the row of a notification and its attempts with their entries.
 *
 * @param routing what its event's entry says of it; undefined where no event's entry names it
 * @returns the row, and the entry that has its card
 */
export function checkNotification(
  { id, rows, attempts, entries }: NotificationRows,
  routing: Routing | undefined,
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): { readonly row: StoredNotification; readonly card: Entry | undefined } | undefined {
  const row = rows.find(({ created_at }) => created_at === routing?.entry.createdAt) ?? rows[0]
  for (const other of rows)
    if (routing === undefined || other !== row)
      addRowWithoutEntry(
        findings,
        trail,
        { table: TABLE, id, at: other.created_at, salted: other.salt !== null },
        'no entry of an event names it',
      )
  if (row === undefined) {
    if (attempts.length > 0)
      checkAttempts({ id, created_at: undefined, salt: null }, attempts, entries, { trail, findings })
    return undefined
  }
  // A month that waited for its last notification stays when later ones, with their entries, are removed.
  if (row.created_at < trail.removedBefore(TABLE)) return undefined
  const earlierAttempts = checkAttempts({ id, created_at: row.created_at, salt: row.salt }, attempts, entries, {
    trail,
    findings,
  })
  const history = historyOf(routing, entries)
  const wrong = Object.entries(DERIVED_COLUMNS).filter(
    ([, column]) => !column.holds({ row, history, trail, earlierAttempts }),
  )
  if (wrong.length > 0 && isEarlierVersion(trail, row, history, earlierAttempts)) findings.addEarlierVersion(TABLE)
  else for (const [name, column] of wrong) findings.add(differs(TABLE, id, name, column.entry(history)))
  return { row, card: history.card?.entry }
}

/**
 * Whether a gateway of an earlier version may have written the row, or changed it without an entry. Each change sets
 * `updated_at`, so one from before the row or its last entry was edited.
 */
function isEarlierVersion(trail: Trail, row: StoredNotification, { last }: History, earlierAttempts: number): boolean {
  const lastChange = Math.max(Date.parse(row.created_at), Date.parse(last?.entry.createdAt ?? row.created_at))
  return (
    (mayBeEarlierVersion(trail, row.updated_at) && Date.parse(row.updated_at) >= lastChange - CLOCK_TOLERANCE_MS) ||
    (mayBeEarlierVersion(trail, row.created_at) && (row.salt === null || earlierAttempts > 0))
  )
}
