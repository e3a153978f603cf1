import { join } from 'node:path'
import type { Bench, Measurements } from '../context.ts'
import { figure, percentile } from '../figures.ts'
import type { Checkout } from '../gateway.ts'
import { type LoadResult, runLoad } from '../load/run.ts'
import { liftedBudget } from '../settings.ts'
import { buildWithoutEntries } from '../without-entries.ts'
import { type LatencyResult, measureLatency } from './latency.ts'
import { verifyTrail } from './verify-trail.ts'

/** (h) What audit entries cost: a gateway with them against one without, in the same round; and verifying many of them. */
export async function audit(bench: Bench): Promise<Measurements> {
  bench.log('audit: building a gateway without entries')
  const without = buildWithoutEntries(bench.source, join(bench.folder, 'without-entries'))
  const loads = { entries: [] as LoadResult[], none: [] as LoadResult[] }
  const latencies = { entries: [] as LatencyResult[], none: [] as LatencyResult[] }
  for (let round = 1; round <= bench.rounds; round++) {
    const both = [
      { checkout: bench.checkout, kind: 'entries' },
      { checkout: without, kind: 'none' },
    ] as const
    for (const { checkout, kind } of round % 2 === 1 ? both : both.toReversed()) {
      const name = `audit-${kind}-${round}`
      loads[kind].push(await loadOf({ ...bench, checkout }, name))
      latencies[kind].push(await latencyOf({ ...bench, checkout }, name))
    }
    bench.log(
      `audit: round ${round}: ${loads.entries.at(-1)?.notificationsPerSecond.toFixed(0)} of ${loads.none.at(-1)?.notificationsPerSecond.toFixed(0)} notifications/s`,
    )
  }
  const trail = await verifyTrail(bench)
  const p50 = ({ received }: LatencyResult) => percentile(received, 0.5)
  const each = <R>(results: readonly R[], compare: (result: R, round: number) => number) => results.map(compare)
  return {
    figures: [
      figure(
        'audit.ratio',
        'ratio',
        each(
          loads.entries,
          (result, round) => result.notificationsPerSecond / (loads.none[round]?.notificationsPerSecond ?? 0),
        ),
      ),
      figure(
        'audit.cpu_ratio',
        'ratio',
        each(
          loads.entries,
          (result, round) => (loads.none[round]?.cpuPerNotification ?? 0) / result.cpuPerNotification,
        ),
      ),
      figure('audit.p50', 'ms', latencies.entries.map(p50)),
      figure(
        'audit.p50_added',
        'ms',
        each(latencies.entries, (result, round) => p50(result) - p50(latencies.none[round] ?? result)),
      ),
      figure(
        'audit.lost',
        '',
        each(loads.entries, (result, round) => result.lost + (loads.none[round]?.lost ?? 0)),
      ),
      figure('audit.sealed', 'entries/s', [trail.sealedPerSecond]),
      figure('audit.verified', 'entries/s', [trail.verifiedPerSecond]),
      figure('audit.verified_with_rows', 'entries/s', [trail.withRowsPerSecond]),
      figure('audit.verify_memory', 'MB', [trail.peakMemory]),
    ],
    details: { loads, trail },
  }
}

async function loadOf(bench: Bench & { readonly checkout: Checkout }, name: string): Promise<LoadResult> {
  const database = await bench.server.createDatabase()
  const result = await runLoad(bench, {
    name,
    settings: { DATABASE_URL: database.url, ...liftedBudget(bench.checkout) },
    events: bench.sizes.events,
    warmUp: bench.sizes.warmUp,
  })
  await database.drop()
  return result
}

async function latencyOf(bench: Bench, name: string): Promise<LatencyResult> {
  const database = await bench.server.createDatabase()
  const result = await measureLatency(bench, { DATABASE_URL: database.url }, name)
  await database.drop()
  return result
}
