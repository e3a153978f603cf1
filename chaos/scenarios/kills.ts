import { setTimeout as wait } from 'node:timers/promises'
import { COMMON_PROMISES } from '../promises.ts'
import type { Replica } from '../replicas.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** Wide, because a killed turn keeps its channel for 8 s, and what gathers meanwhile has to get out before the next kill. */
const WIDE = { requests: 3_000, period: 60, burst: 50 } as const

/** Longest wait for a process to accept some events before it is killed. */
const WORK_MS = 20_000

/** SIGKILL of replicas at random moments, while they start among others. */
export const KILLS: readonly Scenario[] = [
  {
    name: 'kill-postgres',
    does: 'SIGKILL to either of two replicas on one PostgreSQL at random times, also during a start',
    promises: COMMON_PROMISES,
    short: true,
    store: 'postgres',
    replicas: 2,
    setup: () => ({ budget: WIDE }),
    play: (world, form) =>
      form === 'full'
        ? kill(world, { kills: 110, events: 20_500, rate: 65, gap: 1 })
        : kill(world, { kills: 4, events: 240, rate: 60, gap: 0.5 }),
  },
  {
    name: 'kill-embedded',
    does: 'SIGKILL to the only process on the embedded database at random times, also during a start',
    promises: COMMON_PROMISES,
    short: true,
    store: 'embedded',
    replicas: 1,
    setup: () => ({ budget: WIDE }),
    play: (world, form) =>
      form === 'full'
        ? kill(world, { kills: 105, events: 20_500, rate: 60, gap: 1 })
        : kill(world, { kills: 3, events: 150, rate: 60, gap: 0.3 }),
  },
]

async function kill(world: World, wanted: { kills: number; events: number; rate: number; gap: number }): Promise<void> {
  const random = world.random.fork('kills')
  await world.receiver.plan({ '*': { delay: [3, 80] } })
  await world.startReplicas()
  const starting = new Map<Replica, Promise<void>>()
  const sender = world.send({ rate: wanted.rate, events: wanted.events })
  let over = false
  void sender.done.then(() => {
    over = true
  })
  let kills = 0
  const perKill = wanted.events / wanted.kills
  // A single process accepts nothing while it starts again.
  const share = world.replicas.length === 1 ? 2 : 1
  // Until there were enough of both; the events are spread over the kills, however slow the machine is.
  while (kills < wanted.kills || !over) {
    const allowed = Math.ceil((kills + 2) * perKill)
    sender.allow(allowed)
    const replica = random.pick(world.replicas)
    // Now and then while it starts.
    if (random.chance(0.2)) await wait(random.between(0, 1_500))
    else {
      // Mostly it has done some work.
      await starting.get(replica)
      const enough = Math.min(allowed, sender.accepted + random.whole(1, Math.ceil(perKill * share)))
      const until = Date.now() + WORK_MS
      while (!over && sender.accepted < enough && Date.now() < until) await wait(20)
      await wait(random.between(0, wanted.gap) * 1_000)
    }
    await replica.kill()
    kills += 1
    starting.set(
      replica,
      replica.start().catch(() => undefined),
    )
    world.progress(`${kills} kills, ${sender.accepted} events accepted`)
  }
  await sender.done
}
