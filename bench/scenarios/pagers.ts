import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { mostWithin } from '../budget.ts'
import type { Bench, Measurements } from '../context.ts'
import type { BenchDatabase } from '../database.ts'
import { figure } from '../figures.ts'
import { startGateway } from '../gateway.ts'
import { eventOf } from '../load/events.ts'
import { CONCURRENT_REQUESTS, EVENTS_PER_REQUEST } from '../load/run.ts'
import { acceptedNotifications, batchesOf, createSender } from '../load/sender.ts'
import { startRecordedPagerDuty } from '../pagerduty.ts'
import { nowMs } from '../process-facts.ts'
import { baseSettings, liftedBudget } from '../settings.ts'

const KEY = 'b'.repeat(32)
const WEBHOOK_SECRET = 'bench-webhook-secret-0123456789'
/** The budget of a pager by default: the tokens at once, and those of a second. */
const BURST = 20
const PER_SECOND = 100 / 60
/** Between two queries whether every alert is opened. */
const POLL_MS = 250

interface PagersResult {
  readonly requests: number
  readonly mostInAMinute: number
  /** Requests that PagerDuty refused because they were too many. */
  readonly throttled: number
  readonly alerts: number
  readonly folded: number
  /** Events with no alert, and none in which they are folded; and alerts that were opened twice. */
  readonly lost: number
  /** Seconds from the first request until PagerDuty had told of every alert that it is open. */
  readonly allOpened: number
  /** Time that the budget needs for so many requests, as a share of the time that they took. */
  readonly pace: number
}

/** (j) Thousands of alerts that are due at the same moment, at the limit of PagerDuty. */
export async function pagers(bench: Bench): Promise<Measurements> {
  const rounds: PagersResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    const result = await pagersRound(bench, round)
    rounds.push(result)
    bench.log(
      `pagers: round ${round}: ${result.requests} requests, at most ${result.mostInAMinute} in a minute, ${result.alerts} alerts open after ${result.allOpened.toFixed(0)} s`,
    )
  }
  const of = (name: string, unit: string, read: (result: PagersResult) => number) =>
    figure(`pagers.${name}`, unit, rounds.map(read))
  return {
    figures: [
      of('requests', '', ({ requests }) => requests),
      of('most_in_a_minute', '', ({ mostInAMinute }) => mostInAMinute),
      of('throttled', '', ({ throttled }) => throttled),
      of('alerts', '', ({ alerts }) => alerts),
      of('folded', '', ({ folded }) => folded),
      of('lost', '', ({ lost }) => lost),
      of('all_opened', 's', ({ allOpened }) => allOpened),
      of('pace', 'ratio', ({ pace }) => pace),
    ],
    details: { rounds },
  }
}

async function pagersRound(bench: Bench, round: number): Promise<PagersResult> {
  const { receiver, sizes } = bench
  const pagerDuty = await startRecordedPagerDuty(KEY)
  const database = await bench.server.createDatabase()
  const file = join(bench.folder, 'pagers.json')
  writeFileSync(file, JSON.stringify(configOf(pagerDuty.url)))
  const gateway = await startGateway({
    checkout: bench.checkout,
    settings: {
      ...baseSettings(receiver),
      ...liftedBudget(bench.checkout),
      DATABASE_URL: database.url,
      TEAMS_CONFIG_FILE: file,
      TEAMS_ESCALATION: 'on',
      TEAMS_PAGER_KEY_ONCALL: KEY,
      TEAMS_PAGER_WEBHOOK_ONCALL: WEBHOOK_SECRET,
      TEAMS_SHUTDOWN_TIMEOUT: '5',
    },
    profile: bench.profile === undefined ? undefined : { folder: bench.profile, name: `pagers-${round}` },
  })
  pagerDuty.standIn.subscribe({ url: `${gateway.origin}/v1/inbound/pagerduty/oncall`, secrets: [WEBHOOK_SECRET] })
  const sender = createSender([gateway.origin], CONCURRENT_REQUESTS)
  try {
    const events = Array.from({ length: sizes.pagerAlerts }, (_, nth) => ({
      ...eventOf('vault.seal.detected', nth, `pagers-${round}`),
      data: { node: `vault-${nth % sizes.pagerFingerprints}` },
      priority: 'CRITICAL',
      stakeholders: ['sre'],
    }))
    acceptedNotifications(await sender.sendAll(batchesOf(events, EVENTS_PER_REQUEST), CONCURRENT_REQUESTS))
    await untilOpened(database, sizes.pagerAlerts, nowMs() + sizes.pagerTimeoutSeconds * 1000)
    const until = nowMs()
    const { requests } = pagerDuty
    const times = requests.map(({ at }) => at)
    const allOpened = (until - Math.min(...times)) / 1000
    const keys = pagerDuty.standIn.alerts().map(({ dedupKey }) => dedupKey)
    return {
      requests: requests.length,
      mostInAMinute: mostWithin(times, 60_000),
      throttled: requests.filter(({ status }) => status === 429).length,
      alerts: keys.length,
      lost: (await eventsWithoutAlert(database, keys)) + keys.length - new Set(keys).size,
      folded: await foldedOf(database),
      allOpened,
      pace: Math.max(0, requests.length - BURST) / PER_SECOND / allOpened,
    }
  } finally {
    await sender.close()
    await gateway.stop()
    await receiver.take()
    await pagerDuty.close()
    await database.drop()
  }
}

/** Each event calls PagerDuty after a moment. Those of one node have one fingerprint, and each is a subject of its own. */
function configOf(url: string): object {
  const policies = { bench: { for: [{ priorities: ['CRITICAL'] }], tiers: [{ after: '3s', pagers: ['oncall'] }] } }
  return {
    event_types: { 'vault.seal.detected': { fingerprint: ['node'], dedup: [] } },
    pagers: { oncall: { kind: 'pagerduty', url } },
    escalation: { policies },
  }
}

/** Resolves once every event is at the pager and every alert that is not folded is open, or at the deadline. */
async function untilOpened(database: BenchDatabase, events: number, deadline: number): Promise<void> {
  do {
    await setTimeout(POLL_MS)
    const [row] = await database.query<{ there: number; waiting: number }>(
      `SELECT count(*)::int AS there, count(*) FILTER (WHERE state IN ('pending', 'accepted'))::int AS waiting
         FROM teams_pager_alerts`,
    )
    if (row?.there === events && row.waiting === 0) return
  } while (nowMs() < deadline)
}

/** Events whose alert PagerDuty does not have, and that are in none that it has of the same fingerprint. */
async function eventsWithoutAlert(database: BenchDatabase, keys: readonly string[]): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM teams_events e
      WHERE NOT EXISTS (
        SELECT 1 FROM teams_pager_alerts g LEFT JOIN teams_pager_alerts l ON l.id = g.folded_into
         WHERE g.event_id = e.id AND 'claimlinc:' || coalesce(l.event_id, g.event_id) = ANY($1::text[])
           AND (l.id IS NULL OR l.fingerprint = g.fingerprint))`,
    [keys],
  )
  return row?.count ?? Number.NaN
}

async function foldedOf(database: BenchDatabase): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM teams_pager_alerts WHERE state = 'folded'",
  )
  return row?.count ?? Number.NaN
}
