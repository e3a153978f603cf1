import type { Kysely } from 'kysely'
import type { ClaimedNotification } from '../../src/store/claim.ts'
import { WHOLE_RECORD } from '../../src/store/months.ts'
import type { AttemptRecord } from '../../src/store/record.ts'
import { recordAndClaim, type StepDone } from '../../src/store/record-and-claim.ts'
import type { Tables } from '../../src/store/tables.ts'

const RESTED = {
  tokens: 10,
  refilledAt: new Date(0),
  pausedUntil: undefined,
  breaker: 'closed',
  consecutiveFailures: 0,
  consecutivePauses: 0,
  failedProbes: 0,
  digestedAt: undefined,
} as const

/** A step that claims up to ten, or fewer, and records nothing. */
export async function claimDue(
  db: Kysely<Tables>,
  options: { readonly channel: string; readonly turn: string; readonly limit?: number },
): Promise<readonly ClaimedNotification[]> {
  const claim = {
    limit: options.limit ?? 10,
    probe: false,
    span: { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 86_400_000) },
  }
  const nothing = {
    attemptRecords: [],
    state: RESTED,
    knewRest: false,
    knewClosed: false,
    last: undefined,
    tables: WHOLE_RECORD,
  }
  return (await recordAndClaim(db, options.channel, options.turn, { ...nothing, claim })).claimed
}

/** A step that records and claims nothing. */
export function recordAttempts(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
  attemptRecords: readonly AttemptRecord[],
): Promise<StepDone> {
  const claim = { limit: 0, probe: false, span: { from: new Date(0), to: new Date(0) } }
  return recordAndClaim(db, channel, turn, {
    attemptRecords,
    state: RESTED,
    knewRest: false,
    knewClosed: false,
    last: 'accepted',
    claim,
    tables: WHOLE_RECORD,
  })
}
