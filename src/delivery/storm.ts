import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Budget, Channel } from '../catalogue/catalogue.ts'
import type { ChannelState } from '../store/claim.ts'
import { countWaiting, type Urgency } from '../store/digests.ts'
import type { Tables } from '../store/tables.ts'
import { lockChannel } from '../store/turns.ts'
import { makeDigests, type Round } from './digest.ts'
import type { TurnContext } from './turn-context.ts'

/** Whether a storm lasts, and what a turn may claim meanwhile. */
export interface StormStatus {
  /** When the last round of digests was made; undefined where no storm lasts. */
  readonly digestedAt: Date | undefined
  /** MEDIUM, LOW and INFO notifications may be claimed if accepted by then; undefined where all may be. */
  readonly ordinaryUntil: Date | undefined
  /** Milliseconds until the next round of digests; undefined where no storm lasts. */
  readonly nextRoundIn: number | undefined
}

const CALM: StormStatus = { digestedAt: undefined, ordinaryUntil: undefined, nextRoundIn: undefined }
/** No MEDIUM, LOW or INFO notification was accepted by then. */
const NEVER = new Date(0)

/**
 * How many cards a channel may be sent within `digestAfter` milliseconds, including the tokens that it has left; at
 * least 1.
 */
export function cardsWithin(tokens: number, budget: Budget, digestAfter: number): number {
  return Math.max(1, Math.floor(tokens + (digestAfter / 1000) * (budget.requests / budget.period)))
}

/** The status of a storm without counting the backlog: while it lasts, MEDIUM, LOW and INFO wait for the next round. */
export function stormStatusOf({ digestedAt }: ChannelState, now: Date, digestAfter: number): StormStatus {
  if (digestedAt === undefined) return CALM
  const nextRoundIn = digestedAt.getTime() + digestAfter - now.getTime()
  // Where the clock was set back, the storm must not last for hours.
  return {
    digestedAt,
    ordinaryUntil: digestedAt,
    nextRoundIn: nextRoundIn > digestAfter ? 0 : Math.max(0, nextRoundIn),
  }
}

/**
 * Counts a channel's backlog, and makes digests where it is larger than the budget can send within `digestAfter`.
 *
 * ```
 * calm ── backlog larger than the budget sends within digestAfter ──► round of digests ──► storm
 * storm ── digestAfter after the last round ── backlog still too large ──► round of digests
 *                                           └─ no longer ────────────────► calm
 * ```
 *
 * While a storm lasts, MEDIUM, LOW and INFO notifications that come after a round wait for the next one: one digest
 * every half minute instead of one card a second. CRITICAL and HIGH do not wait. They are sent first, as single cards,
 * until more than `digestUrgent` of one fingerprint are due together.
 *
 * @param state the channel's state, with its bucket refilled
 */
export async function checkStorm(
  context: TurnContext,
  channel: Channel,
  turn: string,
  state: ChannelState,
  now: Date,
): Promise<StormStatus> {
  const { digestAfter, digestUrgent } = context.storm
  const cards = cardsWithin(state.tokens, channel.budget, digestAfter)
  // Notifications that the budget covers are sent at once.
  const urgent = Math.max(digestUrgent, Math.floor(state.tokens))
  const waiting = await countWaiting(context.kysely, channel.key, { urgent: urgent + 1, all: cards + 1 })
  const round = (urgency: Urgency, atLeast: number, most: number) =>
    makeRound(context, channel, turn, urgency, { atLeast, cards: most })
  if (waiting.urgent > urgent) await round('urgent', digestUrgent + 1, Number.POSITIVE_INFINITY)
  const before = stormStatusOf(state, now, digestAfter)
  if (before.nextRoundIn !== undefined && before.nextRoundIn > 0) return before
  if (waiting.all <= cards) return CALM
  const { more, madeAt } = await round('ordinary', 2, cards)
  // Until the rest is digested too, none of it may be claimed for a single card.
  if (more) return { digestedAt: undefined, ordinaryUntil: NEVER, nextRoundIn: 0 }
  return { digestedAt: madeAt, ordinaryUntil: madeAt, nextRoundIn: digestAfter }
}

async function makeRound(
  context: TurnContext,
  channel: Channel,
  turn: string,
  urgency: Urgency,
  options: { readonly atLeast: number; readonly cards: number },
): Promise<Round & { readonly madeAt: Date }> {
  const { kysely, catalogue, metrics, log } = context
  const made = await kysely.transaction().execute(async (transaction) => {
    const round = (await lockChannel(transaction, channel.key, turn))
      ? await makeDigests(transaction, catalogue, channel, urgency, options)
      : { digested: 0, digests: 0, more: false }
    return { ...round, madeAt: await clockAfter(transaction) }
  })
  if (made.digests > 0) {
    metrics.count('teams_notifications_digested_total', { channel: channel.key }, made.digested)
    log.write('notifications_digested', { channel: channel.key, digested: made.digested, digests: made.digests })
  }
  return made
}

/** A time later than everything that the transaction wrote, in whole milliseconds as rows have them. */
async function clockAfter(transaction: Kysely<Tables>): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`SELECT clock_timestamp() + interval '1 millisecond' AS at`.execute(
    transaction,
  )
  return rows[0]?.at ?? new Date()
}
