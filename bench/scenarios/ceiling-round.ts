import { loadavg } from 'node:os'
import { startCeiling } from '../ceiling/ceiling.ts'
import { checkCeiling } from '../ceiling/check.ts'
import type { Bench } from '../context.ts'
import { LANES } from '../load/run.ts'
import { cpuSeconds } from '../process-facts.ts'
import { CONNECTIONS, DATABASE_CONNECTIONS } from '../settings.ts'

/** What a gateway did and left in a file for the ceiling. */
export interface Recorded {
  readonly file: string
  /** Accept transactions of the warm-up, and of all. */
  readonly warmUp: number
  readonly all: number
  readonly notifications: number
  readonly bytes: number
}

/** What one run of the ceiling came to. */
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
  const bed = await bench.server.fresh()
  const ceiling = await startCeiling({
    recording: recorded.file,
    databaseUrl: bed.url,
    receiverOrigin: receiver.origin,
    databaseConnections: DATABASE_CONNECTIONS,
    stepSize,
    connections: CONNECTIONS,
    month,
    lanes: LANES,
  })
  try {
    await ceiling.run({ from: 0, to: recorded.warmUp })
    await receiver.take()
    const cpuBefore = cpuSeconds([ceiling.pid])
    const done = await ceiling.run({ from: recorded.warmUp, to: recorded.all })
    const cpu = cpuSeconds([ceiling.pid]) - cpuBefore
    const arrivals = await receiver.take()
    await checkCeiling(bed, arrivals, recorded)
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
    await bed.drop()
  }
}
