import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, readFileSync, statfsSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The user that a service runs as, where it must not run as ours. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** A program to run as a service for tests. */
export interface ProgramOptions {
  /** Its name in error messages. */
  readonly name: string
  /** Its folder, from {@link privateFolder}; removed at the end. */
  readonly folder: string
  readonly owner: Owner | undefined
  readonly command: string
  readonly args: readonly string[]
  /** Variables of its environment, besides PATH, LC_ALL and TZ. */
  readonly env?: Readonly<Record<string, string>>
  /** What it prints once it serves. */
  readonly ready: RegExp
  /** The signal on which it stops in an orderly way. */
  readonly stopSignal: NodeJS.Signals
  /** The signal on which it and its child processes end at once; for the guardian. */
  readonly abandonSignal: NodeJS.Signals
}

/** A running service. */
export interface Program {
  readonly folder: string
  /** Process id while it runs. */
  readonly pid: number | undefined
  /** Stops it in an orderly way and removes its folder. */
  stop(): Promise<void>
  /** SIGKILL, as a crash would have it; the folder stays, for {@link Program.restart}. */
  kill(): Promise<void>
  /** Starts it again on the same folder and port, after an orderly stop where it still runs. */
  restart(): Promise<void>
  /** Sends it a signal, for example SIGSTOP to let it hang and SIGCONT to let it go on. */
  signal(name: NodeJS.Signals): void
}

/**
 * Outlives us by a moment: reads from a pipe which process to look after, and when the pipe closes, because we are done or
 * because we were killed, ends that process and removes the folder. So not even SIGKILL leaves a server or a
 * folder behind. (Exit handlers do not run then, and Vitest does not run its teardown on Ctrl-C.)
 * A zombie that is not reaped (PID 1 of many containers reaps none) counts as ended.
 */
const GUARDIAN = `
folder=$1 signal=$2 pid=
while read -r line; do pid=$line; done
alive() { kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; }
if [ -n "$pid" ] && kill -s "$signal" "$pid" 2>/dev/null; then
  checks=0
  while [ $checks -lt 200 ] && alive; do checks=$((checks + 1)); sleep 0.05; done
fi
rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; }
`

/** Starts a shell that ends the process whose id it read last and removes `folder`, once this process has ended or closed the pipe. */
export function guard(folder: string, owner: Owner | undefined, abandonSignal: NodeJS.Signals = 'SIGKILL') {
  const shell = spawn('/bin/sh', ['-c', GUARDIAN, 'guardian', folder, abandonSignal.replace('SIG', '')], {
    ...owner,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const gone = ended(shell)
  shell.stdin.on('error', () => {})
  shell.unref()
  return {
    /** Names the process to end with us; undefined for none. */
    watch(pid: number | undefined): void {
      shell.stdin.write(`${pid ?? ''}\n`)
    },
    /** Lets it do its work now. */
    async release(): Promise<void> {
      shell.ref()
      shell.stdin.end()
      await gone
    },
  }
}

/** Starts a program and resolves once it serves. @throws Error with its last output when it does not. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const guardian = guard(options.folder, options.owner, options.abandonSignal)
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    child = await launch(options, (pid) => guardian.watch(pid))
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child
    if (!running) return
    running.ref()
    const gone = ended(running)
    running.kill(signal)
    if (signal !== 'SIGKILL') running.kill('SIGCONT')
    await gone
    child = undefined
    guardian.watch(undefined)
  }
  try {
    await start()
  } catch (error) {
    await guardian.release()
    throw error
  }
  return {
    folder: options.folder,
    get pid() {
      return child?.pid
    },
    async stop() {
      await end(options.stopSignal)
      await guardian.release()
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end(options.stopSignal)
      await start()
    },
    signal(name) {
      child?.kill(name)
    },
  }
}

function launch(options: ProgramOptions, started: (pid: number | undefined) => void): Promise<ChildProcess> {
  const child = spawn(options.command, options.args, {
    ...options.owner,
    cwd: options.folder,
    // A terminal's Ctrl-C must reach the tests first and the service last.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // In English, because the line that says "ready" is looked for.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...options.env },
  })
  started(child.pid)
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (what: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      started(undefined)
      reject(new Error(`${options.name} ${what}.\n${output.trim()}`))
    }
    const timer = setTimeout(() => fail('did not start within 60 s'), 60_000)
    const exited = () => fail('stopped before it was ready')
    child.once('error', (error) => fail(`could not be started: ${error.message}`))
    child.once('exit', exited)
    const streams = [child.stdout, child.stderr]
    const read = (text: string) => {
      output = (output + text).slice(-4_000)
      if (!options.ready.test(output)) return
      clearTimeout(timer)
      child.off('exit', exited)
      // Read to the end and dropped, because a full pipe would stop the service.
      for (const stream of streams) stream.off('data', read).resume()
      // Whoever forgets to stop it can still exit; the guardian then does the rest.
      child.unref()
      for (const stream of streams) if (stream instanceof Socket) stream.unref()
      resolve(child)
    }
    for (const stream of streams) stream.setEncoding('utf8').on('data', read)
  })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
}

/**
 * A new folder that only `owner` can read. For another user than ours it lies in /tmp, because TMPDIR may be closed to
 * that user. Where its files need not survive a power failure, it lies in memory if there is room.
 */
export function privateFolder(name: string, owner?: Owner, durable = true): string {
  const parent = (durable ? undefined : memoryFolder()) ?? (owner ? '/tmp' : tmpdir())
  const folder = mkdtempSync(join(parent, `claimlinc-teams-${name}-`))
  chmodSync(folder, 0o700)
  if (owner) chownSync(folder, owner.uid, owner.gid)
  return folder
}

/** Bytes that the databases of a run have room for; its largest ones together have less than 1 GB. */
const ROOM_BYTES = 4 * 2 ** 30

/**
 * Linux's file system in memory, where copying an embedded database takes an eighth of the CPU time, and making a database on
 * PostgreSQL less than half; undefined where there is none, or no room: Docker gives a container 64 MB.
 */
function memoryFolder(): string | undefined {
  const folder = '/dev/shm'
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return Math.min(bavail * bsize, process.availableMemory()) < ROOM_BYTES ? undefined : folder
  } catch {
    return undefined
  }
}

/** A user without rights to run a service as when we are root: `postgres`, else `nobody`; undefined when we are not root. */
export function unprivilegedOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as.')
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/** Retries with another port when the chosen one was taken before the start. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (tries === 5 || !(error instanceof Error) || !/address already in use/i.test(error.message)) throw error
    }
  }
}
