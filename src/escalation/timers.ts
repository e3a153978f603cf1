import type { Kysely } from 'kysely'
import type { EventToEscalate } from '../store/escalations.ts'
import type { Tables } from '../store/tables.ts'

/** When an event climbs next, as of the change that returned it. */
export interface NextClimb {
  readonly eventId: string
  /** Null where no timer runs: no policy, or every tier was called. */
  readonly at: Date | null
}

/** Why a tier could not be called by hand. */
export type ClimbRefusal =
  /** The event has no escalation: no policy is for it, or policies are off. */
  | 'no_policy'
  /** Its policy has no tier of this number, or none after the current one. */
  | 'no_such_tier'
  /** It is resolved or discarded. */
  | 'not_open'
  /** None of the channels and pagers of the tier, and of those after it, can be called now. */
  | 'reached_nobody'

/** Result of {@link EscalationTimers.climb}. */
export type Climb =
  | {
      readonly called: true
      /** The number of the tier, from 1: the event's own channels. */
      readonly tier: number
      /** Keys of the channels that get a card. */
      readonly channels: readonly string[]
      /** Names of the pagers that are called. */
      readonly pagers: readonly string[]
    }
  | { readonly called: false; readonly why: ClimbRefusal }

/**
 * The timers of escalation, one per event. Every method runs in the transaction of the change that it follows from, and
 * ignores events that have no escalation.
 */
export interface EscalationTimers {
  /** Starts the escalation of accepted events, by the policy of each, in the transaction that inserts them. */
  start(transaction: Kysely<Tables>, events: readonly EventToEscalate[]): Promise<void>
  /**
   * Stops the timers of acknowledged events until the acknowledgement expires.
   *
   * @param at when they were acknowledged; now, if absent
   */
  acknowledged(transaction: Kysely<Tables>, eventIds: readonly string[], at?: Date): Promise<readonly NextClimb[]>
  /** Goes on where an acknowledgement, or a discard, had stopped: the wait for the next tier begins again. */
  resumed(transaction: Kysely<Tables>, eventIds: readonly string[]): Promise<readonly NextClimb[]>
  /** Ends the escalation of events that are not open any more. */
  ended(transaction: Kysely<Tables>, eventIds: readonly string[], why: 'discarded' | 'resolved'): Promise<void>
  /**
   * Lets the digests in which events stand follow what was done to these: a digest stops once every open event in it is acknowledged,
   * ends once none is open, and goes on where one is nobody's again. To be called after the action was written to the events.
   *
   * @param why of a digest that ends
   */
  membersActed(transaction: Kysely<Tables>, eventIds: readonly string[], why: 'discarded' | 'resolved'): Promise<void>
  /** Calls a tier at once, the next one if absent. The wait for the tier after it begins again. */
  climb(transaction: Kysely<Tables>, eventId: string, tier?: number): Promise<Climb>
}
