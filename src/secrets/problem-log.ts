import type { ErrorCode } from '../kernel/error-codes.ts'
import type { Problem } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'

/** Limits the log to one line per outage, however many reads of a source fail. */
export interface ProblemLog {
  /** Logs the problems of a subject, except those logged since the subject last recovered. */
  report(
    event: 'secrets_refresh_failed' | 'secret_refused',
    subject: string,
    code: ErrorCode,
    problems: readonly Problem[],
  ): void
  /** Logs the recovery of each subject that had problems before and is not in `failing`. */
  reportRecovered(failing: ReadonlySet<string>): void
}

/** Makes a problem log. Lines have `code`, `subject` and `problems`, whose texts describe values and quote none. */
export function createProblemLog(log: Log): ProblemLog {
  const reported = new Map<string, Set<string>>()
  return {
    report(event, subject, code, problems) {
      const texts = problems.map(({ at, found, expected }) => `${at}: found ${found}; expected ${expected}`)
      const known = reported.get(subject) ?? new Set()
      reported.set(subject, known)
      // `found` is left out of the key: one outage first cuts connections and then refuses them.
      const key = JSON.stringify(problems.map(({ at, expected }) => [at, expected]))
      if (known.has(key)) return
      known.add(key)
      log.write(event, { code, subject, problems: texts })
    },
    reportRecovered(failing) {
      for (const subject of [...reported.keys()]) {
        if (failing.has(subject)) continue
        reported.delete(subject)
        log.write('secrets_recovered', { subject })
      }
    },
  }
}
