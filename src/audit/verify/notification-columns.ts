import type { Json } from '../../kernel/json.ts'
import type { StoredNotification } from '../../store/record-in-order.ts'
import { isHashed, isHashedJson, isSameList } from './compare.ts'
import type { History } from './notification-history.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

/** A notification's row with all that its columns are derived from. */
export interface Derivation {
  readonly row: StoredNotification
  readonly history: History
  readonly trail: Trail
  /** Attempts of a gateway of an earlier version, which have rows and no entries. */
  readonly earlierAttempts: number
}

/** A column that follows from entries. */
interface DerivedColumn {
  /** False where the row is not as the entries say; true also where they say nothing. */
  holds(derivation: Derivation): boolean
  /** The entry that says what it has to be. */
  entry(history: History): Entry | undefined
}

const routed = (holds: (derivation: Derivation, item: History['routing'] & object) => boolean): DerivedColumn => ({
  holds: (derivation) => derivation.history.routing === undefined || holds(derivation, derivation.history.routing),
  entry: ({ routing }) => routing?.entry,
})

const last = (holds: (row: StoredNotification, fields: Readonly<Record<string, Json | undefined>>) => boolean) => ({
  holds: ({ row, history }: Derivation) => history.last === undefined || holds(row, history.last.value),
  entry: (history: History) => history.last?.entry,
})

const said = (
  column: 'digest_id' | 'silence_id' | 'repeat_of',
  name: 'digest' | 'silence' | 'repeatOf',
): DerivedColumn => ({
  holds: ({ row, history }) => history[name] === undefined || history[name].value === row[column],
  entry: (history) => history[name]?.entry,
})

const acted = (
  holds: (row: StoredNotification, fields: Readonly<Record<string, Json | undefined>>) => boolean,
): DerivedColumn => ({
  holds: ({ row, history }) => history.acted === undefined || holds(row, history.acted.value),
  entry: (history) => history.acted?.entry,
})

/** A claimed notification is one that waits, by its entries. Where a late result marked it meanwhile, they say `sending`. */
const waits = (state: Json | undefined) => state === 'pending' || state === 'sending'

/**
 * The columns of `teams_notifications` that follow from entries. A test compares this table and {@link OTHER_COLUMNS} with the
 * columns of the database.
 */
export const DERIVED_COLUMNS: Readonly<Record<string, DerivedColumn>> = {
  event_id: routed(({ row }, { item, entry }) => item.id === row.key && entry.fields.event === row.event_id),
  created_at: routed(({ row }, { entry }) => row.created_at === entry.createdAt),
  correlation_id: routed(
    ({ row }, { entry, event }) =>
      event === undefined ||
      event.correlation_id === row.correlation_id ||
      isHashed(entry.fields.correlation, event.salt, row.correlation_id),
  ),
  event_type: routed(({ row }, { entry }) => row.event_type === entry.fields.type),
  stakeholders: routed(({ row }, { entry }) => isSameList(entry.fields.stakeholders, row.stakeholders)),
  priority: routed(({ row }, { entry }) => row.priority === entry.fields.priority),
  channel: routed(({ row }, { item }) => row.channel === item.channel),
  language: routed(({ row }, { item }) => row.language === item.language),
  escalation_step: routed(({ row }, { item }) => row.escalation_step === (item.tier ?? null)),
  state: last((row, { state }) => (row.state === 'sending' ? waits(state) : row.state === state)),
  // Why a notification waits is noted without an entry; a claimed one has no reason.
  reason: last(
    (row, { reason }) => row.state === 'pending' || row.reason === (row.state === 'sending' ? null : (reason ?? null)),
  ),
  status_code: last((row, fields) => row.status_code === fields.status_code),
  retry_count: last((row, fields) => row.retry_count === fields.retry_count),
  sent_at: last((row, fields) => row.sent_at === fields.sent_at),
  accepted_at: last((row, fields) => row.accepted_at === fields.accepted_at),
  error_message: last((row, fields) => isHashed(fields.error, row.salt, row.error_message)),
  webhook_url: last((row, fields) => isHashed(fields.address, row.salt, row.webhook_url)),
  attempts: {
    holds({ row, history: { attempts, last }, earlierAttempts }) {
      if (attempts === undefined) return true
      const begun = row.attempts - attempts.value - earlierAttempts
      // A claim adds one. Where the state was edited, it is not known whether the notification is claimed.
      return row.state === 'sending' ? begun === 1 : begun === 0 || (begun === 1 && row.state !== last?.value.state)
    },
    entry: ({ attempts }) => attempts?.entry,
  },
  card_payload: {
    holds({ row, history: { card }, trail }) {
      if (card === undefined) return true
      if (card.value === null) return row.card_payload === null && !row.large_card
      if (row.large_card) return true
      if (row.card_payload === null) return trail.isCardRemoved(row.created_at, card.entry)
      return isHashedJson(card.value, row.card_salt, row.card_payload)
    },
    entry: ({ card }) => card?.entry,
  },
  card_salt: {
    holds: ({ row, history }) =>
      history.card === undefined || (row.card_salt === null) === (row.card_payload === null && !row.large_card),
    entry: ({ card }) => card?.entry,
  },
  digest_id: said('digest_id', 'digest'),
  silence_id: said('silence_id', 'silence'),
  repeat_of: said('repeat_of', 'repeatOf'),
  // Another salt would give other hashes.
  salt: routed(({ row }) => row.salt !== null),
  acknowledged_by: acted((row, fields) => isHashed(fields.acknowledged_by, row.salt, row.acknowledged_by)),
  acknowledged_at: acted((row, fields) => row.acknowledged_at === fields.acknowledged_at),
  action_taken: acted((row, fields) => row.action_taken === fields.type),
  action_data: acted((row, fields) => isHashedJson(fields.action_data, row.salt, row.action_data)),
  quiet_until: acted((row, fields) => row.quiet_until === fields.quiet_until),
}

/** The other columns, with the reason why no entry has them. */
export const OTHER_COLUMNS: Readonly<Record<string, string>> = {
  id: 'the key by which entries name the row',
  priority_rank: 'generated by PostgreSQL from `priority`',
  updated_at: 'set by a trigger with every change of the row, such as a claim, which has no entry',
  received_at: 'orders events that are accepted at the same time; `created_at` is in the entry',
  next_attempt_at: 'when it is due: a plan, and nothing that happened',
  held_by: 'a lease says which turn works',
  held_since: 'a lease says which turn works',
  failures: 'retries used since the last replay: how many are left is a plan',
  probes: 'orders the notifications of a channel that rests',
  repeat: 'whether the next card says that it may be a repeat; the entry of each attempt says whether its card did',
  fingerprint: 'how storms are grouped: derived from the data by the configuration of that day',
  escalation: 'what its card says of its tier; the entry of each attempt has the hash of the card',
  dedup_key: 'what counts as the same: derived from the data by the configuration of that day',
}
