import { setTimeout } from 'node:timers/promises'
import type { Channel } from '../registry/registry.ts'
import { type ChannelState, lockChannel, saveChannel } from '../store/claim.ts'
import { recordSettlements } from '../store/record.ts'
import type { Attempt } from './attempt.ts'
import { afterOutcome } from './breaker.ts'
import { toSettlement } from './settlement.ts'
import { tellAttempt, tellBreaker } from './tell.ts'
import type { TurnContext } from './turn-context.ts'

/** How often, and after how many milliseconds each, what was sent is tried to be recorded while the database is away. */
const RECORD_TRIES = 30
const RECORD_PAUSE = 1_000

/**
 * Records what happened although the database is away for a moment: given up at once, every card of a restart of
 * PostgreSQL would be sent again. Recording twice does no harm, so an answer that was lost is no reason to doubt either.
 */
export async function recordAttempts(
  context: TurnContext,
  channel: Channel,
  turn: string,
  attempts: readonly Attempt[],
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await record(context, channel, turn, attempts)
    } catch (error) {
      if (tries === RECORD_TRIES || context.hurry.aborted) throw error
      context.log.warn({ err: error, channel: channel.key, tries }, 'what was sent could not be recorded; trying again')
      // Not on the context's clock, whose timers let the process end: what was posted must not be forgotten that way.
      await setTimeout(RECORD_PAUSE, undefined, { signal: context.hurry }).catch(() => undefined)
    }
  }
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
