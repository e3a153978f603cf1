import { loadavg } from 'node:os'
import { startCeiling } from '../ceiling/ceiling.ts'
import type { Bench } from '../context.ts'
import type { BenchDatabase } from '../database.ts'
import { CONCURRENT_REQUESTS } from '../load/run.ts'
import { cpuSeconds } from '../process-facts.ts'
import type { Arrival } from '../receiver/receiver.ts'
import { CONNECTIONS, DATABASE_CONNECTIONS } from '../settings.ts'

/** What a gateway did and left in a file for the ceiling. */
export interface Recorded {
  readonly file: string
  /** Accept transactions of the warm-up, and of all. */
  readonly warmUp: number
  readonly all: number
  readonly notifications: number
  readonly bytes: number
  /** False for a gateway from before the audit trail. */
  readonly hasEntries: boolean
}

/** Figures of one run of the ceiling. */
export interface CeilingResult {
  readonly notificationsPerSecond: number
  readonly acceptSeconds: number
  /** Milliseconds of its process; PostgreSQL's are not in it. */
  readonly cpuPerNotification: number
  readonly steps: number
  readonly rows: number
  readonly loadAverage: number
}

/**
 * Runs the ceiling on a fresh database, its steps of `stepSize` cards.
 *
 * @param month end of the names of this month's tables, where its steps shall name them
 * @throws Error when it left anything out
 */
export async function ceilingRound(
  bench: Bench,
  recorded: Recorded,
  stepSize: number,
  month = '',
): Promise<CeilingResult> {
  const { receiver } = bench
  const loadAverage = loadavg()[0] ?? 0
  const database = await bench.server.createDatabase()
  const ceiling = await startCeiling({
    recording: recorded.file,
    databaseUrl: database.url,
    receiverOrigin: receiver.origin,
    databaseConnections: DATABASE_CONNECTIONS,
    stepSize,
    connections: CONNECTIONS,
    month,
    concurrentRequests: CONCURRENT_REQUESTS,
  })
  try {
    await ceiling.run({ from: 0, to: recorded.warmUp })
    await receiver.take()
    const cpuBefore = cpuSeconds([ceiling.pid])
    const done = await ceiling.run({ from: recorded.warmUp, to: recorded.all })
    const cpu = cpuSeconds([ceiling.pid]) - cpuBefore
    const arrivals = await receiver.take()
    await checkCeiling(database, arrivals, recorded)
    const to = Math.max(...arrivals.map((arrival) => arrival.at))
    return {
      notificationsPerSecond: (arrivals.length * 1000) / (to - done.from),
      acceptSeconds: (done.accepted - done.from) / 1000,
      steps: done.steps,
      rows: done.rows,
      cpuPerNotification: (cpu * 1000) / arrivals.length,
      loadAverage,
    }
  } finally {
    await ceiling.stop()
    await database.drop()
  }
}

/**
 * Makes sure that the ceiling did all of it: a ceiling that left something out would make the gateway look slow.
 *
 * @throws Error that says what is missing
 */
async function checkCeiling(
  database: BenchDatabase,
  arrivals: readonly Arrival[],
  recorded: Pick<Recorded, 'notifications' | 'bytes' | 'hasEntries'>,
): Promise<void> {
  const [rows] = await database.query<Record<string, string>>(`
    SELECT (SELECT count(*) FROM teams_notifications) AS notifications,
           (SELECT count(*) FROM teams_notifications
             WHERE state = 'accepted' AND sent_at IS NOT NULL AND card_payload IS NOT NULL AND held_by IS NULL) AS recorded,
           (SELECT count(*) FROM teams_notifications n JOIN teams_events e ON e.id = n.event_id AND e.created_at = n.created_at)
             AS with_event,
           (SELECT count(*) FROM teams_attempts WHERE outcome = 'accepted') AS attempts
           ${recorded.hasEntries ? ', (SELECT count(*) FROM teams_audit_entries WHERE subject IN (SELECT id FROM teams_notifications)) AS entries' : ''}`)
  const bytes = arrivals.reduce((total, arrival) => total + arrival.bytes, 0)
  const same = new Set(Object.values(rows ?? {})).size === 1
  if (!same || arrivals.length !== recorded.notifications || bytes !== recorded.bytes)
    throw new Error(
      `the ceiling did not do what the gateway did: ${JSON.stringify(rows)}; ${arrivals.length} posts of ${bytes} bytes, the gateway made ${recorded.notifications} of ${recorded.bytes}`,
    )
}
