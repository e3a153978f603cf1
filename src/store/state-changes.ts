import { type RawBuilder, sql } from 'kysely'
import { AUDIT_ENTRIES, type EntryFields, type EntryKind, type NOTIFICATION_FIELDS } from '../contract/audit-entries.ts'
import { type EntryValues, entriesSql, fieldsSql, hashSql } from './entry-sql.ts'
import { type Change, ROW_KINDS, STATE_CHANGES } from './state-change-table.ts'

/** The other columns of a notification that its entries have. */
export const NOTIFICATION_COLUMNS = sql`n.status_code, n.retry_count, n.sent_at, n.accepted_at, n.error_message, n.webhook_url, n.salt`

type StateChange = keyof typeof STATE_CHANGES
type ChangeOfTables = {
  [C in StateChange]: (typeof STATE_CHANGES)[C]['of'] extends 'tables' ? C : never
}[StateChange]
type ChangeOfRows = Exclude<StateChange, ChangeOfTables>

/** The kind of entry that a change of rows writes; never for a change without one. */
type EntryOf<C extends ChangeOfRows> = (typeof STATE_CHANGES)[C] extends { readonly entry: infer K extends EntryKind }
  ? K
  : never

/** The values of a change's entry; those of a notification are taken from its row where they are not given. */
type ChangeEntry<K extends EntryKind> = Omit<EntryValues<K>, keyof typeof NOTIFICATION_FIELDS> &
  Partial<Pick<EntryValues<K>, keyof typeof NOTIFICATION_FIELDS & EntryFields<K>>>

/**
 * In place of an entry's values, where the caller knows that the statement changes nothing that the entry tells. The second
 * INSERT costs PostgreSQL 13 µs of CPU in each statement, also where no row gets an entry.
 */
export const NOTHING_CHANGES = 'nothing changes'

/** What a change of rows needs besides its statement. */
export type ChangeOptions<C extends ChangeOfRows> = {
  /** Further columns of the CTE. */
  readonly returning?: RawBuilder<unknown>
} & ([EntryOf<C>] extends [never]
  ? { readonly entry?: undefined }
  : {
      readonly entry:
        | typeof NOTHING_CHANGES
        | ((
            | { readonly values: ChangeEntry<EntryOf<C>> }
            /** SQL of a text that `entryFields` returned. */
            | { readonly fields: RawBuilder<unknown> }
          ) & {
            /** SQL of the nonces that `makeNonce` made; made by PostgreSQL if absent. */
            readonly nonce?: RawBuilder<unknown>
            /** SQL of the id that the entry is about; that of the changed row if absent. */
            readonly subject?: RawBuilder<unknown>
            /** SQL of the rows that get an entry; all changed rows if absent. */
            readonly from?: RawBuilder<unknown>
          })
    })

/**
 * The one place through which rows of the record change: makes the CTE of a statement that inserts, updates or deletes
 * them, and a second one, `<cte>_entries`, that adds their audit entries. Both are one statement, so no change is without
 * its entry; a change whose row of {@link STATE_CHANGES} names an entry does not compile without the entry's values.
 *
 * The CTE has the columns of {@link ROW_KINDS} for each changed row, and those of `returning`. Its alias in the values of the
 * entry is the letter of its kind.
 *
 * The name of the change stands in the statement as a comment. The server's log of slow statements, `auto_explain` and
 * `pg_stat_statements` show it.
 *
 * @param cte the CTE's name
 * @param statement ends before its RETURNING; has its table under the alias of its kind
 */
export function changeRows<C extends ChangeOfRows>(
  change: C,
  cte: string,
  statement: RawBuilder<unknown>,
  ...[options]: [EntryOf<C>] extends [never] ? [ChangeOptions<C>?] : [ChangeOptions<C>]
): RawBuilder<unknown> {
  const row: Change & { readonly of: keyof typeof ROW_KINDS } = STATE_CHANGES[change]
  const { returning, entry: given } = options ?? {}
  const entry = given === NOTHING_CHANGES ? undefined : given
  const ofNotification = row.of === 'notification' && entry !== undefined
  const changed = sql`${sql.raw(cte)} AS (${comment(change)} ${statement}
      RETURNING ${ROW_KINDS[row.of]}${ofNotification ? sql`, ${NOTIFICATION_COLUMNS}` : sql``}${returning ? sql`, ${returning}` : sql``}
    )`
  if (entry === undefined || !('entry' in row)) return changed
  const entries = entriesSql(
    row.entry,
    `${cte}_entries`,
    entry.subject ?? SUBJECTS[row.of] ?? sql`NULL::uuid`,
    'fields' in entry ? entry.fields : fieldsSql(row.entry, withNotification(row.entry, entry.values)),
    entry.from ?? sql`${sql.raw(cte)} ${sql.raw(ALIASES[row.of])}`,
    entry.nonce,
  )
  return sql`${changed}, ${entries}`
}

/** An entry's values, those of a notification from its row where they are not given. */
function withNotification<K extends EntryKind>(kind: K, values: object): EntryValues<K> {
  return (
    'notification' in AUDIT_ENTRIES[kind].fields ? { ...NOTIFICATION_VALUES, ...values } : values
  ) as EntryValues<K>
}

/** The alias of each kind of rows: the letter of its columns. */
const ALIASES: Readonly<Record<keyof typeof ROW_KINDS, string>> = {
  event: 'e',
  notification: 'n',
  attempt: 'a',
  channel: 'c',
  turn: 'c',
  silence: 's',
  resolution: 'r',
  replay: 'p',
  action: 'x',
  escalation: 'z',
  'idempotency key': 'k',
  'pager alert': 'g',
  pager: 'b',
  source: 'o',
  'alert event': 'l',
  'archived record': 'h',
  heartbeat: 'w',
  'requeued task': 'q',
}

/** The id that the entries of a kind of rows are about. */
const SUBJECTS: { readonly [O in keyof typeof ROW_KINDS]?: RawBuilder<unknown> } = {
  event: sql`e.id`,
  notification: sql`n.id`,
  silence: sql`s.id`,
  resolution: sql`r.event_id`,
  attempt: sql`a.notification_id`,
  replay: sql`p.notification_id`,
  action: sql`x.id`,
  // As of all entries of an event, so that an export by correlation id has them.
  'pager alert': sql`g.event_id`,
  escalation: sql`z.event_id`,
  'archived record': sql`h.id`,
}

/** The values of an escalation's fields in an entry, from a CTE of a change of it. */
export const ESCALATION_VALUES: EntryValues<'escalation.ended'> = {
  event: sql`z.event_id`,
  policy: sql`z.policy`,
  state: sql`z.state`,
  reason: sql`z.reason`,
  tier: sql`z.tier`,
  round: sql`z.round`,
  since: sql`z.since`,
  next_at: sql`z.next_at`,
  held_by: sql`z.held_by`,
  ack_expires_at: sql`z.ack_expires_at`,
  reminded_at: sql`z.reminded_at`,
  ended_at: sql`z.ended_at`,
}

/** The values of a notification's fields in an entry, from a CTE with {@link NOTIFICATION_COLUMNS}, as `n`. */
export const NOTIFICATION_VALUES: { readonly [F in keyof typeof NOTIFICATION_FIELDS]: RawBuilder<unknown> } = {
  notification: sql`n.id`,
  state: sql`n.state`,
  reason: sql`n.reason`,
  status_code: sql`n.status_code`,
  retry_count: sql`n.retry_count`,
  sent_at: sql`n.sent_at`,
  accepted_at: sql`n.accepted_at`,
  error: hashSql(sql`n.salt`, sql`n.error_message`),
  address: hashSql(sql`n.salt`, sql`n.webhook_url`),
}

/** The values of an action's fields in an entry but `result`, from the CTE of a change of it. */
export const ACTION_VALUES: Omit<EntryValues<'action.done'>, 'result'> = {
  action: sql`x.id`,
  type: sql`x.action`,
  state: sql`x.state`,
  code: sql`x.code`,
  event: sql`x.event_id`,
  notification: sql`x.notification_id`,
  count: sql`cardinality(x.event_ids)`,
  event_ids: sql`encode(sha256(convert_to(array_to_string(x.event_ids, ','), 'UTF8')), 'hex')`,
  tier: sql`x.tier`,
  quiet_until: sql`x.quiet_until`,
  requested_at: sql`x.requested_at`,
  started_at: sql`x.started_at`,
  finished_at: sql`x.finished_at`,
  confirms: sql`x.confirms`,
  verified: sql`x.verified`,
  reason: hashSql(sql`x.salt`, sql`x.reason`),
  note: hashSql(sql`x.salt`, sql`x.note`),
  relay: hashSql(sql`x.salt`, sql`x.relayed_by`),
  person: hashSql(sql`x.salt`, sql`x.actor_id`),
  via: sql`x.via`,
  who: hashSql(sql`x.salt`, sql`x.actor_name`),
}

/** The values of an archived record's fields in an entry but `about`, from the CTE of a change of it. */
export const ARCHIVED_VALUES: EntryValues<'archive.rewrapped'> = {
  archived: sql`h.id`,
  type: sql`h.kind`,
  source: sql`h.source`,
  subject: hashSql(sql`h.salt`, sql`h.subject`),
  event: sql`h.event_id`,
  action: sql`h.action_id`,
  state: sql`h.state`,
  key: sql`h.key_id`,
  data_key: sql`h.data_key_hash`,
  content: sql`h.content_hash`,
  size: sql`h.size`,
  archived_at: sql`h.archived_at`,
  restored_at: sql`h.restored_at`,
}

/**
 * A statement that changes tables as a whole: it calls a routine of `migrations/`, or is a migration itself. It commits, or
 * locks, as the routine says; so the audit entry has to be written in the routine, or beside it in its transaction.
 */
export function changeTables<Row>(change: ChangeOfTables, statement: RawBuilder<Row>): RawBuilder<Row> {
  return sql<Row>`${comment(change)} ${statement}`
}

function comment(change: StateChange): RawBuilder<unknown> {
  return sql.raw(`/* ${change} */`)
}
