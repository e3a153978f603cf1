import type { ErrorCode } from '../kernel/error-codes.ts'
import type { Problem } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'

/** Keeps the log to one line per outage, however often a look fails. */
export interface Complaints {
  /** Logs what is wrong with a subject, unless it was logged already since the subject was last right. */
  report(
    event: 'secrets_refresh_failed' | 'secret_refused',
    subject: string,
    code: ErrorCode,
    problems: readonly Problem[],
  ): void
  /** Logs that the subjects that were wrong before and are not among `wrong` are right again. */
  reportRecovered(wrong: ReadonlySet<string>): void
}

/** Lines have `code`, `subject` and `problems`, whose texts describe values and do not quote them. */
export function createComplaints(log: Log): Complaints {
  const reported = new Map<string, Set<string>>()
  return {
    report(event, subject, code, problems) {
      const texts = problems.map(({ at, found, expected }) => `${at}: found ${found}; expected ${expected}`)
      const known = reported.get(subject) ?? new Set()
      reported.set(subject, known)
      // Without what was found: one outage first cuts connections and then refuses them.
      const key = JSON.stringify(problems.map(({ at, expected }) => [at, expected]))
      if (known.has(key)) return
      known.add(key)
      log.write(event, { code, subject, problems: texts })
    },
    reportRecovered(wrong) {
      for (const subject of [...reported.keys()]) {
        if (wrong.has(subject)) continue
        reported.delete(subject)
        log.write('secrets_recovered', { subject })
      }
    },
  }
}
