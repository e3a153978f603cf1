import { setTimeout as wait } from 'node:timers/promises'
import { ALL_BUT_ORDER } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** People who act on events while everything around them fails. */
export const ACTING: readonly Scenario[] = [
  {
    name: 'acting',
    does: 'several people acknowledge (by buttons, too), discard, restore and escalate the same events all the time, while replicas are killed, PostgreSQL restarts and connections are cut',
    // No order: nothing waits for long enough to record.
    promises: [...ALL_BUT_ORDER, 'actions', 'tiers'],
    short: true,
    store: 'postgres',
    replicas: 2,
    setup: () => ({
      proxied: true,
      links: true,
      // Follow-ups are cards, too: each channel gets some of every action.
      budget: { requests: 3_000, period: 60, burst: 50 },
      escalation: {
        priorities: ['CRITICAL', 'HIGH'],
        tiers: [
          { after_s: 3, channels: ['sre'], pagers: [] },
          { after_s: 3, channels: ['devops'], pagers: [] },
        ],
      },
      settings: { TEAMS_DIGEST_AFTER: '3600', TEAMS_DIGEST_URGENT: '1000' },
    }),
    async play(world, form) {
      await world.receiver.plan({ '*': { delay: [5, 100] } })
      await world.startReplicas()
      const priorities = { CRITICAL: 20, HIGH: 20, MEDIUM: 10, INFO: 50 }
      world.send({ rate: 15, priorities, again: 0.15 })
      world.click({
        people: 6,
        pause: [50, 500],
        actions: { acknowledge: 6, unacknowledge: 2, discard: 2, restore: 1, escalate: 1 },
        newest: 15,
        untouched: 0.4,
        links: 0.4,
      })
      const acts = actsOf(world)
      for (let round = 1; round <= (form === 'full' ? 10 : 1); round++)
        for (const [what, act] of acts) {
          await wait(world.random.between(1_000, form === 'full' ? 4_000 : 2_000))
          await act()
          world.progress(`round ${round}: ${what}`)
        }
      await wait(1_000)
    },
  },
]

function actsOf(world: World): readonly (readonly [string, () => Promise<void>])[] {
  const { random, replicas, postgres, proxy } = world
  const kill = async () => {
    const replica = random.pick(replicas)
    await replica.kill()
    await replica.start()
  }
  const database = async (what: string, act: () => Promise<void>) => {
    const mended = world.fault(what, 'postgres')
    await act()
    mended()
  }
  return [
    ['a replica is killed', kill],
    ['connections are cut', () => database('connections reset', async () => proxy.cut())],
    ['PostgreSQL restarts', () => database('PostgreSQL restarted', () => postgres.restart())],
    ['a replica is killed', kill],
  ]
}
