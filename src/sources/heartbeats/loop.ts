import type { Kysely } from 'kysely'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { HEARTBEAT_TYPES } from '../../catalogue/heartbeats.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import { addHeartbeats, type HeartbeatRow, noteWatched, readHeartbeats, saveHeartbeat } from '../../store/heartbeats.ts'
import type { Tables } from '../../store/tables.ts'
import type { AcceptFromSource } from '../runner.ts'
import { afterRemoval, afterTime, type Change, isNoteDue } from './decide.ts'
import { declaredOnly, heartbeatSubject, withKnownType } from './events.ts'

/** Between two looks: a missing success is reported so much late at most, while a replica runs. */
const LOOK_MS = 5_000
/** How often the rows say that a replica looks. */
const NOTE_MS = 15_000
/** Time without a look until a heartbeat counts as removed: while replicas start again, some have the configuration before. */
const REMOVED_MS = 600_000

/** Parts of {@link startHeartbeats}. */
export interface HeartbeatParts {
  readonly catalogue: Catalogue
  readonly kysely: Kysely<Tables>
  readonly accept: AcceptFromSource
  readonly clock: Clock
  readonly log: Log
}

/** Writes a change of a heartbeat with its events. False where another replica was first, and nothing was written. */
export function acceptChange({ catalogue, accept }: Pick<HeartbeatParts, 'catalogue' | 'accept'>, change: Change) {
  const { row, events } = change
  const { endType } = catalogue.heartbeats.get(row.name) ?? { endType: HEARTBEAT_TYPES.recovered }
  return accept(
    events.map((event) => declaredOnly(withKnownType(event, catalogue, endType), catalogue)),
    heartbeatSubject(row.name),
    (transaction) => saveHeartbeat(transaction, row),
  )
}

/**
 * Looks every few seconds whether heartbeats are late, on the database's clock. Every replica does; the version of the row decides which
 * one reports it. Also resolves events of heartbeats that the configuration has no more; without heartbeats and such events it ends.
 *
 * @returns stops it
 */
export function startHeartbeats(parts: HeartbeatParts): () => Promise<void> {
  const { catalogue, kysely, clock, log } = parts
  const names = [...catalogue.heartbeats.keys()]
  let stopped = false
  let failing = false
  let added = false
  let cancelTimer = () => {}
  let running = run()

  async function run(): Promise<void> {
    let left = true
    try {
      if (!added && names.length > 0) await addHeartbeats(kysely, names)
      added = true
      const { failed, rows } = await lookAtAll()
      if (failed !== undefined) throw failed
      left = names.length > 0 || rows.some(({ open }) => open.length > 0)
      failing = false
    } catch (error) {
      if (!failing && !stopped) log.write('heartbeats_not_checked', { err: error })
      failing = true
    }
    if (!stopped && left)
      cancelTimer = clock.after(LOOK_MS, () => {
        running = run()
      })
  }

  /** Returns all rows, and the last error: a heartbeat whose event is refused must not keep the others from theirs. */
  async function lookAtAll(): Promise<{ readonly rows: readonly HeartbeatRow[]; readonly failed?: unknown }> {
    let failed: unknown
    const { now, rows } = await readHeartbeats(kysely)
    const all = [...rows.values()]
    for (const row of all) {
      if (stopped) return { rows: all }
      const definition = catalogue.heartbeats.get(row.name)
      const isRemoved = definition === undefined && now.getTime() - row.watched_at.getTime() > REMOVED_MS
      const change = definition ? afterTime(definition, row, now) : isRemoved ? afterRemoval(row, now) : undefined
      if (change === undefined) continue
      try {
        if ((await acceptChange(parts, change)) && change.events.length > 0) report(change)
      } catch (error) {
        failed = error
      }
    }
    // Most looks come too early for it: the statement would run every few seconds in each replica, and change no row.
    if (isNoteDue(all, catalogue.heartbeats, now, NOTE_MS)) await noteWatched(kysely, names, NOTE_MS)
    return { rows: all, failed }
  }

  function report({ row: { name, open } }: Change): void {
    if (open.length > 0) log.write('heartbeat_late', { heartbeat: name, open })
    else log.write('heartbeat_recovered', { heartbeat: name })
  }

  return async () => {
    stopped = true
    cancelTimer()
    await running
  }
}
