import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { run } from '../../scripts/services/run.ts'
import { checkOutOldVersion, missingOldVersion, OLD_VERSION } from '../old-version.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** Upgrades under load. */
export const VERSIONS: readonly Scenario[] = [
  {
    name: 'migration',
    does: 'two replicas of the previous version run on its schema; under load, the newest migration is applied, taken back and applied again; both replicas must continue',
    promises: ['delivered', 'repeats', 'order', 'budget', 'audit', 'processes', 'recovery'],
    short: false,
    store: 'postgres',
    replicas: 2,
    missing: missingOldVersion,
    async play(world) {
      const old = { root: await oldVersion(world), version: OLD_VERSION }
      await world.receiver.plan({ '*': { delay: [10, 150] } })
      await Promise.all(world.replicas.map((replica) => replica.start(old)))
      world.send({ rate: 40 })
      for (const direction of [['up'], ['down', '--yes'], ['up']]) {
        await wait(5_000)
        await migrate(world, ...direction)
      }
      await wait(5_000)
      // The new version takes over from the old one, all at once.
      await Promise.all(world.replicas.map((replica) => replica.stop()))
      await Promise.all(world.replicas.map((replica) => replica.start()))
      await wait(5_000)
    },
  },
  {
    name: 'rolling-upgrade',
    does: 'the previous version and this one run on one database, with SIGKILL to either, until the last old replica is replaced',
    promises: ['delivered', 'repeats', 'budget', 'audit', 'processes', 'recovery'],
    short: false,
    store: 'postgres',
    replicas: 3,
    missing: missingOldVersion,
    async play(world) {
      const old = { root: await oldVersion(world), version: OLD_VERSION }
      const [first, second, third] = world.replicas
      await world.receiver.plan({ '*': { delay: [10, 150] } })
      await Promise.all(world.replicas.map((replica) => replica.start(old)))
      world.send({ rate: 40 })
      await wait(4_000)
      // The first of the new ones brings the schema up to date while two old ones are at work.
      await first?.stop()
      await first?.start()
      for (let round = 1; round <= 4; round++) {
        await wait(world.random.between(2_000, 6_000))
        await first?.kill()
        await first?.start()
        world.progress(`round ${round} of 4: old and new side by side`)
      }
      await second?.kill()
      await second?.start()
      await wait(6_000)
      await third?.stop()
      await third?.start()
      await wait(3_000)
    },
  },
]

async function oldVersion(world: World): Promise<string> {
  if (globSync(join(world.root, 'migrations/*.up.sql')).length < 2)
    throw new Error('This version has no migration beyond those of the old one.')
  return checkOutOldVersion(join(world.folder, 'old'))
}

async function migrate(world: World, ...direction: readonly string[]): Promise<void> {
  const command = `migrate ${direction.join(' ')}`
  world.tell({ deed: 'note', note: command })
  const child = spawn(process.execPath, [join(world.root, 'bin/claimlinc-teams.js'), 'migrate', ...direction], {
    cwd: world.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TEAMS_SANDBOX: 'on', ...world.store },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { code, output } = await run(child)
  world.progress(`${command}: ${output.trim()}`)
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`)
}
