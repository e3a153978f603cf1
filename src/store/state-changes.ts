import { type RawBuilder, sql } from 'kysely'
import { AUDIT_ENTRIES, type EntryFields, type EntryKind, type NOTIFICATION_FIELDS } from '../contract/audit-entries.ts'
import { type EntryValues, entriesSql, fieldsSql, hashSql } from './entry-sql.ts'

/** The columns of an action that its entries have. */
const ACTION_COLUMNS = sql`x.id, x.action, x.state, x.code, x.event_id, x.notification_id, x.event_ids, x.via, x.actor_id,
  x.actor_name, x.verified, x.relayed_by, x.reason, x.note, x.tier, x.quiet_until, x.requested_at, x.started_at, x.finished_at,
  x.confirms, x.salt`

/**
 * The kinds of rows whose state changes, each with the columns by which a change names the rows that it changed. The
 * letter is the alias under which every statement that changes such a row has its table.
 */
const ROW_KINDS = {
  event: sql`e.id, e.created_at`,
  notification: sql`n.id, n.created_at, n.state, n.reason`,
  attempt: sql`a.notification_id, a.attempt, a.created_at`,
  channel: sql`c.key, c.breaker, c.paused_until`,
  turn: sql`c.key, c.turn_by`,
  silence: sql`s.id`,
  resolution: sql`r.event_id, r.event_type`,
  replay: sql`p.notification_id, p.replayed_at`,
  action: ACTION_COLUMNS,
  'idempotency key': sql`k.key_hash`,
} as const satisfies Readonly<Record<string, RawBuilder<unknown>>>

/** The other columns of a notification that its entries have. */
export const NOTIFICATION_COLUMNS = sql`n.status_code, n.retry_count, n.sent_at, n.accepted_at, n.error_message, n.webhook_url, n.salt`

/** The subject of a change: a kind of rows, or tables as a whole, which only routines of `migrations/` change. */
type Of = keyof typeof ROW_KINDS | 'tables'

/** One change: its subject, its meaning for the docs, and its audit entry or the reason why it has none. */
type Change = { readonly of: Of; readonly means: string } & (
  | { readonly entry: EntryKind }
  | { readonly noEntry: string }
)

const WITH_NOTIFICATION = 'the entry of the notification has both'
const WITH_ATTEMPT = 'the entry of the attempt has both'
const LEASE = 'a lease says which process works, and nothing about the record'

/**
 * Every change of state in the record, by name: its subject, and its meaning for the docs. No statement of
 * `src/` changes a row without one of these names.
 */
export const STATE_CHANGES = {
  'event.accepted': {
    of: 'event',
    means: 'An event was accepted, from a caller or from the gateway itself (a digest)',
    entry: 'event.accepted',
  },
  'event.resolved': {
    of: 'resolution',
    means: 'An event said of earlier ones that they are over',
    entry: 'event.resolved',
  },
  'notification.created': {
    of: 'notification',
    means: 'Written with its event: `pending`, or `suppressed` at once by a mute, a silence or as a repeat',
    noEntry: 'the routing in the entry of its event',
  },
  'notification.claimed': {
    of: 'notification',
    means: '`pending` → `sending`: a turn claimed it',
    noEntry: 'what follows is the entry of its attempt',
  },
  'notification.attempted': {
    of: 'notification',
    means: '`sending` → `accepted`, `posted`, `failed` or `pending`: the consequence of a finished attempt',
    noEntry: WITH_ATTEMPT,
  },
  'notification.interrupted': {
    of: 'notification',
    means: '`sending` → `pending`, or `accepted` where a late result says so: its turn was cut off',
    entry: 'attempt.interrupted',
  },
  'notification.result_known_late': {
    of: 'notification',
    means: 'The consequence of an attempt whose result came after another turn had taken over',
    entry: 'notification.result_known_late',
  },
  'notification.digested': {
    of: 'notification',
    means: '`pending` → `digested`: it stands in a digest',
    entry: 'notification.digested',
  },
  'notification.suppressed': {
    of: 'notification',
    means: '`pending` → `suppressed`: a silence was made that matches it, or its channel is muted',
    entry: 'notification.suppressed',
  },
  'notification.released': {
    of: 'notification',
    means: '`suppressed` → `pending`: the one that it repeats has failed',
    entry: 'notification.released',
  },
  'notification.replayed': {
    of: 'notification',
    means: '`failed` → `pending`: a person or a caller asked for a replay',
    noEntry: 'the entry of `replay.recorded` has both',
  },
  'notification.unready_noted': {
    of: 'notification',
    means: 'Its reason is why its channel can not be sent to, such as `address_missing`',
    noEntry: 'it waits as before; the reason of a waiting notification is derived from its channel',
  },
  'notification.wait_ended': {
    of: 'notification',
    means: 'Due at once: it waited for a time that no rule could have set, because a clock was set back',
    noEntry: 'it waits as before, for a shorter time',
  },
  'notification.first_post_filled': {
    of: 'notification',
    means: '`sent_at` and `accepted_at` of a row of an earlier version, filled in from its attempts',
    entry: 'notification.first_post_filled',
  },
  'attempt.finished': { of: 'attempt', means: 'An attempt ended with its outcome', entry: 'attempt.finished' },
  'attempt.interrupted': {
    of: 'attempt',
    means: 'An attempt of a turn that was cut off; its outcome is not known',
    noEntry: WITH_NOTIFICATION,
  },
  'attempt.result_known_late': {
    of: 'attempt',
    means: 'The outcome of an interrupted attempt became known',
    entry: 'attempt.result_known_late',
  },
  'attempt.never_made': {
    of: 'attempt',
    means: 'An interrupted attempt turned out never to have been posted',
    entry: 'attempt.never_made',
  },
  'replay.recorded': { of: 'replay', means: 'Who asked for a replay', entry: 'notification.replayed' },
  'action.requested': {
    of: 'action',
    means: 'An action with an effect outside the gateway was asked for, or one that a second person has to confirm',
    entry: 'action.requested',
  },
  'action.done': {
    of: 'action',
    means: 'An action was done, in the transaction of its effect',
    entry: 'action.done',
  },
  'action.refused': { of: 'action', means: 'An action was refused', entry: 'action.refused' },
  'action.started': {
    of: 'action',
    means: '`requested` → `running`: a process began it, or took it over',
    entry: 'action.started',
  },
  'action.renewed': { of: 'action', means: 'The lease of a running action was renewed', noEntry: LEASE },
  'action.finished': {
    of: 'action',
    means: '`requested` or `running` → `done`, `refused`, `failed` or `unknown`',
    entry: 'action.finished',
  },
  'notification.acted': {
    of: 'notification',
    means: 'An action was done to its event: who acknowledged it, the last action, until when its repeats stay quiet',
    entry: 'notification.acted',
  },
  'action.removed': {
    of: 'action',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
  'channel.added': {
    of: 'channel',
    means: 'A channel of the configuration got its row',
    noEntry: 'the channels of the configuration are in the entry of each start',
  },
  'channel.saved': { of: 'channel', means: 'A step saved breaker, pause, budget and storm', entry: 'channel.changed' },
  'channel.rest_ended': {
    of: 'channel',
    means: 'Its rest was ended: by a new webhook URL, a person, or because no rule could have set it',
    entry: 'channel.rest_ended',
  },
  'channel.unready_noted': {
    of: 'channel',
    means: 'Its last outcome is why it can not be sent to',
    noEntry: 'nothing was sent; the configuration says why',
  },
  'turn.taken': {
    of: 'turn',
    means: 'A turn took the channel, or marked it as woken because another turn has it',
    noEntry: LEASE,
  },
  'turn.renewed': { of: 'turn', means: 'The lease was renewed', noEntry: LEASE },
  'turn.ended': { of: 'turn', means: 'The turn let the channel go, or goes on because it was woken', noEntry: LEASE },
  'turn.cleared': {
    of: 'turn',
    means: 'A turn of the process before, ended at the start of the embedded database',
    noEntry: LEASE,
  },
  'silence.made': { of: 'silence', means: 'A silence or a maintenance window was made', entry: 'silence.made' },
  'silence.ended': { of: 'silence', means: 'A silence was ended before its time', entry: 'silence.ended' },
  'key.taken': {
    of: 'idempotency key',
    means: 'An event took an idempotency key',
    noEntry: 'it belongs to the event that took it, and is forgotten after TEAMS_EVENT_TTL',
  },
  'resolution.removed': {
    of: 'resolution',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
  'replay.removed': {
    of: 'replay',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
  'record.removed': {
    of: 'tables',
    means: 'Retention: months, cards and idempotency keys that are old enough (`teams_apply_retention`)',
    entry: 'record.removed',
  },
  'record.months_made': {
    of: 'tables',
    means: 'Months got tables of their own (`teams_ensure_partitions`)',
    noEntry: 'no row changes',
  },
  'record.month_moved': {
    of: 'tables',
    means: 'A past month left the default tables (`teams_move_past_month`)',
    entry: 'record.month_moved',
  },
  'schema.migrated': { of: 'tables', means: 'A migration was applied or taken back', entry: 'schema.migrated' },
} as const satisfies Readonly<Record<string, Change>>

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

/** What a change of rows needs besides its statement. */
export type ChangeOptions<C extends ChangeOfRows> = {
  /** Further columns of the CTE. */
  readonly returning?: RawBuilder<unknown>
} & ([EntryOf<C>] extends [never]
  ? { readonly entry?: undefined }
  : {
      readonly entry: (
        | { readonly values: ChangeEntry<EntryOf<C>> }
        /** SQL of a text that `entryFields` returned. */
        | { readonly fields: RawBuilder<unknown> }
      ) & {
        /** SQL of the id that the entry is about; that of the changed row if absent. */
        readonly subject?: RawBuilder<unknown>
        /** SQL of the rows that get an entry; all changed rows if absent. */
        readonly from?: RawBuilder<unknown>
      }
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
  const { returning, entry } = options ?? {}
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
  'idempotency key': 'k',
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
