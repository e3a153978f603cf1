import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Measurements } from '../context.ts'
import { openEmbeddedDatabase } from '../database.ts'
import { figure, percentile } from '../figures.ts'
import type { Queries } from '../watch-ticks.ts'
import { type DueAtOnce, dueAtOnce } from './due-at-once.ts'

type Work<T> = (database: Queries) => Promise<T>

/** (i) Many events whose next tier is due at the same moment, on PostgreSQL and on the embedded database. */
export async function escalation(bench: Bench): Promise<Measurements> {
  const results = { postgres: [] as DueAtOnce[], embedded: [] as DueAtOnce[] }
  for (let round = 1; round <= bench.rounds; round++) {
    results.postgres.push(await onPostgres(bench, `escalation-${round}`))
    results.embedded.push(await onEmbedded(bench, `escalation-embedded-${round}`))
    const said = Object.entries(results).map(([kind, all]) => {
      const { latest = Number.NaN, longest = Number.NaN } = all.at(-1) ?? {}
      return `${kind}: at most ${latest.toFixed(1)} s late, longest tick ${longest.toFixed(2)} s`
    })
    bench.log(`escalation: round ${round}: ${said.join('; ')}`)
  }
  const both = (name: string, read: (result: DueAtOnce) => number) =>
    figure(
      `escalation.${name}`,
      '',
      results.postgres.map((result, round) => read(result) + read(results.embedded[round] ?? result)),
    )
  return {
    figures: [
      ...figuresOf('', results.postgres),
      ...figuresOf('embedded_', results.embedded),
      both('lost', ({ lost }) => lost),
      both('called_twice', ({ calledTwice }) => calledTwice),
      both('without_entry', ({ withoutEntry }) => withoutEntry),
    ],
    details: { results },
  }
}

function figuresOf(prefix: string, rounds: readonly DueAtOnce[]) {
  const of = (name: string, unit: string, read: (result: DueAtOnce) => number) =>
    figure(`escalation.${prefix}${name}`, unit, rounds.map(read))
  return [
    of('longest_tick', 's', ({ longest }) => longest),
    of('latest', 's', ({ latest }) => latest),
    of('all_called', 's', ({ allCalled }) => allCalled),
    of('entries', '', ({ entries }) => entries),
    // A round has a few dozen: their percentiles are of all rounds together.
    figure(`escalation.${prefix}critical_p99`, 's', [
      percentile(
        rounds.flatMap(({ critical }) => critical),
        0.99,
      ),
    ]),
    of('peak_memory', 'MB', ({ peakMemory }) => peakMemory),
  ]
}

async function onPostgres(bench: Bench, name: string): Promise<DueAtOnce> {
  const database = await bench.server.createDatabase()
  try {
    const place = { settings: { DATABASE_URL: database.url }, access: async <T>(work: Work<T>) => work(database) }
    return await dueAtOnce(bench, place, name)
  } finally {
    await database.drop()
  }
}

async function onEmbedded(bench: Bench, name: string): Promise<DueAtOnce> {
  const folder = mkdtempSync(join(bench.folder, 'embedded-'))
  async function access<T>(work: Work<T>): Promise<T> {
    const database = await openEmbeddedDatabase(folder)
    try {
      return await work(database)
    } finally {
      await database.close()
    }
  }
  try {
    return await dueAtOnce(bench, { settings: { TEAMS_DATA_DIR: folder }, access }, name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
