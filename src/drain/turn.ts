import type { Kysely } from 'kysely'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Channel } from '../registry/registry.ts'
import type { Secrets } from '../secrets/port.ts'
import {
  type ChannelState,
  type HeldNotification,
  holdDue,
  lockChannel,
  nextDue,
  reclaimInterrupted,
  saveChannel,
} from '../store/claim.ts'
import { recordSettlements } from '../store/record.ts'
import type { Tables } from '../store/tables.ts'
import { endTurn, renewTurn, takeTurn } from '../store/turns.ts'
import type { Attempt, Attempts } from './attempt.ts'
import { afterOutcome, type RestRules } from './breaker.ts'
import { take } from './budget.ts'
import { planTurn } from './plan.ts'
import type { RetryRules } from './settle.ts'
import { toSettlement } from './settlement.ts'

/** Milliseconds between a turn's signs of life; the lease of `src/store/turns.ts` is four times as long. */
const SIGN_OF_LIFE = 2_000
/** Milliseconds until a channel without an address is looked at again; a new address wakes it at once. */
const WITHOUT_ADDRESS = 60_000

/** What turns need. */
export interface TurnContext {
  readonly kysely: Kysely<Tables>
  readonly attempts: Attempts
  readonly secrets: Secrets
  readonly rest: RestRules
  readonly retry: RetryRules
  /** Posts that may be under way at once for one channel. */
  readonly most: number
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
}

/** How a turn ended: `again` after so many milliseconds, or whenever somebody wakes the channel. */
export type TurnEnd = { readonly again: number | undefined }

/**
 * One worker's turn at one channel: take the channel, and then claim, send and record until nothing is due, the
 * budget is used up, or the channel rests.
 *
 * ```
 * take ──► plan ──► hold ──► render + post ──► record ──► plan …
 *            │        └ nothing due ─► end, unless woken meanwhile ─► plan
 *            └ rest ─► end; again when the rest is over
 * ```
 *
 * Whatever is held when the process dies is put back by the next turn, at most 8 s + 1 s later. `stopping` lets
 * the posts under way finish and claims nothing more. The database throwing ends the turn; the sweep starts another.
 */
export async function runTurn(
  context: TurnContext,
  channel: Channel,
  turn: string,
  stopping: AbortSignal,
): Promise<TurnEnd> {
  const { kysely, log } = context
  if (!(await takeTurn(kysely, channel.key, turn))) return { again: undefined }
  const stopSigns = giveSignsOfLife(context, channel.key, turn)
  try {
    const cut = await reclaimInterrupted(kysely, channel.key, turn)
    for (const correlation_id of cut)
      log.warn(
        { correlation_id, channel: channel.key },
        'an attempt was cut off; the card may have arrived and is sent again',
      )
    for (;;) {
      const step = stopping.aborted ? { kind: 'rest' as const, forMs: 0 } : await claimNext(context, channel, turn)
      if (step.kind === 'lost') {
        log.warn({ channel: channel.key }, 'this turn lost its channel to another one')
        return { again: undefined }
      }
      if (step.kind === 'held') {
        const results = await context.attempts.make(channel, step.held, stopping)
        await record(context, channel, turn, results)
        continue
      }
      const idle = step.kind === 'idle' && !stopping.aborted
      if (await endTurn(kysely, channel.key, turn, { heedWord: idle })) return { again: step.forMs }
    }
  } finally {
    stopSigns()
  }
}

type Step =
  | { readonly kind: 'lost' }
  | { readonly kind: 'held'; readonly held: readonly HeldNotification[] }
  | { readonly kind: 'idle'; readonly forMs: number | undefined }
  | { readonly kind: 'rest'; readonly forMs: number }

async function claimNext(context: TurnContext, channel: Channel, turn: string): Promise<Step> {
  if (!context.secrets.webhook(channel.key)) {
    await noteMissingAddress(context, channel, turn)
    return { kind: 'rest', forMs: WITHOUT_ADDRESS }
  }
  return context.kysely.transaction().execute(async (transaction): Promise<Step> => {
    const locked = await lockChannel(transaction, channel.key, turn)
    if (!locked) return { kind: 'lost' }
    const plan = planTurn(locked.state, channel.budget, locked.now, context.most)
    if (plan.kind === 'rest') return { kind: 'rest', forMs: plan.forMs }
    const held = await holdDue(transaction, {
      channel: channel.key,
      turn,
      limit: plan.limit,
      probe: plan.kind === 'probe',
    })
    if (held.length === 0) {
      const due = await nextDue(transaction, channel.key)
      return { kind: 'idle', forMs: due === undefined ? undefined : Math.max(0, due.getTime() - locked.now.getTime()) }
    }
    await saveChannel(transaction, channel.key, { ...plan.state, ...take(plan.state, held.length) })
    return { kind: 'held', held }
  })
}

async function noteMissingAddress({ kysely }: TurnContext, channel: Channel, turn: string): Promise<void> {
  await kysely
    .updateTable('teams_channels')
    .set((eb) => ({ last_outcome: 'address_missing', last_outcome_at: eb.fn<Date>('clock_timestamp', []) }))
    .where('key', '=', channel.key)
    .where('turn_by', '=', turn)
    .execute()
}

async function record(
  context: TurnContext,
  channel: Channel,
  turn: string,
  attempts: readonly Attempt[],
): Promise<void> {
  const { kysely, log, rest } = context
  const settlements = await kysely.transaction().execute(async (transaction) => {
    const locked = await lockChannel(transaction, channel.key, turn)
    let restsAfter = false
    if (locked) {
      const state = attempts.reduce<ChannelState>(
        (before, attempt) => afterOutcome(before, attempt.outcome, locked.now, rest),
        locked.state,
      )
      restsAfter = state.breaker !== 'closed'
      await saveChannel(transaction, channel.key, state, lastOf(attempts, locked.now))
      if (state.breaker !== locked.state.breaker) tellBreaker(log, channel.key, state, attempts)
    }
    const made = attempts.map((attempt) => toSettlement(attempt, restsAfter, context.retry))
    const moved = await recordSettlements(transaction, turn, made)
    return made.map((settlement) => ({ settlement, moved: moved.has(settlement.id) }))
  })
  for (const [index, { settlement, moved }] of settlements.entries()) {
    const attempt = attempts[index]
    if (attempt) tellAttempt(context, channel.key, attempt, settlement.state, moved)
  }
}

function lastOf(attempts: readonly Attempt[], at: Date): { outcome: string; at: Date } | undefined {
  const last = attempts.at(-1)
  return last ? { outcome: last.outcome.name, at } : undefined
}

function tellBreaker(log: Log, channel: string, state: ChannelState, attempts: readonly Attempt[]): void {
  const correlation_ids = attempts.map((attempt) => attempt.held.event.correlationId)
  if (state.breaker === 'open')
    log.error(
      { channel, correlation_ids, rests_until: state.pausedUntil, reason: attempts.at(-1)?.outcome.message },
      'the channel does not work; its notifications wait, and a probe will tell',
    )
  else if (state.breaker === 'closed') log.info({ channel, correlation_ids }, 'the channel works again')
}

function tellAttempt(
  { log, metrics }: TurnContext,
  channel: string,
  attempt: Attempt,
  state: string,
  moved: boolean,
): void {
  const { event, id } = attempt.held
  const outcome = attempt.outcome.name
  const line = {
    correlation_id: event.correlationId,
    notification_id: id,
    channel,
    event_type: event.eventType,
    priority: event.priority,
    attempt: attempt.held.attempt,
    outcome,
    ...(attempt.outcome.statusCode === undefined ? {} : { status: attempt.outcome.statusCode }),
  }
  if (attempt.posted)
    metrics.observe(
      'teams_notification_send_duration_seconds',
      { channel, outcome },
      (attempt.finishedAt.getTime() - attempt.startedAt.getTime()) / 1000,
    )
  if (!moved) log.warn(line, 'another turn took this notification over; its record counts')
  else if (state === 'accepted') {
    metrics.count('teams_notifications_sent_total', { channel, event_type: event.eventType, priority: event.priority })
    metrics.observe(
      'teams_notification_wait_seconds',
      { priority: event.priority },
      Math.max(0, attempt.finishedAt.getTime() - event.acceptedAt.getTime()) / 1000,
    )
    log.info(line, 'Teams notification sent successfully')
  } else if (state === 'failed') {
    metrics.count('teams_notifications_failed_total', { channel, outcome })
    log.error({ ...line, reason: attempt.outcome.message }, 'Teams notification failed; it is kept and can be replayed')
  } else {
    metrics.count('teams_notification_retries_total', { channel, outcome })
    log.warn({ ...line, reason: attempt.outcome.message }, 'Teams notification not taken; it waits')
  }
}

function giveSignsOfLife({ clock, kysely, log }: TurnContext, channel: string, turn: string): () => void {
  let ended = false
  let callOff = () => {}
  const again = () => {
    callOff = clock.after(SIGN_OF_LIFE, () => {
      // A sign that can not be given is no reason to stop: the lease decides, and the next one may get through.
      renewTurn(kysely, channel, turn)
        .catch((error: unknown) => log.warn({ err: error, channel }, 'a turn could not give its sign of life'))
        .finally(() => {
          if (!ended) again()
        })
    })
  }
  again()
  return () => {
    ended = true
    callOff()
  }
}
