import { type Consequence, OUTCOMES } from '../contract/outcomes.ts'
import type { ChannelState } from '../store/claim.ts'
import { isInternal } from '../transports/outcome.ts'
import type { Outcome } from '../transports/transport.ts'

/** Settings of the breaker and of pauses. Times are in milliseconds. */
export interface RestRules {
  /** Consecutive failures after which the breaker opens. */
  readonly threshold: number
  readonly firstProbeDelay: number
  readonly longestDelay: number
  /** Upper bound for a Retry-After header. */
  readonly longestRetryAfter: number
}

/**
 * Computes a channel's state after an outcome.
 *
 * - closed → open: after `threshold` consecutive failures, or at once where the destination itself is broken;
 * - open → half_open: the rest is over and a probe is sent;
 * - half_open → closed: the probe was accepted, or its card was refused, which shows that the channel works;
 * - half_open → open: the probe failed; the channel rests twice as long.
 *
 * A 429 is not a failure: it only pauses the channel. Several 429s for posts that were in flight together count as one:
 * the pause grows only for a post that was begun after the last pause.
 *
 * Outcomes that arise in the gateway itself (`render_failed`, `handed_back`, `interrupted`) change nothing.
 *
 * @param begun when the post was claimed, on the clock of `now`; if absent, the post counts as later than the last
 *   pause
 */
export function afterOutcome(
  state: ChannelState,
  outcome: Outcome,
  now: Date,
  rules: RestRules,
  begun?: Date,
): ChannelState {
  if (isInternal(outcome.name)) return state
  const consequence: Consequence = OUTCOMES[outcome.name].consequence
  switch (consequence) {
    case 'accepted':
      return { ...works(state, now), consecutivePauses: paused(state, now) ? state.consecutivePauses : 0 }
    case 'failed':
      // The receiver answered, and refused this one card. That says nothing about the next card.
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
 * State of a channel that answered: the breaker closes. A pause after a 429 stays, because other posts that were in
 * flight together with the refused one may be accepted.
 */
function works(state: ChannelState, now: Date): ChannelState {
  const pausedUntil = state.breaker === 'closed' && paused(state, now) ? state.pausedUntil : undefined
  return { ...state, breaker: 'closed', pausedUntil, consecutiveFailures: 0, failedProbes: 0 }
}

function paused(state: ChannelState, now: Date): boolean {
  return state.pausedUntil !== undefined && state.pausedUntil > now
}

function open(state: ChannelState, outcome: Outcome, now: Date, rules: RestRules): ChannelState {
  // Posts that were in flight when the breaker opened fail too. Only a failed probe makes the rest longer.
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
