import { setTimeout } from 'node:timers/promises'
import type { Bench, Measurements } from '../context.ts'
import { figure, percentile } from '../figures.ts'
import { startGateway } from '../gateway.ts'
import { mixedEvent } from '../load/events.ts'
import { LOST_AFTER_QUIET_MS } from '../load/run.ts'
import { acceptedNotifications, batchOf, createSender, type Sent } from '../load/sender.ts'
import { baseSettings, liftedBudget } from '../settings.ts'

/** What one round found; milliseconds. */
export interface LatencyResult {
  /** From the request to each of its event's cards: the checks, the commit and the answer are in it. */
  readonly received: readonly number[]
  /** From the request to its answer. */
  readonly accepted: readonly number[]
  readonly lost: number
}

/** (b) The way of one event through a gateway that has nothing else to do. */
export async function latency(bench: Bench): Promise<Measurements> {
  const rounds: LatencyResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    const database = await bench.server.createDatabase()
    const result = await measureLatency(bench, { DATABASE_URL: database.url }, `latency-${round}`)
    await database.drop()
    rounds.push(result)
    bench.log(`latency: round ${round}: p50 ${at(result, 0.5)} ms, p99 ${at(result, 0.99)} ms`)
  }
  const lost = figure(
    'latency.lost',
    '',
    rounds.map((result) => result.lost),
  )
  return {
    figures: [...latencyFigures('latency', rounds), lost],
    details: { samples: rounds.map((result) => result.received.length) },
  }
}

/** Figures of some rounds, their names beginning with `prefix`. */
export function latencyFigures(prefix: string, rounds: readonly LatencyResult[]) {
  const of = (name: string, share: number, read: (result: LatencyResult) => readonly number[]) =>
    figure(
      `${prefix}.${name}`,
      'ms',
      rounds.map((result) => percentile(read(result), share)),
    )
  return [
    of('p50', 0.5, (result) => result.received),
    of('p95', 0.95, (result) => result.received),
    of('p99', 0.99, (result) => result.received),
    of('accept_p50', 0.5, (result) => result.accepted),
    of('accept_p99', 0.99, (result) => result.accepted),
  ]
}

/** Sends one event at a time, waits for all its cards, and pauses 10 to 30 ms, so as not to be in step with a timer. */
export async function measureLatency(
  bench: Bench,
  settings: Readonly<Record<string, string>>,
  name: string,
): Promise<LatencyResult> {
  const { receiver, sizes } = bench
  const gateway = await startGateway({
    checkout: bench.checkout,
    settings: { ...baseSettings(receiver), ...liftedBudget(bench.checkout), ...settings },
    profile: bench.profile === undefined ? undefined : { folder: bench.profile, name },
  })
  const sender = createSender([gateway.origin], 1)
  const received: number[] = []
  const accepted: number[] = []
  let lost = 0
  try {
    for (let nth = 0; nth < sizes.latencyWarmUp + sizes.latencySamples; nth++) {
      const sent: Sent = await sender.send(batchOf([mixedEvent(nth, name)]))
      const notifications = acceptedNotifications([sent])
      await receiver.arrived(notifications.length, LOST_AFTER_QUIET_MS)
      const arrivals = await receiver.take()
      if (nth >= sizes.latencyWarmUp) {
        received.push(...arrivals.map((arrival) => arrival.at - sent.from))
        accepted.push(sent.to - sent.from)
        lost += notifications.filter(({ id }) => !arrivals.some((arrival) => arrival.id === id)).length
      }
      await setTimeout(10 + (nth % 21))
    }
  } finally {
    await sender.close()
    await gateway.stop()
    await receiver.take()
  }
  return { received, accepted, lost }
}

function at(result: LatencyResult, share: number): string {
  return percentile(result.received, share).toFixed(1)
}
