import { inspect } from 'node:util'
import { createLog, type Log } from '../../../src/kernel/log.ts'
import type { Captured } from './marks.ts'

/** Milliseconds after which a line that was waited for is said not to come. */
const LONGEST_WAIT = 60_000

/** Whatever comes out of a gateway under test. */
export interface Capture {
  readonly log: Log
  readonly all: readonly Captured[]
  add(where: string, text: string): void
  /** Runs something that is to fail, and keeps its error as people print one. Returns the error. */
  failure(where: string, run: () => unknown): Promise<unknown>
  /** Resolves once a log line, one from before or one to come, has these fields. */
  logged(fields: Readonly<Record<string, unknown>>): Promise<void>
  /** What came out where, such as `log` or `answer`. */
  of(where: string): readonly Captured[]
}

/** Starts to capture, including all output of this process, until `stop`. */
export function startCapture(): Capture & { stop(): void } {
  const all: Captured[] = []
  const waiting = new Set<() => void>()
  const add = (where: string, text: string) => {
    all.push({ where, text })
  }
  const log = createLog('debug', {
    write(line) {
      add('log', line)
      for (const look of waiting) look()
    },
  })
  const originals = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }))
  for (const { stream, write } of originals)
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      add('stdio', typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
      return write(chunk, ...(rest as []))
    }

  return {
    log,
    all,
    add,
    of: (where) => all.filter((one) => one.where.startsWith(where)),
    async failure(where, run) {
      try {
        await run()
      } catch (error) {
        add(`error ${where}`, printed(error))
        return error
      }
      throw new Error(`${where} was to fail, and did not`)
    },
    logged: (fields) =>
      new Promise((resolve, reject) => {
        const lost = setTimeout(() => reject(new Error(`not logged: ${JSON.stringify(fields)}`)), LONGEST_WAIT)
        let seen = 0
        const look = () => {
          for (; seen < all.length; seen++) {
            const { where, text } = all[seen] ?? { where: '', text: '' }
            if (where !== 'log' || !matches(JSON.parse(text), fields)) continue
            waiting.delete(look)
            clearTimeout(lost)
            return resolve()
          }
        }
        waiting.add(look)
        look()
      }),
    stop() {
      for (const { stream, write } of originals) stream.write = write
    },
  }
}

function matches(line: Record<string, unknown>, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => line[name] === value)
}

/** An error in every way in which people print one, with its causes. */
function printed(error: unknown): string {
  const texts = [String(error), inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)]
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    texts.push(cause.message, cause.stack ?? '', JSON.stringify(Object.getOwnPropertyDescriptors(cause)))
  return texts.join('\n')
}
