import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createFakeClock, missingFaketime } from '../fake-clock.ts'
import type { PagerFault } from '../pager.ts'
import { ALL_BUT_ORDER } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { Setup } from '../setup.ts'
import type { World } from '../world.ts'

/**
 * Ticks are so short that no kill would meet one: each tier takes a while to call. Before its cards are written, so that a kill
 * comes between the two.
 */
const SLOW_TICKS = `
  CREATE FUNCTION chaos_slow_tick() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_sleep(0.05);
    RETURN NEW;
  END $$;
  CREATE TRIGGER chaos_slow_tick BEFORE UPDATE ON teams_escalations FOR EACH ROW
    WHEN (NEW.tier > OLD.tier) EXECUTE FUNCTION chaos_slow_tick()`
const IN_A_TICK = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

/** What PagerDuty does, one after the other. */
const FAULTS: readonly Readonly<Partial<Record<PagerFault, number>>>[] = [
  { throttled: 0.3, unavailable: 0.4 },
  { cut_before: 0.3, cut_after: 0.4 },
  { slow: 0.6, hang: 0.2 },
]

/**
 * Seconds by which the clock of a gateway is wrong for a while. Less than a day: ids say the time of their event, and an action on
 * an id whose time is further off is answered with not_found.
 */
const JUMPS = [5, -5, 61, -61, 3_600, -3_600, 72_000, -72_000] as const

const SETUP: Setup = {
  budget: { requests: 3_000, period: 60, burst: 50 },
  timeoutMs: 2_500,
  escalation: {
    priorities: ['CRITICAL'],
    tiers: [
      { after_s: 1, channels: ['sre'], pagers: [] },
      { after_s: 1, channels: ['devops'], pagers: ['oncall'] },
    ],
  },
  // A request that failed a few times waits for a minute, and the limit of PagerDuty is the pace.
  settled: 120_000,
  settings: { TEAMS_DIGEST_AFTER: '3600', TEAMS_DIGEST_URGENT: '1000' },
}

/** Events that climb while gateways and PagerDuty fail. */
export const CLIMBING: readonly Scenario[] = [
  {
    name: 'climbing',
    does: 'events climb to PagerDuty while replicas are killed in the middle of a tick, and PagerDuty throttles, fails, hangs, cuts connections and is away',
    promises: [...ALL_BUT_ORDER, 'actions', 'tiers', 'alerts'],
    short: true,
    store: 'postgres',
    replicas: 2,
    setup: () => SETUP,
    async play(world, form) {
      await begin(world)
      await world.ask(SLOW_TICKS)
      // The first events have climbed to PagerDuty.
      await wait(4_000)
      const rounds = form === 'full' ? 8 : 1
      for (let round = 1; round <= rounds; round++) {
        for (const [step, faults] of FAULTS.entries()) {
          const mended = world.fault(`PagerDuty ${Object.keys(faults).join(', ')}`, 'pager', { cuts: false })
          await world.pager.plan({ seed: `${round}-${step}`, faults })
          if (form === 'full' || step < 2) await killInTick(world)
          await wait(world.random.between(1_000, form === 'full' ? 5_000 : 2_000))
          mended()
        }
        const mended = world.fault('PagerDuty is away', 'pager', { cuts: false })
        await world.pager.plan({ away: true })
        await killInTick(world)
        await wait(world.random.between(1_000, form === 'full' ? 8_000 : 2_000))
        await world.pager.plan({})
        mended()
        world.progress(`round ${round} of ${rounds}`)
      }
    },
  },
  {
    name: 'climbing-clock',
    does: 'events climb to PagerDuty while the clock of one of two replicas jumps forwards and backwards, by seconds to hours (libfaketime)',
    promises: [...ALL_BUT_ORDER, 'actions', 'tiers', 'alerts'],
    short: false,
    store: 'postgres',
    replicas: 2,
    missing: missingFaketime,
    setup: () => SETUP,
    async play(world) {
      const clock = createFakeClock(join(world.folder, 'offset'))
      await begin(world, clock.env)
      for (const seconds of JUMPS) {
        const mended = world.fault(`clock ${seconds > 0 ? '+' : ''}${seconds} s`, 'g1')
        clock.set(seconds)
        world.progress(`the clock of g1 is ${seconds} s off`)
        await wait(world.random.between(4_000, 8_000))
        clock.set(0)
        mended()
        await wait(world.random.between(2_000, 4_000))
      }
    },
  },
]

/** @param env of the first replica, beyond the usual one */
async function begin(world: World, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const [first, ...others] = world.replicas
  await world.receiver.plan({ '*': { delay: [5, 100] } })
  await Promise.all([first?.start({ env }), ...others.map((replica) => replica.start())])
  // Less than PagerDuty takes in a minute, and at times more than the budget has.
  world.send({ rate: 10, priorities: { CRITICAL: 15, HIGH: 15, INFO: 70 } })
  world.click({ people: 2, pause: [400, 1_500], actions: { acknowledge: 3, discard: 2 }, newest: 10, untouched: 0.5 })
}

/** Longest wait for a tick. */
const TICK_MS = 4_000

/** Kills a replica while a transaction that calls tiers is open, of this replica or of the other one. */
async function killInTick(world: World): Promise<void> {
  for (const until = Date.now() + TICK_MS; Date.now() < until; ) {
    const open = await world.ask(IN_A_TICK)
    if (open.length > 0) break
    await wait(20)
  }
  const replica = world.random.pick(world.replicas)
  await replica.kill()
  await replica.start()
}
