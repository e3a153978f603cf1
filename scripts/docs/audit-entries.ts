import { AUDIT_ENTRIES, type EntryFields, type EntryKind } from '../../src/contract/audit-entries.ts'
import type { EntryDefinition, EntryFieldType } from '../../src/contract/entry-fields.ts'
import { code, page, table } from './markdown.ts'

/** The notation of each type of field. */
const TYPES: { readonly [T in EntryFieldType]: string } = {
  id: 'A UUID',
  code: 'A name of a closed set, such as a state, an outcome or the key of a channel',
  count: 'A whole number',
  flag: '`true` or `false`',
  time: 'UTC with milliseconds, such as `2026-11-30T08:15:02.123Z`',
  hash: 'SHA-256 in hex of 16 bytes of salt and the value in UTF-8. The salt stands beside the value and is erased with it',
  list: 'A list of codes, or of objects with fields of these types',
}

/** The name of any field. */
type FieldName = { [K in EntryKind]: EntryFields<K> }[EntryKind]

/** The meaning of each field, the same in every kind of entry unless it says so. */
const FIELDS: { readonly [F in FieldName]: string } = {
  about: 'What lists show of an archived record, as canonical JSON; the value is `teams_archive.about`',
  acknowledged_at: 'When the event was acknowledged; null where it is not',
  acknowledged_by: 'Who acknowledged it; the value is `teams_notifications.acknowledged_by`',
  action: 'Id of the action',
  action_data:
    'What the notification has of the action, as canonical JSON; the value is `teams_notifications.action_data`',
  accepted_at: 'When Teams first took the notification (2xx)',
  ack_expires_at: 'When the acknowledgement expires',
  archived: 'Id of the archived record',
  archived_at: 'When it was archived',
  address: 'The webhook URL without its secret parts; the value is `teams_notifications.webhook_url`',
  anchor_root: 'Root of the last checkpoint that is known from outside, in hex',
  anchor_size: 'How many entries that checkpoint has',
  at_start: 'Found as a gateway started',
  attempt: 'The number of the attempt, from 1',
  attempt_status: 'HTTP status of the attempt',
  attempts: 'How many rows of `teams_attempts`',
  before: 'Rows from before this time',
  breaker: 'The channel breaker: `closed`, `open`, `half_open`',
  by_hand: 'Whether a person asked for it',
  card: 'The card as canonical JSON; the value is `teams_notifications.card_payload`, the salt `card_salt`',
  changed:
    'Settings and parts of the configuration that differ from the last start; `escalation.decision` is whether accepted events climb',
  channel: 'Key of the channel',
  channels: 'Keys of channels',
  code: 'Why the action was refused or failed',
  configuration: 'Fingerprints of all settings and parts of the configuration file',
  content: 'SHA-256 in hex of the encrypted content, `teams_archive.content`',
  confirms: 'The action of another person that this one confirms',
  correlation: 'The correlation id; the value is `teams_events.correlation_id`',
  count:
    'How many rows; in `audit.exported` how many entries; in entries of an action how many events; in `link.refused` how many refusals',
  data: 'Data of the event as canonical JSON; the value is `teams_events.data`',
  data_key: 'SHA-256 in hex of the wrapped data key, `teams_archive.data_key`',
  digest: 'The notification whose card is the digest',
  direction: '`up` or `down`',
  ended_at: 'When the silence, or the escalation, was ended',
  ends_at: 'End of the silence, or of the first occurrence of a window',
  error: 'The error message; the value is `teams_notifications.error_message`',
  error_code:
    'The error code of a failed connection; the value is `teams_attempts.error_code`, the salt that of the notification',
  event: 'Id of the event',
  event_ids:
    'SHA-256 in hex of the ids of the events, sorted and joined with commas; the value is `teams_actions.event_ids`',
  event_accepted_at: 'When the event was accepted',
  events: 'How many rows of `teams_events`',
  every: 'Recurrence of a maintenance window',
  filter: 'What was asked for',
  fingerprints: 'Fingerprints of the secrets',
  finished_at: 'When the attempt, or the action, ended',
  first: 'In `record.read` the first id that was read; in `gateway.started` whether no start came before',
  for: 'The action that the link was for',
  held_by:
    'Name of the calendar for whose working hours the next tier waits; `silence` or `maintenance` where one of these holds it',
  ignored: 'How many fields of the data were not kept',
  key: 'What the event is about: of its correlation id, or of the fields that name its subject, a hash; of an archived record the id of the archive key',
  keys: 'Key IDs, in hex',
  kept_root: 'Root of the tree before, in hex, as the database still had it',
  kept_size: 'How many entries the database still had of the tree before',
  language: '`en` or `ar`; null where the channel decides',
  last: 'The last id that was read',
  manifest: 'SHA-256 of the manifest of the archive, in hex',
  masked: 'Fields of the data that were masked or cut',
  matchers: 'The conditions as canonical JSON; the value is `teams_silences.matchers`',
  message: 'The message of the attempt; the value is `teams_attempts.message`, the salt that of the notification',
  migration: 'Name of the migration',
  month: 'The month, such as `2026-11`',
  note: 'What the person added; the value is `teams_actions.note`',
  next_at: 'When the next tier is called, the reminder is sent, or the acknowledgement expires',
  notification: 'Id of the notification',
  notifications:
    'In `event.accepted`, `escalation.called` and `escalation.reminded` its routing: for each notification id, channel, language, state, reason, silence, repeat_of; in `record.adopted` how many rows of `teams_notifications`',
  occurred_at: 'When the event happened, as its sender says',
  old_origin: 'Name of the tree before',
  outcome: 'The [outcome](outcomes.md) of the attempt',
  pager_alert: 'Id of the pager alert',
  pager: 'Name of the pager in the configuration',
  sources: 'Names of the sources whose secrets changed',
  pagers: 'Names of the pagers that are called; in `secrets.changed` of those whose keys changed',
  paused_until: 'When the channel gets its next card',
  person: 'Stable id of the actor, such as an Entra object id; the value is `teams_actions.actor_id`',
  plan: 'The tiers as canonical JSON; the value is `teams_escalations.plan`',
  policy: 'Name of the escalation policy',
  posted: 'Whether the card was sent; false where the notification was handed back',
  priority: 'Priority of the event',
  quiet_until: 'Until then, repeats of the discarded event make no card',
  reason:
    'In entries of a notification the reason of its state; in those of a silence why it was made, whose value is `teams_silences.reason`; in those of an action why it was asked for, whose value is `teams_actions.reason`; in those of a pager alert its [code](pager-alert-codes.md); in those of an escalation why it ended; in `audit.continued` what happened',
  refusal:
    'Why the link was refused, a [code](link-refusals.md), or the webhook, a [code](pager-alert-codes.md#refused-webhooks)',
  relay: 'The relay that vouches for the actor; the value is `teams_actions.relayed_by`',
  reminded_at: 'When the reminder was sent',
  repeat: 'Whether the card may have arrived before',
  replayed_at: 'When the replay was asked for; names its row of `teams_replays`',
  requested_at: 'When the action was asked for',
  restored_at: 'When the archived record was put back',
  resolved_at: 'When the gateway was told that it is over',
  result: 'What the other side said, as canonical JSON; the value is `teams_actions.result`',
  retry_count: 'Retries used up',
  round: 'How often the policy has begun again',
  rows: 'The Merkle root over the rows, in hex; the value and its salt are in `teams_audit_values`',
  sent_at: 'When the first attempt began',
  settings: 'Names of the secret settings whose values changed',
  signing: 'Whether the signing secrets changed',
  silence: 'Id of the silence',
  size: 'Bytes of the content before it was encrypted',
  source: 'Name of the source in the configuration',
  since: 'Start of the period, null for the beginning; of an escalation, when its wait began',
  stakeholders: 'Stakeholder groups of the event',
  started_at: 'When the attempt, or the work of the action, began',
  starts_at: 'Start of the silence',
  state:
    '[State](../state-machine.md) of the notification after the change; in entries of an action, a pager alert, an escalation or an archived record its own state',
  status_code: 'HTTP status of the last attempt; null where no answer came',
  subject: 'The id by which the other system knows it; the value is `teams_archive.subject`',
  table: 'Name of the table',
  tier: 'Tier of the escalation policy',
  told: 'What the service of a pager alert accepted last: `trigger`, `acknowledge`, `resolve`',
  trees: 'Origin, first and last index, and number of entries of each tree',
  type: 'Event type; of a silence `silence` or `maintenance`; of an action its name; of an archived record its kind',
  unreached: 'Channels and pagers that were not called, each with its name and why',
  until: 'End of the period; null for the newest signed checkpoint',
  values: 'The values behind the hashes went out too',
  verified: 'Whether somebody who can know vouches for the actor',
  version: 'Version of the gateway',
  via: 'How the actor is known: `entra`, `typed`, `token`, `signature`, `command_line`, `library`, `pagerduty`, `opsgenie`, `gateway`, or `unauthenticated`',
  wanted: 'What the service of a pager alert is to know: `trigger`, `acknowledge`, `resolve`',
  what: 'What was read',
  who: 'The name of the actor; the value is in the row that the entry is about, or in `teams_audit_values`',
}

/** `docs/reference/audit-entries.md`. */
export function auditEntriesPage(): string {
  const kinds: readonly (readonly [string, EntryDefinition])[] = Object.entries(AUDIT_ENTRIES)
  const used = new Map<string, Set<EntryFieldType>>()
  for (const [, { fields }] of kinds)
    for (const [name, type] of Object.entries(fields)) used.set(name, (used.get(name) ?? new Set()).add(type))
  return page(
    'Audit entries',
    'src/contract/audit-entries.ts',
    'An entry of the [audit trail](../guides/audit.md) says what changed, when, by whom and how that is known. It is written in the transaction of the change, and never changed. `teams_audit_entries.body` has its bytes.',
    `## Bytes

An entry is a JSON object in UTF-8, without white space. Its fields stand in the order of the tables below:

${FENCE}text
{"v":1,"kind":"notification.digested","at":"2026-11-30T08:15:02.123Z","nonce":"0b5ccc1b4b1f4a4e9d4c7a7d1d2f3a4b","notification":"…","state":"digested",…}
${FENCE}

${table(
  ['field', 'meaning'],
  [
    [
      '`v`',
      'Version of the format. It changes with every change of a field that exists; a new kind of entry or a new field at the end is none',
    ],
    ['`kind`', 'The kind of the entry, one of those below'],
    ['`at`', 'The clock of the database when the entry was written'],
    ['`nonce`', '16 random bytes in hex, so that nobody can guess an entry from its hash'],
  ],
)}

Bytes hold ids, codes, times, counts and the nonce. Names, reasons, correlation ids, error texts and cards stand in them as salted hashes.

The hash of an entry in the tree (RFC 6962) is SHA-256 of the byte 0x00 and the bytes of the entry. Canonical JSON is RFC 8785.`,
    `## Types\n\nAll but \`list\` may be null.\n\n${table(
      ['type', 'notation'],
      Object.entries(TYPES).map(([name, notation]) => [code(name), notation]),
    )}`,
    `## Kinds\n\n${kinds.map(kindSection).join('\n\n')}`,
    `## Fields\n\n${table(
      ['field', 'type', 'meaning'],
      [...used]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, types]) => [code(name), [...types].join(', '), meaningOf(name)]),
    )}`,
  )
}

const FENCE = '```'

function kindSection([name, { fields, means }]: readonly [string, EntryDefinition]): string {
  const list = Object.entries(fields).map(([field, type]) => `${code(field)} ${type}`)
  return `### \`${name}\`\n\n${means}.\n\n${list.join(', ')}`
}

function meaningOf(field: string): string {
  const meaning: string | undefined = FIELDS[field as FieldName]
  if (meaning === undefined) throw new Error(`scripts/docs/audit-entries.ts has no meaning of the field ${field}`)
  return meaning
}
