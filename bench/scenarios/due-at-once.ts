import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../context.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { alarmWaits, raiseAlarms } from '../load/alarms.ts'
import { eventOf } from '../load/events.ts'
import { CONCURRENT_REQUESTS, EVENTS_PER_REQUEST, LOST_AFTER_QUIET_MS } from '../load/run.ts'
import { acceptedNotifications, batchesOf, createSender } from '../load/sender.ts'
import { nowMs } from '../process-facts.ts'
import { baseSettings, liftedBudget } from '../settings.ts'
import { type Queries, readTicks, type TickFacts, watchTicks } from '../watch-ticks.ts'

const POLICY = 'bench'
/** A wait that no event of the bench reaches by itself, and then tiers that follow each other. */
const CONFIG = `
escalation:
  policies:
    ${POLICY}:
      for: [{ priorities: [HIGH] }]
      tiers:
        - { after: 1h, channels: [sre] }
        - { after: 3s, channels: [devops] }
`
const TIERS = 2
/** The channel of the events, and that of the CRITICAL meanwhile, which the first tier calls too. */
const OWN_CHANNEL = 'pmo'
const ALARM_CHANNEL = 'sre'
const ALARM_SECONDS = 0.5

/** Where the escalations are. */
export interface Place {
  readonly settings: Readonly<Record<string, string>>
  /** Does something with the database while no gateway runs on it. */
  access<T>(work: (database: Queries) => Promise<T>): Promise<T>
}

/** What came of escalations that were due at once; times in seconds. */
export interface DueAtOnce extends TickFacts {
  /** From the request of each CRITICAL to its card. */
  readonly critical: readonly number[]
  /** Tiers that were not called, and cards that were not received. */
  readonly lost: number
  readonly peakMemory: number
}

/**
 * Lets a gateway accept events with a policy, makes their first tier due while no gateway runs, and starts one again: as after a
 * night without a gateway. The budget does not bind, so that no digest climbs in place of the events.
 */
export async function dueAtOnce(bench: Bench, place: Place, name: string): Promise<DueAtOnce> {
  const { receiver, sizes } = bench
  const file = join(bench.folder, 'escalation.yaml')
  writeFileSync(file, CONFIG)
  const settings = {
    ...baseSettings(receiver),
    ...liftedBudget(bench.checkout),
    TEAMS_CONFIG_FILE: file,
    TEAMS_ESCALATION: 'on',
    ...place.settings,
  }
  const profile = (part: string) =>
    bench.profile === undefined ? undefined : { folder: bench.profile, name: `${name}-${part}` }
  const before = await startGateway({ checkout: bench.checkout, settings, profile: profile('accept') })
  try {
    await acceptEvents(bench, before, name)
  } finally {
    await before.stop()
    await receiver.take()
  }
  await place.access(async (database) => {
    await database.query("UPDATE teams_escalations SET since = now() - interval '1 hour', next_at = now()")
    await watchTicks(database)
  })
  const gateway = await startGateway({ checkout: bench.checkout, settings, profile: profile('call') })
  const readyAt = new Date()
  const called = await callTiers(bench, gateway, name)
  const ticks = await place.access((database) => readTicks(database, POLICY, readyAt))
  return {
    ...ticks,
    critical: called.critical,
    lost: sizes.escalations * TIERS - ticks.called + Math.max(0, ticks.cards - called.cards),
    peakMemory: called.peakMemory,
  }
}

async function acceptEvents({ receiver, sizes }: Bench, gateway: Gateway, name: string): Promise<void> {
  const sender = createSender([gateway.origin], CONCURRENT_REQUESTS)
  const events = Array.from({ length: sizes.escalations }, (_, nth) => ({
    ...eventOf('nphies.claim.submitted', nth, name),
    priority: 'HIGH',
    stakeholders: [OWN_CHANNEL],
  }))
  try {
    const sent = await sender.sendAll(batchesOf(events, EVENTS_PER_REQUEST), CONCURRENT_REQUESTS)
    await receiver.arrived(acceptedNotifications(sent).length, LOST_AFTER_QUIET_MS)
  } finally {
    await sender.close()
  }
}

/** Waits until the cards of all tiers are received, with a CRITICAL twice a second, and stops the gateway. */
async function callTiers({ receiver, sizes, log }: Bench, gateway: Gateway, name: string) {
  const sender = createSender([gateway.origin], 4)
  const stopped = new AbortController()
  const began = nowMs()
  const alarms = raiseAlarms(
    sender,
    { name: `${name}-alarm`, channel: ALARM_CHANNEL, everySeconds: ALARM_SECONDS },
    stopped.signal,
  )
  try {
    await receiver.arrived(sizes.escalations * TIERS, LOST_AFTER_QUIET_MS)
    stopped.abort()
    const critical = await alarms
    const ids = new Set(acceptedNotifications(critical).map(({ id }) => id))
    // Cards of alarms were counted as those of tiers so far.
    await receiver.arrived(sizes.escalations * TIERS + ids.size, LOST_AFTER_QUIET_MS)
    const arrivals = await receiver.take()
    log(`${name}: ${arrivals.length} cards in ${((nowMs() - began) / 1000).toFixed(0)} s`)
    return {
      critical: alarmWaits(critical, arrivals, ALARM_CHANNEL),
      cards: new Set(arrivals.map(({ id }) => id).filter((id) => !ids.has(id))).size,
      peakMemory: gateway.peakMemory(),
    }
  } finally {
    stopped.abort()
    await sender.close()
    await gateway.stop()
    await receiver.take()
  }
}
