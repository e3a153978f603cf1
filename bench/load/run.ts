import { loadavg } from 'node:os'
import type { Bench } from '../context.ts'
import { startGateways } from '../gateway.ts'
import { cpuSeconds } from '../process-facts.ts'
import type { Arrival } from '../receiver/receiver.ts'
import { baseSettings } from '../settings.ts'
import { mixedEvent } from './events.ts'
import { type AcceptedNotification, acceptedNotifications, batchesOf, createSender, type Sent } from './sender.ts'

/** Events in one request. */
export const EVENTS_PER_REQUEST = 100
/** Requests in flight. */
export const CONCURRENT_REQUESTS = 4
/** After so long without any card, missing cards count as lost. */
export const LOST_AFTER_QUIET_MS = 20_000

/** Events to send, and the gateways that get them. */
export interface LoadStart {
  /** Goes into the correlation ids and the name of a profile. */
  readonly name: string
  /** DATABASE_URL or TEAMS_DATA_DIR, and settings that differ from the default. */
  readonly settings: Readonly<Record<string, string>>
  readonly events: number
  readonly warmUp: number
  readonly replicas?: number
  /** Called between the warm-up and the measured events. */
  readonly afterWarmUp?: () => Promise<void>
}

/** Figures of one load. Times in seconds, memory in megabytes. */
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

/** Starts a gateway, or several on one database, sends it events, and waits for the last card. */
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
    CONCURRENT_REQUESTS,
  )
  try {
    const warmed = await sender.sendAll(requests(start.warmUp, `${start.name}-warm`), CONCURRENT_REQUESTS)
    await receiver.arrived(acceptedNotifications(warmed).length, LOST_AFTER_QUIET_MS)
    await receiver.take()
    await start.afterWarmUp?.()
    const batches = requests(start.events, start.name)
    const pids = gateways.map((gateway) => gateway.pid)
    const cpuBefore = cpuSeconds(pids)
    const sent = await sender.sendAll(batches, CONCURRENT_REQUESTS)
    const notifications = acceptedNotifications(sent)
    await receiver.arrived(notifications.length, LOST_AFTER_QUIET_MS)
    const cpu = cpuSeconds(pids) - cpuBefore
    const peakMemory = Math.max(...gateways.map((gateway) => gateway.peakMemory()))
    const measured = measure(sent, notifications, await receiver.take())
    return { ...measured, peakMemory, loadAverage, cpuPerNotification: (cpu * 1000) / measured.notifications }
  } finally {
    await sender.close()
    await Promise.all(gateways.map((gateway) => gateway.stop()))
    // Cards of the gateways' graceful stop belong to no load.
    await receiver.take()
  }
}

function requests(events: number, name: string) {
  return batchesOf(
    Array.from({ length: events }, (_, nth) => mixedEvent(nth, name)),
    EVENTS_PER_REQUEST,
  )
}

function measure(sent: readonly Sent[], notifications: readonly AcceptedNotification[], arrivals: readonly Arrival[]) {
  const times = new Map<string, number>()
  for (const { id } of arrivals) times.set(id, (times.get(id) ?? 0) + 1)
  const from = Math.min(...sent.map((one) => one.from))
  const accepted = Math.max(...sent.map((one) => one.to))
  const to = arrivals.reduce((latest, arrival) => Math.max(latest, arrival.at), from)
  const events = new Set(notifications.map(({ correlationId }) => correlationId)).size
  return {
    eventsPerSecond: (events * 1000) / (accepted - from),
    notificationsPerSecond: (times.size * 1000) / (to - from),
    notifications: notifications.length,
    bytes: arrivals.reduce((total, arrival) => total + arrival.bytes, 0),
    lost: notifications.filter(({ id }) => !times.has(id)).length,
    receivedTwice: [...times.values()].filter((count) => count > 1).length,
    from,
    to,
  }
}
