import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { packageVersion } from '../src/kernel/version.ts'
import type { Checkout } from './gateway.ts'

/** Where and with what it was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Gigabytes (10^9 bytes). */
  readonly memory: number
  readonly kernel: string
  readonly node: string
  readonly postgresql: string
  readonly version: string
  /** Commit of the checkout; with `+` where files differ from it. */
  readonly commit: string
}

/** Looks it up. */
export function describeMachine(checkout: Checkout, postgresql: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 1e9),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    postgresql,
    version: packageVersion(),
    commit: commitOf(checkout),
  }
}

/** Its commit, as {@link Machine} has it. */
export function commitOf({ root }: Checkout): string {
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'templates', 'migrations') === '' ? '' : '+'
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`
  } catch {
    return 'no git checkout'
  }
}
