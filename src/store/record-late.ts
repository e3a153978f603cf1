import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { State } from '../contract/notifications.ts'
import { hashSql, type SaltedText, salted } from './entry-sql.ts'
import type { AttemptRecord } from './record.ts'
import { releaseRepeatsSql } from './release-repeats.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A notification after another turn has taken it over. */
export interface TakenOver {
  readonly state: State
  readonly reason: string | null
  /** Attempts claimed so far. */
  readonly attempts: number
}

/**
 * What follows from a late result: the outcome of an attempt that another turn has recorded as `interrupted` when it
 * put the notification back.
 *
 * - `all`: nothing was sent since. The notification continues from this result as if it had never been taken over, and
 *   is no repeat where the card is known not to have arrived.
 * - `accepted`: Teams has the card, so it is never sent again, whatever was decided without that knowledge.
 * - `mark`: the same, but another turn has claimed it just now. It is marked, and becomes `accepted` whatever the
 *   outcome of that turn's attempt.
 * - `none`: the newer turn decides; only the attempt's row is corrected.
 */
export type LateConsequence = 'all' | 'accepted' | 'mark' | 'none'

/** Decides what follows from a late result. */
function afterLateResult(
  now: TakenOver,
  { state, attempt }: Pick<AttemptRecord, 'state' | 'attempt'>,
): LateConsequence {
  if (now.state === 'pending' && now.reason === 'interrupted' && now.attempts === attempt) return 'all'
  if (state !== 'accepted' && state !== 'posted') return 'none'
  if (now.state === 'sending') return 'mark'
  return now.state === 'pending' || now.state === 'failed' || now.state === 'suppressed' ? 'accepted' : 'none'
}

/**
 * Records the outcome of an attempt after another turn has taken its notification over, in place of the `interrupted`
 * that the other turn recorded. Does nothing where there is no such row, so it may run twice. One notification per
 * transaction: two turns that lock several rows could deadlock.
 *
 * @returns whether it changed the notification, so that the other turn no longer decides
 */
export async function recordLate(db: Kysely<Tables>, turn: string, attemptRecord: AttemptRecord): Promise<boolean> {
  const { id, createdAt, attempt, posted, outcome } = attemptRecord
  if (outcome === 'interrupted') return false
  return db.transaction().execute(async (transaction) => {
    const taken = await transaction
      .selectFrom('teams_notifications')
      .select(['state', 'reason', 'attempts'])
      .where('id', '=', id)
      .where('created_at', '=', createdAt)
      .forUpdate()
      .executeTakeFirst()
    if (!taken) return false
    const consequence = afterLateResult(taken, attemptRecord)
    const row = sql`notification_id = ${id}::uuid AND attempt = ${attempt}::int AND held_by = ${turn}::uuid
                      AND created_at = ${createdAt} AND outcome = 'interrupted'`
    const { rows } =
      !posted && consequence === 'all'
        ? // It never was an attempt.
          await sql`
            WITH ${changeRows('attempt.never_made', 'never_made', sql`DELETE FROM teams_attempts a WHERE ${row}`, {
              entry: { values: { notification: sql`a.notification_id`, attempt: sql`a.attempt` } },
            })} SELECT attempt FROM never_made`.execute(transaction)
        : await sql`
            WITH ${changeRows(
              'attempt.result_known_late',
              'corrected',
              sql`
            UPDATE teams_attempts a
               SET outcome = ${outcome}, finished_at = ${attemptRecord.finishedAt}, status_code = ${attemptRecord.statusCode}::int,
                   error_code = ${attemptRecord.errorCode}, message = ${attemptRecord.message}
             WHERE ${row}`,
              {
                returning: sql`a.outcome, a.status_code, a.error_code, a.message, a.finished_at`,
                entry: {
                  values: {
                    notification: sql`a.notification_id`,
                    attempt: sql`a.attempt`,
                    outcome: sql`a.outcome`,
                    attempt_status: sql`a.status_code`,
                    error_code: hashSql(sql`n.salt`, sql`a.error_code`),
                    finished_at: sql`a.finished_at`,
                    message: hashSql(sql`n.salt`, sql`a.message`),
                  },
                  from: sql`corrected a JOIN teams_notifications n ON n.id = a.notification_id AND n.created_at = a.created_at`,
                },
              },
            )} SELECT attempt FROM corrected`.execute(transaction)
    if (rows.length === 0 || consequence === 'none') return false
    await moveNotification(transaction, attemptRecord, consequence)
    if (consequence === 'all' && attemptRecord.state === 'failed')
      // As in a step: otherwise the repeats of a failed notification would stay suppressed.
      await sql`
        WITH attempted AS (
          SELECT id, created_at, state FROM teams_notifications WHERE id = ${id}::uuid AND created_at = ${createdAt}
        )${releaseRepeatsSql()} SELECT 1`.execute(transaction)
    return consequence !== 'mark'
  })
}

async function moveNotification(
  db: Kysely<Tables>,
  attemptRecord: AttemptRecord,
  consequence: Exclude<LateConsequence, 'none'>,
): Promise<void> {
  // Where nothing was posted after all, the row keeps the card of the attempt before.
  const card = salted(attemptRecord.posted ? attemptRecord.cardJson : null)
  await sql`
    WITH ${changeRows(
      'notification.result_known_late',
      'moved',
      sql`
      UPDATE teams_notifications n SET ${newValues(attemptRecord, card, consequence)}
       WHERE id = ${attemptRecord.id}::uuid AND created_at = ${attemptRecord.createdAt}`,
      { entry: { values: { card: sql`${card.hash}::text` } } },
    )} SELECT 1`.execute(db)
}

function newValues(
  attemptRecord: AttemptRecord,
  card: SaltedText,
  consequence: Exclude<LateConsequence, 'none'>,
): RawBuilder<unknown> {
  const { posted, mayHaveArrived, state } = attemptRecord
  const seen = sql`status_code = ${attemptRecord.statusCode}::int, webhook_url = coalesce(${attemptRecord.webhookUrl}, webhook_url),
                   card_payload = coalesce(${attemptRecord.cardJson}::jsonb, card_payload),
                   card_salt = coalesce(${card.salt}::uuid, card_salt)`
  if (consequence === 'mark') return sql`accepted_at = coalesce(accepted_at, clock_timestamp()), ${seen}`
  if (consequence === 'accepted')
    return sql`state = 'accepted', reason = NULL, error_message = NULL, silence_id = NULL, ${seen}`
  const repeat = attemptRecord.repeat || (mayHaveArrived && state !== 'accepted' && state !== 'posted')
  return sql`
           state = ${state}, reason = ${attemptRecord.reason}, repeat = ${repeat},
           next_attempt_at = clock_timestamp() + ${attemptRecord.delayMs}::float8 * interval '1 millisecond',
           failures = failures + ${attemptRecord.failed ? 1 : 0}::int,
           ${
             posted
               ? sql`error_message = ${state === 'accepted' || state === 'posted' ? null : attemptRecord.message}, ${seen}`
               : sql`attempts = attempts - 1, sent_at = CASE WHEN attempts > 1 THEN sent_at END`
           }`
}
