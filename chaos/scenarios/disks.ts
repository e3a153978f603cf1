import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/services/run.ts'
import { COMMON_PROMISES } from '../promises.ts'
import type { StartOptions } from '../replicas.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** A fresh embedded database needs about 40. */
const DISK_MB = 110

/** A disk that runs full under the embedded database. */
export const DISKS: readonly Scenario[] = [
  {
    name: 'disk-full',
    does: 'under load, the disk of the embedded database runs full and gets free space again; every accepted event must be there',
    promises: COMMON_PROMISES,
    short: false,
    store: 'embedded',
    replicas: 1,
    async play(world) {
      const disk = await makeDisk(world)
      world.record({ kind: 'note', note: `the disk is ${disk.what}` })
      await world.receiver.plan({ '*': { delay: [10, 100] } })
      await world.replica.start(disk.start)
      world.send({ rate: 60 })
      for (let round = 1; round <= 6; round++) {
        await wait(world.random.between(2_000, 5_000))
        const mended = world.fault('disk full', world.replica.name)
        disk.fill()
        await wait(world.random.between(3_000, 12_000))
        // Every other time it is killed too, with nowhere to write its last words.
        const killed = round % 2 === 0
        if (killed) await world.replica.kill()
        disk.free()
        mended()
        world.progress(`round ${round} of 6`)
        if (killed) await world.replica.start(disk.start)
        await ready(world, disk.start)
      }
    },
  },
]

interface Disk {
  readonly what: string
  readonly start: StartOptions
  fill(): void
  free(): void
}

/** A small file system in memory where that may be mounted, else a module that makes writes fail. */
async function makeDisk(world: World): Promise<Disk> {
  const folder = join(world.folder, 'data')
  mkdirSync(folder, { recursive: true })
  const mount = (...args: string[]) => run(spawn('mount', args, { stdio: ['ignore', 'pipe', 'pipe'] }))
  const mounted = await mount('-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder)
  if (mounted.code === 0) {
    world.afterDump(async () => {
      await run(spawn('umount', [folder], { stdio: ['ignore', 'pipe', 'pipe'] }))
    })
    const ballast = join(folder, 'ballast')
    return { what: `a tmpfs of ${DISK_MB} MB`, start: {}, fill: () => fill(ballast), free: () => rmSync(ballast) }
  }
  const flag = join(world.folder, 'disk-full')
  return {
    what: 'the ordinary one, behind a preloaded module whose writes fail with ENOSPC',
    start: {
      env: { CHAOS_DISK_FULL: flag },
      nodeArgs: ['--import', fileURLToPath(new URL('../full-disk.ts', import.meta.url))],
    },
    fill: () => writeFileSync(flag, ''),
    free: () => rmSync(flag),
  }
}

/** Writes until nothing more goes in. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let size = 1 << 20; size >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(size))
      } catch {
        size >>= 1
      }
    }
  } finally {
    closeSync(file)
  }
}

/** Waits until the gateway says that it is ready; one that does not within a minute is started again, as its keeper would. */
async function ready(world: World, start: StartOptions): Promise<void> {
  const until = Date.now() + 60_000
  while (Date.now() < until) {
    const answer = await fetch(`${world.replica.origin}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    )
    if (answer?.ok) return
    await wait(100)
  }
  world.record({
    kind: 'note',
    note: 'the gateway was not ready a minute after the disk had room again, and was started again',
  })
  await world.replica.kill()
  await world.replica.start(start)
}
