import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { COMMON_PROMISES } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** What can happen to PostgreSQL, and to the way there. */
export const DATABASES: readonly Scenario[] = [
  {
    name: 'postgres-away',
    does: 'under load, PostgreSQL is restarted, killed with SIGKILL, stopped for a while, and hangs',
    promises: COMMON_PROMISES,
    short: true,
    store: 'postgres',
    replicas: 2,
    async play(world, form) {
      await begin(world)
      const { postgres } = world
      const acts: readonly (readonly [string, () => Promise<void>])[] = [
        ['killed and started again', () => postgres.kill().then(() => postgres.restart())],
        ['restarted', () => postgres.restart()],
        [
          'away for a while',
          async () => {
            await postgres.kill()
            await wait(world.random.between(2_000, form === 'full' ? 14_000 : 3_000))
            await postgres.restart()
          },
        ],
        [
          'hangs',
          async () => {
            const all = processesOf(postgres.pid ?? 0)
            for (const pid of all) signal(pid, 'SIGSTOP')
            await wait(world.random.between(1_000, 13_000))
            for (const pid of all) signal(pid, 'SIGCONT')
          },
        ],
      ]
      for (let round = 1; round <= (form === 'full' ? 6 : 1); round++)
        for (const [what, act] of form === 'full' ? acts : acts.slice(0, 3)) {
          await wait(world.random.between(1_000, 3_000))
          const mended = world.fault(`PostgreSQL ${what}`, 'postgres')
          await act()
          mended()
          world.progress(`round ${round}: PostgreSQL ${what}`)
        }
      await wait(1_000)
    },
  },
  {
    name: 'connections-cut',
    does: 'under load, connections to PostgreSQL are ended by the server, reset, refused and dropped without an answer',
    promises: COMMON_PROMISES,
    short: false,
    store: 'postgres',
    replicas: 2,
    setup: () => ({ proxied: true }),
    async play(world) {
      await begin(world)
      const random = world.random.fork('cuts')
      const { proxy } = world
      const acts: readonly (readonly [string, () => Promise<void>])[] = [
        [
          'all connections ended by the server',
          async () => {
            await world.ask(
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'claimlinc%'`,
            )
          },
        ],
        [
          'one connection ended by the server',
          async () => {
            await world.ask(`SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
                               WHERE application_name LIKE 'claimlinc%' ORDER BY random() LIMIT 1) AS one`)
          },
        ],
        ['connections reset', async () => proxy.cut()],
        [
          'connections refused',
          async () => {
            proxy.refuse()
            await wait(random.between(500, 6_000))
            proxy.mend()
          },
        ],
        [
          'connections swallowed',
          async () => {
            proxy.swallow()
            await wait(random.between(1_000, 14_000))
            proxy.mend()
          },
        ],
      ]
      for (let round = 1; round <= 5; round++)
        for (const [what, act] of acts) {
          await wait(random.between(300, 2_500))
          const mended = world.fault(what, 'postgres')
          await act()
          mended()
          world.progress(`round ${round}: ${what}`)
        }
      await wait(1_000)
    },
  },
]

async function begin(world: World): Promise<void> {
  await world.receiver.plan({ '*': { delay: [10, 200] } })
  await world.startReplicas()
  world.send({ rate: 40 })
}

/** The postmaster and all that it started. */
function processesOf(postmaster: number): number[] {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
  return [postmaster, ...children.trim().split(' ').filter(Boolean).map(Number)]
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // A backend that has ended meanwhile.
  }
}
