import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Language } from '../catalogue/language.ts'
import type { EscalationNote, Plan, Unreached } from '../contract/escalations.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { salted } from './entry-sql.ts'
import type { EscalationChange, EventToEscalate } from './escalations.ts'
import { changeRows, ESCALATION_VALUES } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** An escalation that begins. */
export interface NewEscalation extends Pick<EscalationChange, 'tier' | 'round' | 'since' | 'nextAt' | 'heldBy'> {
  readonly event: Pick<EventToEscalate, 'id' | 'eventType' | 'priority' | 'receivedAt' | 'dedupKey' | 'fingerprint'>
  readonly plan: Plan
  /** Of a digest: its notification. */
  readonly digestId: string | undefined
}

/** Inserts escalations, in the transaction that inserts their events: both have its time. */
export async function insertEscalations(db: Kysely<Tables>, fresh: readonly NewEscalation[]): Promise<void> {
  if (fresh.length === 0) return
  const rows = fresh.map(({ event, plan, digestId, ...position }) => {
    const { salt, hash } = salted(canonicalJson(JSON.parse(JSON.stringify(plan))))
    return {
      event_id: event.id,
      event_type: event.eventType,
      priority: event.priority,
      received_at: event.receivedAt,
      dedup_key: event.dedupKey,
      fingerprint: event.fingerprint,
      digest_id: digestId,
      policy: plan.policy,
      plan,
      tier: position.tier,
      round: position.round,
      since: position.since,
      next_at: position.nextAt,
      held_by: position.heldBy,
      salt,
      hash,
    }
  })
  await sql`
    WITH given AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS j (
        event_id uuid, event_type text, priority text, received_at timestamptz, dedup_key text, fingerprint text,
        digest_id uuid, policy text, plan jsonb, tier integer, round integer, since timestamptz, next_at timestamptz,
        held_by text, salt uuid, hash text)
    ), ${changeRows(
      'escalation.started',
      'started',
      sql`
      INSERT INTO teams_escalations AS z
        (event_id, event_type, priority, received_at, dedup_key, fingerprint, digest_id, policy, plan, state, tier, round,
         since, next_at, held_by, salt)
      SELECT event_id, event_type, priority, received_at, dedup_key, fingerprint, digest_id, policy, plan, 'climbing', tier,
             round, since, next_at, held_by, salt
        FROM given`,
      {
        entry: {
          values: { ...ESCALATION_VALUES, plan: sql`given.hash` },
          from: sql`started z JOIN given ON given.event_id = z.event_id`,
        },
      },
    )} SELECT 1`.execute(db)
}

const PLAIN_ENTRY = { entry: { values: ESCALATION_VALUES } }

/** Changes whose entries have the fields of the escalation and no others, or which have none. */
const PLAIN_CHANGES = {
  held: (rows) =>
    changeRows('escalation.held', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, PLAIN_ENTRY),
  still_held: (rows) =>
    changeRows('escalation.still_held', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`),
  acknowledged: (rows) =>
    changeRows('escalation.acknowledged', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, PLAIN_ENTRY),
  expired: (rows) =>
    changeRows('escalation.expired', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, PLAIN_ENTRY),
  resumed: (rows) =>
    changeRows('escalation.resumed', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, PLAIN_ENTRY),
  ended: (rows) =>
    changeRows('escalation.ended', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, PLAIN_ENTRY),
} as const satisfies Readonly<Record<string, (rows: readonly object[]) => RawBuilder<unknown>>>

/** Saves changed escalations. The caller has locked them. */
export async function saveEscalations(
  db: Kysely<Tables>,
  change: keyof typeof PLAIN_CHANGES,
  changed: readonly EscalationChange[],
): Promise<void> {
  if (changed.length === 0) return
  await sql`WITH ${PLAIN_CHANGES[change](changed.map(columnsOf))} SELECT 1`.execute(db)
}

/** A notification that a tier or a reminder adds to an event. */
export interface TierNotification {
  readonly id: string
  readonly channel: string
  readonly language: Language
  readonly note: EscalationNote
}

/** An escalation whose tier was called, or whose reminder is sent. */
export interface CalledEscalation extends EscalationChange {
  readonly eventCreatedAt: Date
  readonly fingerprint: string | null
  readonly notifications: readonly TierNotification[]
  readonly pagers: readonly string[]
  readonly unreached: readonly Unreached[]
  readonly byHand: boolean
}

const WITH_CALL = sql`z.event_created_at, j.notifications, j.pagers, j.unreached, j.by_hand`
const TIER_VALUES = { event_accepted_at: sql`z.event_created_at`, notifications: sql`z.notifications` }

const CALLED_CHANGES = {
  called: (rows) =>
    changeRows('escalation.called', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, {
      returning: WITH_CALL,
      entry: {
        values: {
          ...ESCALATION_VALUES,
          ...TIER_VALUES,
          by_hand: sql`z.by_hand`,
          pagers: sql`z.pagers`,
          unreached: sql`z.unreached`,
        },
      },
    }),
  reminded: (rows) =>
    changeRows('escalation.reminded', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, {
      returning: WITH_CALL,
      entry: { values: { ...ESCALATION_VALUES, ...TIER_VALUES } },
    }),
  reached_nobody: (rows) =>
    changeRows('escalation.reached_nobody', 'changed', sql`UPDATE teams_escalations z ${assignment(rows)}`, {
      returning: WITH_CALL,
      entry: { values: { ...ESCALATION_VALUES, unreached: sql`z.unreached` } },
    }),
} as const satisfies Readonly<Record<string, (rows: readonly object[]) => RawBuilder<unknown>>>

/** Saves escalations with the notifications that their tiers, or reminders, add to their events. */
export async function saveCalled(
  db: Kysely<Tables>,
  change: keyof typeof CALLED_CHANGES,
  called: readonly CalledEscalation[],
): Promise<void> {
  if (called.length === 0) return
  const rows = called.map((one) => ({
    ...columnsOf(one),
    pagers: one.pagers,
    unreached: one.unreached,
    by_hand: one.byHand,
    notifications: one.notifications.map(({ id, channel, language }) => ({
      id,
      channel,
      language,
      tier: one.tier,
      state: 'pending',
      reason: null,
      silence: null,
      repeat_of: null,
    })),
  }))
  await sql`WITH ${CALLED_CHANGES[change](rows)} SELECT 1`.execute(db)
  await insertTierNotifications(db, called)
}

/** With the columns of the event, whose month they are in. */
async function insertTierNotifications(db: Kysely<Tables>, called: readonly CalledEscalation[]): Promise<void> {
  const rows = called.flatMap(({ eventId, eventCreatedAt, tier, notifications }) =>
    notifications.map(({ id, channel, language, note }) => ({
      id,
      event_id: eventId,
      created_at: eventCreatedAt,
      channel,
      language,
      escalation_step: tier,
      escalation: note,
    })),
  )
  if (rows.length === 0) return
  await sql`
    WITH ${changeRows(
      'notification.created_for_tier',
      'created',
      sql`
      INSERT INTO teams_notifications AS n
        (id, event_id, created_at, correlation_id, event_type, stakeholders, priority, channel, language, state, fingerprint,
         dedup_key, received_at, escalation_step, escalation, salt)
      SELECT j.id, e.id, e.created_at, e.correlation_id, e.event_type, e.stakeholders, e.priority, j.channel, j.language,
             'pending', z.fingerprint, z.dedup_key, z.received_at, j.escalation_step, j.escalation, gen_random_uuid()
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS j (
               id uuid, event_id uuid, created_at timestamptz, channel text, language text, escalation_step integer,
               escalation jsonb)
        JOIN teams_events e ON e.id = j.event_id AND e.created_at = j.created_at
        JOIN teams_escalations z ON z.event_id = j.event_id`,
    )} SELECT 1`.execute(db)
}

function columnsOf(change: EscalationChange) {
  return {
    event_id: change.eventId,
    state: change.state,
    reason: change.reason,
    tier: change.tier,
    round: change.round,
    since: change.since,
    next_at: change.nextAt,
    held_by: change.heldBy,
    ack_expires_at: change.ackExpiresAt,
    reminded_at: change.remindedAt,
    ended_at: change.endedAt,
  }
}

/** SQL of an update of escalations from its SET on. */
function assignment(rows: readonly object[]): RawBuilder<unknown> {
  return sql`
         SET state = j.state, reason = j.reason, tier = j.tier, round = j.round, since = j.since, next_at = j.next_at,
             held_by = j.held_by, ack_expires_at = j.ack_expires_at, reminded_at = j.reminded_at, ended_at = j.ended_at
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS j (
               event_id uuid, state text, reason text, tier integer, round integer, since timestamptz, next_at timestamptz,
               held_by text, ack_expires_at timestamptz, reminded_at timestamptz, ended_at timestamptz, notifications jsonb,
               pagers jsonb, unreached jsonb, by_hand boolean)
       WHERE z.event_id = j.event_id`
}
