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

/** What the gateway itself knows about an event from its record, and no caller can say. */
export interface EventPlan {
  /** Keys of its channels, instead of those of its groups and routes. */
  readonly channels?: readonly string[] | undefined
  /** What it resolves, instead of what its type resolves about its own subject. */
  readonly resolves?: readonly { readonly dedupKey: string; readonly eventType: string }[] | undefined
  /**
   * Seconds for which it is a repeat of an open event that nobody has acknowledged, instead of TEAMS_REPEAT_WINDOW. Then LOW and
   * INFO events are repeats too.
   */
  readonly repeatWindow?: number | undefined
  /**
   * True where it tells something that no card shows, and its sender sends at intervals. TEAMS_REPEAT_WINDOW is then a tenth shorter:
   * an interval of the same length may end a moment too early, and the next one hours later.
   */
  readonly isNews?: boolean | undefined
}

/** An event to plan notifications for. */
export interface Incoming {
  readonly event: AcceptedEvent
  readonly definition: EventTypeDefinition
  /** The caller's correlation id; undefined where the gateway generated one. */
  readonly givenCorrelationId: string | undefined
  /** False where a field of the event's subject was masked or cut: two subjects may then look alike. */
  readonly sameSubject: boolean
  /** Origin of a source's event, whose subjects are its own; undefined for a caller's. */
  readonly source?: string | undefined
  readonly plan?: EventPlan | undefined
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
 * cards and can not take any away. A source's subjects are its own: a caller resolves none of what it reports.
 */
export async function planNotifications(
  transaction: Kysely<Tables>,
  incoming: readonly Incoming[],
  options: { readonly catalogue: Catalogue; readonly clock: Clock; readonly repeats: RepeatTimes },
): Promise<NotificationPlan> {
  const { catalogue, clock, repeats } = options
  const routed = incoming.map((event) => routeOf(catalogue, event, repeats.window))
  const silences = await readOpenSilences(transaction)
  const open = new Map<string, Repeatable>()
  // One window for all events of a call, unless the gateway's record says another.
  for (const [window, events] of Map.groupBy(routed, (event) => event.repeatWindow)) {
    const keys = events.flatMap(({ dedupKey, repeatable, event, channels }) =>
      dedupKey !== undefined && repeatable
        ? channels.map(({ key }) => ({ dedupKey, eventType: event.eventType, channel: key }))
        : [],
    )
    for (const [name, first] of await findRepeated(transaction, keys, { ...repeats, window }, clock.now()))
      open.set(name, first)
  }
  const notifications: NewNotification[] = []
  const resolutions: Resolution[] = []
  for (const routedEvent of routed) {
    const { resolves, event, channels } = routedEvent
    for (const channel of channels) notifications.push(planNotification(routedEvent, channel, open, silences))
    for (const { dedupKey, eventType } of resolves) {
      resolutions.push({ dedupKey, eventType, eventId: event.id })
      for (const channel of catalogue.channels.keys()) open.delete(dedupName({ dedupKey, eventType, channel }))
    }
  }
  return { notifications, resolutions }
}

type RoutedEvent = ReturnType<typeof routeOf>

function routeOf(
  catalogue: Catalogue,
  { event, definition, givenCorrelationId, sameSubject, source, plan = {} }: Incoming,
  windowOfAll: number,
) {
  const dedupKey = sameSubject ? dedupKeyOf(definition, event, givenCorrelationId, source) : undefined
  const ownResolves = dedupKey === undefined ? [] : definition.resolves.map((eventType) => ({ dedupKey, eventType }))
  const repeatWindow = plan.repeatWindow ?? windowOfAll * (plan.isNews ? 0.9 : 1)
  return {
    event,
    definition,
    channels: (plan.channels ?? routeEvent(catalogue, event)).flatMap((key) => catalogue.channels.get(key) ?? []),
    dedupKey,
    resolves: plan.resolves ?? ownResolves,
    repeatWindow,
    repeatable: repeatWindow > 0 && (plan.repeatWindow !== undefined || REPEATABLE.includes(event.priority)),
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
