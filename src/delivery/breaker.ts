import { type Consequence, OUTCOMES } from '../contract/outcomes.ts'
import type { ChannelState } from '../store/claim.ts'
import { isOwn } from '../transports/outcome.ts'
import type { Outcome } from '../transports/transport.ts'

/** The settings that say when a channel rests and for how long, in milliseconds where they are times. */
export interface RestRules {
  /** Failures in a row after which the breaker opens. */
  readonly threshold: number
  readonly firstProbeDelay: number
  readonly longestDelay: number
  /** Longest Retry-After that is believed. */
  readonly longestRetryAfter: number
}

/**
 * What an outcome does to its channel.
 *
 * - closed → open after `threshold` failures in a row, or at once when the destination itself is broken;
 * - open → half_open when its rest is over and a probe is sent;
 * - half_open → closed when the probe is taken, or fails for its own sake, which shows that the channel works;
 * - half_open → open again, for twice as long, when the probe fails.
 *
 * A 429 is not a failure: the channel works and says when. It only pauses. Of posts that were under way together it
 * is one answer, however many of them get it: only one to a post that was begun after the last pause makes the next longer.
 *
 * What came to be in the gateway itself says nothing about the channel.
 *
 * @param begun when the post was claimed, on the clock of `now`; after whatever is known, if absent
 */
export function afterOutcome(
  state: ChannelState,
  outcome: Outcome,
  now: Date,
  rules: RestRules,
  begun?: Date,
): ChannelState {
  if (isOwn(outcome.name)) return state
  const consequence: Consequence = OUTCOMES[outcome.name].consequence
  switch (consequence) {
    case 'accepted':
      return { ...works(state, now), consecutivePauses: paused(state, now) ? state.consecutivePauses : 0 }
    case 'failed':
      // The receiver answered and judged this one card. That says nothing of the next.
      return works(state, now)
    case 'pause': {
      const known = begun !== undefined && state.pausedAt !== undefined && begun <= state.pausedAt
      const pauses = known ? state.consecutivePauses : state.consecutivePauses + 1
      const wait = Math.min(
        outcome.retryAfterMs ?? growing(rules.firstProbeDelay / 5, pauses, rules.longestDelay),
        rules.longestRetryAfter,
      )
      const pausedUntil = later(state.pausedUntil, now, wait)
      return { ...state, pausedUntil, pausedAt: known ? state.pausedAt : now, consecutivePauses: pauses }
    }
    case 'channel':
      return open(state, outcome, now, rules)
    case 'retry': {
      const failures = state.consecutiveFailures + 1
      if (state.breaker !== 'closed' || failures >= rules.threshold)
        return open({ ...state, consecutiveFailures: failures }, outcome, now, rules)
      return { ...state, consecutiveFailures: failures }
    }
  }
}

/**
 * The channel works: its breaker closes. A pause that a 429 asked for stays all the same: of posts that were under way
 * together some may be taken although another was told to wait.
 */
function works(state: ChannelState, now: Date): ChannelState {
  const pausedUntil = state.breaker === 'closed' && paused(state, now) ? state.pausedUntil : undefined
  return { ...state, breaker: 'closed', pausedUntil, consecutiveFailures: 0, failedProbes: 0 }
}

function paused(state: ChannelState, now: Date): boolean {
  return state.pausedUntil !== undefined && state.pausedUntil > now
}

function open(state: ChannelState, outcome: Outcome, now: Date, rules: RestRules): ChannelState {
  // Posts that were under way when the breaker opened fail too; only a failed probe makes the rest longer.
  const probes =
    state.breaker === 'open' ? state.failedProbes : state.breaker === 'half_open' ? state.failedProbes + 1 : 0
  const wait = Math.max(
    growing(rules.firstProbeDelay, probes + 1, rules.longestDelay),
    Math.min(outcome.retryAfterMs ?? 0, rules.longestRetryAfter),
  )
  return { ...state, breaker: 'open', failedProbes: probes, pausedUntil: later(state.pausedUntil, now, wait) }
}

function growing(first: number, nth: number, longest: number): number {
  return Math.min(longest, first * 2 ** Math.min(nth - 1, 30))
}

function later(known: Date | undefined, now: Date, wait: number): Date {
  return new Date(Math.max(known?.getTime() ?? 0, now.getTime() + wait))
}
