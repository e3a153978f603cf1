import type { Channel } from '../catalogue/catalogue.ts'
import { type ChannelState, type ClaimedNotification, nextDue, type Span, waitingSpan } from '../store/claim.ts'
import { recordAndClaim } from '../store/record-and-claim.ts'
import { recordLate } from '../store/record-late.ts'
import type { Destination, ReadyDestination } from '../transports/transport.ts'
import type { Attempt } from './attempt.ts'
import { toAttemptRecord } from './attempt-record.ts'
import { afterOutcome } from './breaker.ts'
import { take } from './budget.ts'
import type { Lease } from './lease.ts'
import { type Plan, planTurn } from './plan.ts'
import { reportRecorded } from './report.ts'
import { checkStorm, type StormStatus, stormStatusOf } from './storm.ts'
import type { TurnContext } from './turn-context.ts'
import { neverNoted, type UnreadyNote } from './unready-channels.ts'

/** Milliseconds between two checks of the backlog; see `storm.ts`. */
const BACKLOG_CHECK_INTERVAL_MS = 1_000
/**
 * Milliseconds around now within which notifications are claimed unlooked: what is older, or newer because the database's clock
 * was set back, is found by the next look.
 */
const CLAIM_WINDOW_MS = 86_400_000
/** Milliseconds until it is tried again to claim what is due and could not be had: somebody's transaction has it. */
const LOCKED_RETRY_MS = 100

/** What a step of a turn came to. */
export type Step =
  /** Another turn has the channel. */
  | { readonly kind: 'lost' }
  /** Took hold of these; `more` where there may be more that could be sent at once. */
  | { readonly kind: 'claimed'; readonly claimed: readonly ClaimedNotification[]; readonly more: boolean }
  /** Nothing is due; `forMs` until something is. */
  | { readonly kind: 'idle'; readonly forMs: number | undefined }
  /** The channel may not be sent anything for so long. */
  | { readonly kind: 'rest'; readonly forMs: number }

/** What a step is asked to do. */
export interface StepRequest {
  /** Attempts that came back. */
  readonly finished: readonly Attempt[]
  /** Posts that may be begun; none where nothing shall be claimed. */
  readonly room: number
  /** Posts that are under way. */
  readonly inFlight: number
}

/** What a process remembers of a channel from one turn to the next. */
export interface BacklogCheck {
  /** When the backlog was looked at, by the process's own clock in milliseconds. */
  checkedAtMs: number
  /** True where the last claim took all that it could, so that more may wait. */
  mayWait: boolean
  readonly unready: UnreadyNote
}

/** Nothing is known of the channel yet. */
export const newBacklogCheck = (): BacklogCheck => ({
  checkedAtMs: Number.NEGATIVE_INFINITY,
  mayWait: true,
  unready: neverNoted(),
})

/**
 * Makes the steps of one turn: each records what came back and takes hold of what may go next, and the turn alone knows
 * its channel's state in between. That is what the lease is for; who loses it is told by the next step.
 *
 * @param taken what `takeTurn` answered
 */
export function createSteps(
  context: TurnContext,
  channel: Channel,
  turn: string,
  taken: { readonly state: ChannelState; readonly now: Date },
  lease: Lease,
  backlogCheck: BacklogCheck,
): (request: StepRequest) => Promise<Step> {
  const { kysely, months, rest, retry, storm, maxInFlight } = context
  let { state } = taken
  let time = databaseTime(taken.now)
  let waiting: Span | undefined

  return async ({ finished, room, inFlight }) => {
    const now = time()
    const destination = context.transport.destination(channel)
    // What came from an address that the channel no longer has says nothing about the one that it has.
    const after = finished
      .filter((attempt) => attempt.destination === undefined || isSame(attempt.destination, destination))
      .reduce((was, { outcome, notification }) => afterOutcome(was, outcome, now, rest, notification.claimedAt), state)
    const attemptRecords = finished.map((attempt) => toAttemptRecord(attempt, after.breaker !== 'closed', retry))
    // Half open says that a probe is under way. The last one may have been handed back, or paused, or be a dead turn's.
    const probing = after.breaker === 'half_open' && inFlight > 0
    const known: ChannelState = after.breaker === 'closed' || probing ? after : { ...after, breaker: 'open' }
    const plan = planTurn(known, channel.budget, now, Math.min(room, maxInFlight))
    // A probe goes alone: what comes back of the others tells how the channel was, not how it is.
    const claims = room > 0 && plan.kind !== 'rest' && !(plan.kind === 'probe' && inFlight > 0) ? plan : undefined
    const stormStatus = claims ? await checkBacklog(claims, now) : undefined
    const span = spanAround(now, waiting)
    const tables = await months.tablesFor([
      ...attemptRecords.map(({ createdAt }) => createdAt),
      ...(claims ? [span.from, span.to] : []),
    ])
    const renewed = lease.renewing()
    const done = await recordAndClaim(kysely, channel.key, turn, {
      attemptRecords,
      knewRest: state.pausedUntil !== undefined,
      state: { ...plan.state, digestedAt: stormStatus ? stormStatus.digestedAt : after.digestedAt },
      last: finished.at(-1)?.outcome.name,
      claim: {
        limit: claims?.limit ?? 0,
        probe: claims?.kind === 'probe',
        ordinaryUntil: claims?.kind === 'probe' ? undefined : stormStatus?.ordinaryUntil,
        span,
      },
      tables,
    }).catch((error: unknown) => {
      months.forget()
      throw error
    })
    const lost = new Set(done.lost)
    for (const attemptRecord of attemptRecords)
      if (lost.has(attemptRecord.id) && (await recordLate(kysely, turn, attemptRecord))) lost.delete(attemptRecord.id)
    reportRecorded(context, channel.key, { attempts: finished, attemptRecords, lost, before: state, after })
    if (!done.hasChannel) return { kind: 'lost' }
    renewed()
    state = {
      ...plan.state,
      ...take(plan.state, done.claimed.length),
      breaker: claims?.kind === 'probe' && done.claimed.length > 0 ? 'half_open' : plan.state.breaker,
      pausedUntil: done.restEnded ? undefined : plan.state.pausedUntil,
      digestedAt: stormStatus ? stormStatus.digestedAt : after.digestedAt,
    }
    time = databaseTime(done.now)
    if (done.restEnded && plan.kind === 'rest') return { kind: 'rest', forMs: 0 }
    if (!claims || !stormStatus)
      return { kind: 'rest', forMs: plan.kind === 'rest' ? plan.forMs : Number.POSITIVE_INFINITY }
    backlogCheck.mayWait = done.claimed.length === claims.limit || stormStatus.nextRoundIn === 0
    if (done.claimed.length > 0) return { kind: 'claimed', claimed: done.claimed, more: backlogCheck.mayWait }
    return { kind: 'idle', forMs: await idleFor(stormStatus) }
  }

  /** Asked only where something may be left over: most events find their channel with nothing else to do. */
  async function checkBacklog(
    { kind, state: filled }: Exclude<Plan, { readonly kind: 'rest' }>,
    now: Date,
  ): Promise<StormStatus> {
    const needed = backlogCheck.mayWait || filled.digestedAt !== undefined
    const nextCheckMs = backlogCheck.checkedAtMs + BACKLOG_CHECK_INTERVAL_MS - performance.now()
    if (kind === 'probe' || !needed || nextCheckMs > 0) {
      const stormStatus = stormStatusOf(filled, now, storm.digestAfter)
      return stormStatus.nextRoundIn === undefined
        ? stormStatus
        : { ...stormStatus, nextRoundIn: Math.max(stormStatus.nextRoundIn, nextCheckMs, 0) }
    }
    backlogCheck.checkedAtMs = performance.now()
    await refreshWaitingSpan()
    const stormStatus = await checkStorm(context, channel, turn, filled, now)
    // What one round could not move is moved by the next, before anything else is taken.
    if (stormStatus.nextRoundIn === 0) backlogCheck.checkedAtMs = Number.NEGATIVE_INFINITY
    return stormStatus
  }

  /** True where something waits that was out of sight. */
  async function refreshWaitingSpan(): Promise<boolean> {
    const before = spanAround(time(), waiting)
    waiting = await waitingSpan(kysely, channel.key)
    return waiting !== undefined && (waiting.from < before.from || waiting.to > before.to)
  }

  async function idleFor({ nextRoundIn }: StormStatus): Promise<number | undefined> {
    if (nextRoundIn !== undefined) return nextRoundIn
    const due = await nextDue(kysely, channel.key)
    if (due === undefined) return undefined
    const wait = due.getTime() - time().getTime()
    if (wait > 0) return wait
    return (await refreshWaitingSpan()) ? 0 : LOCKED_RETRY_MS
  }
}

function isSame(used: ReadyDestination, now: Destination): boolean {
  return now.ready && used.address.equals(now.address)
}

/** The database's clock from here on, without asking it again. */
function databaseTime(now: Date): () => Date {
  const since = performance.now()
  return () => new Date(now.getTime() + performance.now() - since)
}

/** The days around now, and what waits besides. */
function spanAround(now: Date, waiting: Span | undefined): Span {
  const from = now.getTime() - CLAIM_WINDOW_MS
  const to = now.getTime() + CLAIM_WINDOW_MS
  return {
    from: new Date(Math.min(from, waiting?.from.getTime() ?? from)),
    to: new Date(Math.max(to, waiting?.to.getTime() ?? to)),
  }
}
