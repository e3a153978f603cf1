import { setTimeout as wait } from 'node:timers/promises'
import { ALL_BUT_ORDER } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

// No order: what was put back goes again before what is more urgent and came later.
/** So slow that posts wait for one of the few connections. */
const SLOW = { '*': { delay: [250, 600] } } as const

/** A gateway that is alive and loses its lease all the same. */
export const SUSPENSIONS: readonly Scenario[] = [
  {
    name: 'suspended',
    does: 'SIGSTOP to one of two replicas while its posts wait for connections, until the other has taken over, then SIGCONT',
    promises: ALL_BUT_ORDER,
    short: true,
    store: 'postgres',
    replicas: 2,
    async play(world, form) {
      const random = world.random.fork('suspensions')
      await begin(world)
      for (let round = 1; round <= (form === 'full' ? 5 : 1); round++)
        for (const replica of world.replicas) {
          await wait(random.between(2_500, 4_000))
          const mended = world.fault('SIGSTOP', replica.name, { cuts: true, process: replica.process })
          replica.signal('SIGSTOP')
          // The other one takes over after 8 s and has to have sent some of it by the end.
          await wait(random.between(12_000, form === 'full' ? 22_000 : 13_000))
          replica.signal('SIGCONT')
          mended()
          world.progress(`round ${round}: ${replica.name} goes on`)
        }
      await wait(2_000)
    },
  },
  {
    name: 'slow-lease',
    does: 'PostgreSQL answers one of two replicas so late that its leases end during its turns',
    promises: ALL_BUT_ORDER,
    short: false,
    store: 'postgres',
    replicas: 2,
    setup: () => ({ proxied: 'g1' }),
    async play(world) {
      const random = world.random.fork('slow-lease')
      await begin(world)
      for (let round = 1; round <= 4; round++) {
        await wait(random.between(2_500, 4_000))
        const { process } = world.replica
        const mended = world.fault('PostgreSQL answers late', world.replica.name, { cuts: true, process })
        // There and back: longer than a lease, and shorter than the 10 s for which an answer is waited.
        world.proxy.slow(random.between(4_300, 4_800))
        await wait(random.between(20_000, 30_000))
        world.proxy.mend()
        await wait(10_000)
        mended()
        world.progress(`round ${round}: PostgreSQL answers in time`)
      }
    },
  },
]

async function begin(world: World): Promise<void> {
  await world.receiver.plan(SLOW)
  await world.startReplicas()
  // Callers whose request hangs at a replica must not be all there are.
  world.send({ rate: 45, callers: 16, batch: 3 })
}
