import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The machine and versions of a run. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory_gb: number
  readonly system: string
  readonly node: string
  readonly services: string
  readonly gateway: string
  readonly commit: string
}

/** Describes this machine and the checkout in `root`. */
export async function describeMachine(root: string, services: string): Promise<Machine> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-C', root, ...args]).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    )
  const [commit, changed] = await Promise.all([
    git('rev-parse', '--short', 'HEAD'),
    git('status', '--porcelain', 'src'),
  ])
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    services,
    gateway: version,
    commit: commit === '' ? 'unknown' : `${commit}${changed === '' ? '' : ' with changes'}`,
  }
}

/** How many times slower than an idle machine this one may be for one process, as the load says: 1 to 10. */
export interface Slowness {
  readonly most: number
  stop(): void
}

/**
 * Watches the load while a scenario is played. Where four programs want a core, each may have to wait four times as long
 * between an act and its trace, and the bounds of the checker have to know: else they measure the neighbours.
 */
export function watchSlowness(): Slowness {
  let most = 1
  const look = () => {
    most = Math.min(10, Math.max(most, (loadavg()[0] ?? 0) / cpus().length))
  }
  look()
  const timer = setInterval(look, 1_000)
  timer.unref()
  return {
    get most() {
      return most
    },
    stop: () => clearInterval(timer),
  }
}
