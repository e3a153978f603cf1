import type { Kysely } from 'kysely'
import type { SourceDefinition } from '../catalogue/source-definitions.ts'
import { isSourceCode, type SourceCode } from '../contract/sources.ts'
import { type Clock, pause } from '../kernel/clock.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { renewSource, type SourceChange, saveSource, type TakenSource, takeSource } from '../store/sources.ts'
import type { Tables } from '../store/tables.ts'
import { blindEvent, isBlind, quietSince, recoveredEvent } from './blindness.ts'
import { FencedOut, type Source, type SourceContext, type SourceEvent, SourceProblem } from './source.ts'

/** Length of a source's lease: a replica that was killed is followed by another within this time. */
export const SOURCE_LEASE_MS = 15_000
/** Between two renewals, or two tries to take a source. */
const RENEW_MS = 5_000
/** Before a source that failed is started again. */
const RESTART_MS = 5_000
/** The clock and the process's own time differ by so much more than before only where the clock was set, or the process suspended. */
const CLOCK_SET_MS = 2_000

/** Writes events with origin `source:<name>`; `save` runs first in their transaction. False, and nothing written, where it returns false. */
export type AcceptFromSource = (
  events: readonly SourceEvent[],
  source: string,
  save: (transaction: Kysely<Tables>) => Promise<boolean>,
) => Promise<boolean>

/** Parts of {@link startSource}. */
export interface RunnerParts {
  readonly definition: Pick<SourceDefinition, 'name' | 'kind' | 'intervalMs' | 'blindAfterMs'>
  readonly source: Source
  readonly kysely: Kysely<Tables>
  readonly accept: AcceptFromSource
  /** This replica, for people. */
  readonly holder: string
  readonly clock: Clock
  /** Milliseconds of this process, which no setting of the clock and no suspension changes; `performance.now` if absent. */
  readonly elapsedMs?: () => number
  readonly log: Log
  readonly metrics: Metrics
}

/** One time during which this replica has the source. */
interface Tenure extends TakenSource {
  heldSince: Date
  readonly ended: AbortController
  /** Difference between the clock and the process's own time. */
  clockOffsetMs: number
  /** When the lease was renewed last, by this process's clock. */
  renewedAt: Date
  seenAt: Date | undefined
  unseenSince: Date | undefined
  code: SourceCode | undefined
  failedHere: boolean
  blind: Date | undefined
  /** True while events of the source are refused, so that it is logged once. */
  refused: boolean
}

/**
 * Runs a source while this replica has its lease, and tries to get the lease while another has it. Reports when the source is blind,
 * on the clock of this process: also of a source that hangs.
 *
 * @returns stops it and gives the lease back
 */
export function startSource(parts: RunnerParts): () => Promise<void> {
  const { definition, source, kysely, accept, holder, clock, log, metrics } = parts
  const { name, kind, intervalMs, blindAfterMs } = definition
  const elapsedMs = parts.elapsedMs ?? (() => performance.now())
  const quietMs = Math.max(blindAfterMs, 2 * intervalMs)
  let stopped = false
  let tenure: Tenure | undefined
  let working: Promise<void> | undefined
  let reporting: Promise<void> = Promise.resolve()
  let keeping: Promise<void> = Promise.resolve()
  let failing = false
  let cancelTimer = () => {}
  let holding: Promise<void> = hold()

  async function hold(): Promise<void> {
    try {
      if (tenure) {
        keeping = keep(tenure)
        await keeping
      } else await take()
      failing = false
    } catch (error) {
      const isFenced = error instanceof FencedOut
      if (!isFenced && !failing && !stopped) log.write('source_not_held', { source: name, err: error })
      failing = !isFenced
      if (tenure && clock.now().getTime() - tenure.renewedAt.getTime() >= SOURCE_LEASE_MS) end(tenure)
    }
    if (!stopped)
      cancelTimer = clock.after(RENEW_MS, () => {
        holding = hold()
      })
  }

  /** Waits for a source that was told to stop. One that hangs is left behind: without the lease it can write nothing. */
  async function workEnded(): Promise<void> {
    if (working === undefined) return
    const over = new AbortController()
    const hasEnded = await Promise.race([
      working.then(() => true),
      pause(clock, SOURCE_LEASE_MS, over.signal).then(() => false),
    ])
    over.abort()
    if (hasEnded) return
    log.write('source_hangs', { source: name, kind })
    working = undefined
  }

  async function take(): Promise<void> {
    await workEnded()
    const taken = await takeSource(kysely, { name, kind, holder, leaseMs: SOURCE_LEASE_MS })
    if (taken === undefined || stopped) return
    const now = clock.now()
    const { seenAt, unseenSince, code } = taken.sight
    tenure = {
      ...taken,
      heldSince: now,
      ended: new AbortController(),
      renewedAt: now,
      clockOffsetMs: now.getTime() - elapsedMs(),
      seenAt,
      unseenSince: unseenSince ?? now,
      code: code !== undefined && isSourceCode(code) ? code : undefined,
      failedHere: false,
      blind: taken.blindSince,
      refused: false,
    }
    log.write('source_taken', { source: name, kind })
    const begun = work(tenure).finally(() => {
      if (working === begun) working = undefined
    })
    working = begun
  }

  async function keep(current: Tenure): Promise<void> {
    if (!(await renewSource(kysely, current.lease, SOURCE_LEASE_MS, current))) return end(current)
    current.renewedAt = clock.now()
    try {
      await reportSight(current)
    } catch (error) {
      if (!isRefusal(error)) throw error
      reportRefusal(current, error)
    }
  }

  function end(current: Tenure): void {
    if (tenure === current) tenure = undefined
    if (current.ended.signal.aborted) return
    current.ended.abort()
    if (!stopped) log.write('source_lost', { source: name, kind })
  }

  /** Writes under the fence of a tenure. @throws FencedOut */
  async function write(current: Tenure, events: readonly SourceEvent[], change: SourceChange): Promise<void> {
    if (current.ended.signal.aborted) throw new FencedOut()
    if (!(await accept(events, name, (transaction) => saveSource(transaction, current.lease, change)))) {
      end(current)
      throw new FencedOut()
    }
  }

  function reportRefusal(current: Tenure, error: unknown): void {
    if (!current.refused) log.write('source_event_refused', { source: name, kind, err: error })
    current.refused = true
  }

  /** Moves the times of a tenure along where the clock was set, or the process suspended: for the source that time did not pass. */
  function followClock(current: Tenure): void {
    const offsetMs = clock.now().getTime() - elapsedMs()
    const setByMs = offsetMs - current.clockOffsetMs
    if (Math.abs(setByMs) < CLOCK_SET_MS) return
    const moved = (time: Date | undefined) => time && new Date(time.getTime() + setByMs)
    current.clockOffsetMs = offsetMs
    current.heldSince = new Date(current.heldSince.getTime() + setByMs)
    current.seenAt = moved(current.seenAt)
    current.unseenSince = moved(current.unseenSince)
  }

  /** Reports that the source has become blind, or sees again; once each, though a look and a renewal may find it at the same time. */
  function reportSight(current: Tenure): Promise<void> {
    const report = reporting.then(() => reportOnce(current))
    reporting = report.catch(() => undefined)
    return report
  }

  async function reportOnce(current: Tenure): Promise<void> {
    followClock(current)
    const now = clock.now()
    const about = { name, kind, now }
    current.unseenSince ??= quietSince(current, now, quietMs)
    if (current.blind === undefined && isBlind(current, now, blindAfterMs)) {
      const since = current.unseenSince ?? now
      await write(current, [blindEvent({ ...about, since }, current.code, blindAfterMs)], { blindSince: since })
      current.blind = since
      log.write('source_blind', { source: name, kind, code: current.code ?? null })
    } else if (current.blind !== undefined && current.unseenSince === undefined) {
      const since = current.blind
      await write(current, [recoveredEvent({ ...about, since })], { blindSince: null })
      current.blind = undefined
      log.write('source_recovered', { source: name, kind })
    }
  }

  /** Starts the source, and again where it fails: from the checkpoint in the database, since what it knew may not be written. */
  async function work(current: Tenure): Promise<void> {
    const { signal } = current.ended
    let checkpoint = current.checkpoint
    while (!signal.aborted) {
      const context: SourceContext = {
        checkpoint,
        signal,
        clock,
        log,
        metrics,
        async accept(events, next) {
          await write(current, events, next)
          if (events.length > 0) current.refused = false
          checkpoint = next.checkpoint
        },
        async saw() {
          followClock(current)
          current.seenAt = clock.now()
          current.unseenSince = undefined
          current.code = undefined
          metrics.count('teams_source_looks_total', { source: name, kind, result: 'ok' })
          await reportSight(current)
        },
        couldNotSee(code) {
          if (current.code !== code) log.write('source_unseen', { source: name, kind, code })
          followClock(current)
          current.failedHere = true
          current.unseenSince ??= clock.now()
          current.code = code
          metrics.count('teams_source_looks_total', { source: name, kind, result: code })
        },
      }
      let restartMs = RESTART_MS
      try {
        await source.run(context)
      } catch (error) {
        if (signal.aborted || error instanceof FencedOut || isGatewayError(error, 'gateway_stopped')) return
        if (error instanceof SourceProblem) context.couldNotSee(error.code)
        else if (isRefusal(error)) {
          // Nothing was written, and the next look will be refused as well: what the source sees reaches nobody.
          reportRefusal(current, error)
          context.couldNotSee('failed')
          restartMs = Math.max(RESTART_MS, intervalMs)
        } else return giveBack(current, context, error)
      }
      await pause(clock, restartMs, signal)
    }
  }

  /** Whether the last checkpoint was written may be unknown: the lease is given back, and taken with what the database has. */
  async function giveBack(current: Tenure, context: SourceContext, error: unknown): Promise<void> {
    log.write('source_failed', { source: name, kind, err: error })
    if (!isGatewayError(error) || error.code === 'internal') {
      context.couldNotSee('failed')
      await reportSight(current).catch(() => undefined)
    }
    return release(current)
  }

  async function release(current: Tenure): Promise<void> {
    end(current)
    // A renewal that is on its way would take the lease back.
    await keeping.catch(() => undefined)
    await renewSource(kysely, current.lease, 0, current).catch(() => undefined)
  }

  return async () => {
    stopped = true
    cancelTimer()
    await holding
    const last = tenure
    if (last) end(last)
    await workEnded()
    if (last) await release(last)
  }
}

/** True where the events were refused, and the database did not fail. */
function isRefusal(error: unknown): boolean {
  return isGatewayError(error) && error.status < 500
}
