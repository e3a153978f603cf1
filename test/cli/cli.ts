import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import { WEBASSEMBLY_FLAGS } from '../../src/cli/heap.ts'
import { createLog } from '../../src/kernel/log.ts'
import { embeddedFolder } from '../services/database.ts'
import { nodeEnvironment } from '../services/node-environment.ts'
import { runInProcess } from './in-process.ts'

const MAIN = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))

/** Part of every secret and of every patient's id that these tests use: no output may have it. */
export const MARK = 'mArKeD0987654321'

/** A patient's id with the mark. */
export const PATIENT = `P${MARK}`

/** What a command ended with. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess
  /** Resolves once stdout and stderr together match, with the match. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

/** How to run a command. Nothing of this process's environment reaches it but the path. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** The folder to run in; an empty one if absent, where there is no `.env`. */
  readonly cwd?: string
}

function environmentOf({ env }: RunOptions, cwd: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: cwd, ...nodeEnvironment(), TEAMS_HTTP_PORT: '0', ...env }
}

/** Starts `claimlinc-teams` in a process of its own, ended with the test. */
export function startCli(args: readonly string[], options: RunOptions = {}): Running {
  const { stdin, cwd = embeddedFolder() } = options
  // As `serve` runs: opening the embedded database takes a quarter less CPU.
  const child = spawn(process.execPath, [...WEBASSEMBLY_FLAGS, MAIN, ...args], {
    cwd,
    env: environmentOf(options, cwd),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of listeners) listener()
    })
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin ?? '')
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    for (const listener of listeners) listener()
    return { code, signal, ...output }
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    const { stdout, stderr } = await ended
    expect(stdout + stderr).not.toContain(MARK)
  })
  return {
    child,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const text = output.stdout + output.stderr
          const match = pattern.exec(text)
          if (match) resolve(match)
          else if (child.exitCode !== null || child.signalCode !== null)
            reject(new Error(`it ended and never said ${pattern}:\n${text}`))
          if (match) listeners.delete(look)
        }
        listeners.add(look)
        look()
      }),
  }
}

/** Runs `claimlinc-teams` to its end in this process, and `serve` in one of its own. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  if (args.includes('serve')) return startCli(args, options).ended
  const { stdin = '', cwd = embeddedFolder() } = options
  const ended = await runInProcess(args, { env: environmentOf(options, cwd), stdin, cwd })
  expect(ended.stdout + ended.stderr).not.toContain(MARK)
  return ended
}

/** Runs it with `--json`, and parses what it printed on stdout, which is one JSON document. */
export async function runJson(args: readonly string[], options?: RunOptions) {
  const ended = await runCli([...args, '--json'], options)
  return { ...ended, answer: JSON.parse(ended.stdout) }
}

/** Starts `serve` and resolves once it listens. */
export async function startServe(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const running = startCli(['serve', ...args], { env: { TEAMS_LOG_LEVEL: 'warn', ...env } })
  const [, origin = ''] = await running.says(/listens on (http:\/\/\S+)/)
  return { ...running, origin, port: new URL(origin).port }
}

/**
 * Serves a gateway in this process, stopped after the test: a third of the CPU time of {@link startServe}, which is for tests
 * of the process itself.
 */
export async function serveHere(env: Readonly<Record<string, string>>): Promise<ServedGateway> {
  let logged = ''
  const lines = new Writable({
    write(text, _encoding, done) {
      logged += String(text)
      done()
    },
  })
  const log = createLog(env.TEAMS_LOG_LEVEL ?? 'warn', lines)
  const gateway = await serveGateway({ env: { TEAMS_HTTP_PORT: '0', ...env }, log })
  onTestFinished(async () => {
    await gateway.stop()
    expect(logged).not.toContain(MARK)
  })
  return gateway
}

/** Makes the sandbox behind a gateway misbehave on one channel. */
export async function setFaults(origin: string, channel: string, faults: object): Promise<void> {
  const url = `${origin}/sandbox/channels/${channel}/faults`
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(faults) })
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status}: ${await answer.text()}`)
}
