import type { Kysely } from 'kysely'
import { dataKeysOf } from '../intake/silences/match.ts'
import { saveCalled, saveEscalations } from '../store/change-escalations.ts'
import { copyAcknowledgements } from '../store/copy-acknowledgements.ts'
import {
  type EscalationChange,
  findResolved,
  type LockedEscalation,
  lockEscalations,
  type Wanted,
} from '../store/escalations.ts'
import { findAlertsOfResolvedMembers } from '../store/fold-escalations.ts'
import { readOpenSilences } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { acknowledgedAt, reminderOf } from './acknowledgement.ts'
import { type CalledTier, callTiers, isHeldBySilence, wakeChannels } from './call-tiers.ts'
import { climbingFrom, type Decision, decide, endedAs } from './decide.ts'
import { expireDue } from './expire.ts'
import type { EscalationOptions } from './options.ts'

/** Escalations of one transaction. */
export const BATCH_SIZE = 200

/** What one transaction did. */
export interface TickResult {
  /** How many due escalations were looked at. */
  readonly due: number
  readonly called: readonly CalledTier[]
  readonly reminded: number
  readonly expired: number
}

/**
 * Does what is due by `now`, up to {@link BATCH_SIZE} escalations in one transaction: lets acknowledgements expire, then calls tiers,
 * reminds, ends what is resolved. A tier is called exactly when its notifications exist, since both are one transaction; and once
 * over many replicas, since each locks other rows.
 */
export async function tick(kysely: Kysely<Tables>, now: Date, options: EscalationOptions): Promise<TickResult> {
  const expired = await expireDue(kysely, now, BATCH_SIZE, options)
  const done = await inTransaction(kysely, (transaction) =>
    doDue(transaction, { dueBy: now, limit: BATCH_SIZE }, now, options),
  )
  return { ...done, due: done.due + expired, expired }
}

/**
 * Ends the escalations of resolved events, up to {@link BATCH_SIZE}.
 *
 * @param receivedAfter those of older events are left as they are
 * @returns how many there were
 */
export async function endResolved(
  kysely: Kysely<Tables>,
  now: Date,
  options: EscalationOptions,
  receivedAfter?: Date,
): Promise<number> {
  const eventIds = await findResolved(kysely, BATCH_SIZE, receivedAfter)
  if (eventIds.length === 0) return 0
  return inTransaction(kysely, async (transaction) => {
    const resolved = (await lockEscalations(transaction, { eventIds })).filter(
      ({ state, closed }) => state !== 'ended' && closed,
    )
    await endAll(
      transaction,
      resolved.map((escalation) => endedAs(escalation, 'resolved', now)),
      options,
    )
    return resolved.length
  })
}

/**
 * Has the pager alerts of resolved events resolved that stand in a digest, up to {@link BATCH_SIZE}: such an alert was made before
 * the digest, which has others.
 *
 * @param madeAfter older alerts are left as they are
 * @returns how many events there were
 */
export async function resolveMembersAlerts(
  kysely: Kysely<Tables>,
  options: EscalationOptions,
  madeAfter?: Date,
): Promise<number> {
  const eventIds = await findAlertsOfResolvedMembers(kysely, BATCH_SIZE, madeAfter)
  if (eventIds.length === 0) return 0
  await inTransaction(kysely, async (transaction) => {
    // Escalations before alerts, as everywhere.
    await lockEscalations(transaction, { eventIds })
    await options.tellPagers(transaction, eventIds, 'resolve')
  })
  return eventIds.length
}

/**
 * Computes the times again of escalations that a calendar holds, a page at a time: the calendar of a gateway that was just started
 * may be another one. Only an earlier time matters, since a later one is found when the tier is due.
 */
export async function replan(kysely: Kysely<Tables>, options: EscalationOptions): Promise<number> {
  const { calendars } = options.catalogue.escalation
  let heldAfter = '00000000-0000-0000-0000-000000000000'
  let moved = 0
  for (;;) {
    const page = await inTransaction(kysely, async (transaction) => {
      const held = await lockEscalations(transaction, { heldAfter, limit: BATCH_SIZE })
      const changed = held.flatMap((escalation) => {
        const change = climbingFrom(escalation, escalation, calendars)
        const isSame = change.nextAt?.getTime() === escalation.nextAt?.getTime()
        return escalation.state !== 'climbing' || isSame || isHeldBySilence(escalation) ? [] : [change]
      })
      await saveEscalations(transaction, 'held', changed)
      moved += changed.length
      return held
    })
    if (page.length < BATCH_SIZE) return moved
    heldAfter =
      page
        .map(({ eventId }) => eventId)
        .sort()
        .at(-1) ?? heldAfter
  }
}

/**
 * Lets waits begin now that began in the future: the clock of the database was set back, and they would last until it is there
 * again. @returns how many there were, up to {@link BATCH_SIZE}
 */
export async function endImpossibleWaits(
  kysely: Kysely<Tables>,
  now: Date,
  options: EscalationOptions,
): Promise<number> {
  const { calendars } = options.catalogue.escalation
  const beganAfter = new Date(now.getTime() + CLOCKS_DIFFER_MS)
  return inTransaction(kysely, async (transaction) => {
    const early = await lockEscalations(transaction, { beganAfter, limit: BATCH_SIZE })
    const isAcknowledged = ({ state }: LockedEscalation) => state === 'acknowledged'
    await saveEscalations(
      transaction,
      'held',
      early
        .filter((one) => !isAcknowledged(one))
        .map((one) => climbingFrom(one, { tier: one.tier, round: one.round, since: now }, calendars)),
    )
    await saveEscalations(
      transaction,
      'acknowledged',
      early.filter(isAcknowledged).map((one) => acknowledgedAt({ ...one, since: now }, now, options)),
    )
    return early.length
  })
}

/** Milliseconds by which a wait may begin in the future: a fail-over to a server whose clock is a little behind. */
const CLOCKS_DIFFER_MS = 60_000

/** Saves escalations that have ended; the services of their pager alerts are to be told. */
async function endAll(
  transaction: Kysely<Tables>,
  ended: readonly EscalationChange[],
  { tellPagers }: Pick<EscalationOptions, 'tellPagers'>,
): Promise<void> {
  if (ended.length === 0) return
  await saveEscalations(transaction, 'ended', ended)
  await tellPagers(
    transaction,
    ended.map(({ eventId }) => eventId),
    'resolve',
  )
}

async function doDue(
  transaction: Kysely<Tables>,
  wanted: Wanted,
  now: Date,
  options: EscalationOptions,
): Promise<Omit<TickResult, 'expired'>> {
  const { calendars } = options.catalogue.escalation
  const silences = await readOpenSilences(transaction)
  const dataKeys = dataKeysOf(silences.flatMap(({ silence }) => silence.matchers))
  const due = await lockEscalations(transaction, wanted, dataKeys)
  const decided = due.map((escalation) => ({ escalation, decision: decide(escalation, now, calendars) }))
  const of = <K extends Decision['kind']>(kind: K) =>
    decided.filter(
      (one): one is { escalation: LockedEscalation; decision: Extract<Decision, { kind: K }> } =>
        one.decision.kind === kind,
    )
  await endAll(
    transaction,
    of('end').map(({ escalation, decision }) => endedAs(escalation, decision.why, now)),
    options,
  )
  const answered = of('answered').map(({ escalation, decision: { at } }) => acknowledgedAt(escalation, at, options))
  await saveEscalations(transaction, 'acknowledged', answered)
  await options.tellPagers(
    transaction,
    answered.map(({ eventId }) => eventId),
    'acknowledge',
  )
  await saveEscalations(
    transaction,
    'held',
    of('hold').map(({ escalation, decision: { next } }) => ({
      ...escalation,
      nextAt: next?.at ?? null,
      heldBy: next?.heldBy ?? null,
    })),
  )
  const reminders = of('remind').map(({ escalation }) => reminderOf(escalation, now, silences, options))
  await saveCalled(transaction, 'reminded', reminders)
  await copyAcknowledgements(transaction, reminders)
  await wakeChannels(transaction, reminders, options)
  const called = await callTiers(
    transaction,
    of('call').map(({ escalation, decision }) => ({ escalation, step: decision.step })),
    { now, silences, byHand: false },
    options,
  )
  return { due: due.length, called, reminded: reminders.length }
}
