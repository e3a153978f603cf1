import type { ActorVia } from './actions.ts'
import { ARCHIVE_ENTRIES } from './archive-entries.ts'
import type { EntryDefinition, EntryFieldType } from './entry-fields.ts'
import { ESCALATION_ENTRIES } from './escalation-entries.ts'

/**
 * How every entry starts: the version of the format, which changes with every change of a field that exists, and the name of the
 * entry. The database's clock (`at`) and 16 random bytes (`nonce`) follow, so that nobody can guess an entry from its hash. Written
 * by `teams_audit_body` of `migrations/`.
 */
export const ENTRY_START = '{"v":1,"kind":"'

/** A notification after the change. `verify` compares the last entry of a notification with its row. */
export const NOTIFICATION_FIELDS = {
  notification: 'id',
  state: 'code',
  reason: 'code',
  status_code: 'count',
  retry_count: 'count',
  sent_at: 'time',
  accepted_at: 'time',
  error: 'hash',
  address: 'hash',
} as const satisfies Readonly<Record<string, EntryFieldType>>

/** An attempt. `card` is null where the attempt made none; the row then keeps the card of the attempt before. */
const ATTEMPT_FIELDS = {
  attempt: 'count',
  outcome: 'code',
  attempt_status: 'count',
  error_code: 'hash',
  started_at: 'time',
  finished_at: 'time',
  repeat: 'flag',
  message: 'hash',
  card: 'hash',
} as const satisfies Readonly<Record<string, EntryFieldType>>

/** Who did it: `via` says how that is known, `who` is the hash of the name, null where nobody has one. */
const ACTOR_FIELDS = { via: 'code', who: 'hash' } as const satisfies Readonly<Record<string, EntryFieldType>>

/**
 * An action after the change. `event_ids` is the SHA-256 in hex of the ids of its events, sorted and joined with commas. `verify`
 * compares the last entry of an action with its row.
 */
const ACTION_FIELDS = {
  action: 'id',
  type: 'code',
  state: 'code',
  code: 'code',
  event: 'id',
  notification: 'id',
  count: 'count',
  event_ids: 'code',
  tier: 'count',
  quiet_until: 'time',
  requested_at: 'time',
  started_at: 'time',
  finished_at: 'time',
  confirms: 'id',
  verified: 'flag',
  reason: 'hash',
  note: 'hash',
  result: 'hash',
  relay: 'hash',
  person: 'hash',
  ...ACTOR_FIELDS,
} as const satisfies Readonly<Record<string, EntryFieldType>>

/** A pager alert after the change; `who` acknowledged it at the service. `verify` compares the last entry of one with its row. */
const PAGER_ALERT_FIELDS = {
  event: 'id',
  pager_alert: 'id',
  pager: 'code',
  tier: 'count',
  state: 'code',
  wanted: 'code',
  told: 'code',
  reason: 'code',
  status_code: 'count',
  ...ACTOR_FIELDS,
} as const satisfies Readonly<Record<string, EntryFieldType>>

/**
 * Every kind of entry of the audit trail, with its fields in the order in which they are written. The database's statements,
 * `audit verify` and docs/reference/audit-entries.md share this table.
 */
export const AUDIT_ENTRIES = {
  'event.accepted': {
    fields: {
      event: 'id',
      type: 'code',
      priority: 'code',
      language: 'code',
      correlation: 'hash',
      data: 'hash',
      occurred_at: 'time',
      masked: 'list',
      ignored: 'count',
      stakeholders: 'list',
      notifications: 'list',
      ...ACTOR_FIELDS,
    },
    means:
      'An event was accepted. `data` is the hash of its data as canonical JSON; `masked` names the fields of its type that were masked or cut, `ignored` counts the fields that were not kept; `notifications` is its routing',
  },
  'event.resolved': {
    fields: { event: 'id', type: 'code', key: 'hash', resolved_at: 'time' },
    means: 'The event says that events of this type with this key from before this time are over',
  },
  'attempt.finished': {
    fields: { ...NOTIFICATION_FIELDS, posted: 'flag', ...ATTEMPT_FIELDS },
    means:
      'An attempt ended with its outcome; the notification is in the state that follows. `posted` is false where it was handed back and the attempt has no row',
  },
  'attempt.interrupted': {
    fields: { ...NOTIFICATION_FIELDS, attempt: 'count', started_at: 'time', finished_at: 'time', repeat: 'flag' },
    means: 'The turn of an attempt was cut off; its outcome is not known',
  },
  'attempt.result_known_late': {
    fields: {
      notification: 'id',
      attempt: 'count',
      outcome: 'code',
      attempt_status: 'count',
      error_code: 'hash',
      finished_at: 'time',
      message: 'hash',
    },
    means: 'The outcome of an interrupted attempt became known',
  },
  'attempt.never_made': {
    fields: { notification: 'id', attempt: 'count' },
    means: 'An interrupted attempt turned out never to have been posted; its row was removed',
  },
  'notification.result_known_late': {
    fields: { ...NOTIFICATION_FIELDS, card: 'hash' },
    means: 'What follows for a notification from an outcome that became known late',
  },
  'notification.suppressed': {
    fields: { ...NOTIFICATION_FIELDS, silence: 'id' },
    means: 'A waiting notification was suppressed, because its channel is muted or a silence matches',
  },
  'notification.digested': {
    fields: { ...NOTIFICATION_FIELDS, digest: 'id' },
    means: 'A waiting notification stands in a digest; `digest` is the notification whose card shows it',
  },
  'notification.released': {
    fields: { ...NOTIFICATION_FIELDS },
    means: 'A repeat waits again, because the notification that it repeats has failed',
  },
  'notification.replayed': {
    fields: { ...NOTIFICATION_FIELDS, replayed_at: 'time', ...ACTOR_FIELDS },
    means: 'Somebody asked for a failed notification to be sent again',
  },
  // Without the other columns of the notification: an edit of them would become what the last entry says.
  'notification.acted': {
    fields: {
      notification: 'id',
      action: 'id',
      type: 'code',
      acknowledged_at: 'time',
      acknowledged_by: 'hash',
      quiet_until: 'time',
      action_data: 'hash',
    },
    means:
      'An action was done to the event of a notification. `type` is its name, and `action_data` the hash of what the notification has of it, as canonical JSON',
  },
  'notification.acknowledgement_expired': {
    fields: { notification: 'id', acknowledged_at: 'time' },
    means:
      'The acknowledgement of an event expired: its notifications are not acknowledged any more. `acknowledged_at` is when it was made; the last action stays as it was',
  },
  'notification.first_post_filled': {
    fields: { ...NOTIFICATION_FIELDS },
    means: 'A row of an earlier version got the times of its first post from its attempts',
  },
  'channel.changed': {
    fields: { channel: 'code', breaker: 'code', paused_until: 'time', outcome: 'code' },
    means: 'A channel was paused, or its breaker opened or closed, after an attempt with this outcome',
  },
  'channel.rest_ended': {
    fields: { channel: 'code' },
    means: 'A pause was ended early: by a new webhook URL, by a person, or because no rule could have set it',
  },
  'silence.made': {
    fields: {
      silence: 'id',
      type: 'code',
      starts_at: 'time',
      ends_at: 'time',
      every: 'code',
      matchers: 'hash',
      reason: 'hash',
      ...ACTOR_FIELDS,
    },
    means: 'A silence or a maintenance window was made',
  },
  'silence.ended': {
    fields: { silence: 'id', ended_at: 'time', ...ACTOR_FIELDS },
    means: 'A silence was ended before its time',
  },
  'action.requested': {
    fields: ACTION_FIELDS,
    means:
      'Somebody asked for an action whose effect is outside the gateway, or that a second person has to confirm. `event_ids` is the hash of the events that it is for',
  },
  'action.done': { fields: ACTION_FIELDS, means: 'An action was done; each of its notifications has an entry too' },
  'action.refused': { fields: ACTION_FIELDS, means: 'An action was refused; `code` says why' },
  'action.started': { fields: ACTION_FIELDS, means: 'A process began an action, or took it over' },
  'action.finished': {
    fields: ACTION_FIELDS,
    means: 'An action that was asked for ended; `result` is what the other side said',
  },
  'pager_alert.made': {
    fields: PAGER_ALERT_FIELDS,
    means:
      'A tier of an escalation policy asked for an alert at a service, or asked again for one of the same event. `wanted` is what the service is to be told, `told` the last of it that it accepted',
  },
  'pager_alert.changed': {
    fields: PAGER_ALERT_FIELDS,
    means:
      'A pager alert changed: its service accepted or refused a request, told that somebody acknowledged or resolved it (`who`), is to be told something else, or it was folded into another one, or released from it',
  },
  ...ESCALATION_ENTRIES,
  ...ARCHIVE_ENTRIES,
  'record.adopted': {
    fields: { month: 'code', before: 'time', events: 'count', notifications: 'count', attempts: 'count', rows: 'hash' },
    means:
      'Rows of an earlier version, from before this time, were found in this month. `rows` is the hash of the Merkle root over their columns that never change again',
  },
  'record.removed': {
    fields: { table: 'code', before: 'time', count: 'count' },
    means:
      'Retention: rows of this table from before this time were removed. `teams_notifications.card_payload` stands for cards alone',
  },
  'record.month_moved': {
    fields: { month: 'code' },
    means: 'A past month left the default tables. No row changed',
  },
  'gateway.started': {
    fields: {
      version: 'code',
      configuration: 'hash',
      first: 'flag',
      changed: 'list',
      channels: 'list',
    },
    means:
      'A gateway started to deliver. `configuration` is the hash of the fingerprints of all settings and parts of the configuration file, equal while nothing changes; `changed` names those that differ from the last start, of this or another replica; `first` is true where there was none. `channels` are the keys of its channels',
  },
  'secrets.changed': {
    fields: {
      at_start: 'flag',
      channels: 'list',
      signing: 'flag',
      pagers: 'list',
      sources: 'list',
      settings: 'list',
      fingerprints: 'hash',
    },
    means:
      'Secrets differ from those known before: the webhook URLs of these channels, the signing secrets (`signing`), the keys of these pagers or the secrets of their webhooks, the secrets of these `sources`, or these secret `settings`, such as TEAMS_LINK_SECRETS; found at a start (`at_start`), also where Vault could not be read then, or while the gateway ran',
  },
  'record.read': {
    fields: {
      what: 'code',
      filter: 'hash',
      count: 'count',
      first: 'id',
      last: 'id',
      ...ACTOR_FIELDS,
    },
    means:
      'Somebody read card contents, event data or an archived record, over the API, the command line or the library; one entry per request. `what` is `notification`: one notification with its data and card, or `archived`: one archived record, decrypted. `filter` is null where the ids say what was asked for',
  },
  'link.refused': {
    fields: { refusal: 'code', notification: 'id', for: 'code', count: 'count', ...ACTOR_FIELDS },
    means:
      'A link of a button, its form or a sign-in was refused. Two entries a minute stand for one refusal of one link and person each; those beyond are one more entry when the minute is over, with their number as `count`, where they are of very many links without `notification`. `notification` and `for` are null where the link was not signed by the gateway',
  },
  'webhook.refused': {
    fields: { refusal: 'code', pager: 'code', ...ACTOR_FIELDS },
    means:
      'A webhook of a service that calls people was refused; at most 30 entries a minute. `pager` is null where the configuration has none of the name',
  },
  'audit.keys_changed': {
    fields: { keys: 'list' },
    means: 'From this checkpoint on these keys sign, by their key IDs; none where no key is configured any more',
  },
  'audit.exported': {
    fields: {
      since: 'time',
      until: 'time',
      filter: 'hash',
      values: 'flag',
      count: 'count',
      trees: 'list',
      manifest: 'code',
      ...ACTOR_FIELDS,
    },
    means:
      'Entries were exported. `filter` is the correlation id, null for the period from `since` to `until`; `trees` has the origin, the first and last index and the count of each tree; `values` is true where the values behind the hashes went out too; `manifest` is the SHA-256 of `manifest.json`',
  },
  'audit.continued': {
    fields: {
      old_origin: 'code',
      anchor_size: 'count',
      anchor_root: 'code',
      kept_size: 'count',
      kept_root: 'code',
      reason: 'hash',
      ...ACTOR_FIELDS,
    },
    means:
      'The first entry of a tree that goes on after a loss. `old_origin` is the tree before; `anchor_size` and `anchor_root` (hex) are its last checkpoint that is known from outside, `kept_size` and `kept_root` what the database still had of it',
  },
  'schema.migrated': {
    fields: { migration: 'code', direction: 'code' },
    means: 'A migration was applied (`up`) or taken back (`down`)',
  },
} as const satisfies Readonly<Record<string, EntryDefinition>>

/** Fields by which an entry can name what it is about. */
const SUBJECT_FIELDS: ReadonlySet<string> = new Set(['notification', 'event', 'silence', 'action', 'archived'])

/** The field with the id of the event, notification, silence, action or archived record that entries of a kind are about: their first one. */
export function subjectFieldOf(kind: EntryKind): string | undefined {
  const [first = ''] = Object.keys(AUDIT_ENTRIES[kind].fields)
  return SUBJECT_FIELDS.has(first) ? first : undefined
}

/** The name of a kind of entry. */
export type EntryKind = keyof typeof AUDIT_ENTRIES

/** The names of an entry's fields, without those that every entry starts with. */
export type EntryFields<K extends EntryKind> = keyof (typeof AUDIT_ENTRIES)[K]['fields']

/** Ways that origins of records name before the colon, besides `cli` and `http`. */
const WAYS: readonly ActorVia[] = ['library', 'gateway', 'entra', 'typed', 'pagerduty', 'opsgenie', 'source']

/**
 * The code of how an actor is known, from the name that the record has for a caller: `library`, `cli`, `gateway`, `http`
 * (nobody asked), `http:<token>`, `http:signed…`, `source:<name>`. A name after the colon stays out of the code: entries have names as hashes
 * only. Any other text is a name that a program gave to the library, and says no more than that.
 */
export function actorVia(origin: string): ActorVia {
  const [way = '', ...name] = origin.split(':')
  if (way === 'cli') return 'command_line'
  if (way !== 'http') return WAYS.find((known) => known === way) ?? 'library'
  if (name.length === 0) return 'unauthenticated'
  return name[0] === 'signed' ? 'signature' : 'token'
}
