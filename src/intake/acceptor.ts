import { setImmediate } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { isCeleryKey } from '../contract/celery-keys.ts'
import type { Acceptance, AcceptedEvent, UncheckedEvent } from '../contract/events.ts'
import { MANY_PROBLEMS, MAX_EVENTS, MAX_PROBLEMS_PER_EVENT } from '../contract/limits.ts'
import { isSourceOrigin } from '../contract/sources.ts'
import type { Clock } from '../kernel/clock.ts'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { digestOf, keptId } from '../kernel/ids.ts'
import type { Json } from '../kernel/json.ts'
import type { EventToEscalate } from '../store/escalations.ts'
import { insertEvents, type NewNotification } from '../store/insert-events.ts'
import { insertResolutions, type RepeatTimes } from '../store/repeats.ts'
import type { Tables } from '../store/tables.ts'
import { acceptedEvent } from './accepted-event.ts'
import { withSizeLimits } from './bounds.ts'
import { type CheckedEvent, checkEvent } from './check-event.ts'
import { findKnownKeys } from './known-keys.ts'
import { createPatientDataGuard, type PhiPolicy, type Protected } from './patient-data/patient-data.ts'
import type { UndeclaredData } from './patient-data/undeclared.ts'
import { type EventPlan, type Incoming, planNotifications } from './plan-notifications.ts'

/** The result of one call of {@link Acceptor.accept}. */
export interface Accepted {
  readonly acceptances: readonly Acceptance[]
  /** The new events, as stored. */
  readonly events: readonly AcceptedEvent[]
  /** Suppressed notifications, each with its reason. */
  readonly suppressed: readonly { readonly channel: string; readonly reason: string | null }[]
}

/** A checked event after the policy for patient data was applied. */
export interface ProtectedEvent extends Omit<CheckedEvent, 'data' | 'given' | 'ignored'> {
  readonly stored: Protected
  /** False where a field of the event's subject was masked or cut: two subjects may then look alike. */
  readonly sameSubject: boolean
  /** Declared fields whose values were masked or cut. */
  readonly masked: readonly string[]
  /** Absent for a caller's event. */
  readonly plan?: EventPlan
}

/** The first stage: checks, names, masks, routes and writes. */
export interface Acceptor {
  /**
   * Checks all events of a call. The first step, so that a refused call takes no database connection.
   *
   * @param options.bySource true for events of a source, which may have types that only sources send
   * @throws GatewayError `invalid_event` with every problem of every event, `too_many_events`
   */
  check(events: readonly UncheckedEvent[], options?: { readonly bySource: boolean }): readonly CheckedEvent[]
  /**
   * Applies the policy for patient data to checked events. Yields to the event loop, also within one event. Call it
   * outside the transaction: the search would otherwise extend the time of its connection and locks.
   */
  protect(events: readonly CheckedEvent[]): Promise<readonly ProtectedEvent[]>
  /**
   * Writes all protected events, or none, in the given transaction. Once it commits, no event is lost; if it rolls back,
   * none exists.
   *
   * @param origin the caller: `library`, `cli`, `http:<name of the token>`, `source:<name>`. Idempotency keys are scoped to it, but for
   *   those of Celery's tasks; and of a source also the subjects: nobody else's events repeat or resolve its own
   * @throws GatewayError `idempotency_key_reused`
   */
  accept(transaction: Kysely<Tables>, events: readonly ProtectedEvent[], origin: string): Promise<Accepted>
}

/** Makes the accept stage. `wake` enqueues wake-up jobs in the transaction; `keyTtl` is in seconds. */
export function createAcceptor(options: {
  readonly catalogue: Catalogue
  readonly phiPolicy: PhiPolicy
  /** TEAMS_UNDECLARED_DATA; `drop` if absent. */
  readonly undeclaredData?: UndeclaredData
  readonly keyTtl: number
  readonly repeats: RepeatTimes
  readonly clock: Clock
  readonly wake: (transaction: Kysely<Tables>, channels: readonly string[]) => Promise<void>
  /** Starts the escalation of events that have a pending notification, in the transaction. */
  readonly escalate?: ((transaction: Kysely<Tables>, events: readonly EventToEscalate[]) => Promise<void>) | undefined
}): Acceptor {
  const { catalogue, clock } = options
  const guard = createPatientDataGuard(catalogue.eventTypes.values(), options.phiPolicy)

  function check(events: readonly UncheckedEvent[], { bySource } = { bySource: false }): readonly CheckedEvent[] {
    if (!Array.isArray(events))
      throw new GatewayError('invalid_event', [
        { at: 'events', found: describeValue(events), expected: 'a list of events' },
      ])
    if (events.length > MAX_EVENTS)
      throw new GatewayError('too_many_events', [
        { at: 'events', found: `a list of ${events.length}`, expected: `at most ${MAX_EVENTS}` },
      ])
    // A source can not send an event again without the fields that are refused.
    const undeclared = bySource && options.undeclaredData === 'refuse' ? 'drop' : options.undeclaredData
    const problems: Problem[] = []
    // Array.from, because map skips the holes of a list, and an unchecked event must not be accepted.
    const checked = Array.from(events, (event: UncheckedEvent, index) => {
      const at = `events[${index}]`
      const eventProblems: Problem[] = []
      const result = checkEvent(catalogue, event, at, eventProblems, undeclared, bySource)
      const limit = problems.length < MANY_PROBLEMS ? MAX_PROBLEMS_PER_EVENT : 1
      problems.push(...eventProblems.slice(0, limit))
      if (eventProblems.length > limit)
        problems.push({ at, found: 'more problems', expected: 'the corrections of the problems above' })
      return result
    })
    if (problems.length > 0) throw new GatewayError('invalid_event', problems)
    return checked.filter((event) => event !== undefined)
  }

  async function protect(checked: readonly CheckedEvent[]): Promise<readonly ProtectedEvent[]> {
    const eventLoop = createEventLoopPauses()
    const made: ProtectedEvent[] = []
    for (const { data, given, ignored, ...event } of checked) {
      const steps = guard.inSteps({ ...event, data, given, ignored })
      let step = steps.next()
      while (!step.done) {
        if (eventLoop.isPauseDue()) await eventLoop.pause()
        step = steps.next()
      }
      const stored = withSizeLimits(event.definition, step.value)
      const masked = Object.keys(event.definition.schema.shape).filter(
        (field) => !isEqual(data[field], stored.data[field]),
      )
      const sameSubject = event.definition.dedup.every((field) => isEqual(data[field], stored.data[field]))
      made.push({ ...event, stored, sameSubject, masked })
      if (eventLoop.isPauseDue()) await eventLoop.pause()
    }
    return made
  }

  function toIncoming(checked: ProtectedEvent, origin: string): Incoming {
    const given = checked.correlationId
    return {
      event: acceptedEvent(checked, checked.stored, clock.now()),
      definition: checked.definition,
      givenCorrelationId: given && keptId(given),
      sameSubject: checked.sameSubject,
      source: isSourceOrigin(origin) ? origin : undefined,
      plan: checked.plan,
    }
  }

  return {
    check,
    protect,
    async accept(transaction, events, origin) {
      const named = events.map((checked) => ({
        ...toIncoming(checked, origin),
        masked: checked.masked,
        ignored: checked.stored.ignored.length,
        ...keyOf(checked, origin),
      }))
      const { earlier, inCall } = await findKnownKeys(transaction, named, options.keyTtl)
      const incoming = named.filter(({ event }) => !earlier.has(event.id) && !inCall.has(event.id))
      const fresh = incoming.map(({ event }) => event)
      const { notifications, resolutions } =
        incoming.length > 0
          ? await planNotifications(transaction, incoming, options)
          : { notifications: [], resolutions: [] }
      if (fresh.length > 0) {
        const receivedAt = await insertEvents(transaction, { events: incoming, notifications, origin })
        await insertResolutions(transaction, resolutions, receivedAt)
        const due = notifications.filter((notification) => notification.state === 'pending')
        await options.escalate?.(transaction, toEscalate(fresh, due, receivedAt))
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

/**
 * The hashes by which a repeated key is found. A key is its caller's own; that of a Celery task is shared by all who report the task, and
 * what they say differs.
 */
function keyOf({ idempotencyKey, definition, content }: ProtectedEvent, origin: string) {
  if (idempotencyKey === undefined) return { keyHash: undefined, content }
  return isCeleryKey(idempotencyKey, definition.name)
    ? { keyHash: digestOf(`celery\n${idempotencyKey}`), content: '' }
    : { keyHash: digestOf(`${origin}\n${idempotencyKey}`), content }
}

/** The events that have a pending notification, which is not so for silenced ones and repeats. */
function toEscalate(
  events: readonly AcceptedEvent[],
  due: readonly NewNotification[],
  receivedAt: Date,
): readonly EventToEscalate[] {
  const byEvent = Map.groupBy(due, ({ eventId }) => eventId)
  return events.flatMap(({ id, eventType, priority, stakeholders }) => {
    const own = byEvent.get(id) ?? []
    const [first] = own
    if (first === undefined) return []
    const { dedupKey, fingerprint } = first
    const channels = own.map(({ channel }) => channel)
    return [{ id, eventType, priority, stakeholders, receivedAt, dedupKey, fingerprint, channels }]
  })
}

function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** Longest time that the search for patient data blocks the event loop. */
const MAX_BLOCKING_MS = 20

/** Measures how long the event loop has been blocked; `pause` lets other tasks run. */
function createEventLoopPauses() {
  let since = performance.now()
  return {
    isPauseDue: () => performance.now() - since > MAX_BLOCKING_MS,
    async pause() {
      await setImmediate()
      since = performance.now()
    },
  }
}
