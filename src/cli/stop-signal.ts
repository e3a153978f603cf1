import { readFileSync } from 'node:fs'
import { EXIT } from '../kernel/exit-codes.ts'
import type { Output } from './output.ts'

/** Asks the process to stop: Ctrl-C, or whoever runs it as a service. */
export interface StopSignal {
  /** Aborted with the first signal. */
  readonly signal: AbortSignal
  /** Resolves with it. */
  readonly requested: Promise<void>
}

/**
 * From now on the first SIGINT or SIGTERM asks for an orderly stop, and the second ends the process at once. So does the end of
 * npm where that started the process, see {@link whenNpmIsGone}.
 */
export function listenForStop(output: Output): StopSignal {
  const stop = new AbortController()
  const requested = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        if (stop.signal.aborted) {
          output.note(`${name} again: stopped at once. What was under way is sent again at the next start.`)
          process.exit(EXIT.no)
        }
        begin(name)
      })
    whenNpmIsGone(() => {
      // Ctrl-C reaches npm and this process alike.
      if (!stop.signal.aborted) begin('npm, which started this, is gone')
    })
    function begin(why: string): void {
      output.note(`${why}: stopping; cards under way are finished or handed back. A second signal stops at once.`)
      stop.abort()
      resolve()
    }
  })
  return { signal: stop.signal, requested }
}

/** Milliseconds between two looks; a supervisor waits tens of seconds before it kills. */
const LOOK_EVERY_MS = 250

const SHELL = /^(?:ba|da|a|k|z)?sh$|^busybox$/

/**
 * Calls back once npm, where it started this process, is gone. Neither `npm start` nor `npx` passes SIGTERM on: what a
 * supervisor stops is npm alone, and the gateway would go on, holding port and folder. Does nothing where npm did not start
 * it: a parent that ends is otherwise none of its business (`nohup`, daemons).
 *
 * npm runs a shell, which most often becomes the command; where it stays in between, its own parent is looked at, which only
 * Linux tells.
 */
export function whenNpmIsGone(gone: () => void, env: NodeJS.ProcessEnv = process.env): void {
  if (env.npm_command === undefined) return
  const parent = process.ppid
  const npm = SHELL.test(read(parent, 'comm').trim()) ? parentOf(parent) : undefined
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || parentOf(parent) === npm)) return
    clearInterval(timer)
    gone()
  }, LOOK_EVERY_MS)
  timer.unref()
}

/** Behind the name in brackets, which may hold anything, come the state and the parent. */
function parentOf(pid: number): number | undefined {
  const parent = /^.*\) \S+ (\d+) /s.exec(read(pid, 'stat'))?.[1]
  return parent === undefined ? undefined : Number(parent)
}

/** What Linux says of a process; nothing on other systems, and of one that is gone. */
function read(pid: number, file: 'comm' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
