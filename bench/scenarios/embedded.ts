import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Measurements } from '../context.ts'
import { figure } from '../figures.ts'
import { type LoadResult, runLoad } from '../load/run.ts'
import { liftedBudget } from '../settings.ts'
import { type LatencyResult, latencyFigures, measureLatency } from './latency.ts'

/** (f) Throughput and latency on the embedded database, which runs inside the gateway's own process. */
export async function embedded(bench: Bench): Promise<Measurements> {
  const loads: LoadResult[] = []
  const waits: LatencyResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    const load = await withFolder(bench, (folder) =>
      runLoad(bench, {
        name: `embedded-${round}`,
        settings: { TEAMS_DATA_DIR: folder, ...liftedBudget(bench.checkout) },
        events: bench.sizes.fewerEvents,
        warmUp: bench.sizes.warmUp,
      }),
    )
    loads.push(load)
    waits.push(
      await withFolder(bench, (folder) =>
        measureLatency(bench, { TEAMS_DATA_DIR: folder }, `embedded-latency-${round}`),
      ),
    )
    bench.log(
      `embedded: round ${round}: ${load.notificationsPerSecond.toFixed(0)} notifications/s, load ${load.loadAverage.toFixed(1)}`,
    )
  }
  const of = (name: string, unit: string, read: (result: LoadResult) => number) =>
    figure(`embedded.${name}`, unit, loads.map(read))
  return {
    figures: [
      of('events', 'events/s', (result) => result.eventsPerSecond),
      of('notifications', 'notifications/s', (result) => result.notificationsPerSecond),
      of('peak_memory', 'MB', (result) => result.peakMemory),
      ...latencyFigures('embedded', waits),
      figure(
        'embedded.lost',
        '',
        loads.map((load, round) => load.lost + (waits[round]?.lost ?? 0)),
      ),
    ],
    details: { loads },
  }
}

async function withFolder<T>(bench: Bench, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(bench.folder, 'embedded-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
