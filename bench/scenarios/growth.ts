import type { Bench, Measurements } from '../context.ts'
import type { BenchDatabase } from '../database.ts'
import { figure } from '../figures.ts'
import { emptyPresent, fill } from '../fill.ts'
import { type LoadResult, runLoad } from '../load/run.ts'
import { nowMs } from '../process-facts.ts'
import { profileOf } from '../profile.ts'
import { liftedBudget } from '../settings.ts'

/**
 * (d) Throughput with years of audit behind it, against the same without, in the same round; and how long it takes to
 * let a month go.
 */
export async function growth(bench: Bench): Promise<Measurements> {
  const { sizes } = bench
  bench.log(`growth: writing ${sizes.auditRows} past notifications over ${sizes.auditMonths} months`)
  const grown = await bench.server.createDatabase()
  const began = nowMs()
  const filled = await fill(grown, sizes.auditRows, sizes.auditMonths, bench.log)
  const fillSeconds = (nowMs() - began) / 1000
  const without: LoadResult[] = []
  const withAudit: LoadResult[] = []
  const purges: number[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    const small = async () => {
      const database = await bench.server.createDatabase()
      without.push(await loadOn(bench, database, `growth-without-${round}`))
      await database.drop()
    }
    if (round % 2 === 1) await small()
    await emptyPresent(grown)
    withAudit.push(await loadOn(bench, grown, `growth-${round}`))
    if (round % 2 === 0) await small()
    const purge = await purgeOldestMonth(grown)
    purges.push(purge)
    bench.log(
      `growth: round ${round}: ${withAudit.at(-1)?.notificationsPerSecond.toFixed(0)} of ${without.at(-1)?.notificationsPerSecond.toFixed(0)} notifications/s, a month purged in ${purge.toFixed(2)} s`,
    )
  }
  await grown.drop()
  return {
    figures: [
      figure(
        'growth.notifications',
        'notifications/s',
        withAudit.map((result) => result.notificationsPerSecond),
      ),
      figure(
        'growth.notifications_without',
        'notifications/s',
        without.map((result) => result.notificationsPerSecond),
      ),
      figure(
        'growth.ratio',
        'ratio',
        withAudit.map((result, round) => result.notificationsPerSecond / (without[round]?.notificationsPerSecond ?? 0)),
      ),
      figure('growth.purge', 's', purges),
      figure(
        'growth.lost',
        '',
        withAudit.map((result, round) => result.lost + (without[round]?.lost ?? 0)),
      ),
    ],
    details: {
      filled,
      fillSeconds,
      withAudit,
      without,
      profile: withAudit.map(({ from, to }, index) => profileOf(bench.profile, `growth-${index + 1}-1`, from, to)),
    },
  }
}

function loadOn(bench: Bench, database: BenchDatabase, name: string): Promise<LoadResult> {
  return runLoad(bench, {
    name,
    settings: { DATABASE_URL: database.url, ...liftedBudget(bench.checkout) },
    events: bench.sizes.events,
    warmUp: bench.sizes.warmUp,
  })
}

/** Seconds to apply the retention so that exactly the oldest month goes. @throws Error when not exactly one went */
async function purgeOldestMonth(database: BenchDatabase): Promise<number> {
  const months = () =>
    database.query<{ name: string; days: number }>(
      `SELECT relname AS name,
              (extract(epoch FROM now() - (to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC') / 86400)::float8 AS days
         FROM pg_class WHERE relname ~ '^teams_notifications_\\d{4}_\\d{2}$' AND relkind = 'r' ORDER BY relname`,
    )
  const before = await months()
  const began = nowMs()
  await database.query(`CALL teams_apply_retention(${Math.floor(before[0]?.days ?? 0)}, 90)`)
  const seconds = (nowMs() - began) / 1000
  const after = await months()
  if (before.length - after.length !== 1)
    throw new Error(`the retention let ${before.length - after.length} months go in place of one`)
  return seconds
}
