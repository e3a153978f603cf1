import { spawn } from 'node:child_process'
import { chmodSync, globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { run } from '../../scripts/services/run.ts'
import { findOnPath } from '../../test/services/find.ts'
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

/** A clock that can be set wrong: libfaketime in front of the C library's clock, with the offset in a file. */
interface FakeClock {
  /** Environment of a process that gets this clock. */
  readonly env: Readonly<Record<string, string>>
  /** Sets it this many seconds ahead of the right time; 0 sets it right. */
  set(seconds: number): void
}

/** Debian's package of libfaketime, installed where it is missing and may be. Says why there is none. */
async function missingFaketime(): Promise<string | undefined> {
  if (findFaketime()) return undefined
  const apt = findOnPath('apt-get')
  const sudo = process.getuid?.() === 0 ? [] : [findOnPath('sudo') ?? '', '-n']
  if (!apt || sudo[0] === '') return 'libfaketime is not there and can not be installed'
  const [command = '', ...args] = [...sudo, apt, 'install', '-y', '--no-install-recommends', 'libfaketime']
  const { code } = await run(spawn(command, args, { stdio: 'ignore' }))
  return code === 0 && findFaketime() ? undefined : 'libfaketime could not be installed with apt-get'
}

/** A clock whose offset is kept in `file`, which anybody may read: PostgreSQL runs as a user of its own. */
function createFakeClock(file: string): FakeClock {
  const library = findFaketime()
  if (!library) throw new Error('libfaketime is not installed.')
  const set = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`)
  set(0)
  chmodSync(file, 0o644)
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Timers go by the monotonic clock, which no change of the time moves; so it is on real machines.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    set,
  }
}

function findFaketime(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
}
