import { type RawBuilder, sql } from 'kysely'

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
  'idempotency key': sql`k.key_hash`,
} as const satisfies Readonly<Record<string, RawBuilder<unknown>>>

/** The subject of a change: a kind of rows, or tables as a whole, which only routines of `migrations/` change. */
type Of = keyof typeof ROW_KINDS | 'tables'

/**
 * Every change of state in the record, by name: its subject, and its meaning for the docs. No statement of
 * `src/` changes a row without one of these names.
 */
export const STATE_CHANGES = {
  'event.accepted': {
    of: 'event',
    means: 'An event was accepted, from a caller or from the gateway itself (a digest)',
  },
  'event.resolved': { of: 'resolution', means: 'An event said of earlier ones that they are over' },
  'notification.created': {
    of: 'notification',
    means: 'Written with its event: `pending`, or `suppressed` at once by a mute, a silence or as a repeat',
  },
  'notification.claimed': { of: 'notification', means: '`pending` → `sending`: a turn claimed it' },
  'notification.attempted': {
    of: 'notification',
    means: '`sending` → `accepted`, `posted`, `failed` or `pending`: the consequence of a finished attempt',
  },
  'notification.interrupted': {
    of: 'notification',
    means: '`sending` → `pending`, or `accepted` where a late result says so: its turn was cut off',
  },
  'notification.result_known_late': {
    of: 'notification',
    means: 'The consequence of an attempt whose result came after another turn had taken over',
  },
  'notification.digested': { of: 'notification', means: '`pending` → `digested`: it stands in a digest' },
  'notification.suppressed': {
    of: 'notification',
    means: '`pending` → `suppressed`: a silence was made that matches it, or its channel is muted',
  },
  'notification.released': {
    of: 'notification',
    means: '`suppressed` → `pending`: the one that it repeats has failed',
  },
  'notification.replayed': {
    of: 'notification',
    means: '`failed` → `pending`: a person or a caller asked for a replay',
  },
  'notification.unready_noted': {
    of: 'notification',
    means: 'Its reason is why its channel can not be sent to, such as `address_missing`',
  },
  'notification.wait_ended': {
    of: 'notification',
    means: 'Due at once: it waited for a time that no rule could have set, because a clock was set back',
  },
  'notification.first_post_filled': {
    of: 'notification',
    means: '`sent_at` and `accepted_at` of a row of an earlier version, filled in from its attempts',
  },
  'attempt.finished': { of: 'attempt', means: 'An attempt ended with its outcome' },
  'attempt.interrupted': { of: 'attempt', means: 'An attempt of a turn that was cut off; its outcome is not known' },
  'attempt.result_known_late': { of: 'attempt', means: 'The outcome of an interrupted attempt became known' },
  'attempt.never_made': { of: 'attempt', means: 'An interrupted attempt turned out never to have been posted' },
  'replay.recorded': { of: 'replay', means: 'Who asked for a replay' },
  'channel.added': { of: 'channel', means: 'A channel of the configuration got its row' },
  'channel.saved': { of: 'channel', means: 'A step saved breaker, pause, budget and storm' },
  'channel.rest_ended': {
    of: 'channel',
    means: 'Its rest was ended: by a new webhook URL, a person, or because no rule could have set it',
  },
  'channel.unready_noted': { of: 'channel', means: 'Its last outcome is why it can not be sent to' },
  'turn.taken': { of: 'turn', means: 'A turn took the channel, or marked it as woken because another turn has it' },
  'turn.renewed': { of: 'turn', means: 'The lease was renewed' },
  'turn.ended': { of: 'turn', means: 'The turn let the channel go, or goes on because it was woken' },
  'turn.cleared': { of: 'turn', means: 'A turn of the process before, ended at the start of the embedded database' },
  'silence.made': { of: 'silence', means: 'A silence or a maintenance window was made' },
  'silence.ended': { of: 'silence', means: 'A silence was ended before its time' },
  'key.taken': { of: 'idempotency key', means: 'An event took an idempotency key' },
  'resolution.removed': { of: 'resolution', means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`' },
  'replay.removed': { of: 'replay', means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`' },
  'record.removed': {
    of: 'tables',
    means: 'Retention: months, cards and idempotency keys that are old enough (`teams_apply_retention`)',
  },
  'record.months_made': { of: 'tables', means: 'Months got tables of their own (`teams_ensure_partitions`)' },
  'record.month_moved': {
    of: 'tables',
    means: 'A past month left the default tables (`teams_move_past_month`)',
  },
  'schema.migrated': { of: 'tables', means: 'A migration was applied or taken back' },
} as const satisfies Readonly<Record<string, { readonly of: Of; readonly means: string }>>

type StateChange = keyof typeof STATE_CHANGES
type ChangeOfTables = {
  [C in StateChange]: (typeof STATE_CHANGES)[C]['of'] extends 'tables' ? C : never
}[StateChange]
type ChangeOfRows = Exclude<StateChange, ChangeOfTables>

/**
 * The one place through which rows of the record change: makes the CTE of a statement that inserts, updates or deletes
 * them. The CTE has the columns of {@link ROW_KINDS} for each changed row, and those of `returning`.
 *
 * The name of the change stands in the statement as a comment. The server's log of slow statements, `auto_explain` and
 * `pg_stat_statements` show it.
 *
 * The audit entry of a change is to be written here, by a second CTE that reads the first: in the same statement, so that
 * no change is without one.
 *
 * @param cte the CTE's name
 * @param statement ends before its RETURNING; has its table under the alias of its kind
 */
export function changeRows(
  change: ChangeOfRows,
  cte: string,
  statement: RawBuilder<unknown>,
  returning?: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const columns = ROW_KINDS[STATE_CHANGES[change].of]
  return sql`${sql.raw(cte)} AS (${comment(change)} ${statement}
      RETURNING ${columns}${returning ? sql`, ${returning}` : sql``}
    )`
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
