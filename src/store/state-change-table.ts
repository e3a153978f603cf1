import { type RawBuilder, sql } from 'kysely'
import type { EntryKind } from '../contract/audit-entries.ts'
import { ESCALATION_CHANGES } from './escalation-changes.ts'
import { LEASE, SOURCE_CHANGES } from './source-changes.ts'

/** The columns of an action that its entries have. */
const ACTION_COLUMNS = sql`x.id, x.action, x.state, x.code, x.event_id, x.notification_id, x.event_ids, x.via, x.actor_id,
  x.actor_name, x.verified, x.relayed_by, x.reason, x.note, x.tier, x.quiet_until, x.requested_at, x.started_at, x.finished_at,
  x.confirms, x.salt`

/** The columns of an escalation that its entries have. */
const ESCALATION_COLUMNS = sql`z.event_id, z.policy, z.state, z.reason, z.tier, z.round, z.since, z.next_at, z.held_by,
  z.ack_expires_at, z.reminded_at, z.ended_at`

/** The columns of an archived record that its entries have; of the encrypted bytes, their hashes. */
const ARCHIVED_COLUMNS = sql`h.id, h.kind, h.source, h.subject, h.event_id, h.action_id, h.state, h.key_id, h.size,
  h.archived_at, h.restored_at, h.salt, encode(sha256(h.content), 'hex') AS content_hash,
  encode(sha256(h.data_key), 'hex') AS data_key_hash`

/**
 * The kinds of rows whose state changes, each with the columns by which a change names the rows that it changed. The
 * letter is the alias under which every statement that changes such a row has its table.
 */
export const ROW_KINDS = {
  event: sql`e.id, e.created_at`,
  notification: sql`n.id, n.created_at, n.state, n.reason`,
  attempt: sql`a.notification_id, a.attempt, a.created_at`,
  channel: sql`c.key, c.breaker, c.paused_until`,
  turn: sql`c.key, c.turn_by`,
  silence: sql`s.id`,
  resolution: sql`r.event_id, r.event_type`,
  replay: sql`p.notification_id, p.replayed_at`,
  action: ACTION_COLUMNS,
  escalation: ESCALATION_COLUMNS,
  'idempotency key': sql`k.key_hash`,
  'pager alert': sql`g.id, g.event_id, g.pager, g.tier, g.state, g.wanted, g.told, g.code, g.status_code`,
  pager: sql`b.name`,
  source: sql`o.name`,
  'alert event': sql`l.event_id`,
  'archived record': ARCHIVED_COLUMNS,
  heartbeat: sql`w.name`,
  'requeued task': sql`q.action_id`,
} as const satisfies Readonly<Record<string, RawBuilder<unknown>>>

/** The subject of a change: a kind of rows, or tables as a whole, which only routines of `migrations/` change. */
type Of = keyof typeof ROW_KINDS | 'tables'

/** One change: its subject, its meaning for the docs, and its audit entry or the reason why it has none. */
export type Change = { readonly of: Of; readonly means: string } & (
  | { readonly entry: EntryKind }
  | { readonly noEntry: string }
)

const WITH_NOTIFICATION = 'the entry of the notification has both'
const WITH_ATTEMPT = 'the entry of the attempt has both'
const WITH_ACTION = 'the entries of its action say what was asked for, and what came of it'

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
  'notification.created_for_tier': {
    of: 'notification',
    means: 'Written for a tier of an escalation, or for the reminder before an acknowledgement expires: `pending`',
    noEntry: 'the entry of `escalation.called` or `escalation.reminded` names it',
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
  'notification.acknowledgement_expired': {
    of: 'notification',
    means: 'The acknowledgement of its event expired: `acknowledged_by` and `acknowledged_at` are null again',
    entry: 'notification.acknowledgement_expired',
  },
  'action.removed': {
    of: 'action',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
  ...ESCALATION_CHANGES,
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
  'pager_alert.made': {
    of: 'pager alert',
    means:
      'A tier asked for a pager alert at a service, or for another one of the same event: `pending`, or told again',
    entry: 'pager_alert.made',
  },
  'pager_alert.wanted': {
    of: 'pager alert',
    means: 'Its service is to be told that the event is acknowledged or over; `skipped` where it was told nothing yet',
    entry: 'pager_alert.changed',
  },
  'pager_alert.folded': {
    of: 'pager alert',
    means: '`pending` → `folded`: more pager alerts with this fingerprint wait than the service takes',
    entry: 'pager_alert.changed',
  },
  'pager_alert.counted': {
    of: 'pager alert',
    means: 'More pager alerts were folded into it: its service is to be told their new number',
    noEntry: 'the entries of the folded pager alerts say so',
  },
  'pager_alert.released': {
    of: 'pager alert',
    means: '`folded` → `pending`: the pager alert that it was part of is over',
    entry: 'pager_alert.changed',
  },
  'pager_alert.claimed': { of: 'pager alert', means: 'A process works on it until its lease ends', noEntry: LEASE },
  'pager_alert.sent': {
    of: 'pager alert',
    means: 'A request to the service ended: accepted, done, to be made again, or refused',
    entry: 'pager_alert.changed',
  },
  'pager_alert.unprocessed': {
    of: 'pager alert',
    means: 'The service has not said yet what came of a request; it is asked again',
    noEntry: 'nothing became known',
  },
  'pager_alert.abandoned': {
    of: 'pager alert',
    means: 'The configuration has its pager no more: nobody tells its service. `pending` → `failed`',
    entry: 'pager_alert.changed',
  },
  'pager_alert.told': {
    of: 'pager alert',
    means: 'The service told that the alert is opened, acknowledged or resolved there',
    entry: 'pager_alert.changed',
  },
  'pager_alert.wait_ended': {
    of: 'pager alert',
    means: 'Due at once: it waited for a time that no rule could have set, because a clock was set back',
    noEntry: 'it waits as before, for a shorter time',
  },
  'pager_alert.removed': {
    of: 'pager alert',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
  'pager.added': {
    of: 'pager',
    means: 'A pager of the configuration got its row',
    noEntry: 'the configuration is in the entry of each start',
  },
  'pager.budget_taken': {
    of: 'pager',
    means: 'Calls were taken from its budget',
    noEntry: 'the entries of its pager alerts say what was sent',
  },
  'pager.rest_ended': {
    of: 'pager',
    means: 'Its pause was ended, and its budget is refilled again: a clock was set back',
    noEntry: 'it rests as before, for a shorter time',
  },
  'pager.paused': {
    of: 'pager',
    means: 'Its service answered 429: nothing is sent until the time that it named',
    noEntry: 'the entry of the pager alert that was refused says so',
  },
  'archive.kept': {
    of: 'archived record',
    means: 'Something of another system was kept, encrypted',
    entry: 'archive.kept',
  },
  'archive.changed': {
    of: 'archived record',
    means: '`kept` → `restoring` → `restored`: it is put back where it came from; `restoring` → `kept`: it was not',
    entry: 'archive.changed',
  },
  'archive.rewrapped': {
    of: 'archived record',
    means: 'The newest archive key wraps its data key now; the content is the same',
    entry: 'archive.rewrapped',
  },
  'archive.removed': {
    of: 'archived record',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
  ...SOURCE_CHANGES,
  'task.claimed': {
    of: 'requeued task',
    means: 'An action claimed a task, which it is about to queue again',
    noEntry: WITH_ACTION,
  },
  'task.noted': {
    of: 'requeued task',
    means: '`claimed` → `published`: the broker has it; → `ended`: nothing follows',
    noEntry: WITH_ACTION,
  },
  'task.removed': {
    of: 'requeued task',
    means: 'Retention: older than `TEAMS_AUDIT_RETENTION_DAYS`',
    noEntry: WITH_ACTION,
  },
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
