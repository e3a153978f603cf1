import type { Kysely } from 'kysely'
import type { Catalogue, Channel, EventTypeDefinition } from '../catalogue/catalogue.ts'
import { type Priority, rankOf } from '../catalogue/priority.ts'
import { routeEvent } from '../catalogue/route.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import type { Clock } from '../kernel/clock.ts'
import { newId } from '../kernel/ids.ts'
import type { NewNotification } from '../store/insert-events.ts'
import { dedupName, findRepeated, type Repeatable, type RepeatTimes, type Resolution } from '../store/repeats.ts'
import { type ReadSilence, readOpenSilences } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import { dedupKeyOf, fingerprintOf } from './fingerprint.ts'
import { silencing } from './silences/match.ts'

/** Priorities that ask somebody to do something. A LOW and an INFO are facts of their own, and nobody acknowledges them. */
const REPEATABLE: readonly Priority[] = ['CRITICAL', 'HIGH', 'MEDIUM']

/** An event on its way in. */
export interface Incoming {
  readonly event: AcceptedEvent
  readonly definition: EventTypeDefinition
  /** The correlation id as its caller gave it. */
  readonly givenCorrelationId: string | undefined
  /** False where what the event is about was masked or cut: two subjects may look alike then. */
  readonly sameSubject: boolean
}

/** What the events of a call come to. */
export interface NotificationPlan {
  readonly notifications: readonly NewNotification[]
  readonly resolutions: readonly Resolution[]
}

/**
 * Routes events, and decides for each notification whether it waits for its card or is kept back: its channel is muted,
 * a silence matches it, or it repeats one that is at least as urgent and still open. Events of one call are looked at in
 * their order, so that one may repeat, or resolve, another of the same call.
 *
 * Who sent the first one is not asked: what keeps a card back is a card that people have or get, in this channel, of this
 * type, about the same and no less urgent. Whoever may send can therefore add cards and take none away.
 */
export async function planNotifications(
  transaction: Kysely<Tables>,
  incoming: readonly Incoming[],
  options: { readonly catalogue: Catalogue; readonly clock: Clock; readonly repeats: RepeatTimes },
): Promise<NotificationPlan> {
  const { catalogue, clock, repeats } = options
  const routed = incoming.map((one) => routeOf(catalogue, one, repeats.window))
  const silences = await readOpenSilences(transaction)
  const open = new Map(
    await findRepeated(
      transaction,
      routed.flatMap(({ dedupKey, repeatable, event, channels }) =>
        dedupKey !== undefined && repeatable
          ? channels.map(({ key }) => ({ dedupKey, eventType: event.eventType, channel: key }))
          : [],
      ),
      repeats,
      clock.now(),
    ),
  )
  const notifications: NewNotification[] = []
  const resolutions: Resolution[] = []
  for (const one of routed) {
    for (const channel of one.channels) notifications.push(notify(one, channel, open, silences))
    if (one.dedupKey === undefined) continue
    for (const eventType of one.definition.resolves) {
      resolutions.push({ dedupKey: one.dedupKey, eventType, eventId: one.event.id })
      for (const channel of catalogue.channels.keys())
        open.delete(dedupName({ dedupKey: one.dedupKey, eventType, channel }))
    }
  }
  return { notifications, resolutions }
}

type Routed = ReturnType<typeof routeOf>

function routeOf(
  catalogue: Catalogue,
  { event, definition, givenCorrelationId, sameSubject }: Incoming,
  repeatWindow: number,
) {
  return {
    event,
    definition,
    channels: routeEvent(catalogue, event).flatMap((key) => catalogue.channels.get(key) ?? []),
    dedupKey: sameSubject ? dedupKeyOf(definition, event, givenCorrelationId) : undefined,
    repeatable: repeatWindow > 0 && REPEATABLE.includes(event.priority),
  }
}

/** Makes one notification. `open` names those that may be repeated; a new one that makes a card is added to it. */
function notify(
  { event, definition, dedupKey, repeatable }: Routed,
  channel: Channel,
  open: Map<string, Repeatable>,
  silences: readonly ReadSilence[],
): NewNotification {
  const notification = {
    id: newId(),
    eventId: event.id,
    channel: channel.key,
    language: event.language ?? channel.language,
    fingerprint: fingerprintOf(definition, event),
    dedupKey,
    silenceId: undefined,
    repeatOf: undefined,
  }
  if (channel.muted) return { ...notification, state: 'suppressed', reason: 'muted' }
  // By the database's clock, which says when a silence begins.
  const [first] = silences
  const silence =
    first &&
    silencing(
      silences.map(({ silence }) => silence),
      { ...event, channel: channel.key },
      first.now,
    )
  if (silence) return { ...notification, state: 'suppressed', reason: silence.kind, silenceId: silence.id }
  if (dedupKey !== undefined && repeatable) {
    const name = dedupName({ dedupKey, eventType: event.eventType, channel: channel.key })
    const rank = rankOf(event.priority)
    const first = open.get(name)
    if (first && first.rank <= rank)
      return { ...notification, state: 'suppressed', reason: 'repeat', repeatOf: first.id }
    open.set(name, { id: notification.id, rank })
  }
  return { ...notification, state: 'pending', reason: null }
}
