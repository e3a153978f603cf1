import { setImmediate } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Acceptance, AcceptedEvent, UncheckedEvent } from '../contract/events.ts'
import { MANY_PROBLEMS, MAX_EVENTS, MAX_PROBLEMS_PER_EVENT } from '../contract/limits.ts'
import type { Clock } from '../kernel/clock.ts'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { digestOf, keptId } from '../kernel/ids.ts'
import type { Json } from '../kernel/json.ts'
import { insertEvents } from '../store/insert-events.ts'
import { insertResolutions, type RepeatTimes } from '../store/repeats.ts'
import type { Tables } from '../store/tables.ts'
import { acceptedEvent } from './accepted-event.ts'
import { keptOf } from './bounds.ts'
import { type CheckedEvent, checkEvent } from './check-event.ts'
import { findKnownKeys } from './known-keys.ts'
import { createPatientDataGuard, type PhiPolicy, type Protected } from './patient-data/patient-data.ts'
import type { UndeclaredData } from './patient-data/undeclared.ts'
import { type Incoming, planNotifications } from './plan-notifications.ts'

/** What a call to accept came to. */
export interface Accepted {
  readonly acceptances: readonly Acceptance[]
  /** The events that are new, in the form in which they were stored. */
  readonly events: readonly AcceptedEvent[]
  /** Notifications that were kept back, and why. */
  readonly suppressed: readonly { readonly channel: string; readonly reason: string | null }[]
}

/** A checked event of which nothing is left that the policy for patient data does not allow. */
export interface ProtectedEvent extends Omit<CheckedEvent, 'data' | 'given' | 'ignored'> {
  readonly stored: Protected
  /** False where what the event is about was masked or cut: two subjects may look alike then. */
  readonly sameSubject: boolean
}

/** The first stage: checks, names, masks, routes and writes. */
export interface Acceptor {
  /**
   * Checks all events of a call. First of all, so that a call that will be refused takes no connection.
   *
   * @throws GatewayError `invalid_event` with every problem of every event, `too_many_events`
   */
  check(events: readonly UncheckedEvent[]): readonly CheckedEvent[]
  /**
   * Applies the policy for patient data to what {@link check} returned. Outside the transaction, which would keep a
   * connection and its locks for as long as the search takes, and lets others have a turn inside of one event too.
   */
  protect(events: readonly CheckedEvent[]): Promise<readonly ProtectedEvent[]>
  /**
   * Accepts what {@link protect} returned, all or none, inside the given transaction: once that commits it is never lost,
   * and if it rolls back it never was.
   *
   * @param origin who sends: `library`, `cli`, `http:<name of the token>`. Idempotency keys are this caller's own.
   * @throws GatewayError `idempotency_key_reused`
   */
  accept(transaction: Kysely<Tables>, events: readonly ProtectedEvent[], origin: string): Promise<Accepted>
}

/** Makes the accept stage. `wake` says "there is work" inside the transaction; `keyTtl` is in seconds. */
export function createAcceptor(options: {
  readonly catalogue: Catalogue
  readonly phiPolicy: PhiPolicy
  /** TEAMS_UNDECLARED_DATA; `drop` if absent. */
  readonly undeclaredData?: UndeclaredData
  readonly keyTtl: number
  readonly repeats: RepeatTimes
  readonly clock: Clock
  readonly wake: (transaction: Kysely<Tables>, channels: readonly string[]) => Promise<void>
}): Acceptor {
  const { catalogue, clock } = options
  const guard = createPatientDataGuard(catalogue.eventTypes.values(), options.phiPolicy)

  function check(events: readonly UncheckedEvent[]): readonly CheckedEvent[] {
    if (!Array.isArray(events))
      throw new GatewayError('invalid_event', [
        { at: 'events', found: describeValue(events), expected: 'a list of events' },
      ])
    if (events.length > MAX_EVENTS)
      throw new GatewayError('too_many_events', [
        { at: 'events', found: `a list of ${events.length}`, expected: `at most ${MAX_EVENTS}` },
      ])
    const problems: Problem[] = []
    // Array.from, because map leaves out the holes of a list, and an event that nobody looked at must not be accepted.
    const checked = Array.from(events, (event: UncheckedEvent, index) => {
      const at = `events[${index}]`
      const own: Problem[] = []
      const result = checkEvent(catalogue, event, at, own, options.undeclaredData)
      const most = problems.length < MANY_PROBLEMS ? MAX_PROBLEMS_PER_EVENT : 1
      problems.push(...own.slice(0, most))
      if (own.length > most)
        problems.push({ at, found: 'more problems', expected: 'the corrections of the problems above' })
      return result
    })
    if (problems.length > 0) throw new GatewayError('invalid_event', problems)
    return checked.filter((event) => event !== undefined)
  }

  async function protect(checked: readonly CheckedEvent[]): Promise<readonly ProtectedEvent[]> {
    const turns = createTurns()
    const made: ProtectedEvent[] = []
    for (const { data, given, ignored, ...event } of checked) {
      const steps = guard.inSteps({ ...event, data, given, ignored })
      let step = steps.next()
      while (!step.done) {
        if (turns.isOver()) await turns.next()
        step = steps.next()
      }
      const stored = keptOf(event.definition, step.value)
      const sameSubject = event.definition.dedup.every((field) => same(data[field], stored.data[field]))
      made.push({ ...event, stored, sameSubject })
      if (turns.isOver()) await turns.next()
    }
    return made
  }

  function name(checked: ProtectedEvent): Incoming {
    const given = checked.correlationId
    return {
      event: acceptedEvent(checked, checked.stored, clock.now()),
      definition: checked.definition,
      givenCorrelationId: given && keptId(given),
      sameSubject: checked.sameSubject,
    }
  }

  return {
    check,
    protect,
    async accept(transaction, events, origin) {
      const named = events.map((one) => ({
        ...name(one),
        keyHash: one.idempotencyKey === undefined ? undefined : digestOf(`${origin}\n${one.idempotencyKey}`),
        content: one.content,
      }))
      const { earlier, inCall } = await findKnownKeys(transaction, named, options.keyTtl)
      const incoming = named.filter(({ event }) => !earlier.has(event.id) && !inCall.has(event.id))
      const fresh = incoming.map(({ event }) => event)
      const { notifications, resolutions } =
        incoming.length > 0
          ? await planNotifications(transaction, incoming, options)
          : { notifications: [], resolutions: [] }
      if (fresh.length > 0) {
        const receivedAt = await insertEvents(transaction, { events: fresh, notifications, origin })
        await insertResolutions(transaction, resolutions, receivedAt)
        const due = notifications.filter((notification) => notification.state === 'pending')
        await options.wake(transaction, [...new Set(due.map((notification) => notification.channel))])
      }
      const byEvent = Map.groupBy(notifications, (notification) => notification.eventId)
      const correlationIds = new Map(fresh.map(({ id, correlationId }) => [id, correlationId]))
      const acceptances = named.map(({ event }, index): Acceptance => {
        const ignored = events[index]?.stored.ignored ?? []
        const notKept = ignored.length > 0 ? { ignored } : {}
        const before = earlier.get(event.id)
        if (before) return { ...before, duplicate: true, ...notKept }
        const first = inCall.get(event.id)
        const eventId = first ?? event.id
        return {
          eventId,
          correlationId: correlationIds.get(eventId) ?? event.correlationId,
          duplicate: first !== undefined,
          ...notKept,
          notifications: (byEvent.get(eventId) ?? []).map(({ id, channel, state }) => ({ id, channel, state })),
        }
      })
      const suppressed = notifications.filter(({ state }) => state === 'suppressed')
      return { acceptances, events: fresh, suppressed }
    },
  }
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/** Milliseconds after which whatever else waits gets its turn. */
const LONGEST_TURN_MS = 20

/** Says when others shall have a turn, and lets them have it. */
function createTurns() {
  let since = performance.now()
  return {
    isOver: () => performance.now() - since > LONGEST_TURN_MS,
    async next() {
      await setImmediate()
      since = performance.now()
    },
  }
}
