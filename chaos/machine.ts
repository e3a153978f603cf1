import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Where a run was made, for whoever wants to repeat it. */
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
