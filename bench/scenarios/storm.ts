import { setTimeout } from 'node:timers/promises'
import { mostWithin } from '../budget.ts'
import { nowMs } from '../clock.ts'
import type { Bench, Found } from '../context.ts'
import type { Bed } from '../database.ts'
import { figure, percentile } from '../figures.ts'
import { startGateway } from '../gateway.ts'
import { eventOf } from '../load/events.ts'
import { batchOf, createSender, promisedIn, type Sender, type Sent } from '../load/sender.ts'
import type { Arrival } from '../receiver/messages.ts'
import { baseSettings, digestsAfter } from '../settings.ts'
import { representedBy } from './represented.ts'

/** The channel that the storm is on. */
const CHANNEL = 'pmo'
/** Requests under way at once: a storm comes from many callers. */
const LANES = 64
/** Milliseconds between two looks whether everything is represented. */
const LOOK = 500
/** Milliseconds to wait for the alarm that was raised last. */
const LAST_ALARM = 30_000

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
export async function storm(bench: Bench): Promise<Found> {
  const rounds: StormResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    const result = await stormRound(bench, round)
    rounds.push(result)
    bench.tell(
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
  const bed = await bench.server.fresh()
  const gateway = await startGateway({
    checkout: bench.checkout,
    settings: {
      ...baseSettings(receiver),
      ...(sizes.digestAfter === undefined ? {} : digestsAfter(bench.checkout, sizes.digestAfter)),
      DATABASE_URL: bed.url,
      TEAMS_SHUTDOWN_TIMEOUT: '5',
    },
    profile: bench.profile === undefined ? undefined : { folder: bench.profile, name: `storm-${round}` },
  })
  const sender = createSender([gateway.origin], LANES)
  const urgent = createSender([gateway.origin], 4)
  const stopped = new AbortController()
  try {
    const began = nowMs()
    const alarms = raiseAlarms(urgent, sizes.criticalEverySeconds, round, stopped.signal)
    const sent = await blow(sender, sizes.stormEvents, sizes.stormSeconds, round)
    const ended = Math.max(...sent.map((one) => one.to))
    const deadline = nowMs() + sizes.stormPatienceSeconds * 1000
    await nothingWaits(bed, deadline)
    stopped.abort()
    const critical = await alarms
    const promised = promisedIn([...sent, ...critical])
    // The last alarm may have come after the last look.
    await nothingWaits(bed, nowMs() + LAST_ALARM)
    const arrivals = await receiver.take()
    const peakMemory = gateway.peakMemory()
    const represented = await representedBy(bed, promised, arrivals)
    return {
      critical: criticalWaits(critical, arrivals),
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
    await bed.drop()
  }
}

/** Resolves when nothing waits or is under way, or at the deadline. What is recorded was received before. */
async function nothingWaits(bed: Bed, deadline: number): Promise<void> {
  do {
    await setTimeout(LOOK)
    const [row] = await bed.query<{ waiting: boolean }>(
      "SELECT EXISTS (SELECT 1 FROM teams_notifications WHERE state IN ('pending', 'sending')) AS waiting",
    )
    if (!row?.waiting) return
  } while (nowMs() < deadline)
}

/** Sends the storm, each event alone and at its moment: no caller waits for another, and none sends early. */
async function blow(sender: Sender, events: number, seconds: number, round: number): Promise<readonly Sent[]> {
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

/** Sends a CRITICAL at once and every so many seconds until told to stop, whether or not the last one was answered. */
async function raiseAlarms(sender: Sender, everySeconds: number, round: number, stop: AbortSignal) {
  const began = nowMs()
  const sent: Promise<Sent>[] = []
  for (let nth = 0; !stop.aborted; nth++) {
    const event = { ...eventOf('kubernetes.pod.crashloop', nth, `alarm-${round}`), stakeholders: [CHANNEL] }
    sent.push(sender.send(batchOf([event])))
    const wait = Math.max(0, began + (nth + 1) * everySeconds * 1000 - nowMs())
    await setTimeout(wait, undefined, { signal: stop }).catch(() => undefined)
  }
  return await Promise.all(sent)
}

/** Seconds from request to card; a card that never came counts as for ever. */
function criticalWaits(sent: readonly Sent[], arrivals: readonly Arrival[]): number[] {
  const times = new Map(arrivals.map((arrival) => [arrival.id, arrival.at]))
  return sent.flatMap((one) =>
    promisedIn([one])
      .filter(({ channel }) => channel === CHANNEL)
      .map(({ id }) => ((times.get(id) ?? Number.POSITIVE_INFINITY) - one.from) / 1000),
  )
}
