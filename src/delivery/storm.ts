import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Budget, Channel } from '../catalogue/catalogue.ts'
import type { ChannelState } from '../store/claim.ts'
import { countWaiting, type Urgency } from '../store/digests.ts'
import type { Tables } from '../store/tables.ts'
import { lockChannel } from '../store/turns.ts'
import { makeDigests, type Round } from './digest.ts'
import type { TurnContext } from './turn-context.ts'

/** What a channel's turn may take now. */
export interface StormStatus {
  /** When the last round of digests was made; undefined where no storm lasts. */
  readonly digestedAt: Date | undefined
  /** Of MEDIUM and below, only what was accepted by then; undefined where anything may be taken. */
  readonly ordinaryUntil: Date | undefined
  /** Milliseconds until the next round of digests; undefined where no storm lasts. */
  readonly nextRoundIn: number | undefined
}

const CALM: StormStatus = { digestedAt: undefined, ordinaryUntil: undefined, nextRoundIn: undefined }
/** Nothing of MEDIUM and below was accepted by then. */
const NEVER = new Date(0)

/** How many cards a channel gets within `digestAfter` milliseconds, what it has left among them; at least one. */
export function cardsWithin(tokens: number, budget: Budget, digestAfter: number): number {
  return Math.max(1, Math.floor(tokens + (digestAfter / 1000) * (budget.requests / budget.period)))
}

/** The status of the storm without counting the backlog: while a storm lasts, MEDIUM and below wait for the next round. */
export function stormStatusOf({ digestedAt }: ChannelState, now: Date, digestAfter: number): StormStatus {
  if (digestedAt === undefined) return CALM
  const nextRoundIn = digestedAt.getTime() + digestAfter - now.getTime()
  // A clock that was set back must not make a storm last for hours.
  return {
    digestedAt,
    ordinaryUntil: digestedAt,
    nextRoundIn: nextRoundIn > digestAfter ? 0 : Math.max(0, nextRoundIn),
  }
}

/**
 * Looks how much waits for a channel, and makes digests where it is more than its budget clears in time.
 *
 * ```
 * calm ── more waits than the budget clears within digestAfter ──► round of digests ──► storm
 * storm ── digestAfter after the last round ── still that much ──► round of digests
 *                                           └─ less ────────────► calm
 * ```
 *
 * While a storm lasts, MEDIUM and below that came after the last round wait for the next one, so that a digest each half
 * minute tells of it and not one card a second. CRITICAL and HIGH never wait: they are single, and first, until more
 * than `digestUrgent` with one fingerprint have come together.
 *
 * @param state the channel's, its bucket refilled
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
  // What there is budget for does not wait.
  const urgent = Math.max(digestUrgent, Math.floor(state.tokens))
  const waiting = await countWaiting(context.kysely, channel.key, { urgent: urgent + 1, all: cards + 1 })
  const round = (urgency: Urgency, atLeast: number, most: number) =>
    makeRound(context, channel, turn, urgency, { atLeast, cards: most })
  if (waiting.urgent > urgent) await round('urgent', digestUrgent + 1, Number.POSITIVE_INFINITY)
  const before = stormStatusOf(state, now, digestAfter)
  if (before.nextRoundIn !== undefined && before.nextRoundIn > 0) return before
  if (waiting.all <= cards) return CALM
  const { more, madeAt } = await round('ordinary', 2, cards)
  // Until the rest is in a digest too, none of it may be taken for a single card.
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

/** A moment after everything that the transaction has written, in whole milliseconds as rows bear them. */
async function clockAfter(transaction: Kysely<Tables>): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`SELECT clock_timestamp() + interval '1 millisecond' AS at`.execute(
    transaction,
  )
  return rows[0]?.at ?? new Date()
}
