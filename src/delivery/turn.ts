import { setTimeout } from 'node:timers/promises'
import type { Channel } from '../catalogue/catalogue.ts'
import { codeOf } from '../kernel/errors.ts'
import { reclaimInterrupted } from '../store/claim.ts'
import { endTurn, renewTurn, takeTurn } from '../store/turns.ts'
import { createLease, type Lease } from './lease.ts'
import { createPosts, type Posts } from './posts.ts'
import { type BacklogCheck, createSteps } from './step.ts'
import type { TurnContext } from './turn-context.ts'
import { noteUnready } from './unready-channels.ts'

/** Milliseconds between two renewals of a turn's lease, which is eight times as long (`src/store/turns.ts`). */
const RENEWAL_MS = 1_000
/** Renewals in flight at most. One that gets no answer must not keep the next from being sent. */
const MAX_UNANSWERED_RENEWALS = 2
/**
 * Milliseconds that a step waits for other posts in flight when one finishes. One step for each post would cost more
 * than all the rest of sending.
 */
const GATHER_MS = 10
/** Longer than any begun post may take; posts that are not begun are called off. */
const LONGER_THAN_ANY_POST_MS = 600_000
/** Milliseconds between two tries to record finished attempts. */
const RECORD_PAUSE_MS = 1_000
/** Attempts at recording before a statement that the database refuses is given up; one in so many is logged. */
const RECORD_TRIES = 30
/** SQLSTATE classes of a statement that would be refused again: bad values, a violated constraint, a changed schema. */
const REFUSED = /^(22|23|42)/

/**
 * How a turn ended: the channel's next turn is due `again` milliseconds later, or, if undefined, when the channel is
 * woken.
 */
export type TurnEnd = { readonly again: number | undefined }

/** A running turn. */
export interface Turn {
  /** Has the turn check at once whether there is more to do. */
  wake(): void
  /** True where the turn was woken after its last step. */
  readonly missedWake: boolean
  /** Resolves when the turn ended; rejects where the database failed. */
  readonly ended: Promise<TurnEnd>
}

/**
 * Runs one turn at a channel: takes the channel, then claims, sends and records until nothing is due, the budget is
 * used up, or the channel rests.
 *
 * ```
 * take ──► step ──► post ──┐         a step: record finished attempts, check the backlog, claim
 *           ▲  ▲           │
 *           │  └── a post finished, the channel was woken, or its rest is over
 *           └ nothing due, or rest, and no post in flight ─► end; again when the rest is over
 * ```
 *
 * A slow post delays no other: while there is room, the most urgent due notification is claimed next. Where the process
 * dies, the next turn puts the claimed notifications back, at most 8 s + 1 s later.
 *
 * @param stopping once aborted, nothing more is claimed, and posts in flight finish
 */
export function startTurn(
  context: TurnContext,
  channel: Channel,
  turn: string,
  stopping: AbortSignal,
  backlogCheck: BacklogCheck,
): Turn {
  const lease = createLease(context.leaseMs)
  const posts = createPosts((notification) => context.attempt(channel, notification, { stopping, lease }))
  let woken = false
  const resetWoken = () => {
    woken = false
  }
  return {
    wake() {
      woken = true
      posts.wake()
    },
    get missedWake() {
      return woken
    },
    ended: runTurn(context, channel, turn, stopping, posts, lease, backlogCheck, resetWoken),
  }
}

async function runTurn(
  context: TurnContext,
  channel: Channel,
  turn: string,
  stopping: AbortSignal,
  posts: Posts,
  lease: Lease,
  backlogCheck: BacklogCheck,
  resetWoken: () => void,
): Promise<TurnEnd> {
  const { kysely, log } = context
  const leaseTaken = lease.renewing()
  const taken = await takeTurn(kysely, channel.key, turn)
  if (!taken) return { again: undefined }
  leaseTaken()
  const takeStep = createSteps(context, channel, turn, taken, lease, backlogCheck)
  const stopRenewing = keepRenewing(context, channel.key, turn, lease, posts.wake)
  try {
    for (const correlation_id of await reclaimInterrupted(kysely, channel.key, turn))
      log.write('attempt_interrupted', { correlation_id, channel: channel.key })
    for (;;) {
      if (posts.inFlight > 0 && posts.hasUnrecorded) await posts.drained(GATHER_MS)
      resetWoken()
      const destination = context.transport.destination(channel)
      const finished = posts.collect()
      const room = stopping.aborted || !destination.ready ? 0 : context.maxInFlight - posts.inFlight
      if (room === 0 && finished.length === 0 && posts.inFlight > 0) {
        await posts.changed()
        continue
      }
      const step = await takeStep({ finished, room, inFlight: posts.inFlight })
      posts.markRecorded(finished.length)
      if (step.kind === 'lost') {
        log.write('turn_lost', { channel: channel.key })
        await finishPosts(context, channel.key, posts, lease, takeStep)
        return { again: undefined }
      }
      if (step.kind === 'claimed') {
        posts.start(step.claimed)
        if (!step.more) await posts.changed()
        continue
      }
      const lookAgainMs = destination.ready
        ? step.forMs
        : await noteUnready(context, channel, turn, destination.reason, backlogCheck.unready)
      const forMs = stopping.aborted ? 0 : lookAgainMs
      if (posts.inFlight > 0 || posts.hasUnrecorded) await changeWithin(forMs, context, posts)
      else if (await endTurn(kysely, channel.key, turn, { recheckIfWoken: step.kind === 'idle' && !stopping.aborted }))
        return { again: forMs }
    }
  } catch (error) {
    await finishPosts(context, channel.key, posts, lease, takeStep)
    await endTurn(kysely, channel.key, turn, { recheckIfWoken: false }).catch(() => undefined)
    throw error
  } finally {
    stopRenewing()
  }
}

/** Resolves when a post finishes or the turn is woken, or after `ms`. */
async function changeWithin(ms: number | undefined, { clock }: TurnContext, posts: Posts): Promise<void> {
  const callOff = ms === undefined || ms === Number.POSITIVE_INFINITY ? () => {} : clock.after(ms, posts.wake)
  await posts.changed()
  callOff()
}

/**
 * Ends the lease, which calls off posts that are not begun; waits for the others and records them, however long the
 * database is away: only this process knows their outcomes. A lost answer is no reason to stop, because recording twice
 * changes nothing. Where the database refuses the statement itself, it gives up after a while; otherwise this process
 * would never serve the channel again.
 */
async function finishPosts(
  context: TurnContext,
  channel: string,
  posts: Posts,
  lease: Lease,
  takeStep: ReturnType<typeof createSteps>,
): Promise<void> {
  lease.end()
  while (posts.inFlight > 0) await posts.drained(LONGER_THAN_ANY_POST_MS)
  const finished = posts.collect()
  for (let tries = 1; finished.length > 0; tries++) {
    try {
      await takeStep({ finished, room: 0, inFlight: 0 })
      return
    } catch (error) {
      if (context.hurry.aborted || (tries >= RECORD_TRIES && REFUSED.test(codeOf(error) ?? ''))) throw error
      if (tries % RECORD_TRIES === 1)
        context.log.write('attempts_not_recorded', {
          err: error,
          channel,
          tries,
          correlation_ids: finished.map(({ notification }) => notification.event.correlationId),
        })
      // Node's timer, not context.clock: clock timers are unref'd, so the process could exit during this pause
      // and lose the record of cards already posted.
      await setTimeout(RECORD_PAUSE_MS, undefined, { signal: context.hurry }).catch(() => undefined)
    }
  }
}

/**
 * Renews the turn's lease each second. Calls `wake` where the turn was lost, which also ends the lease, and where the
 * channel was woken.
 */
function keepRenewing(
  { clock, kysely, log }: TurnContext,
  channel: string,
  turn: string,
  lease: Lease,
  wake: () => void,
): () => void {
  let stopped = false
  let unanswered = 0
  let callOff = () => {}
  async function renew(): Promise<void> {
    const renewed = lease.renewing()
    unanswered += 1
    try {
      const renewal = await renewTurn(kysely, channel, turn)
      if (renewal === 'lost') lease.end()
      else renewed()
      if (renewal !== 'undisturbed') wake()
    } catch (error) {
      // No reason to stop: the lease decides, and the next renewal may succeed.
      log.write('lease_renewal_failed', { err: error, channel })
    } finally {
      unanswered -= 1
    }
  }
  const next = () => {
    callOff = clock.after(RENEWAL_MS, () => {
      if (unanswered < MAX_UNANSWERED_RENEWALS) void renew()
      if (!stopped) next()
    })
  }
  next()
  return () => {
    stopped = true
    callOff()
  }
}
