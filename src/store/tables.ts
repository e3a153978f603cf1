import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { ActionName, ActionState, ActorVia } from '../contract/actions.ts'
import type { ArchivedState } from '../contract/archive.ts'
import type { EscalationEnd, EscalationNote, EscalationState, Plan } from '../contract/escalations.ts'
import type { State } from '../contract/notifications.ts'
import type { PagerAlertRequest, PagerAlertState } from '../contract/pager-alerts.ts'
import type { Matcher } from '../contract/silences.ts'
import type { JsonObject } from '../kernel/json.ts'

type Json<T> = ColumnType<T, string, string>
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>

/** Columns of `teams_heartbeats`, whose rows are read and written whole. */
export interface HeartbeatColumns {
  name: string
  version: number
  waiting_since: Date
  watched_at: Date
  unwatched_since: Date | null
  resumed_at: Date | null
  seen_at: Date | null
  succeeded_at: Date | null
  failed_at: Date | null
  started_at: Date | null
  run_id: string | null
  unfinished_since: Date | null
  last_run_id: string | null
  last_signal: string | null
  exit_code: number | null
  duration_ms: number | null
  open: string[]
  open_since: Date | null
  end_type: string | null
}

/** The tables of `migrations/` for Kysely. The meaning of each column is written there. */
export interface Tables {
  teams_events: {
    id: string
    event_type: string
    correlation_id: string
    priority: Priority
    stakeholders: string[]
    data: Json<JsonObject>
    language: Language | null
    origin: string
    occurred_at: Date
    created_at: Generated<Date>
    salt: string | null
  }
  teams_notifications: {
    id: string
    correlation_id: string
    event_type: string
    stakeholders: string[]
    priority: Priority
    webhook_url: string | null
    card_payload: NullableJson<JsonObject>
    sent_at: Date | null
    accepted_at: Date | null
    status_code: number | null
    retry_count: Generated<number>
    error_message: string | null
    acknowledged_by: string | null
    acknowledged_at: Date | null
    action_taken: string | null
    action_data: NullableJson<JsonObject>
    created_at: Generated<Date>
    updated_at: Generated<Date>
    event_id: string
    channel: string
    language: Language
    state: Generated<State>
    reason: string | null
    priority_rank: GeneratedAlways<number>
    next_attempt_at: Generated<Date>
    attempts: Generated<number>
    failures: Generated<number>
    probes: Generated<number>
    held_by: string | null
    held_since: Date | null
    repeat: Generated<boolean>
    fingerprint: string | null
    dedup_key: string | null
    digest_id: string | null
    silence_id: string | null
    repeat_of: string | null
    received_at: Date | null
    salt: string | null
    card_salt: string | null
    quiet_until: Date | null
    escalation_step: number | null
    escalation: NullableJson<EscalationNote>
  }
  teams_escalations: {
    event_id: string
    event_created_at: Generated<Date>
    event_type: string
    priority: Priority
    received_at: Date
    dedup_key: string | null
    fingerprint: string | null
    digest_id: string | null
    policy: string
    plan: Json<Plan>
    state: EscalationState
    reason: EscalationEnd | null
    tier: Generated<number>
    round: Generated<number>
    since: Date
    next_at: Date | null
    held_by: string | null
    ack_expires_at: Date | null
    reminded_at: Date | null
    ended_at: Date | null
    salt: string | null
  }
  teams_attempts: {
    notification_id: string
    attempt: number
    started_at: Date
    finished_at: Date
    outcome: string
    status_code: number | null
    error_code: string | null
    message: string | null
    repeat: boolean
    held_by: string
    created_at: Date
  }
  teams_channels: {
    key: string
    tokens: number
    refilled_at: Generated<Date>
    paused_until: Date | null
    breaker: Generated<'closed' | 'open' | 'half_open'>
    consecutive_failures: Generated<number>
    consecutive_pauses: Generated<number>
    failed_probes: Generated<number>
    last_outcome: string | null
    last_outcome_at: Date | null
    turn_by: string | null
    turn_until: Date | null
    woken: Generated<boolean>
    digested_at: Date | null
  }
  teams_idempotency_keys: {
    key_hash: string
    event_id: string
    accepted_at: Date
    expires_at: Date
    content_hash: string | null
  }
  teams_resolutions: {
    dedup_key: string
    event_type: string
    event_id: string
    created_at: Generated<Date>
    salt: string | null
  }
  teams_replays: {
    notification_id: string
    replayed_at: Generated<Date>
    replayed_by: string
    salt: string | null
  }
  teams_actions: {
    id: string
    action: ActionName
    state: ActionState
    code: string | null
    event_id: string
    event_created_at: Date
    notification_id: string | null
    event_ids: string[]
    via: ActorVia
    actor_id: string | null
    actor_name: string | null
    verified: boolean
    relayed_by: string | null
    reason: string | null
    note: string | null
    tier: number | null
    quiet_until: Date | null
    result: NullableJson<JsonObject>
    requested_at: Generated<Date>
    started_at: Date | null
    finished_at: Date | null
    lease_until: Date | null
    key_hash: string | null
    content_hash: string | null
    confirms: string | null
    salt: string | null
  }
  teams_silences: {
    id: string
    kind: 'silence' | 'maintenance'
    matchers: Json<readonly Matcher[]>
    starts_at: Date
    ends_at: Date
    every: 'day' | 'week' | null
    reason: string
    created_by: string
    created_at: Generated<Date>
    ended_by: string | null
    ended_at: Date | null
    salt: string | null
  }
  teams_pagers: { name: string; tokens: number; refilled_at: Generated<Date>; paused_until: Date | null }
  teams_pager_alerts: {
    id: string
    event_id: string
    event_created_at: Date
    pager: string
    priority: Priority
    priority_rank: GeneratedAlways<number>
    fingerprint: string | null
    tier: number
    state: Generated<PagerAlertState>
    wanted: Generated<PagerAlertRequest>
    told: PagerAlertRequest | null
    code: string | null
    status_code: number | null
    folded_into: string | null
    generation: Generated<number>
    request_id: string | null
    requested: PagerAlertRequest | null
    attempts: Generated<number>
    failures: Generated<number>
    next_attempt_at: Date | null
    lease_by: string | null
    accepted_at: Date | null
    opened_at: Date | null
    acknowledged_at: Date | null
    acknowledged_by: string | null
    resolved_at: Date | null
    created_at: Generated<Date>
    updated_at: Generated<Date>
    salt: string | null
  }
  teams_sources: {
    name: string
    kind: string
    holder: string | null
    lease_until: Date | null
    fence: Generated<number>
    checkpoint: Json<JsonObject>
    seen_at: Date | null
    unseen_since: Date | null
    blind_since: Date | null
    code: string | null
  }
  teams_archive: {
    id: string
    kind: string
    source: string | null
    subject: string
    event_id: string | null
    action_id: string | null
    about: Json<JsonObject>
    state: Generated<ArchivedState>
    key_id: string | null
    data_key: Uint8Array | null
    content: Uint8Array
    size: number
    archived_at: Generated<Date>
    restored_at: Date | null
    salt: Generated<string | null>
  }
  teams_heartbeats: HeartbeatColumns
  teams_requeued_tasks: {
    action_id: string
    source: string
    task_id: string
    new_task_id: string
    queue: string
    done_before: string | null
    state: Generated<'claimed' | 'published' | 'ended'>
    claimed_at: Generated<Date>
  }
  teams_alert_events: {
    id: GeneratedAlways<string>
    correlation_id: string
    event_id: string
    event_created_at: Generated<Date>
    is_firing: boolean
  }
  teams_audit_entries: {
    /** A bigint, which pg reads as text. */
    id: Generated<string>
    created_at: Generated<Date>
    xid: Generated<string>
    subject: string | null
    body: Uint8Array
  }
  teams_audit_values: { entry_id: string; field: string; salt: string; value: string }
  teams_audit_origins: { id: number; origin: string; begun_at: Generated<Date> }
  teams_audit_leaves: { origin_id: number; leaf_index: string; entry_id: string; entry_at: Date; hash: Uint8Array }
  teams_audit_nodes: { origin_id: number; level: number; node_index: string; hash: Uint8Array }
  teams_audit_checkpoints: {
    id: GeneratedAlways<string>
    origin_id: number
    size: string
    root: Uint8Array
    note: string | null
    sealed_at: Generated<Date>
    snapshot: string
    complete: boolean
    cluster: string
    last_id: string | null
    pass_snapshot: string | null
    pass_after: string | null
    pass_until: string | null
  }
}
