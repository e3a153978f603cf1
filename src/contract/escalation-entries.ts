import type { EntryDefinition, EntryFieldType } from './entry-fields.ts'

/** An escalation after the change. `verify` compares the last entry of an event's escalation with its row. */
const ESCALATION_FIELDS = {
  event: 'id',
  policy: 'code',
  state: 'code',
  reason: 'code',
  tier: 'count',
  round: 'count',
  since: 'time',
  next_at: 'time',
  held_by: 'code',
  ack_expires_at: 'time',
  reminded_at: 'time',
  ended_at: 'time',
} as const satisfies Readonly<Record<string, EntryFieldType>>

/** The notifications that a tier or a reminder adds to an event, and when the event was accepted. */
const TIER_FIELDS = { event_accepted_at: 'time', notifications: 'list' } as const satisfies Readonly<
  Record<string, EntryFieldType>
>

/** The kinds of entries about the escalation of an event. */
export const ESCALATION_ENTRIES = {
  'escalation.started': {
    fields: { ...ESCALATION_FIELDS, plan: 'hash' },
    means:
      'An event, or the digest that it stands in, climbs while nobody acknowledges it. `plan` is the hash of the tiers as canonical JSON',
  },
  'escalation.called': {
    fields: { ...ESCALATION_FIELDS, ...TIER_FIELDS, by_hand: 'flag', pagers: 'list', unreached: 'list' },
    means:
      'A tier was called. `notifications` are those of its channels, `pagers` the pagers that are called, `unreached` the channels and pagers that were not, each with the reason; `by_hand` is true where a person asked for it',
  },
  'escalation.reached_nobody': {
    fields: { ...ESCALATION_FIELDS, unreached: 'list' },
    means: 'A tier was due and none of its channels and pagers could be called; the next tier is due at once',
  },
  'escalation.held': {
    fields: { ...ESCALATION_FIELDS },
    means:
      'A tier waits for another time than before, because the working hours of its calendar are others now, or a silence matches the event. A hold by a silence has one entry; the next entry of the escalation ends it',
  },
  'escalation.acknowledged': {
    fields: { ...ESCALATION_FIELDS },
    means:
      'The event was acknowledged, or each open event that stands in the digest: its escalation stands still until `ack_expires_at`',
  },
  'escalation.reminded': {
    fields: { ...ESCALATION_FIELDS, ...TIER_FIELDS },
    means: 'The channels of the event were told that its acknowledgement is about to expire',
  },
  'escalation.expired': {
    fields: { ...ESCALATION_FIELDS },
    means:
      'The acknowledgement expired: the event climbs again. Its notifications have an entry of `notification.acknowledgement_expired`',
  },
  'escalation.resumed': {
    fields: { ...ESCALATION_FIELDS },
    means:
      'The event climbs again, because its acknowledgement or its discard, or that of an event in the digest, was taken back',
  },
  'escalation.ended': {
    fields: { ...ESCALATION_FIELDS },
    means: 'The event does not climb any more; `reason` says why',
  },
} as const satisfies Readonly<Record<string, EntryDefinition>>
