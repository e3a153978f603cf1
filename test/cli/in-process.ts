import { Readable, Writable } from 'node:stream'
import { openGateway } from '../../src/app/open-gateway.ts'
import { createOutput } from '../../src/cli/output.ts'
import { runCommand } from '../../src/cli/run.ts'
import { createLog } from '../../src/kernel/log.ts'

/** What a command is given. */
export interface Given {
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string
  readonly cwd: string
}

let previous: Promise<unknown> = Promise.resolve()

/**
 * Runs a command to its end in this process, as `src/app/main.ts` does in one of its own: starting Node, loading the code and
 * compiling the embedded database take most of a short command's CPU time. `test/own-services/commands.test.ts` compares the two for each
 * command. Not for `serve`, which listens for signals.
 *
 * While it runs, `process` has the command's environment, streams and folder, so one command runs after the other.
 */
export function runInProcess(args: readonly string[], given: Given) {
  const run = previous.then(() => runAlone(args, given))
  previous = run.catch(() => undefined)
  return run
}

async function runAlone(args: readonly string[], { env, stdin, cwd }: Given) {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(text, _encoding, done) {
        written[name] += String(text)
        done()
      },
    })
  const streams = { stdin: Readable.from([Buffer.from(stdin)]), stdout: stream('stdout'), stderr: stream('stderr') }
  const restore = replaceInProcess({ ...streams, env: { ...env } }, cwd)
  try {
    const code = await runCommand(args, createOutput(streams, args.includes('--json')), {
      serve: () => Promise.reject(new Error('serve needs a process of its own')),
      open: (options) => {
        // By default the log writes to the file descriptor of stderr, which belongs to the test runner here.
        const log = createLog(options.env?.TEAMS_LOG_LEVEL ?? 'info', streams.stderr)
        return openGateway({ ...options, log })
      },
    })
    return { code, signal: null, ...written }
  } finally {
    restore()
  }
}

/** Replaces properties of `process` and its working folder; returns what puts them back. */
function replaceInProcess(values: Readonly<Record<string, unknown>>, cwd: string): () => void {
  const folder = process.cwd()
  const before = Object.keys(values).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process, name) ?? {}] as const,
  )
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true })
  process.chdir(cwd)
  return () => {
    process.chdir(folder)
    for (const [name, descriptor] of before) Object.defineProperty(process, name, descriptor)
  }
}
