import type { HeartbeatDefinition } from '../../catalogue/heartbeats.ts'
import { type Ping, TROUBLES, type Trouble } from '../../contract/heartbeats.ts'
import type { HeartbeatRow } from '../../store/heartbeats.ts'
import type { SourceEvent } from '../source.ts'
import { endEvent, troubleEvent } from './events.ts'
import { readOutput } from './output.ts'
import { type Deadline, deadlineOf, writeDuration } from './schedule.ts'

/** Time without a look of any replica after which reports may have been lost: a gateway that starts again is away for less. */
export const UNWATCHED_MS = 45_000

/** What a signal, or the time, makes of a heartbeat. */
export interface Change {
  readonly row: HeartbeatRow
  readonly events: readonly SourceEvent[]
}

/** What a report of a job makes of its heartbeat; undefined where it is one that came before. */
export function afterPing(
  definition: HeartbeatDefinition,
  row: HeartbeatRow,
  ping: Ping,
  now: Date,
): Change | undefined {
  const { signal, runId } = ping
  if (signal === 'start') return afterStart(row, runId, now)
  if (runId !== undefined && runId === row.last_run_id && signal === row.last_signal) return undefined
  const ended = { ...withoutRun(row, runId, now), last_signal: signal, exit_code: ping.exitCode ?? null }
  return signal === 'success' ? afterSuccess(definition, ended, now) : afterFailure(definition, ended, ping, now)
}

/** A start that comes late, after the end of its run, begins nothing. */
function afterStart(row: HeartbeatRow, runId: string | undefined, now: Date): Change | undefined {
  if (runId !== undefined && (runId === row.last_run_id || runId === row.run_id)) return undefined
  return {
    row: {
      ...row,
      seen_at: now,
      started_at: now,
      run_id: runId ?? null,
      unfinished_since: row.unfinished_since ?? now,
    },
    events: [],
  }
}

/** The heartbeat after the end of a run. A newer run of another name goes on. */
function withoutRun(row: HeartbeatRow, runId: string | undefined, now: Date): HeartbeatRow {
  const isOther = runId !== undefined && row.run_id !== null && row.run_id !== runId
  const isTimed = row.started_at !== null && !isOther
  return {
    ...row,
    seen_at: now,
    waiting_since: now,
    last_run_id: runId ?? row.run_id,
    duration_ms: isTimed ? Math.max(0, now.getTime() - (row.started_at?.getTime() ?? 0)) : null,
    ...(isOther ? { unfinished_since: row.started_at } : { started_at: null, run_id: null, unfinished_since: null }),
  }
}

function afterSuccess(definition: HeartbeatDefinition, row: HeartbeatRow, now: Date): Change {
  const next = { ...row, succeeded_at: now, ...NOTHING_OPEN }
  if (row.open.length === 0) return { row: next, events: [] }
  const since = row.open_since ?? now
  const summary = `Succeeded, ${writeDuration(now.getTime() - since.getTime())} after it was reported as ${row.open.join(' and ')}.`
  const report = { summary, runId: row.last_run_id ?? undefined, startsAt: since, endsAt: now }
  return { row: next, events: [endEvent(definition, row.end_type ?? definition.endType, report)] }
}

function afterFailure(definition: HeartbeatDefinition, row: HeartbeatRow, ping: Ping, now: Date): Change {
  const { exitCode, runId } = ping
  const output = definition.output && ping.output ? readOutput(ping.output) : undefined
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  const report = {
    summary: `Failed${code}. ${lastSuccess(row)}`,
    output,
    exitCode,
    runId,
    startsAt: now,
  }
  return {
    row: { ...opened(definition, row, 'failed', now), failed_at: now },
    events: [troubleEvent(definition, 'failed', runId ?? now.toISOString(), report)],
  }
}

/** What the time makes of a heartbeat; undefined where it changes nothing. */
export function afterTime(definition: HeartbeatDefinition, given: HeartbeatRow, now: Date): Change | undefined {
  const row = resumed(given, now)
  const late = lateness(definition, row, now)
  if (late === undefined) return row === given ? undefined : { row, events: [] }
  const { trouble, due, says, occurrence } = late
  const report = { summary: `${says} ${lastSuccess(row)}${lostSigns(row, due)}`, due, startsAt: due }
  return {
    row: opened(definition, row, trouble, now),
    events: [troubleEvent(definition, trouble, occurrence, report)],
  }
}

/** The heartbeat, with the time in which no replica has looked noted, and times of a clock that was set back moved to now. */
function resumed(row: HeartbeatRow, now: Date): HeartbeatRow {
  const past = (time: Date) => (time > now ? now : time)
  const isFuture = row.waiting_since > now || (row.unfinished_since !== null && row.unfinished_since > now)
  const isResumed = now.getTime() - row.watched_at.getTime() > UNWATCHED_MS
  if (!isFuture && !isResumed) return row
  return {
    ...row,
    waiting_since: past(row.waiting_since),
    unfinished_since: row.unfinished_since && past(row.unfinished_since),
    watched_at: now,
    ...(isResumed ? { unwatched_since: row.watched_at, resumed_at: now } : {}),
  }
}

/** True where a heartbeat of the configuration was last noted as watched so long ago, or in the future of a clock that was set back. */
export function isNoteDue(
  rows: readonly HeartbeatRow[],
  configured: Pick<ReadonlyMap<string, unknown>, 'has'>,
  now: Date,
  everyMs: number,
): boolean {
  return rows.some(({ name, watched_at: watchedAt }) => {
    const age = now.getTime() - watchedAt.getTime()
    return configured.has(name) && (age >= everyMs || age < 0)
  })
}

function lateness(definition: HeartbeatDefinition, row: HeartbeatRow, now: Date) {
  const run = runDeadline(definition, row)
  if (run !== undefined) {
    if (row.open.includes('overdue') || now < run.latest) return undefined
    const longest = writeDuration(definition.longestMs ?? 0)
    const says = `Started ${run.since.toISOString()}, and has not ended within ${longest}.`
    return { trouble: 'overdue', due: run.due, says, occurrence: run.since.toISOString() } as const
  }
  const { due, latest } = deadlineOf(definition, row.waiting_since, row.resumed_at)
  if (row.open.includes('missed') || now < latest) return undefined
  const says = `No success since it was due at ${due.toISOString()}, and ${writeDuration(definition.graceMs)} of grace are over.`
  return { trouble: 'missed', due, says, occurrence: row.waiting_since.toISOString() } as const
}

/**
 * Until when a run that has started has to end; undefined where none has, or where the definition has no limit. While it lasts, no other
 * success is expected.
 */
function runDeadline({ longestMs, graceMs }: HeartbeatDefinition, row: HeartbeatRow) {
  const { unfinished_since: since, resumed_at: resumedAt } = row
  if (since === null || longestMs === undefined) return undefined
  const due = new Date(since.getTime() + longestMs)
  const isLost = resumedAt !== null && resumedAt > due
  return { since, due, latest: isLost ? new Date(resumedAt.getTime() + graceMs) : due }
}

/** When the next success is due, and until when it may come: that of a run that has started, if it has a longest time. */
export function nextDeadline(definition: HeartbeatDefinition, row: HeartbeatRow): Deadline {
  return runDeadline(definition, row) ?? deadlineOf(definition, row.waiting_since, row.resumed_at)
}

function opened(definition: HeartbeatDefinition, row: HeartbeatRow, trouble: Trouble, now: Date): HeartbeatRow {
  return {
    ...row,
    open: TROUBLES.filter((known) => known === trouble || row.open.includes(known)),
    open_since: row.open_since ?? now,
    end_type: definition.endType,
  }
}

const NOTHING_OPEN = { open: [], open_since: null, end_type: null }

/** The heartbeat that the configuration has no more, and the event that resolves its events; undefined where none is open. */
export function afterRemoval(row: HeartbeatRow, now: Date): Change | undefined {
  if (row.open.length === 0 || row.end_type === null) return undefined
  const summary = 'Not expected any more: the heartbeat is not in the configuration.'
  const report = { summary, startsAt: row.open_since ?? now, endsAt: now }
  return { row: { ...row, ...NOTHING_OPEN }, events: [endEvent({ name: row.name }, row.end_type, report)] }
}

function lastSuccess({ succeeded_at: succeededAt }: HeartbeatRow): string {
  return succeededAt === null ? 'No success is known.' : `Last success: ${succeededAt.toISOString()}.`
}

function lostSigns({ unwatched_since: since, resumed_at: resumedAt }: HeartbeatRow, due: Date): string {
  if (since === null || resumedAt === null || resumedAt < due) return ''
  return ` The gateway itself did not run from ${since.toISOString()} to ${resumedAt.toISOString()}: a sign may have been lost.`
}
