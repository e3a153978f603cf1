import type { ErrorCode } from '../kernel/error-codes.ts'
import type { Problem } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'

/** Keeps the log to one line per outage, however often a look fails. */
export interface Complaints {
  /** Says what is wrong with a subject, unless it was said already since the subject was last right. */
  tell(subject: string, code: ErrorCode, problems: readonly Problem[], message: string): void
  /** The subjects that were wrong before and are not among `wrong` are right again, and the log says so. */
  settle(wrong: ReadonlySet<string>): void
}

/** Lines have `code`, `subject` and `problems`, whose texts describe values and do not quote them. */
export function createComplaints(log: Log): Complaints {
  const told = new Map<string, Set<string>>()
  return {
    tell(subject, code, problems, message) {
      const texts = problems.map(({ at, found, expected }) => `${at}: found ${found}; expected ${expected}`)
      const said = told.get(subject) ?? new Set()
      told.set(subject, said)
      // Without what was found: one outage first cuts connections and then refuses them.
      const key = JSON.stringify(problems.map(({ at, expected }) => [at, expected]))
      if (said.has(key)) return
      said.add(key)
      log.error({ code, subject, problems: texts }, message)
    },
    settle(wrong) {
      for (const subject of [...told.keys()]) {
        if (wrong.has(subject)) continue
        told.delete(subject)
        log.info({ subject }, 'secrets: right again')
      }
    },
  }
}
