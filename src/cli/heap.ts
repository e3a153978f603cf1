import { setFlagsFromString } from 'node:v8'

/**
 * Megabytes of each half of V8's space for new objects. By default V8 takes up to 64 for each half, depending on the machine's
 * memory; a gateway under load fills them within seconds. With 8 so much that is under way counts as old that it takes as
 * much memory in the end, and more time.
 */
export const HALF_OF_NEW_SPACE = 16

/**
 * How much the old objects may grow before V8 looks which of them are garbage, in percent of what was left the last time. By
 * default they become several times as many first. Buffers count as well, and a loaded gateway has 15 MB of them under
 * way: of 60 percent they leave half, and V8 looks four times a second, which takes a tenth of the CPU. 75 leave half as
 * much again, for 10 to 20 MB. It is no limit: a gateway that needs much memory has it.
 */
export const GROWTH_OF_OLD_SPACE = 75

/** Heaps of glibc. By default each thread gets one of its own and keeps what the compiler once needed there. */
const MALLOC_ARENAS = '2'

/**
 * Leaves WebAssembly as it is compiled at first. To optimize the embedded database takes 500 MB at each start, for a moment and
 * more than all the rest together; without that its statements take a quarter more time. Node has one more piece
 * of WebAssembly, the reader of HTTP answers, on which it makes no difference. Only for the Node whose V8 is known to
 * have it, as Node does not start with a flag that it does not know.
 */
export const WEBASSEMBLY = process.versions.node.startsWith('24.') ? ['--liftoff-only'] : []

const NEW_SPACE = '--max-semi-space-size'
const OLD_SPACE = '--heap-growing-percent'

/** What is needed of `process`. */
export interface StartedProcess {
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly argv0: string
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly channel?: unknown
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): never
}

/**
 * Lets this process keep less garbage, for a command that runs for months. What the user has said of a flag, on Node's
 * command line or in NODE_OPTIONS, holds.
 *
 * The space for new objects has to be sized when Node starts. So Node starts anew in this same process, with the same
 * process id and standard streams, which takes a tenth of a second. (A child process would have to be told of each signal,
 * would outlive a parent that is killed, and the parent alone takes 45 MB.) Where that can not be done it goes on as it
 * is: on Windows, in a worker, and where a parent process listens on a channel (`fork`, `node --watch`), which would be lost.
 */
export function keepHeapSmall(started: StartedProcess = process): void {
  const said = [...started.execArgv, ...(started.env.NODE_OPTIONS ?? '').split(/\s+/)].map(flagOf)
  if (!said.includes(OLD_SPACE)) setFlagsFromString(`${OLD_SPACE}=${GROWTH_OF_OLD_SPACE}`)
  // Said by the user, or by ourselves before this start. A Node that has no such flag must not be started with it.
  if (said.includes(NEW_SPACE) || !process.allowedNodeEnvironmentFlags.has(NEW_SPACE)) return
  if (started.execve === undefined || started.channel !== undefined) return
  const flags = [...started.execArgv, `${NEW_SPACE}=${HALF_OF_NEW_SPACE}`, ...WEBASSEMBLY]
  try {
    started.execve(started.execPath, [started.argv0, ...flags, ...started.argv.slice(1)], {
      MALLOC_ARENA_MAX: MALLOC_ARENAS,
      ...started.env,
    })
  } catch {
    // A worker, or Node's permission model: it works all the same, with more memory.
  }
}

/** V8 takes `_` for `-` in the names of flags. */
function flagOf(argument: string): string {
  return argument.replace(/=.*$/s, '').replaceAll('_', '-')
}
