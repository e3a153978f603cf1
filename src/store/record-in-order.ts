import { type RawBuilder, sql } from 'kysely'

/** An audit entry about an event, a notification, a silence, an action or an archived record, as stored. */
export interface StoredEntry {
  readonly key: string
  readonly id: string
  readonly created_at: string
  /** In the notation of PostgreSQL's `escape`: as texts, entries are read in half the time of bytes. */
  readonly body: string
}

/** Times are UTC with milliseconds, as in entries. A list of texts is JSON. */
export interface StoredEvent {
  readonly key: string
  readonly event_type: string
  readonly correlation_id: string
  readonly priority: string
  readonly stakeholders: string
  /** As JSON; null where it is larger than {@link LARGE_BYTES}. */
  readonly data: string | null
  readonly language: string | null
  readonly origin: string
  readonly occurred_at: string
  readonly created_at: string
  readonly salt: string | null
}

export interface StoredNotification {
  readonly key: string
  readonly event_id: string
  readonly correlation_id: string
  readonly event_type: string
  readonly stakeholders: string
  readonly priority: string
  readonly channel: string
  readonly language: string
  readonly state: string
  readonly reason: string | null
  readonly webhook_url: string | null
  /** As JSON; null where there is none, or where `large_card` is true. */
  readonly card_payload: string | null
  readonly large_card: boolean
  readonly sent_at: string | null
  readonly accepted_at: string | null
  readonly status_code: number | null
  readonly retry_count: number
  readonly error_message: string | null
  readonly attempts: number
  readonly digest_id: string | null
  readonly silence_id: string | null
  readonly repeat_of: string | null
  readonly escalation_step: number | null
  readonly acknowledged_by: string | null
  readonly acknowledged_at: string | null
  readonly action_taken: string | null
  readonly action_data: string | null
  readonly quiet_until: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly salt: string | null
  readonly card_salt: string | null
}

export interface StoredAttempt {
  readonly key: string
  readonly attempt: number
  readonly started_at: string
  readonly finished_at: string
  readonly outcome: string
  readonly status_code: number | null
  readonly error_code: string | null
  readonly message: string | null
  readonly repeat: boolean
  readonly created_at: string
}

export interface StoredReplay {
  readonly key: string
  readonly replayed_at: string
  readonly replayed_by: string
  readonly salt: string | null
}

export interface StoredResolution {
  readonly key: string
  readonly event_type: string
  readonly dedup_key: string
  readonly created_at: string
  readonly salt: string | null
}

export interface StoredSilence {
  readonly key: string
  readonly kind: string
  readonly matchers: string
  readonly starts_at: string
  readonly ends_at: string
  readonly every: string | null
  readonly reason: string
  readonly created_by: string
  readonly created_at: string
  readonly ended_by: string | null
  readonly ended_at: string | null
  readonly salt: string | null
}

export interface StoredAction {
  readonly key: string
  readonly action: string
  readonly state: string
  readonly code: string | null
  readonly event_id: string
  readonly notification_id: string | null
  /** Joined with commas. */
  readonly event_ids: string
  readonly via: string
  readonly actor_id: string | null
  readonly actor_name: string | null
  readonly verified: boolean
  readonly relayed_by: string | null
  readonly reason: string | null
  readonly note: string | null
  readonly tier: number | null
  readonly quiet_until: string | null
  readonly result: string | null
  readonly requested_at: string
  readonly started_at: string | null
  readonly finished_at: string | null
  readonly confirms: string | null
  readonly salt: string | null
}

export interface StoredPagerAlert {
  /** The event. */
  readonly key: string
  readonly id: string
  readonly pager: string
  readonly tier: number
  readonly state: string
  readonly wanted: string
  readonly told: string | null
  readonly code: string | null
  readonly status_code: number | null
  readonly acknowledged_by: string | null
  readonly created_at: string
  readonly salt: string | null
}

export interface StoredEscalation {
  readonly key: string
  readonly policy: string
  readonly plan: string
  readonly state: string
  readonly reason: string | null
  readonly tier: number
  readonly round: number
  readonly since: string
  readonly next_at: string | null
  readonly held_by: string | null
  readonly ack_expires_at: string | null
  readonly reminded_at: string | null
  readonly ended_at: string | null
  readonly salt: string | null
}

export interface StoredArchived {
  readonly key: string
  readonly kind: string
  readonly source: string | null
  readonly subject: string
  readonly event_id: string | null
  readonly action_id: string | null
  readonly about: string
  readonly state: string
  readonly key_id: string | null
  /** SHA-256 in hex, as of `content`. */
  readonly data_key: string | null
  readonly content: string
  readonly size: number
  readonly archived_at: string
  readonly restored_at: string | null
  readonly salt: string | null
}

/** Stored size of a JSON value above which it is read by itself: of events there may be half a megabyte each. */
const LARGE_BYTES = 8_192

/** SQL of a time as entries have it. */
export const millisecondsSql = (column: string): RawBuilder<string> =>
  sql`to_char(${sql.raw(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * Statements that read the record and its audit entries, each in the order of the id that its entries are about (`key`):
 * read side by side, they need no memory of what came before. Each follows an index but for resolutions, which are sorted.
 */
export const RECORD_IN_ORDER = {
  entries: sql<StoredEntry>`
    SELECT e.subject AS key, e.id::text AS id, ${millisecondsSql('e.created_at')} AS created_at,
           encode(e.body, 'escape') AS body
      FROM teams_audit_entries e WHERE e.subject IS NOT NULL ORDER BY e.subject, e.id`,
  events: sql<StoredEvent>`
    SELECT e.id AS key, e.event_type, e.correlation_id, e.priority, to_json(e.stakeholders)::text AS stakeholders,
           CASE WHEN pg_column_size(e.data) <= ${sql.lit(LARGE_BYTES)} THEN e.data::text END AS data, e.language, e.origin,
           ${millisecondsSql('e.occurred_at')} AS occurred_at, ${millisecondsSql('e.created_at')} AS created_at, e.salt
      FROM teams_events e ORDER BY e.id, e.created_at`,
  notifications: sql<StoredNotification>`
    SELECT n.id AS key, n.event_id, n.correlation_id, n.event_type, to_json(n.stakeholders)::text AS stakeholders,
           n.priority, n.channel, n.language, n.state, n.reason, n.webhook_url,
           CASE WHEN pg_column_size(n.card_payload) <= ${sql.lit(LARGE_BYTES)} THEN n.card_payload::text END AS card_payload,
           coalesce(pg_column_size(n.card_payload) > ${sql.lit(LARGE_BYTES)}, false) AS large_card,
           ${millisecondsSql('n.sent_at')} AS sent_at, ${millisecondsSql('n.accepted_at')} AS accepted_at, n.status_code,
           n.retry_count, n.error_message, n.attempts, n.digest_id, n.silence_id, n.repeat_of, n.escalation_step, n.acknowledged_by,
           ${millisecondsSql('n.acknowledged_at')} AS acknowledged_at, n.action_taken, n.action_data::text AS action_data,
           ${millisecondsSql('n.quiet_until')} AS quiet_until,
           ${millisecondsSql('n.created_at')} AS created_at, ${millisecondsSql('n.updated_at')} AS updated_at, n.salt,
           n.card_salt
      FROM teams_notifications n ORDER BY n.id, n.created_at`,
  attempts: sql<StoredAttempt>`
    SELECT a.notification_id AS key, a.attempt, ${millisecondsSql('a.started_at')} AS started_at,
           ${millisecondsSql('a.finished_at')} AS finished_at, a.outcome, a.status_code, a.error_code, a.message, a.repeat,
           ${millisecondsSql('a.created_at')} AS created_at
      FROM teams_attempts a ORDER BY a.notification_id, a.attempt, a.held_by, a.created_at`,
  replays: sql<StoredReplay>`
    SELECT p.notification_id AS key, ${millisecondsSql('p.replayed_at')} AS replayed_at, p.replayed_by, p.salt
      FROM teams_replays p ORDER BY p.notification_id, p.replayed_at`,
  resolutions: sql<StoredResolution>`
    SELECT r.event_id AS key, r.event_type, r.dedup_key, ${millisecondsSql('r.created_at')} AS created_at, r.salt
      FROM teams_resolutions r ORDER BY r.event_id`,
  silences: sql<StoredSilence>`
    SELECT s.id AS key, s.kind, s.matchers::text AS matchers, ${millisecondsSql('s.starts_at')} AS starts_at,
           ${millisecondsSql('s.ends_at')} AS ends_at, s.every, s.reason, s.created_by,
           ${millisecondsSql('s.created_at::timestamptz(3)')} AS created_at, s.ended_by,
           ${millisecondsSql('s.ended_at')} AS ended_at, s.salt
      FROM teams_silences s ORDER BY s.id`,
  actions: sql<StoredAction>`
    SELECT x.id AS key, x.action, x.state, x.code, x.event_id, x.notification_id,
           array_to_string(x.event_ids, ',') AS event_ids, x.via, x.actor_id, x.actor_name, x.verified, x.relayed_by, x.reason,
           x.note, x.tier, ${millisecondsSql('x.quiet_until')} AS quiet_until, x.result::text AS result,
           ${millisecondsSql('x.requested_at')} AS requested_at, ${millisecondsSql('x.started_at')} AS started_at,
           ${millisecondsSql('x.finished_at')} AS finished_at, x.confirms, x.salt
      FROM teams_actions x ORDER BY x.id`,
  pagerAlerts: sql<StoredPagerAlert>`
    SELECT g.event_id AS key, g.id, g.pager, g.tier, g.state, g.wanted, g.told, g.code, g.status_code, g.acknowledged_by,
           ${millisecondsSql('g.created_at')} AS created_at, g.salt
      FROM teams_pager_alerts g ORDER BY g.event_id, g.pager`,
  escalations: sql<StoredEscalation>`
    SELECT z.event_id AS key, z.policy, z.plan::text AS plan, z.state, z.reason, z.tier, z.round,
           ${millisecondsSql('z.since')} AS since, ${millisecondsSql('z.next_at')} AS next_at, z.held_by,
           ${millisecondsSql('z.ack_expires_at')} AS ack_expires_at, ${millisecondsSql('z.reminded_at')} AS reminded_at,
           ${millisecondsSql('z.ended_at')} AS ended_at, z.salt
      FROM teams_escalations z ORDER BY z.event_id`,
  archived: sql<StoredArchived>`
    SELECT h.id AS key, h.kind, h.source, h.subject, h.event_id, h.action_id, h.about::text AS about, h.state, h.key_id,
           encode(sha256(h.data_key), 'hex') AS data_key, encode(sha256(h.content), 'hex') AS content, h.size,
           ${millisecondsSql('h.archived_at')} AS archived_at, ${millisecondsSql('h.restored_at')} AS restored_at, h.salt
      FROM teams_archive h ORDER BY h.id`,
} as const

/** The rows of each statement of {@link RECORD_IN_ORDER}. */
export interface RecordRows {
  readonly entries: StoredEntry
  readonly events: StoredEvent
  readonly notifications: StoredNotification
  readonly attempts: StoredAttempt
  readonly replays: StoredReplay
  readonly resolutions: StoredResolution
  readonly silences: StoredSilence
  readonly actions: StoredAction
  readonly pagerAlerts: StoredPagerAlert
  readonly escalations: StoredEscalation
  readonly archived: StoredArchived
}
