import { type RawBuilder, sql } from 'kysely'
import type { State } from '../contract/notifications.ts'
import { fieldsSql, fixedSql, hashSql, makeNonce, salted } from './entry-sql.ts'
import { JsonText } from './json-text.ts'
import type { RecordTables } from './months.ts'
import { changeRows, NOTIFICATION_COLUMNS, NOTIFICATION_VALUES } from './state-changes.ts'

/** A finished attempt, and what follows for its notification. */
export interface AttemptRecord {
  readonly id: string
  readonly createdAt: Date
  readonly state: State
  readonly reason: string | null
  /** Milliseconds until the notification is due again, where it becomes `pending`. */
  readonly delayMs: number
  /** True where the attempt uses up one of the notification's retries. */
  readonly failed: boolean
  /** True where the card may have arrived although the attempt failed. */
  readonly mayHaveArrived: boolean
  /**
   * True where the attempt gets a row; false where the notification was handed back, or its channel has no destination.
   */
  readonly posted: boolean
  readonly webhookUrl: string | null
  /** The card as canonical JSON. */
  readonly cardJson: string | null
  readonly statusCode: number | null
  readonly errorCode: string | null
  readonly message: string | null
  readonly outcome: string
  readonly attempt: number
  readonly repeat: boolean
  readonly startedAt: Date
  readonly finishedAt: Date
}

/** True of a notification that a late result has marked as accepted; see `record-late.ts`. */
const KNOWN_ACCEPTED = sql`(n.accepted_at IS NOT NULL AND f.state NOT IN ('accepted', 'posted'))`

/** The fields of the entry of a finished attempt `f`, of its notification `n`. */
const ATTEMPT_FIELDS = fixedSql(
  fieldsSql('attempt.finished', {
    ...NOTIFICATION_VALUES,
    notification: sql`f.id`,
    posted: sql`f.posted`,
    attempt: sql`f.attempt`,
    outcome: sql`f.outcome`,
    attempt_status: sql`f.status_code`,
    error_code: hashSql(sql`n.salt`, sql`f.error_code`),
    started_at: sql`f.started_at`,
    finished_at: sql`f.finished_at`,
    repeat: sql`f.repeat`,
    message: hashSql(sql`n.salt`, sql`f.message`),
    card: sql`f.card_hash`,
  }),
)

/**
 * SQL of a step that records finished attempts. The CTE `attempted` has the notifications that were changed: those that
 * this turn still has claimed. For all others `recordLate` must follow, because the turn that took them over has
 * recorded their attempts as `interrupted`, under the same key.
 *
 * Attempts are inserted after the notifications are locked, the same order as in `reclaimInterrupted`: otherwise the
 * two would deadlock.
 *
 * A notification that a late result has marked as accepted becomes `accepted`, whatever the outcome of this attempt.
 *
 * `sent_at`, `accepted_at` and `retry_count` are set by the trigger of migration 0003, which does so for gateways of
 * earlier versions too.
 */
export function recordAttemptsSql(
  turn: string,
  attemptRecords: readonly AttemptRecord[],
  { notifications, attempts }: RecordTables,
): RawBuilder<unknown> {
  const times = attemptRecords.map(({ createdAt }) => createdAt.getTime())
  return sql`, finished AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${listOf(attemptRecords)}::jsonb) AS f (
        id uuid, created_at timestamptz, state text, reason text, delay_ms double precision, failed boolean,
        may_have_arrived boolean, posted boolean, webhook_url text, card jsonb, status_code integer, error_code text,
        message text, card_salt uuid, card_hash text, nonce text, outcome text, attempt integer, repeat boolean, started_at timestamptz, finished_at timestamptz)
    ), ${changeRows(
      'notification.attempted',
      'attempted',
      sql`
      UPDATE ${notifications} n
         SET state = CASE WHEN ${KNOWN_ACCEPTED} THEN 'accepted' ELSE f.state END,
             reason = CASE WHEN NOT ${KNOWN_ACCEPTED} THEN f.reason END,
             next_attempt_at = clock_timestamp() + f.delay_ms * interval '1 millisecond',
             failures = n.failures + f.failed::int,
             attempts = n.attempts - (NOT f.posted)::int,
             repeat = n.repeat OR (f.may_have_arrived AND f.state NOT IN ('accepted', 'posted')),
             webhook_url = coalesce(f.webhook_url, n.webhook_url),
             card_payload = coalesce(f.card, n.card_payload),
             card_salt = coalesce(f.card_salt, n.card_salt),
             status_code = CASE WHEN f.posted AND NOT ${KNOWN_ACCEPTED} THEN f.status_code ELSE n.status_code END,
             error_message = CASE WHEN f.state IN ('accepted', 'posted') OR ${KNOWN_ACCEPTED} THEN NULL WHEN f.posted THEN f.message ELSE n.error_message END,
             held_by = NULL,
             held_since = NULL
        FROM finished f
       WHERE n.id = f.id AND n.created_at = f.created_at AND n.state = 'sending' AND n.held_by = ${turn}::uuid
         AND n.created_at BETWEEN ${new Date(Math.min(...times))} AND ${new Date(Math.max(...times))}`,
      { returning: NOTIFICATION_COLUMNS },
    )}, ${changeRows(
      'attempt.finished',
      'finished_attempts',
      sql`
      INSERT INTO ${attempts} AS a
        (notification_id, attempt, started_at, finished_at, outcome, status_code, error_code, message, repeat, held_by, created_at)
      SELECT f.id, f.attempt, f.started_at, f.finished_at, f.outcome, f.status_code, f.error_code, f.message, f.repeat,
             ${turn}::uuid, f.created_at
        FROM finished f WHERE f.posted AND (SELECT count(*) FROM attempted) >= 0
      ON CONFLICT DO NOTHING`,
      {
        entry: {
          subject: sql`f.id`,
          fields: ATTEMPT_FIELDS,
          nonce: sql`f.nonce`,
          // A turn that lost the notification may still have added the row of its attempt.
          from: sql`finished f LEFT JOIN attempted n ON n.id = f.id
                      LEFT JOIN finished_attempts a ON a.notification_id = f.id AND a.attempt = f.attempt
                     WHERE n.id IS NOT NULL OR a.notification_id IS NOT NULL`,
        },
      },
    )}`
}

/** The records as one JSON array, with each card as the bytes that were rendered. */
function listOf(attemptRecords: readonly AttemptRecord[]): JsonText {
  const pieces = attemptRecords.flatMap((attemptRecord, index) => {
    const row = (index === 0 ? '[' : ',') + toRow(attemptRecord)
    return attemptRecord.cardJson === null ? [row] : [`${row.slice(0, -1)},"card":`, attemptRecord.cardJson, '}']
  })
  return new JsonText([...pieces, ']'])
}

/** One record as JSON, without its card. */
function toRow(attemptRecord: AttemptRecord): string {
  const card = salted(attemptRecord.cardJson)
  return JSON.stringify({
    id: attemptRecord.id,
    created_at: attemptRecord.createdAt,
    state: attemptRecord.state,
    reason: attemptRecord.reason,
    delay_ms: attemptRecord.delayMs,
    failed: attemptRecord.failed,
    may_have_arrived: attemptRecord.mayHaveArrived,
    posted: attemptRecord.posted,
    webhook_url: attemptRecord.webhookUrl,
    status_code: attemptRecord.statusCode,
    error_code: attemptRecord.errorCode,
    message: attemptRecord.message,
    card_salt: card.salt,
    card_hash: card.hash,
    nonce: makeNonce(),
    outcome: attemptRecord.outcome,
    attempt: attemptRecord.attempt,
    repeat: attemptRecord.repeat,
    started_at: attemptRecord.startedAt,
    finished_at: attemptRecord.finishedAt,
  })
}
