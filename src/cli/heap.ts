import { setFlagsFromString } from 'node:v8'

/**
 * Megabytes of one semi-space of V8; its young generation has two. By default a semi-space grows up to 64 MB, depending on the
 * machine's memory, and a gateway under load fills it within seconds. With 8 MB, so many objects of posts in flight are promoted
 * to the old generation that the process needs as much memory, and more time.
 */
export const SEMI_SPACE_MB = 16

/**
 * The same for `audit export` and `audit verify`, which handle one entry after the other and hold none: with 16 MB they need 25
 * MB more, and no less time.
 */
export const AUDIT_SEMI_SPACE_MB = 4

/**
 * Growth of the old generation that starts its next garbage collection, in percent of its size after the last one. By default
 * it grows several times over. Buffers count too, and a gateway under load has 15 MB of them: with 60 percent they take half of
 * the growth, and V8 collects four times a second, which takes a tenth of the CPU. 75 percent leave half as much again, and
 * cost 10 to 20 MB. This is no limit: the heap still grows to the memory that a gateway needs.
 */
const HEAP_GROWING_PERCENT = 75

/** `MALLOC_ARENA_MAX` of glibc. By default each thread has its own arena, which keeps the memory of V8's compiler threads. */
const MALLOC_ARENA_MAX = '2'

/**
 * Compiles WebAssembly with V8's baseline compiler, Liftoff, only. Optimizing the embedded database takes 500 MB for a moment at
 * each start, more than the rest of the process; without it, its statements take a quarter more time. Node's only other
 * WebAssembly, the parser of HTTP responses, is as fast. Only for Node 24, whose V8 has the flag: Node does not start with an
 * unknown flag.
 */
export const WEBASSEMBLY_FLAGS = process.versions.node.startsWith('24.') ? ['--liftoff-only'] : []

const SEMI_SPACE_FLAG = '--max-semi-space-size'
const HEAP_GROWING_FLAG = '--heap-growing-percent'

/** The part of `process` that {@link keepHeapSmall} reads. */
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
 * Makes V8 collect garbage earlier, for a command that runs for months or reads millions of entries. Flags that the user has set, on Node's command line or in
 * NODE_OPTIONS, are not changed.
 *
 * The semi-space can only be sized when Node starts. So `process.execve` starts Node again in this same process, with the same
 * process id and standard streams, which takes a tenth of a second. Rejected: a child process, to which each signal would have
 * to be passed on, which outlives a killed parent, and whose parent takes 45 MB. Goes on without `execve` on Windows, in a
 * worker, and with an IPC channel to a parent process (`fork`, `node --watch`), which would be lost.
 */
export function keepHeapSmall(started: StartedProcess = process, semiSpaceMb = SEMI_SPACE_MB): void {
  const userFlags = [...started.execArgv, ...(started.env.NODE_OPTIONS ?? '').split(/\s+/)].map(flagOf)
  if (!userFlags.includes(HEAP_GROWING_FLAG)) setFlagsFromString(`${HEAP_GROWING_FLAG}=${HEAP_GROWING_PERCENT}`)
  // Set by the user, or by the execve that started this Node. A Node without the flag would not start with it.
  if (userFlags.includes(SEMI_SPACE_FLAG) || !process.allowedNodeEnvironmentFlags.has(SEMI_SPACE_FLAG)) return
  if (started.execve === undefined || started.channel !== undefined) return
  const flags = [...started.execArgv, `${SEMI_SPACE_FLAG}=${semiSpaceMb}`, ...WEBASSEMBLY_FLAGS]
  try {
    started.execve(started.execPath, [started.argv0, ...flags, ...started.argv.slice(1)], {
      MALLOC_ARENA_MAX,
      ...started.env,
    })
  } catch {
    // Refused in a worker or by Node's permission model: the command goes on, and uses more memory.
  }
}

/** Name of a flag without its value. V8 reads `_` in a flag's name as `-`. */
function flagOf(argument: string): string {
  return argument.replace(/=.*$/s, '').replaceAll('_', '-')
}
