import { readFileSync } from 'node:fs'
import { EXIT } from '../kernel/exit-codes.ts'
import type { Output } from './output.ts'

/** A request to stop: Ctrl-C, SIGTERM of a supervisor, or the end of npm. */
export interface StopSignal {
  /** Aborted by the first request. */
  readonly signal: AbortSignal
  /** Resolves at the same moment. */
  readonly requested: Promise<void>
}

/**
 * Listens for SIGINT and SIGTERM: the first requests an orderly stop, the second ends the process at once. The end of npm also
 * requests a stop, if npm started the process, see {@link whenNpmIsGone}.
 */
export function listenForStop(output: Output): StopSignal {
  const stop = new AbortController()
  const requested = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        if (stop.signal.aborted) {
          output.note(`${name} again: stopped at once. Posts in flight are sent again at the next start.`)
          process.exit(EXIT.no)
        }
        requestStop(name)
      })
    whenNpmIsGone(() => {
      // Ctrl-C reaches both npm and this process: the stop is requested already.
      if (!stop.signal.aborted) requestStop('npm, which started this, is gone')
    })
    function requestStop(why: string): void {
      output.note(
        `${why}: stopping; posts in flight are finished or returned to pending. A second signal stops at once.`,
      )
      stop.abort()
      resolve()
    }
  })
  return { signal: stop.signal, requested }
}

/** Short enough: a supervisor waits tens of seconds between SIGTERM and SIGKILL. */
const NPM_CHECK_INTERVAL_MS = 250

const SHELL = /^(?:ba|da|a|k|z)?sh$|^busybox$/

/**
 * Calls `onGone` when the npm that started this process has ended. Neither `npm start` nor `npx` passes SIGTERM on: a supervisor
 * would stop npm alone, and the gateway would go on with its port and data folder. Does nothing if npm did not start the
 * process: `nohup` and daemons outlive their parent on purpose.
 *
 * npm runs a shell, which most often becomes the command by `exec`. If the shell stays in between, its parent is checked, which
 * `/proc` has on Linux only.
 */
function whenNpmIsGone(onGone: () => void, env: NodeJS.ProcessEnv = process.env): void {
  if (env.npm_command === undefined) return
  const parent = process.ppid
  const npm = SHELL.test(read(parent, 'comm').trim()) ? parentOf(parent) : undefined
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || parentOf(parent) === npm)) return
    clearInterval(timer)
    onGone()
  }, NPM_CHECK_INTERVAL_MS)
  timer.unref()
}

/** Reads a process's parent from `/proc/<pid>/stat`: the second field behind the name in brackets, which may contain brackets. */
function parentOf(pid: number): number | undefined {
  const parent = /^.*\) \S+ (\d+) /s.exec(read(pid, 'stat'))?.[1]
  return parent === undefined ? undefined : Number(parent)
}

/** Reads a file of `/proc/<pid>`; empty on other systems, and for a process that has ended. */
function read(pid: number, file: 'comm' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
