import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BatchCounts, countBatches, watchBatches } from '../batches.ts'
import type { Recording as CeilingRecording } from '../ceiling/ceiling.ts'
import { makeRecording } from '../ceiling/recording.ts'
import type { Bench, Measurements } from '../context.ts'
import { figure } from '../figures.ts'
import { type LoadResult, runLoad } from '../load/run.ts'
import { profileOf } from '../profile.ts'
import { CONNECTIONS, liftedBudget } from '../settings.ts'
import { type CeilingResult, ceilingRound, type Recorded } from './ceiling-round.ts'

/** The largest useful steps: all posts that may be in flight for a channel. */
const LARGE = CONNECTIONS

/**
 * (a) Events accepted and notifications sent per second, end to end, with every commit, against the ceiling: in each
 * round both, one after the other, and which comes first changes, so that other work on the machine affects both.
 */
export async function throughput(bench: Bench): Promise<Measurements> {
  bench.log('throughput: a run whose rows and bytes the ceiling makes again')
  const recording = await record(bench)
  const stepSize = recording.counts.rows / recording.counts.steps
  const gateway: LoadResult[] = []
  const ceiling: CeilingResult[] = []
  const larger: CeilingResult[] = []
  const plannedOnce: CeilingResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    if (round % 2 === 1) gateway.push(await gatewayRound(bench, round))
    ceiling.push(await ceilingRound(bench, recording, stepSize))
    plannedOnce.push(await ceilingRound(bench, recording, stepSize, thisMonth()))
    if (stepSize < LARGE * 0.8) larger.push(await ceilingRound(bench, recording, LARGE))
    if (round % 2 === 0) gateway.push(await gatewayRound(bench, round))
    const [mine, bare] = [gateway.at(-1), ceiling.at(-1)]
    if (mine && bare)
      bench.log(
        `throughput: round ${round}: ${mine.notificationsPerSecond.toFixed(0)} of ${bare.notificationsPerSecond.toFixed(0)} notifications/s, load ${mine.loadAverage.toFixed(1)}`,
      )
  }
  const of = (name: string, unit: string, read: (result: LoadResult) => number) =>
    figure(`throughput.${name}`, unit, gateway.map(read))
  return {
    figures: [
      of('events', 'events/s', (result) => result.eventsPerSecond),
      of('notifications', 'notifications/s', (result) => result.notificationsPerSecond),
      ...against('', ceiling, gateway),
      ...against('_planned_once', plannedOnce, gateway),
      // Small steps would cripple the ceiling: what it gives with large ones shows what they cost.
      ...(larger.length > 0 ? against('_large_steps', larger, gateway) : []),
      of('cpu', 'ms/notification', (result) => result.cpuPerNotification),
      figure(
        'throughput.cpu_ratio',
        'ratio',
        gateway.map((result, round) => (ceiling[round]?.cpuPerNotification ?? 0) / result.cpuPerNotification),
      ),
      of('peak_memory', 'MB', (result) => result.peakMemory),
      of('lost', '', (result) => result.lost),
      of('received_twice', '', (result) => result.receivedTwice),
    ],
    details: {
      gateway,
      ceiling,
      larger,
      plannedOnce,
      batches: { accept: recording.acceptSize, step: stepSize, ...recording.counts },
      profile: gateway.map(({ from, to }, index) => profileOf(bench.profile, `throughput-${index + 1}-1`, from, to)),
    },
  }
}

/** `_2026_11`, as the months' tables end. */
const thisMonth = () => `_${new Date().toISOString().slice(0, 7).replace('-', '_')}`

function against(name: string, ceiling: readonly CeilingResult[], gateway: readonly LoadResult[]) {
  const rates = ceiling.map((result) => result.notificationsPerSecond)
  const ratios = gateway.map((result, round) => result.notificationsPerSecond / (rates[round] ?? 0))
  return [
    figure(`throughput.ceiling${name}`, 'notifications/s', rates),
    figure(`throughput.ratio${name}`, 'ratio', ratios),
  ]
}

interface Recording extends Recorded {
  /** Events per accept transaction. */
  readonly acceptSize: number
  readonly counts: BatchCounts
}

/** Runs a gateway and keeps its rows and bytes, for the ceiling. This run is not measured: a trigger counts its batches. */
async function record(bench: Bench): Promise<Recording> {
  const { receiver, sizes } = bench
  const database = await bench.server.createDatabase()
  await receiver.record()
  await runLoad(
    { ...bench, profile: undefined },
    {
      name: 'recorded',
      settings: { DATABASE_URL: database.url, ...liftedBudget(bench.checkout) },
      events: sizes.events,
      warmUp: sizes.warmUp,
      afterWarmUp: () => watchBatches(database),
    },
  )
  const counts = await countBatches(database)
  const recording = await makeRecording(database, await receiver.takeRecorded())
  await database.drop()
  const warmUp = recording.batches.filter((batch) => batch.events.includes('"recorded-warm-')).length
  const file = join(bench.folder, 'recording.json')
  writeFileSync(file, JSON.stringify(recording))
  return {
    file,
    warmUp,
    all: recording.batches.length,
    hasEntries: recording.hasEntries,
    ...expected(recording, warmUp),
    acceptSize: sizes.events / (recording.batches.length - warmUp),
    counts,
  }
}

/** Posts that the ceiling has to make after its warm-up, and their bytes. */
function expected({ batches, posts }: CeilingRecording, warmUp: number) {
  const ids = batches
    .slice(warmUp)
    .flatMap((batch) => (JSON.parse(batch.notifications) as { id: string }[]).map(({ id }) => id))
  const bytes = ids.reduce((total, id) => total + Buffer.byteLength(posts[id]?.body ?? ''), 0)
  return { notifications: ids.length, bytes }
}

async function gatewayRound(bench: Bench, round: number): Promise<LoadResult> {
  const database = await bench.server.createDatabase()
  const result = await runLoad(bench, {
    name: `throughput-${round}`,
    settings: { DATABASE_URL: database.url, ...liftedBudget(bench.checkout) },
    events: bench.sizes.events,
    warmUp: bench.sizes.warmUp,
  })
  await database.drop()
  return result
}
