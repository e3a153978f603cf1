import { loadavg } from 'node:os'
import type { Bench } from '../context.ts'
import { startGateways } from '../gateway.ts'
import { cpuSeconds } from '../process-facts.ts'
import type { Arrival } from '../receiver/messages.ts'
import { baseSettings } from '../settings.ts'
import { mixedEvent } from './events.ts'
import { batchesOf, createSender, type Promised, promisedIn, type Sent } from './sender.ts'

/** Events in one request. */
export const EVENTS_PER_REQUEST = 100
/** Requests under way at once. */
export const LANES = 4
/** Milliseconds without any card after which what is not there counts as lost. */
const PATIENCE = 20_000

/** A load and what it is put on. */
export interface LoadStart {
  /** Goes into the correlation ids and the name of a profile. */
  readonly name: string
  /** DATABASE_URL or TEAMS_DATA_DIR, and whatever is to be other than the default. */
  readonly settings: Readonly<Record<string, string>>
  readonly events: number
  readonly warmUp: number
  readonly replicas?: number
  /** Called between the warm-up and what is measured. */
  readonly warm?: () => Promise<void>
}

/** What a load came to. Times in seconds, memory in megabytes. */
export interface LoadResult {
  readonly eventsPerSecond: number
  readonly notificationsPerSecond: number
  readonly notifications: number
  readonly bytes: number
  /** Accepted, and not received. */
  readonly lost: number
  /** Received more than once although nothing was cut off. */
  readonly receivedTwice: number
  /** The largest of the replicas. */
  readonly peakMemory: number
  /** CPU of all replicas for one notification, in milliseconds. */
  readonly cpuPerNotification: number
  /** Load average of the machine before it. */
  readonly loadAverage: number
  /** `nowMs()` of the first request and the last card. */
  readonly from: number
  readonly to: number
}

/** Starts a gateway, or several on one database, puts a load on it, and waits for the last card. */
export async function runLoad(bench: Bench, start: LoadStart): Promise<LoadResult> {
  const { receiver } = bench
  const loadAverage = loadavg()[0] ?? 0
  const gateways = await startGateways(start.replicas ?? 1, {
    checkout: bench.checkout,
    settings: { ...baseSettings(receiver), ...start.settings },
    profile: bench.profile === undefined ? undefined : { folder: bench.profile, name: start.name },
  })
  const sender = createSender(
    gateways.map((gateway) => gateway.origin),
    LANES,
  )
  try {
    const warmed = await sender.sendAll(requests(start.warmUp, `${start.name}-warm`), LANES)
    await receiver.arrived(promisedIn(warmed).length, PATIENCE)
    await receiver.take()
    await start.warm?.()
    const batches = requests(start.events, start.name)
    const pids = gateways.map((gateway) => gateway.pid)
    const cpuBefore = cpuSeconds(pids)
    const sent = await sender.sendAll(batches, LANES)
    const promised = promisedIn(sent)
    await receiver.arrived(promised.length, PATIENCE)
    const cpu = cpuSeconds(pids) - cpuBefore
    const peakMemory = Math.max(...gateways.map((gateway) => gateway.peakMemory()))
    const measured = measure(sent, promised, await receiver.take())
    return { ...measured, peakMemory, loadAverage, cpuPerNotification: (cpu * 1000) / measured.notifications }
  } finally {
    await sender.close()
    await Promise.all(gateways.map((gateway) => gateway.stop()))
    // What a gateway finished while it stopped belongs to nobody.
    await receiver.take()
  }
}

function requests(events: number, name: string) {
  return batchesOf(
    Array.from({ length: events }, (_, nth) => mixedEvent(nth, name)),
    EVENTS_PER_REQUEST,
  )
}

function measure(sent: readonly Sent[], promised: readonly Promised[], arrivals: readonly Arrival[]) {
  const times = new Map<string, number>()
  for (const { id } of arrivals) times.set(id, (times.get(id) ?? 0) + 1)
  const from = Math.min(...sent.map((one) => one.from))
  const accepted = Math.max(...sent.map((one) => one.to))
  const to = arrivals.reduce((latest, arrival) => Math.max(latest, arrival.at), from)
  const events = new Set(promised.map(({ correlationId }) => correlationId)).size
  return {
    eventsPerSecond: (events * 1000) / (accepted - from),
    notificationsPerSecond: (times.size * 1000) / (to - from),
    notifications: promised.length,
    bytes: arrivals.reduce((total, arrival) => total + arrival.bytes, 0),
    lost: promised.filter(({ id }) => !times.has(id)).length,
    receivedTwice: [...times.values()].filter((count) => count > 1).length,
    from,
    to,
  }
}
