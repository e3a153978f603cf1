import type { Problem } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'

/** What `doctor` found out about one thing. */
export interface Finding {
  /** What was looked at: `settings`, `database`, `channel sre`. */
  readonly check: string
  /** `note` is for what works and may not be meant so. */
  readonly status: 'ok' | 'note' | 'wrong'
  /** What is so, in words; no secret. */
  readonly detail: string
  /** What to do, where there is something. */
  readonly todo: string | undefined
  /** The exit code that this alone would lead to. */
  readonly exit: ExitCode
}

/** All is well. */
export function fine(check: string, detail: string): Finding {
  return { check, status: 'ok', detail, todo: undefined, exit: EXIT.ok }
}

/** It works, and somebody should know this. */
export function noted(check: string, detail: string, todo?: string): Finding {
  return { check, status: 'note', detail, todo, exit: EXIT.ok }
}

/** It does not work. */
export function wrong(check: string, detail: string, todo: string, exit: ExitCode = EXIT.no): Finding {
  return { check, status: 'wrong', detail, todo, exit }
}

/** A problem as a finding: what would be right is what to do. */
export function wrongSetting(check: string, { at, found, expected }: Problem, exit: ExitCode): Finding {
  return wrong(check, `${at}: found ${found}`, `expected ${expected}`, exit)
}
