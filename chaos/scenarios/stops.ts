import { setTimeout as wait } from 'node:timers/promises'
import { ALL_BUT_ORDER } from '../promises.ts'
import type { Scenario } from '../scenario.ts'

export const STOPS: readonly Scenario[] = [
  {
    name: 'sigterm',
    does: 'under load, SIGTERM to one replica after the other, as in a rolling restart; no card may be repeated',
    // No order: nothing waits for long enough to record.
    promises: ALL_BUT_ORDER,
    short: true,
    store: 'postgres',
    replicas: 2,
    async play(world, form) {
      const random = world.random.fork('stops')
      await world.receiver.plan({ '*': { delay: [20, 300] } })
      await world.startReplicas()
      const sender = world.send({ rate: 50 })
      for (let round = 1; round <= (form === 'full' ? 12 : 1); round++)
        for (const replica of world.replicas) {
          await wait(random.between(300, 2_500))
          await replica.stop()
          world.progress(`round ${round}: ${replica.name} has stopped`)
          await replica.start()
        }
      await sender.stop()
    },
  },
]
