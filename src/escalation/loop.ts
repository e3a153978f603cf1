import type { Kysely } from 'kysely'
import type { Clock } from '../kernel/clock.ts'
import { countDue } from '../store/escalations.ts'
import { readClock } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import { expireDue, expireOthers } from './expire.ts'
import type { EscalationOptions } from './options.ts'
import { reportCalled } from './report.ts'
import { BATCH_SIZE, endImpossibleWaits, endResolved, replan, resolveMembersAlerts, tick } from './tick.ts'

/** Milliseconds between two looks for due tiers: a tier is called that much late at most, while a replica runs. */
const TICK_INTERVAL_MS = 2_000
/** Milliseconds between two looks for waits that began in the future. */
const REPAIR_INTERVAL_MS = 60_000
/** Milliseconds between two looks for resolved events that are older than {@link RECENT_MS}. */
const FULL_LOOK_INTERVAL_MS = 600_000
const RECENT_MS = 86_400_000
/**
 * Milliseconds between two looks for acknowledgements that have expired without an escalation that waits for them, and how long
 * before their time they may have been made: at the first look, no gateway may have run for a month.
 */
const OTHER_EXPIRY_INTERVAL_MS = 60_000
const FIRST_EXPIRY_LOOK_MS = 31 * RECENT_MS
/** Milliseconds after which a tier that is due counts as overdue. */
const OVERDUE_MS = 10_000

/**
 * Starts looking for due tiers every two seconds. Every replica does; they divide what is due between them.
 *
 * @param options.callsTiers false where TEAMS_ESCALATION is off: acknowledgements expire all the same, since events count as
 *   acknowledged by them whether they climb or not
 * @returns stops it; resolves when no transaction of it is open
 */
export function startEscalation(
  options: EscalationOptions & {
    readonly kysely: Kysely<Tables>
    readonly clock: Clock
    readonly callsTiers: boolean
  },
): () => Promise<void> {
  const { kysely, clock, callsTiers, log, metrics } = options
  let stopped = false
  let failing = false
  let replanned = false
  let repairAt = 0
  let fullLookAt = 0
  let otherExpiryAt: number | undefined
  let cancelTimer = () => {}
  let running: Promise<void> = Promise.resolve()

  async function run(): Promise<void> {
    try {
      if (!replanned) await replan(kysely, options)
      const now = await readClock(kysely)
      if (now.getTime() >= repairAt || now.getTime() < repairAt - REPAIR_INTERVAL_MS) {
        repairAt = now.getTime() + REPAIR_INTERVAL_MS
        await repairWaits(now)
      }
      replanned = true
      await doAll()
      if (failing) log.write('escalation_recovered')
      failing = false
    } catch (error) {
      if (!failing) log.write('escalation_failed', { err: error })
      failing = true
    }
    if (!stopped) next()
  }

  async function repairWaits(now: Date): Promise<void> {
    for (let ended = BATCH_SIZE; ended >= BATCH_SIZE && !stopped; ) {
      ended = await endImpossibleWaits(kysely, now, options)
      if (ended > 0) log.write('impossible_waits_ended', { ended })
    }
  }

  /** Of events of the last day at each look; of all events once in ten minutes, of which there may be months. */
  async function endAllResolved(now: Date): Promise<void> {
    const isFull = now.getTime() >= fullLookAt || now.getTime() < fullLookAt - FULL_LOOK_INTERVAL_MS
    if (isFull) fullLookAt = now.getTime() + FULL_LOOK_INTERVAL_MS
    const receivedAfter = isFull ? undefined : new Date(now.getTime() - RECENT_MS)
    for (let ended = BATCH_SIZE; ended >= BATCH_SIZE && !stopped; )
      ended = await endResolved(kysely, now, options, receivedAfter)
    for (let found = BATCH_SIZE; found >= BATCH_SIZE && !stopped; )
      found = await resolveMembersAlerts(kysely, options, receivedAfter)
  }

  async function expireAllOthers(now: Date): Promise<void> {
    const isFirst = otherExpiryAt === undefined
    const due = otherExpiryAt ?? 0
    if (now.getTime() < due && now.getTime() >= due - OTHER_EXPIRY_INTERVAL_MS) return
    const longestTtlMs = Math.max(...Object.values(options.ackTtl)) * 1_000
    const ackedAfter = new Date(now.getTime() - longestTtlMs - (isFirst ? FIRST_EXPIRY_LOOK_MS : RECENT_MS))
    for (let expired = BATCH_SIZE; expired >= BATCH_SIZE && !stopped; ) {
      expired = await expireOthers(kysely, { now, limit: BATCH_SIZE, ackedAfter }, options)
      reportExpired(expired)
    }
    otherExpiryAt = now.getTime() + OTHER_EXPIRY_INTERVAL_MS
  }

  function reportExpired(expired: number): void {
    if (expired === 0) return
    log.write('acknowledgements_expired', { expired })
    metrics.count('teams_escalation_acknowledgements_expired_total', {}, expired)
  }

  async function doAll(): Promise<void> {
    await endAllResolved(await readClock(kysely))
    for (let due = BATCH_SIZE; due >= BATCH_SIZE && !stopped; ) due = await (callsTiers ? callDue() : expireBatch())
    await expireAllOthers(await readClock(kysely))
    if (!callsTiers) return
    const overdue = await countDue(kysely, new Date((await readClock(kysely)).getTime() - OVERDUE_MS))
    metrics.set('teams_escalation_overdue', {}, overdue)
  }

  async function callDue(): Promise<number> {
    const done = await tick(kysely, await readClock(kysely), options)
    reportCalled(done.called, options)
    reportExpired(done.expired)
    return done.due
  }

  async function expireBatch(): Promise<number> {
    const expired = await expireDue(kysely, await readClock(kysely), BATCH_SIZE, options)
    reportExpired(expired)
    return expired
  }

  function next(): void {
    cancelTimer = clock.after(TICK_INTERVAL_MS, () => {
      running = run()
    })
  }
  running = run()

  return async () => {
    stopped = true
    cancelTimer()
    await running
  }
}
