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
import { findSilence } from './silences/match.ts'

/** Priorities whose repeats are suppressed. LOW and INFO events need no action and are not acknowledged. */
const REPEATABLE: readonly Priority[] = ['CRITICAL', 'HIGH', 'MEDIUM']

/** An event to plan notifications for. */
export interface Incoming {
  readonly event: AcceptedEvent
  readonly definition: EventTypeDefinition
  /** The caller's correlation id; undefined where the gateway generated one. */
  readonly givenCorrelationId: string | undefined
  /** False where a field of the event's subject was masked or cut: two subjects may then look alike. */
  readonly sameSubject: boolean
}

/** The notifications and resolutions of a call's events. */
export interface NotificationPlan {
  readonly notifications: readonly NewNotification[]
  readonly resolutions: readonly Resolution[]
}

/**
 * Routes events and plans a notification for each channel. A notification is pending, or suppressed: the channel is muted,
 * a silence matches, or it repeats an open one of the same or a higher priority. Events are planned in their order, so
 * that one may repeat or resolve another of the same call.
 *
 * A repeat may come from another caller. A card is suppressed only because people have, or will get, a card in this
 * channel of the same type, about the same subject and of no lower priority. So a caller with the scope `send` can add
 * cards and can not take any away.
 */
export async function planNotifications(
  transaction: Kysely<Tables>,
  incoming: readonly Incoming[],
  options: { readonly catalogue: Catalogue; readonly clock: Clock; readonly repeats: RepeatTimes },
): Promise<NotificationPlan> {
  const { catalogue, clock, repeats } = options
  const routed = incoming.map((event) => routeOf(catalogue, event, repeats.window))
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
  for (const routedEvent of routed) {
    const { dedupKey, definition, event, channels } = routedEvent
    for (const channel of channels) notifications.push(planNotification(routedEvent, channel, open, silences))
    if (dedupKey === undefined) continue
    for (const eventType of definition.resolves) {
      resolutions.push({ dedupKey, eventType, eventId: event.id })
      for (const channel of catalogue.channels.keys()) open.delete(dedupName({ dedupKey, eventType, channel }))
    }
  }
  return { notifications, resolutions }
}

type RoutedEvent = ReturnType<typeof routeOf>

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

/** Plans one notification. `open` has the notifications that it may repeat; a pending one is added to it. */
function planNotification(
  { event, definition, dedupKey, repeatable }: RoutedEvent,
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
  // `now` is the database's clock, which decides when a silence begins.
  const [first] = silences
  const silence =
    first &&
    findSilence(
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
