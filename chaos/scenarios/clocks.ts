import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createFakeClock, type FakeClock, missingFaketime } from '../fake-clock.ts'
import { ALL_BUT_ORDER } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** Seconds: a step of NTP, a leap, a wrong zone, a machine that slept for days, and one whose clock had lost its battery. */
const JUMPS = [5, -5, 61, -61, 3_600, -3_600, 86_400 * 3, -86_400 * 3, 86_400 * 40] as const

/** Clocks that jump forwards and backwards under load. */
export const CLOCKS: readonly Scenario[] = [
  {
    name: 'clock-gateway',
    does: 'the clock of one of two replicas jumps forwards and backwards, by seconds to weeks (libfaketime)',
    promises: ALL_BUT_ORDER,
    short: false,
    store: 'postgres',
    replicas: 2,
    missing: missingFaketime,
    async play(world) {
      const clock = createFakeClock(join(world.folder, 'offset'))
      const [first, second] = world.replicas
      await Promise.all([first?.start({ env: clock.env }), second?.start()])
      world.send({ rate: 40 })
      await jump(world, clock, 'g1')
    },
  },
  {
    name: 'clock-postgres',
    does: "PostgreSQL's clock, which decides over budgets, leases and due times, jumps forwards and backwards, by seconds to weeks (libfaketime)",
    promises: ALL_BUT_ORDER,
    short: false,
    store: 'postgres',
    replicas: 2,
    missing: missingFaketime,
    setup: () => ({ postgresEnv: (folder) => clockOf(folder).env, clockJumps: JUMPS.length * 2 }),
    async play(world) {
      const clock = clockOf(world.postgres.folder)
      await world.startReplicas()
      world.send({ rate: 40 })
      await jump(world, clock, 'postgres')
    },
  },
]

const clockOf = (folder: string) => createFakeClock(join(folder, 'offset'))

async function jump(world: World, clock: FakeClock, on: string): Promise<void> {
  await world.receiver.plan({ '*': { delay: [10, 200] } })
  await wait(2_000)
  for (const seconds of JUMPS) {
    const mended = world.fault(`clock ${seconds > 0 ? '+' : ''}${seconds} s`, on)
    clock.set(seconds)
    world.progress(`the clock of ${on} is ${seconds} s off`)
    await wait(world.random.between(2_000, 5_000))
    clock.set(0)
    mended()
    await wait(world.random.between(2_000, 4_000))
  }
}
