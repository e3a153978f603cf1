import { join } from 'node:path'
import type { TimelineEvent } from './history.ts'
import { type Started, start } from './processes.ts'

/** One replica of the gateway: a place in which one process after the other runs. */
export interface Replica {
  readonly name: string
  /** The process that runs there now, `g1-3` for the third of replica g1; undefined where none does. */
  readonly process: string | undefined
  /** Where it listens; undefined until it does. */
  readonly origin: string | undefined
  /** Where the pages of its buttons are; undefined where it serves none. */
  readonly publicOrigin: string | undefined
  /** Process id while it runs. */
  readonly pid: number | undefined
  /** Starts a process; resolves when it listens, rejects when it ends before. */
  start(options?: StartOptions): Promise<void>
  /** Resolves when the process that runs there listens, or has ended. */
  settled(): Promise<void>
  /** SIGKILL; resolves when it is gone. Nothing happens where nothing runs. */
  kill(): Promise<void>
  /** SIGTERM; resolves with its exit code when it is gone. */
  stop(): Promise<number | null>
  signal(name: NodeJS.Signals): void
}

/** A gateway ended before it listened. The checker decides whether that is a violation; the scenario ends early and is checked. */
export class NotStarted extends Error {}

/** What is particular about one start. */
export interface StartOptions {
  /** The checkout to run; the scenario's own if absent. */
  readonly root?: string
  readonly version?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly nodeArgs?: readonly string[]
}

/** Makes a replica that does not run yet. `record` writes down what becomes of its processes. */
export function createReplica(options: {
  readonly name: string
  readonly folder: string
  readonly root: string
  readonly version: string
  /** Its environment; `process` is the name of the process. */
  readonly env: (process: string) => Readonly<Record<string, string | undefined>>
  readonly record: (kind: TimelineEvent) => void
  readonly publicPort: number | undefined
}): Replica {
  const { name, folder, record } = options
  let incarnation = 0
  let running: { name: string; started: Started; origin: string | undefined; asked: string | null } | undefined

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const mine = running
    if (!mine) return null
    mine.asked ??= signal
    record({ kind: 'signalled', process: mine.name, signal })
    mine.started.send(signal)
    const { code } = await mine.started.ended
    return code
  }

  return {
    name,
    get process() {
      return running?.name
    },
    get origin() {
      return running?.origin
    },
    publicOrigin: options.publicPort === undefined ? undefined : `http://127.0.0.1:${options.publicPort}`,
    get pid() {
      return running?.started.pid
    },
    async start(given = {}) {
      const process_ = `${name}-${++incarnation}`
      const root = given.root ?? options.root
      const started = start({
        command: process.execPath,
        args: [...(given.nodeArgs ?? []), join(root, 'bin/claimlinc-teams.js'), 'serve', '--json'],
        cwd: folder,
        env: { ...options.env(process_), ...given.env },
        errors: join(folder, `${name}.log`),
        find: (output) => /"origin":\s*"([^"]+)"/.exec(output)?.[1],
      })
      const mine = { name: process_, started, origin: undefined as string | undefined, asked: null as string | null }
      running = mine
      record({ kind: 'started', process: process_, pid: started.pid, version: given.version ?? options.version })
      void started.ended.then(({ code, signal }) => {
        record({ kind: 'exited', process: process_, code, signal, asked: mine.asked })
        if (running === mine) running = undefined
      })
      mine.origin = await started.ready.catch((error: unknown) => {
        throw new NotStarted(`${process_} ${error instanceof Error ? error.message : String(error)}`)
      })
      record({ kind: 'ready', process: process_, pid: started.pid, version: given.version ?? options.version })
    },
    async settled() {
      await running?.started.ready.catch(() => undefined)
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    signal: (signal) => running?.started.send(signal),
  }
}
