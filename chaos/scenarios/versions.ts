import { execFile, spawn } from 'node:child_process'
import { globSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { run } from '../../scripts/services/run.ts'
import { ALL_BUT_ORDER, COMMON_PROMISES } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** The last version whose schema was migration 0001 alone. */
const OLD_VERSION = 'dd5fe14'
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Upgrades under load. */
export const VERSIONS: readonly Scenario[] = [
  {
    name: 'migration',
    does: 'two replicas of the previous version run on its schema; under load, the newest migration is applied, taken back and applied again; both replicas must continue',
    promises: COMMON_PROMISES,
    short: false,
    store: 'postgres',
    replicas: 2,
    missing: missingOldVersion,
    async play(world) {
      const old = { root: await oldVersion(world), version: OLD_VERSION }
      await world.receiver.plan({ '*': { delay: [10, 150] } })
      await world.startReplicas(old)
      world.send({ rate: 40 })
      for (const direction of [['up'], ['down', '--yes'], ['up']]) {
        await wait(5_000)
        await migrate(world, ...direction)
      }
      await wait(5_000)
      // The new version takes over from the old one, all at once.
      await Promise.all(world.replicas.map((replica) => replica.stop()))
      await world.startReplicas()
      await wait(5_000)
    },
  },
  {
    name: 'rolling-upgrade',
    does: 'the previous version and this one run on one database, with SIGKILL to either, until the last old replica is replaced',
    promises: ALL_BUT_ORDER,
    short: false,
    store: 'postgres',
    replicas: 3,
    missing: missingOldVersion,
    async play(world) {
      const old = { root: await oldVersion(world), version: OLD_VERSION }
      const [first, second, third] = world.replicas
      await world.receiver.plan({ '*': { delay: [10, 150] } })
      await world.startReplicas(old)
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
  world.record({ kind: 'note', note: command })
  const child = spawn(process.execPath, [join(world.root, 'bin/claimlinc-teams.js'), 'migrate', ...direction], {
    cwd: world.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TEAMS_SANDBOX: 'on', ...world.store },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { code, output } = await run(child)
  world.progress(`${command}: ${output.trim()}`)
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`)
}

/** Why the old version can not be had; undefined where it can. */
async function missingOldVersion(): Promise<string | undefined> {
  return promisify(execFile)('git', ['-C', repository, 'cat-file', '-e', `${OLD_VERSION}^{commit}`]).then(
    () => undefined,
    () => `the history of this checkout does not reach back to ${OLD_VERSION} (a shallow clone, or no clone)`,
  )
}

/** Puts the old version into `folder`, with this checkout's packages, and returns the folder. */
async function checkOutOldVersion(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const tar = join(folder, 'old.tar')
  await promisify(execFile)('git', ['-C', repository, 'archive', '-o', tar, OLD_VERSION])
  const { code, output } = await run(spawn('tar', ['-xf', tar, '-C', folder], { stdio: ['ignore', 'pipe', 'pipe'] }))
  if (code !== 0) throw new Error(`The old version could not be unpacked: ${output}`)
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
