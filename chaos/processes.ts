import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { findOnPath } from '../test/services/find.ts'

/** A program that was started for a scenario. */
export interface Started {
  readonly pid: number
  /** Resolves with how it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Resolves with the first text of its output that `find` makes something of; rejects when it ends before. */
  readonly ready: Promise<string>
  send(signal: NodeJS.Signals): void
}

/**
 * Starts a program that ends with this process, even on SIGKILL: an abandoned gateway would go on posting.
 * (`setpriv` of util-linux asks the kernel for that and then becomes the program, so the process id stays.)
 */
export function start(options: {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** File for what it prints. */
  readonly errors: string
  /** Finds in the output so far what says that it is ready. */
  readonly find: (output: string) => string | undefined
}): Started {
  const errors = openSync(options.errors, 'a')
  const setpriv = findOnPath('setpriv')
  const [command = '', ...args] = [
    ...(setpriv ? [setpriv, '--pdeathsig', 'KILL'] : []),
    options.command,
    ...options.args,
  ]
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ['ignore', 'pipe', errors],
  })
  closeSync(errors)
  const ended = exitOf(child)
  return {
    pid: child.pid ?? 0,
    ended,
    ready: readiness(child, options, ended),
    send: (signal) => void child.kill(signal),
  }
}

function exitOf(child: ChildProcess): Started['ended'] {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: 127, signal: null }))
  })
}

function readiness(
  child: ChildProcess,
  { find, errors }: { readonly find: (output: string) => string | undefined; readonly errors: string },
  ended: Started['ended'],
) {
  const ready = new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000)
      appendFileSync(errors, text)
      const found = find(output)
      if (found !== undefined) resolve(found)
    })
    ended.then(({ code, signal }) => reject(new Error(`ended with ${code ?? signal} before it was ready`)))
  })
  // Without a caller that awaits it, its rejection would be unhandled.
  ready.catch(() => undefined)
  return ready
}

/** The first line that is a URL. */
export const originIn = (output: string): string | undefined => /^(https?:\/\/\S+)$/m.exec(output)?.[1]
