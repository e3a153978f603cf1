import type { Kysely } from 'kysely'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { ActionResult, Actor } from '../contract/actions.ts'
import type { EscalationTimers } from '../escalation/timers.ts'
import { GatewayError } from '../kernel/errors.ts'
import { digestOf, newId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { findAsked, lockNotifications, withMembers, writeActed } from '../store/acted-events.ts'
import {
  findByKey,
  findOpenActions,
  finishAction,
  insertDone,
  insertRefused,
  insertRequested,
  type NewAction,
  type StoredAction,
} from '../store/actions.ts'
import { replayNotification } from '../store/notifications.ts'
import type { Tables } from '../store/tables.ts'
import { columnsAfter, isUnverified, nameOf, withActed } from './acted-columns.ts'
import type { CheckedAction } from './check-request.ts'
import { type DecideOptions, decide, failedOf } from './decide.ts'
import { type AcknowledgementLives, type EventState, expiryOf, statesOf } from './event-state.ts'
import { permissionFor } from './permission.ts'
import { type ActionProvider, outsideWork } from './provider.ts'
import { nameOfFirst, secondPerson } from './second-person.ts'

/** Parts that actions need. */
export interface ActParts {
  readonly catalogue: Catalogue
  readonly lives: AcknowledgementLives
  /** Seconds for which a discard can be taken back. */
  readonly restoreWindow: number
  readonly timers: EscalationTimers
  readonly providers: readonly ActionProvider[]
  /** Wakes channels, in the transaction. */
  readonly wake: (transaction: Kysely<Tables>, channels: readonly string[]) => Promise<void>
  /** Has an action outside the gateway run, once the transaction commits. */
  readonly enqueue: (transaction: Kysely<Tables>, actionId: string) => Promise<void>
  /** Tells the channels of the events what was done. */
  readonly followUp: (transaction: Kysely<Tables>, done: DoneAction) => Promise<void>
}

/** An action that was done, for the follow-up card. */
export interface DoneAction {
  readonly id: string
  readonly action: NewAction['action']
  readonly state: 'done' | 'failed' | 'unknown'
  readonly code: ActionResult | null
  readonly by: string
  /** True for a person for whom nobody vouches. */
  readonly unverified: boolean
  readonly at: Date
  readonly reason: string | null
  readonly tier: number | null
  readonly quietUntil: Date | null
  /** When the acknowledgement expires. */
  readonly expiresAt: Date | null
  /** The events that it was done to; the first is the one that was asked for. */
  readonly events: readonly EventState[]
}

/**
 * Does an action, or refuses it, in the given transaction: its row, what it does to the events, and their timers are one, so it is
 * done exactly once or not at all. An action outside the gateway is written as `requested`.
 *
 * Locks the notifications of its events first. Of two actions on one event at the same time, the second decides by what the first
 * has done.
 *
 * @param actor with names that can be shown: `showableActor`
 * @param caller whose idempotency keys are meant
 * @returns the id of the action; of the first one with the same key, where there is one, which is not new
 * @throws GatewayError `not_found`, `several_events`, `action_key_reused`
 */
export async function act(
  transaction: Kysely<Tables>,
  request: CheckedAction,
  { actor, caller }: { readonly actor: Actor; readonly caller: string },
  parts: ActParts,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const { action } = request
  const notificationId = 'notificationId' in request.asked ? request.asked.notificationId : null
  const asked = await askedEvents(transaction, request)
  const { notifications, now } = await lockNotifications(transaction, await withMembers(transaction, asked))
  const states = statesOf(notifications, parts.lives, now)
  const keys = keysOf(request, caller)
  const before = keys && (await findByKey(transaction, keys.keyHash))
  if (before) return { id: sameAction(before, keys.contentHash), isNew: false }
  const options: DecideOptions = { now, restoreWindow: parts.restoreWindow, tier: request.tier, notificationId }
  const primary = primaryOf(states, asked, request, options)
  const outside = outsideWork(parts.providers, action, primary)
  const targets = outside ? [primary] : await targetsOf(transaction, states, primary, request)
  const doable = targets.filter((state) => decide(action, state, options).done)

  const base: NewAction = {
    id: newId(),
    action,
    code: null,
    event: { id: primary.id, createdAt: primary.createdAt },
    notificationId,
    eventIds: [primary.id],
    actor,
    reason: request.reason,
    note: request.note,
    tier: request.tier,
    quietUntil: request.quietFor ? new Date(now.getTime() + request.quietFor * 1_000) : null,
    result: null,
    at: now,
    keyHash: keys?.keyHash ?? null,
    contentHash: keys?.contentHash ?? null,
    confirms: null,
  }
  const answered = { id: base.id, isNew: true }
  const refuse = async (code: ActionResult, result: JsonObject | null = null) => {
    await insertRefused(transaction, { ...base, code, result })
    return answered
  }

  const permission = permissionFor(parts.catalogue, actor, action, targets)
  if (!permission.permitted) return refuse(permission.code, { ask: [...permission.ask] })
  const decision = decide(action, primary, options)
  if (doable.length === 0 && !decision.done) return refuse(decision.code, decision.data)

  let confirms: StoredAction | undefined
  if (parts.catalogue.twoPerson.has(action)) {
    const second = await secondPerson(transaction, base)
    if ('refused' in second) return refuse(second.refused, second.data)
    if ('asked' in second) {
      await insertRequested(transaction, { ...base, code: 'second_person_needed' })
      return answered
    }
    confirms = second.confirms
  }
  const wanted: NewAction =
    confirms === undefined ? base : { ...base, confirms: confirms.id, reason: base.reason ?? confirms.reason }
  if (outside) {
    if ('why' in outside) return refuse(outside.why)
    const open = await findOpenActions(transaction, action, primary.id)
    if (open.some(({ code }) => code !== 'second_person_needed')) return refuse('already_running')
    await insertRequested(transaction, wanted)
    await confirmFirst(transaction, confirms)
    await parts.enqueue(transaction, wanted.id)
    return answered
  }

  const done = await doLocally(transaction, wanted, doable, parts, confirms)
  if ('refused' in done) return refuse(done.refused)
  await confirmFirst(transaction, confirms)
  return answered
}

/** The events that were asked for. An id that no event has may be the correlation id of some. */
async function askedEvents(transaction: Kysely<Tables>, { asked }: CheckedAction): Promise<readonly string[]> {
  const found = await findAsked(transaction, asked)
  if (found.length > 0) return found
  const byCorrelation = 'eventId' in asked ? await findAsked(transaction, { correlationId: asked.eventId }) : []
  if (byCorrelation.length > 0) return byCorrelation
  const [name = ''] = Object.keys(asked)
  throw new GatewayError('not_found', [
    {
      at: name,
      found: 'an id that no event with a notification has',
      expected: 'the id of an event or a notification',
    },
  ])
}

/** Hashes of the caller's key, and of what was asked for with it. */
function keysOf(request: CheckedAction, caller: string) {
  const { idempotencyKey: key, ...content } = request
  return key === undefined
    ? undefined
    : { keyHash: keyHashOf(caller, key), contentHash: digestOf(JSON.stringify(content)) }
}

/** Hash under which the row of an action has its caller's idempotency key. */
export function keyHashOf(caller: string, key: string): string {
  return digestOf(`${caller}\n${key}`)
}

function sameAction(before: StoredAction, contentHash: string): string {
  if (before.content_hash === contentHash) return before.id
  throw new GatewayError('action_key_reused', [
    { at: 'idempotencyKey', found: 'a key that was used for another action', expected: 'a key of its own' },
  ])
}

/**
 * The event that an action is about. Of several with one correlation id, repeats go along with the event that they repeat; an
 * acknowledgement takes all others, the newest standing for them, and any other action needs exactly one.
 */
function primaryOf(
  states: readonly EventState[],
  asked: readonly string[],
  { action, asked: by }: CheckedAction,
  options: DecideOptions,
): EventState {
  const own = states.filter(({ id }) => asked.includes(id))
  const firsts = own.filter(({ repeat }) => !repeat)
  const candidates = own.length === 1 || firsts.length === 0 ? own : firsts
  const doable = candidates.filter((state) => decide(action, state, options).done)
  if (doable.length > 1 && action !== 'acknowledge')
    throw new GatewayError(
      'several_events',
      doable.slice(0, MAX_LISTED).map(({ id, eventType }) => ({
        at: Object.keys(by)[0] ?? '',
        found: `the event ${id} (${eventType})`,
        expected: 'one event: name it as event_id',
      })),
    )
  const primary = doable.at(-1) ?? candidates.at(-1)
  if (primary === undefined) throw new GatewayError('not_found')
  return primary
}

const MAX_LISTED = 50

/** The events that an action is done to. What is sent, called or done outside concerns one event alone. */
async function targetsOf(
  transaction: Kysely<Tables>,
  states: readonly EventState[],
  primary: EventState,
  { action, asked }: CheckedAction,
): Promise<readonly EventState[]> {
  if (action === 'replay') return [primary]
  if (action === 'acknowledge' && 'correlationId' in asked) return states
  const ids = await withMembers(transaction, [primary.id])
  return states.filter(({ id }) => ids.includes(id))
}

async function confirmFirst(transaction: Kysely<Tables>, first: StoredAction | undefined): Promise<void> {
  if (first) await finishAction(transaction, first.id, { state: 'done', code: null, result: null })
}

/** Does an action whose effects are all in this transaction. */
async function doLocally(
  transaction: Kysely<Tables>,
  wanted: NewAction,
  doable: readonly EventState[],
  parts: ActParts,
  confirms: StoredAction | undefined,
): Promise<{ readonly refused: ActionResult } | { readonly done: true }> {
  const { action, actor } = wanted
  const primary = doable.find(({ id }) => id === wanted.event.id)
  const ordered = primary ? [primary, ...doable.filter((state) => state !== primary)] : doable
  let events = ordered
  let row: NewAction = { ...wanted, eventIds: ordered.map(({ id }) => id) }
  if (action === 'escalate') {
    const climbed = await climb(transaction, ordered, wanted.tier, parts.timers)
    if ('refused' in climbed) return climbed
    events = [climbed.event]
    row = { ...row, eventIds: [climbed.event.id], tier: climbed.tier, result: climbed.result }
  }
  await insertDone(transaction, row)
  const changed = await changeTimers(transaction, row, events, parts.timers)
  // Locking the escalations may have waited for a tier, whose card was not there before; and an escalation made one.
  const isEscalation = action === 'escalate'
  const withCards = changed || isEscalation ? await withNewCards(transaction, events, parts.lives, row.at) : events
  const by = nameOf(actor)
  const acted = withCards.flatMap((state) =>
    action === 'replay' ? failedOf(state, row.notificationId) : state.notifications.map((one) => withActed(one, state)),
  )
  if (action === 'replay') {
    for (const { id } of acted) await replayNotification(transaction, id, by, wanted.at)
    await parts.wake(transaction, [...new Set(acted.map(({ channel }) => channel))])
  }
  await writeActed(
    transaction,
    { id: row.id, name: action },
    acted.map((notification) => columnsAfter(notification, row)),
  )
  const ids = withCards.map(({ id }) => id)
  if (changed) await parts.timers.membersActed(transaction, ids, action === 'discard' ? 'discarded' : 'resolved')
  if (action !== 'replay')
    await parts.followUp(transaction, {
      ...row,
      state: 'done',
      by: confirms === undefined ? by : `${nameOfFirst(confirms)} + ${by}`,
      unverified: isUnverified(actor),
      expiresAt: action === 'acknowledge' && events[0] ? expiryOf(events[0].priority, row.at, parts.lives) : null,
      // The card of the tier says by itself that it was called by hand.
      events: isEscalation ? events : withCards,
    })
  return { done: true }
}

/** Changes the timers of events as an action says, and locks their escalations. False where it leaves timers alone. */
export async function changeTimers(
  transaction: Kysely<Tables>,
  { action, at }: Pick<NewAction, 'action' | 'at'>,
  events: readonly EventState[],
  timers: EscalationTimers,
): Promise<boolean> {
  const ids = events.map(({ id }) => id)
  if (action === 'acknowledge') await timers.acknowledged(transaction, ids, at)
  else if (action === 'unacknowledge') await timers.resumed(transaction, ids)
  else if (action === 'restore') await resumeRestored(transaction, events, timers)
  else if (action === 'discard') await timers.ended(transaction, ids, 'discarded')
  else return false
  return true
}

/** Reads events again, in their order. */
async function withNewCards(
  transaction: Kysely<Tables>,
  events: readonly EventState[],
  lives: AcknowledgementLives,
  now: Date,
): Promise<readonly EventState[]> {
  const { notifications } = await lockNotifications(
    transaction,
    events.map(({ id }) => id),
  )
  const again = new Map(statesOf(notifications, lives, now).map((state) => [state.id, state]))
  return events.map((event) => again.get(event.id) ?? event)
}

/** Timers go on, but not of an event whose acknowledgement still holds. */
async function resumeRestored(
  transaction: Kysely<Tables>,
  events: readonly EventState[],
  timers: EscalationTimers,
): Promise<void> {
  await timers.resumed(
    transaction,
    events.map(({ id }) => id),
  )
  for (const { id, acknowledged } of events)
    if (acknowledged !== null) await timers.acknowledged(transaction, [id], acknowledged.at)
}

/** Calls a tier of the first of these events that has a policy: a digest climbs once, and a repeat with what it repeats. */
async function climb(
  transaction: Kysely<Tables>,
  events: readonly EventState[],
  tier: number | null,
  timers: EscalationTimers,
): Promise<
  | { readonly refused: ActionResult }
  | { readonly event: EventState; readonly tier: number; readonly result: JsonObject }
> {
  let refused: ActionResult = 'no_policy'
  for (const event of events) {
    const climbed = await timers.climb(transaction, event.id, tier ?? undefined)
    if (climbed.called)
      return {
        event,
        tier: climbed.tier,
        result: { channels: [...climbed.channels], pagers: [...climbed.pagers] },
      }
    if (climbed.why !== 'no_policy') refused = climbed.why
  }
  return { refused }
}
