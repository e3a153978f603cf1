import type { Channel } from '../catalogue/catalogue.ts'
import { type ChannelState, type ClaimedNotification, nextDue, type Span, waitingSpan } from '../store/claim.ts'
import { recordAndClaim } from '../store/record-and-claim.ts'
import { recordLate } from '../store/record-late.ts'
import type { Destination, ReadyDestination } from '../transports/transport.ts'
import type { Attempt } from './attempt.ts'
import { afterOutcome } from './breaker.ts'
import { take } from './budget.ts'
import { toAttemptRecord } from './decide-retry.ts'
import type { Lease } from './lease.ts'
import { type Plan, planTurn } from './plan.ts'
import { reportRecorded } from './report.ts'
import { checkStorm, type StormStatus, stormStatusOf } from './storm.ts'
import type { TurnContext } from './turn-context.ts'
import { neverNoted, type UnreadyNote } from './unready-channels.ts'

/** Milliseconds between two checks of the backlog; see `storm.ts`. */
const BACKLOG_CHECK_INTERVAL_MS = 1_000
/**
 * Notifications that were accepted within this many milliseconds of now are claimed without checking whether others
 * exist. Older ones, and newer ones after the database's clock was set back, are found by the next backlog check.
 */
const CLAIM_WINDOW_MS = 86_400_000
/**
 * Milliseconds until the next claim where due notifications could not be claimed: another transaction has locked them.
 */
const LOCKED_RETRY_MS = 100

/** Result of a step. */
export type Step =
  /** Another turn has the channel. */
  | { readonly kind: 'lost' }
  /** Claimed these notifications; `more` where more may be due. */
  | { readonly kind: 'claimed'; readonly claimed: readonly ClaimedNotification[]; readonly more: boolean }
  /** Nothing is due. `forMs` is the time until something is; undefined where nothing waits. */
  | { readonly kind: 'idle'; readonly forMs: number | undefined }
  /** The channel may not be sent anything for `forMs`. */
  | { readonly kind: 'rest'; readonly forMs: number }

/** Input of a step. */
export interface StepRequest {
  /** Finished attempts that are not recorded. */
  readonly finished: readonly Attempt[]
  /** Number of notifications that may be claimed; 0 for none. */
  readonly room: number
  /** Number of posts in flight. */
  readonly inFlight: number
}

/** What this process remembers of a channel's backlog from one turn to the next. */
export interface BacklogCheck {
  /** When the backlog was last checked, in milliseconds of `performance.now()`. */
  checkedAtMs: number
  /** True where the last claim reached its limit, so that more notifications may wait. */
  mayWait: boolean
  readonly unready: UnreadyNote
}

/** The backlog check of a channel that this process has not served yet. */
export const newBacklogCheck = (): BacklogCheck => ({
  checkedAtMs: Number.NEGATIVE_INFINITY,
  mayWait: true,
  unready: neverNoted(),
})

/**
 * Makes the function that takes the steps of one turn: it records finished attempts and claims due notifications.
 * Between steps only the turn knows its channel's state; the lease guarantees that. A turn that lost its lease learns
 * so from its next step.
 *
 * @param taken what `takeTurn` returned
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
    // An answer from an address that the channel no longer has says nothing about the current address.
    const after = finished
      .filter((attempt) => attempt.destination === undefined || isSame(attempt.destination, destination))
      .reduce((was, { outcome, notification }) => afterOutcome(was, outcome, now, rest, notification.claimedAt), state)
    const attemptRecords = finished.map((attempt) => toAttemptRecord(attempt, after.breaker !== 'closed', retry))
    // `half_open` means that a probe is in flight. The last one may have been handed back or paused, or have belonged
    // to a turn that died.
    const probing = after.breaker === 'half_open' && inFlight > 0
    const known: ChannelState = after.breaker === 'closed' || probing ? after : { ...after, breaker: 'open' }
    const plan = planTurn(known, channel.budget, now, Math.min(room, maxInFlight))
    // A probe is sent alone: answers to older posts show how the channel was, not how it is.
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
      knewClosed: state.breaker === 'closed',
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

  /**
   * Checks the backlog for a storm, at most once per interval, and only where something may be left over: most events
   * are the only one for their channel.
   */
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
    // What one round could not digest is digested by the next, before anything else is claimed.
    if (stormStatus.nextRoundIn === 0) backlogCheck.checkedAtMs = Number.NEGATIVE_INFINITY
    return stormStatus
  }

  /** Reads the span of the channel's backlog; true where it has notifications outside the span of the last claim. */
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

/** A clock that continues from a time of the database, without asking it again. */
function databaseTime(now: Date): () => Date {
  const since = performance.now()
  return () => new Date(now.getTime() + performance.now() - since)
}

/** The claim window around now, extended to the known backlog. */
function spanAround(now: Date, waiting: Span | undefined): Span {
  const from = now.getTime() - CLAIM_WINDOW_MS
  const to = now.getTime() + CLAIM_WINDOW_MS
  return {
    from: new Date(Math.min(from, waiting?.from.getTime() ?? from)),
    to: new Date(Math.max(to, waiting?.to.getTime() ?? to)),
  }
}
