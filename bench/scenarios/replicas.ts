import { setTimeout } from 'node:timers/promises'
import { type BudgetRule, overBudget } from '../budget.ts'
import type { Bench, Measurements } from '../context.ts'
import { figure } from '../figures.ts'
import { startGateways } from '../gateway.ts'
import { mixedEvent } from '../load/events.ts'
import { CONCURRENT_REQUESTS, EVENTS_PER_REQUEST, type LoadResult, runLoad } from '../load/run.ts'
import { acceptedNotifications, batchesOf, createSender } from '../load/sender.ts'
import { nowMs } from '../process-facts.ts'
import { baseSettings, CHANNELS, liftedBudget, withoutDigests } from '../settings.ts'

/** Tight enough to bind all the time and quick enough for replicas to meet at each channel ten times a second. */
const BINDING: BudgetRule = { requests: 600, period: 60, burst: 10 }

/** (g) One, two and three processes on one database: what more of them give, and one budget for all of them together. */
export async function replicas(bench: Bench): Promise<Measurements> {
  const loads = new Map<number, LoadResult[]>()
  const budgets: BudgetResult[] = []
  for (let round = 1; round <= bench.rounds; round++) {
    for (const count of bench.sizes.replicas) {
      const database = await bench.server.createDatabase()
      const load = await runLoad(bench, {
        name: `replicas-${round}-${count}`,
        settings: { DATABASE_URL: database.url, ...liftedBudget(bench.checkout) },
        events: bench.sizes.fewerEvents,
        warmUp: bench.sizes.warmUp,
        replicas: count,
      })
      await database.drop()
      loads.set(count, [...(loads.get(count) ?? []), load])
      bench.log(
        `replicas: round ${round}: ${count} give ${load.notificationsPerSecond.toFixed(0)} notifications/s, load ${load.loadAverage.toFixed(1)}`,
      )
    }
    const budget = await shareBudget(bench, round)
    budgets.push(budget)
    bench.log(`replicas: round ${round}: ${budget.cards} cards, ${budget.over} over the budget of three together`)
  }
  const all = [...loads.values()]
  return {
    figures: [
      ...[...loads].map(([count, results]) =>
        figure(
          `replicas.notifications_${count}`,
          'notifications/s',
          results.map((result) => result.notificationsPerSecond),
        ),
      ),
      figure(
        'replicas.over_budget',
        '',
        budgets.map((budget) => budget.over),
      ),
      figure(
        'replicas.budget_used',
        'ratio',
        budgets.map((budget) => budget.used),
      ),
      figure(
        'replicas.lost',
        '',
        budgets.map((_, round) => all.reduce((lost, results) => lost + (results[round]?.lost ?? 0), 0)),
      ),
    ],
    details: { budget: BINDING },
  }
}

interface BudgetResult {
  readonly cards: number
  readonly over: number
  /** Share of what the budget allowed that was used; above 1 is too much, far below it is too careful. */
  readonly used: number
}

/** Lets three replicas work off a backlog under a budget that binds, for a while. */
async function shareBudget(bench: Bench, round: number): Promise<BudgetResult> {
  const { receiver, sizes } = bench
  const database = await bench.server.createDatabase()
  const settings = {
    ...baseSettings(receiver),
    ...withoutDigests(bench.checkout),
    DATABASE_URL: database.url,
    TEAMS_RATE_LIMIT_REQUESTS: String(BINDING.requests),
    TEAMS_RATE_LIMIT_PERIOD: String(BINDING.period),
    TEAMS_RATE_LIMIT_BURST: String(BINDING.burst),
    // What waits for its budget at the end need not be waited for.
    TEAMS_SHUTDOWN_TIMEOUT: '5',
  }
  const gateways = await startGateways(3, { checkout: bench.checkout, settings })
  const sender = createSender(
    gateways.map((gateway) => gateway.origin),
    CONCURRENT_REQUESTS,
  )
  try {
    // Enough for every channel: 36 types give each between 5 and 20.
    const perChannel = BINDING.burst + (sizes.budgetSeconds * BINDING.requests) / BINDING.period
    const events = Math.ceil((perChannel * 36) / 5)
    const from = nowMs()
    const sent = await sender.sendAll(
      batchesOf(
        Array.from({ length: events }, (_, nth) => mixedEvent(nth, `budget-${round}`)),
        EVENTS_PER_REQUEST,
      ),
      CONCURRENT_REQUESTS,
    )
    acceptedNotifications(sent)
    await setTimeout(sizes.budgetSeconds * 1000)
    const until = nowMs()
    const arrivals = await receiver.take()
    const over = CHANNELS.map((channel) =>
      overBudget(
        arrivals.filter((arrival) => arrival.channel === channel).map((arrival) => arrival.at),
        from,
        BINDING,
      ),
    )
    const allowed = BINDING.burst + ((until - from) / 1000) * (BINDING.requests / BINDING.period)
    return {
      cards: arrivals.length,
      over: Math.max(0, ...over),
      used: arrivals.length / (allowed * CHANNELS.length),
    }
  } finally {
    await sender.close()
    await Promise.all(gateways.map((gateway) => gateway.stop()))
    await receiver.take()
    await database.drop()
  }
}
