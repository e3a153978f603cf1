import type { Kysely } from 'kysely'
import type { AcceptedEvent } from '../events/event.ts'
import type { Priority } from '../events/priority.ts'
import type { Clock } from '../kernel/clock.ts'
import { newId } from '../kernel/ids.ts'
import type { Channel, EventTypeDefinition, Registry } from '../registry/registry.ts'
import { routeEvent } from '../registry/route.ts'
import { silencing } from '../silences/match.ts'
import type { NewNotification } from '../store/insert-events.ts'
import { dedupName, findRepeated, type Resolution } from '../store/repeats.ts'
import { type ReadSilence, readOpenSilences } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import { dedupKeyOf, fingerprintOf } from './fingerprint.ts'

/** Priorities that ask somebody to do something. An INFO is a fact of its own, and nobody acknowledges it. */
const REPEATABLE: readonly Priority[] = ['CRITICAL', 'HIGH', 'MEDIUM']
/** Milliseconds by which this process's clock and the database's may differ before a repeat is overlooked. */
const CLOCKS_DIFFER = 86_400_000

/** An event on its way in. */
export interface Incoming {
  readonly event: AcceptedEvent
  readonly definition: EventTypeDefinition
  /** The correlation id as its caller gave it. */
  readonly givenCorrelationId: string | undefined
}

/** What the events of a call come to. */
export interface Fates {
  readonly notifications: readonly NewNotification[]
  readonly resolutions: readonly Resolution[]
}

/**
 * Routes events, and decides for each notification whether it waits for its card or is kept back: its channel is muted,
 * a silence matches it, or it repeats one that nobody has dealt with yet. Events of one call are looked at in their
 * order, so that one may repeat, or resolve, another of the same call.
 *
 * @param options.repeatWindow TEAMS_REPEAT_WINDOW, in seconds
 */
export async function decideFates(
  transaction: Kysely<Tables>,
  incoming: readonly Incoming[],
  options: { readonly registry: Registry; readonly clock: Clock; readonly repeatWindow: number },
): Promise<Fates> {
  const { registry, clock, repeatWindow } = options
  const routed = incoming.map((one) => routeOf(registry, one, repeatWindow))
  const silences = await readOpenSilences(transaction)
  const open = new Map(
    await findRepeated(
      transaction,
      routed.flatMap(({ dedupKey, repeatable, event, channels }) =>
        dedupKey !== undefined && repeatable
          ? channels.map(({ key }) => ({ dedupKey, eventType: event.eventType, channel: key }))
          : [],
      ),
      repeatWindow,
      new Date(clock.now().getTime() - repeatWindow * 1000 - CLOCKS_DIFFER),
    ),
  )
  const notifications: NewNotification[] = []
  const resolutions: Resolution[] = []
  for (const one of routed) {
    for (const channel of one.channels) notifications.push(notify(one, channel, open, silences))
    if (one.dedupKey === undefined) continue
    for (const eventType of one.definition.resolves) {
      resolutions.push({ dedupKey: one.dedupKey, eventType, eventId: one.event.id })
      for (const channel of registry.channels.keys())
        open.delete(dedupName({ dedupKey: one.dedupKey, eventType, channel }))
    }
  }
  return { notifications, resolutions }
}

type Routed = ReturnType<typeof routeOf>

function routeOf(registry: Registry, { event, definition, givenCorrelationId }: Incoming, repeatWindow: number) {
  return {
    event,
    definition,
    channels: routeEvent(registry, event).flatMap((key) => registry.channels.get(key) ?? []),
    dedupKey: dedupKeyOf(definition, event, givenCorrelationId),
    repeatable: repeatWindow > 0 && REPEATABLE.includes(event.priority),
  }
}

/** Makes one notification. `open` names those that may be repeated; a new one that makes a card is added to it. */
function notify(
  { event, definition, dedupKey, repeatable }: Routed,
  channel: Channel,
  open: Map<string, string>,
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
    const repeatOf = open.get(name)
    if (repeatOf !== undefined) return { ...notification, state: 'suppressed', reason: 'repeat', repeatOf }
    open.set(name, notification.id)
  }
  return { ...notification, state: 'pending', reason: null }
}
