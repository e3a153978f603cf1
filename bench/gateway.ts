import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyCheckout } from '../breakages/breakage.ts'
import { run } from '../scripts/services/run.ts'
import { guard, privateFolder } from '../test/services/program.ts'
import { nowMs, peakMemory } from './process-facts.ts'

/** Where a gateway's files are: a checkout, or a copy of it that is built or has something broken. */
export interface Checkout {
  readonly root: string
}

/** The checkout that this file lies in. */
export const OWN_CHECKOUT: Checkout = { root: fileURLToPath(new URL('..', import.meta.url)) }

/**
 * Builds a checkout's gateway in a folder of its own, as it is published: what runs at users' is JavaScript, and a process
 * that strips types keeps the compiler, 15 to 20 MB, in its memory.
 *
 * @throws Error when it does not build
 */
export function buildGateway(checkout: Checkout, folder: string): Checkout {
  copyCheckout(checkout.root, folder)
  execFileSync(process.execPath, [join(folder, 'scripts/build.ts')], { cwd: folder, stdio: ['ignore', 2, 2] })
  // `bin` runs the source where it finds it. The rest stays: bench reads there which settings a gateway knows.
  rmSync(join(folder, 'src/app/main.ts'))
  return { root: folder }
}

/** A gateway that runs as users run it, by its command line. */
export interface Gateway {
  readonly origin: string
  readonly pid: number
  /** Peak resident memory so far, in megabytes (10^6 bytes). */
  peakMemory(): number
  /** Stops it in an orderly way; with a profile, waits until that is written. */
  stop(): Promise<void>
}

/** What a gateway is started with. */
export interface GatewayStart {
  readonly checkout: Checkout
  readonly settings: Readonly<Record<string, string>>
  /** Folder and file name of a CPU profile to write at its end. */
  readonly profile?: { readonly folder: string; readonly name: string } | undefined
}

/** Starts `claimlinc-teams serve` and resolves once it listens. It reads no `.env`: it runs in an empty folder. */
export async function startGateway(start: GatewayStart): Promise<Gateway> {
  const folder = privateFolder('bench')
  // Ends the gateway and removes its folder even when we are killed.
  const guardian = guard(folder, undefined)
  const { profile } = start
  const flags = profile
    ? ['--cpu-prof', `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${profile.name}.cpuprofile`]
    : []
  const child = spawn(process.execPath, [...flags, program(start.checkout), 'serve', '--json'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...start.settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  guardian.watch(child.pid)
  try {
    const origin = await listening(child)
    return {
      origin,
      pid: child.pid ?? 0,
      peakMemory: () => peakMemory(child.pid ?? 0),
      async stop() {
        await end(child)
        guardian.watch(undefined)
        await guardian.release()
      },
    }
  } catch (error) {
    await guardian.release()
    throw error
  }
}

/**
 * Starts several on one database: the first alone, since it makes the tables of the job engine, then the others together.
 * Profiles are named after the replica: `name-1`, `name-2` …
 */
export async function startGateways(count: number, start: GatewayStart): Promise<Gateway[]> {
  const { profile } = start
  const started = (replica: number) =>
    startGateway({ ...start, profile: profile && { ...profile, name: `${profile.name}-${replica}` } })
  const first = await started(1)
  const others = await Promise.allSettled(Array.from({ length: count - 1 }, (_, index) => started(index + 2)))
  const failed = others.find((one) => one.status === 'rejected')
  const gateways = [first, ...others.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))]
  if (failed) {
    await Promise.all(gateways.map((gateway) => gateway.stop()))
    throw failed.reason
  }
  return gateways
}

/** Runs one command of a gateway's command line to its end. @throws Error with what it printed when it fails */
export async function runCommand(
  checkout: Checkout,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(process.execPath, [program(checkout), ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`claimlinc-teams ${args.join(' ')} ended with ${code}\n${printed.trim()}`)
}

/**
 * Runs one command of a gateway's command line to its end; its seconds, its peak memory in megabytes and its output.
 *
 * @throws Error with what it printed when it fails
 */
export async function measureCommand(
  checkout: Checkout,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly output: string; readonly seconds: number; readonly peakMemory: number }> {
  const began = nowMs()
  const child = spawn(process.execPath, [program(checkout), ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let peak = 0
  const watch = setInterval(() => {
    // A process that has just ended has no memory any more, and its entry in /proc lacks the line.
    if (child.pid !== undefined && child.exitCode === null) peak = Math.max(peak, peakMemory(child.pid) || 0)
  }, 50)
  const printed = run(child)
  const { code, output } = await printed.finally(() => clearInterval(watch))
  if (code !== 0) throw new Error(`claimlinc-teams ${args.join(' ')} ended with ${code}\n${output.trim()}`)
  return { output, seconds: (nowMs() - began) / 1000, peakMemory: peak }
}

function program({ root }: Checkout): string {
  return join(root, 'bin/claimlinc-teams.js')
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    let printed = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      const origin = /"origin":\s*"([^"]+)"/.exec(answer)?.[1]
      if (origin) resolve(origin)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-4_000)
    })
    // Once its output is closed too, or its last words would be missing.
    child.once('close', (code, signal) => {
      reject(
        new Error(`a gateway ended with ${code ?? signal} before it listened\n${answer.trim()}\n${printed.trim()}`),
      )
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  // A graceful stop takes TEAMS_SHUTDOWN_TIMEOUT at most; one that takes longer shall not hold up the bench.
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await gone
  clearTimeout(timer)
}
