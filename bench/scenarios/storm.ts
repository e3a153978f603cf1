import { setTimeout } from 'node:timers/promises'
import { mostWithin } from '../budget.ts'
import type { Bench, Measurements } from '../context.ts'
import type { BenchDatabase } from '../database.ts'
import { figure, percentile } from '../figures.ts'
import { startGateway } from '../gateway.ts'
import { alarmWaits, raiseAlarms } from '../load/alarms.ts'
import { eventOf } from '../load/events.ts'
import { acceptedNotifications, batchOf, createSender, type Sender, type Sent } from '../load/sender.ts'
import { nowMs } from '../process-facts.ts'
import { baseSettings, digestsAfter } from '../settings.ts'
import { representedBy } from './represented.ts'

/** The channel that the storm is on. */
const CHANNEL = 'pmo'
/** Requests in flight: a storm comes from many callers. */
const CONCURRENT_REQUESTS = 64
/** Between two queries whether every event is represented. */
const POLL_MS = 500
/** Longest wait for the card of the last CRITICAL. */
const LAST_ALARM_MS = 30_000

interface StormResult {
  /** Seconds from the request of each CRITICAL to its card. */
  readonly critical: readonly number[]
  readonly accepted: readonly number[]
  readonly cards: number
  readonly mostInAMinute: number
  /** Seconds from the end of the storm until the last event had a card that stands for it. */
  readonly representedAfter: number
  readonly unrepresented: number
  readonly stormSeconds: number
  readonly peakMemory: number
}

/** (c) Ten thousand INFO on one channel in half a minute under the default budget, and a CRITICAL every ten seconds. */
export async function storm(bench: Bench): Promise<Measurements> {
  const rounds: StormResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    const result = await stormRound(bench, round)
    rounds.push(result)
    bench.log(
      `storm: round ${round}: CRITICAL at most ${Math.max(...result.critical).toFixed(2)} s, ${result.cards} cards, all represented ${result.representedAfter.toFixed(0)} s after its end`,
    )
  }
  const of = (name: string, unit: string, read: (result: StormResult) => number) =>
    figure(`storm.${name}`, unit, rounds.map(read))
  // A round has a dozen: their percentiles are of all rounds together.
  const critical = rounds.flatMap((result) => result.critical)
  return {
    figures: [
      figure('storm.critical_p50', 's', [percentile(critical, 0.5)]),
      figure('storm.critical_p95', 's', [percentile(critical, 0.95)]),
      figure('storm.critical_p99', 's', [percentile(critical, 0.99)]),
      of('cards', '', (result) => result.cards),
      of('most_in_a_minute', '', (result) => result.mostInAMinute),
      of('represented_after', 's', (result) => result.representedAfter),
      of('unrepresented', '', (result) => result.unrepresented),
      of('accept_p99', 'ms', (result) => percentile(result.accepted, 0.99)),
      of('peak_memory', 'MB', (result) => result.peakMemory),
    ],
    details: { critical, stormSeconds: rounds.map((result) => result.stormSeconds) },
  }
}

async function stormRound(bench: Bench, round: number): Promise<StormResult> {
  const { receiver, sizes } = bench
  const database = await bench.server.createDatabase()
  const gateway = await startGateway({
    checkout: bench.checkout,
    settings: {
      ...baseSettings(receiver),
      ...(sizes.digestAfter === undefined ? {} : digestsAfter(bench.checkout, sizes.digestAfter)),
      DATABASE_URL: database.url,
      TEAMS_SHUTDOWN_TIMEOUT: '5',
    },
    profile: bench.profile === undefined ? undefined : { folder: bench.profile, name: `storm-${round}` },
  })
  const sender = createSender([gateway.origin], CONCURRENT_REQUESTS)
  const urgent = createSender([gateway.origin], 4)
  const stopped = new AbortController()
  try {
    const began = nowMs()
    const alarms = raiseAlarms(
      urgent,
      { name: `alarm-${round}`, channel: CHANNEL, everySeconds: sizes.criticalEverySeconds },
      stopped.signal,
    )
    const sent = await sendStorm(sender, sizes.stormEvents, sizes.stormSeconds, round)
    const ended = Math.max(...sent.map((one) => one.to))
    const deadline = nowMs() + sizes.stormTimeoutSeconds * 1000
    await untilNothingPending(database, deadline)
    stopped.abort()
    const critical = await alarms
    const notifications = acceptedNotifications([...sent, ...critical])
    // The last CRITICAL may have come after the last query.
    await untilNothingPending(database, nowMs() + LAST_ALARM_MS)
    const arrivals = await receiver.take()
    const peakMemory = gateway.peakMemory()
    const represented = await representedBy(database, notifications, arrivals)
    return {
      critical: alarmWaits(critical, arrivals, CHANNEL),
      accepted: sent.map((one) => one.to - one.from),
      cards: arrivals.length,
      mostInAMinute: mostWithin(
        arrivals.map((arrival) => arrival.at),
        60_000,
      ),
      representedAfter: (Math.max(ended, ...represented.times) - ended) / 1000,
      unrepresented: represented.missing,
      stormSeconds: (ended - began) / 1000,
      peakMemory,
    }
  } finally {
    stopped.abort()
    await Promise.all([sender.close(), urgent.close()])
    await gateway.stop()
    await receiver.take()
    await database.drop()
  }
}

/** Resolves when nothing is pending or in flight, or at the deadline. Recorded cards were received before. */
async function untilNothingPending(database: BenchDatabase, deadline: number): Promise<void> {
  do {
    await setTimeout(POLL_MS)
    const [row] = await database.query<{ pending: boolean }>(
      "SELECT EXISTS (SELECT 1 FROM teams_notifications WHERE state IN ('pending', 'sending')) AS pending",
    )
    if (!row?.pending) return
  } while (nowMs() < deadline)
}

/** Sends the storm: each event in a request of its own at its own time, without waiting for answers. */
async function sendStorm(sender: Sender, events: number, seconds: number, round: number): Promise<readonly Sent[]> {
  const began = nowMs()
  const sent: Promise<Sent>[] = []
  for (let nth = 0; nth < events; nth++) {
    const wait = began + (nth * seconds * 1000) / events - nowMs()
    if (wait > 1) await setTimeout(wait)
    const event = { ...eventOf('nphies.claim.submitted', nth, `storm-${round}`), stakeholders: [CHANNEL] }
    sent.push(sender.send(batchOf([event])))
  }
  return await Promise.all(sent)
}
