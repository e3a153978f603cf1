import { type SettingRow, seconds, whole } from './schemas.ts'

/** Thresholds of digests, and lifetimes of repeats and acknowledgements. */
export const STORM_SETTINGS = {
  TEAMS_DIGEST_AFTER: {
    group: 'Storms',
    schema: seconds(1, 86400),
    default: '30',
    help: 'A storm begins when the backlog of a channel is larger than its budget can send in this many seconds. MEDIUM, LOW and INFO notifications with the same fingerprint then become one card, a digest. During the storm a new round of digests follows after the same number of seconds.',
  },
  TEAMS_DIGEST_URGENT: {
    group: 'Storms',
    schema: whole(1, 100000),
    default: '10',
    help: 'CRITICAL and HIGH notifications with the same fingerprint become a digest only when more than this many of them are in the backlog.',
  },
  TEAMS_REPEAT_WINDOW: {
    group: 'Storms',
    schema: seconds(0, 604800),
    default: '300',
    help: 'Seconds after a CRITICAL, HIGH or MEDIUM event during which the same event is a repeat and makes no card, unless its priority is higher. Holds while the first event is neither acknowledged (see TEAMS_ACK_TTL_CRITICAL) nor resolved. With 0 each event makes a card, also after an acknowledgement.',
  },
  TEAMS_ACK_TTL_CRITICAL: {
    group: 'Storms',
    schema: seconds(0, 2592000),
    default: '3600',
    help: 'Lifetime of an acknowledgement of a CRITICAL event, in seconds. Until it expires, the same event makes no card, and the event does not climb. With 0 the event makes a card each time, and does not climb again.',
  },
  TEAMS_ACK_TTL_HIGH: {
    group: 'Storms',
    schema: seconds(0, 2592000),
    default: '14400',
    help: 'Lifetime of an acknowledgement of a HIGH event, in seconds. Until it expires, the same event makes no card, and the event does not climb. With 0 the event makes a card each time, and does not climb again.',
  },
  TEAMS_ACK_TTL_MEDIUM: {
    group: 'Storms',
    schema: seconds(0, 2592000),
    default: '86400',
    help: 'Lifetime of an acknowledgement of a MEDIUM or LOW event, in seconds. Until it expires, the same MEDIUM event makes no card, and the event does not climb. With 0 the event makes a card each time, and does not climb again. LOW and INFO events are never repeats.',
  },
} as const satisfies Record<string, SettingRow>
