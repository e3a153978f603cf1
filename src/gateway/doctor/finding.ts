import type { Problem } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'

/** Result of one check of `doctor`. */
export interface Finding {
  /** Name of the check, for example `settings`, `database` or `channel sre`. */
  readonly check: string
  /** `note`: it works, and may not be intended. */
  readonly status: 'ok' | 'note' | 'wrong'
  /** The result in words, without secrets. */
  readonly detail: string
  /** How to correct it, if needed. */
  readonly todo: string | undefined
  /** Exit code of `doctor` if this were the only finding. */
  readonly exit: ExitCode
}

/** A finding without a problem. */
export function fine(check: string, detail: string): Finding {
  return { check, status: 'ok', detail, todo: undefined, exit: EXIT.ok }
}

/** A finding that works and may not be intended. */
export function noted(check: string, detail: string, todo?: string): Finding {
  return { check, status: 'note', detail, todo, exit: EXIT.ok }
}

/** A finding that does not work. */
export function wrong(check: string, detail: string, todo: string, exit: ExitCode = EXIT.no): Finding {
  return { check, status: 'wrong', detail, todo, exit }
}

/** A problem as a finding; the expected value is its `todo`. */
export function wrongSetting(check: string, { at, found, expected }: Problem, exit: ExitCode): Finding {
  return wrong(check, `${at}: found ${found}`, `expected ${expected}`, exit)
}
