import { setFlagsFromString } from 'node:v8'

/**
 * Megabytes of each half of V8's space for new objects. By default V8 takes more on a machine with much memory (67 MB for
 * both halves together), which a gateway fills within seconds and never gives back while it works. Below 16 cards under
 * way are taken for old, and collecting the old is dear: 8 needs as much memory in the end.
 */
export const HALF_OF_NEW_SPACE = 16

/**
 * How much the old objects may grow, in percent of those in use, before V8 looks which of them are garbage. By default
 * they may become four times as many, and at first some hundred megabytes, with a few large pauses instead of many
 * small ones. It is relative: a gateway that needs much has much, and no limit ends it.
 */
export const GROWTH_OF_OLD_SPACE = 30

const NEW_SPACE = '--max-semi-space-size'
const OLD_SPACE = '--heap-growing-percent'

/** What it needs of `process`; stated for tests. */
export interface StartedProcess {
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly argv: readonly string[]
  readonly argv0: string
  readonly env: NodeJS.ProcessEnv
  readonly channel?: unknown
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): never
}

/**
 * Lets this process keep garbage for less long, for a command that runs for months. Whatever the user has said of a flag, on
 * Node's command line or in NODE_OPTIONS, stays.
 *
 * The size of the space for new objects can only be given when Node starts. So Node starts anew in the same process (same
 * process id, same standard streams), which takes a tenth of a second; a child process would have to be told of
 * each signal, and would outlive a parent that is killed. It is left as it is where that can not be done: on
 * Windows, and where a parent process listens on a channel, which would be lost (`fork`, `node --watch`).
 */
export function keepHeapSmall(started: StartedProcess = process): void {
  const said = [...started.execArgv, ...(started.env.NODE_OPTIONS ?? '').split(/\s+/)].map(flagOf)
  if (!said.includes(OLD_SPACE)) setFlagsFromString(`${OLD_SPACE}=${GROWTH_OF_OLD_SPACE}`)
  // Said already, by the user or by ourselves just now; or an older Node than we know or a newer one has another name for it.
  if (said.includes(NEW_SPACE) || !process.allowedNodeEnvironmentFlags.has(NEW_SPACE)) return
  if (started.execve === undefined || started.channel !== undefined) return
  const flags = [...started.execArgv, `${NEW_SPACE}=${HALF_OF_NEW_SPACE}`]
  try {
    started.execve(started.execPath, [started.argv0, ...flags, ...started.argv.slice(1)], started.env)
  } catch {
    // Node's permission model forbids it, or this is a worker: it works all the same, with more memory.
  }
}

/** V8 takes `_` for `-` in the names of flags. */
function flagOf(argument: string): string {
  return argument.replace(/=.*$/s, '').replaceAll('_', '-')
}
