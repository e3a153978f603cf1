import type { Budget } from '../catalogue/catalogue.ts'
import type { ChannelState } from '../store/claim.ts'
import { refill, untilNextToken } from './budget.ts'

/** What a turn may do with its channel now. */
export type Plan =
  /** Rest for `forMs`: the channel is paused, its breaker is open, or its budget is used up. */
  | { readonly kind: 'rest'; readonly forMs: number; readonly state: ChannelState }
  /** Send up to `limit` notifications. */
  | { readonly kind: 'send'; readonly limit: number; readonly state: ChannelState }
  /** Send one notification, a probe, to find out whether the channel works again. */
  | { readonly kind: 'probe'; readonly limit: 1; readonly state: ChannelState }

/**
 * Decides what a turn may do, from the channel's state, its budget and the database's clock. `maxInFlight` limits the
 * number of posts.
 */
export function planTurn(state: ChannelState, budget: Budget, now: Date, maxInFlight: number): Plan {
  const filled: ChannelState = { ...state, ...refill(state, budget, now) }
  const rest = (filled.pausedUntil?.getTime() ?? 0) - now.getTime()
  if (rest > 0) return { kind: 'rest', forMs: rest, state: filled }
  const wait = untilNextToken(filled, budget)
  if (wait > 0) return { kind: 'rest', forMs: wait, state: filled }
  if (filled.breaker !== 'closed') return { kind: 'probe', limit: 1, state: filled }
  return { kind: 'send', limit: Math.min(maxInFlight, Math.floor(filled.tokens)), state: filled }
}
