import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import { type Wired, wire } from '../../src/app/wiring.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { startEndingRemoved } from '../../src/sources/removed.ts'
import { startSource } from '../../src/sources/runner.ts'
import type { Source } from '../../src/sources/source.ts'
import type { Store } from '../services/stores.ts'

/** A clock that only the test moves, with any number of timers. */
export function createTestClock() {
  let time = Date.parse('2026-11-30T10:00:00Z')
  const timers = new Set<{ readonly at: number; readonly task: () => void }>()
  const clock: Clock = {
    now: () => new Date(time),
    after(ms, task) {
      const timer = { at: time + ms, task }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  return {
    clock,
    /** Waits until the tasks of the last move wait for the clock again, so many of them. */
    async waiting(count: number): Promise<void> {
      await expect.poll(() => timers.size, { timeout: 20_000, interval: 2 }).toBe(count)
    },
    /** Moves the time and starts the tasks that are due. */
    pass(seconds: number): void {
      time += seconds * 1000
      for (const timer of [...timers].filter(({ at }) => at <= time)) {
        timers.delete(timer)
        timer.task()
      }
    },
  }
}

/** A gateway that only accepts, and sources that the test starts over its database. */
export async function sourcesOn(store: Store) {
  const wired: Wired = await wire({ env: {}, settings: { ...store, TEAMS_LOG_LEVEL: 'silent' }, deliver: false })
  onTestFinished(() => wired.stop())
  const { kysely } = wired.database
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  return {
    wired,
    kysely,
    /** Names of the log events so far. */
    logged: () => lines.map((line) => String(JSON.parse(line).event)),
    /** Starts a source; by default the process's own time passes as the clock does. */
    start(
      source: Pick<Source, 'run'>,
      clock: Clock,
      holder = 'replica-1',
      elapsedMs: () => number = () => clock.now().getTime(),
    ) {
      const stop = startSource({
        definition: { name: 'claims_db', kind: 'postgres', intervalMs: 30_000, blindAfterMs: 60_000 },
        source: { ...source, check: async () => [] },
        kysely,
        accept: wired.service.acceptFromSource,
        holder,
        clock,
        elapsedMs,
        log,
        metrics: createMetrics(),
      })
      onTestFinished(stop)
      return stop
    },
    /** Ends what is open of sources that are not among these. */
    endRemoved(sources: ReadonlyMap<string, { readonly kind: string }>, clock: Clock) {
      const stop = startEndingRemoved({ sources, kysely, accept: wired.service.acceptFromSource, clock, log })
      onTestFinished(stop)
      return stop
    },
    /** Types of the events whose cards a resolution has ended. */
    async ended(): Promise<readonly string[]> {
      const { rows } = await sql<{ event_type: string }>`
        SELECT DISTINCT n.event_type FROM teams_notifications n
          JOIN teams_resolutions r ON r.dedup_key = n.dedup_key AND r.event_type = n.event_type
         ORDER BY 1`.execute(kysely)
      return rows.map(({ event_type }) => event_type)
    },
    async row(name = 'claims_db') {
      return kysely.selectFrom('teams_sources').selectAll().where('name', '=', name).executeTakeFirst()
    },
    /** Types of all events, in their order. */
    async events(): Promise<readonly string[]> {
      const rows = await kysely
        .selectFrom('teams_events')
        .select('event_type')
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(({ event_type }) => event_type)
    },
    /** Ends the lease, as time would. */
    async endLease(name = 'claims_db'): Promise<void> {
      await sql`UPDATE teams_sources SET lease_until = now() - interval '1 second' WHERE name = ${name}`.execute(kysely)
    },
  }
}
