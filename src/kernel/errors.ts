import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/**
 * One thing that is wrong, in words for the person who has to mend it.
 *
 * `found` describes what was there and must not quote it unless it comes from a closed vocabulary: a value
 * may be a secret or name a patient.
 */
export interface Problem {
  /** Where: a setting (`TEAMS_HTTP_PORT`), or a path into the input (`events[3].data.claim_id`). */
  readonly at: string
  /** What was found there, described and not quoted: `nothing`, `a number`, `text of 3 characters`. */
  readonly found: string
  /** What would have been right. */
  readonly expected: string
}

/**
 * The one error type that crosses a folder's border. Carries a stable {@link ErrorCode} and every problem at
 * once, so that nobody mends one field only to be told of the next.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly Problem[]

  constructor(code: ErrorCode, problems: readonly Problem[] = [], options: { cause?: unknown; detail?: string } = {}) {
    super(describe(code, problems, options.detail), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.problems = problems
  }

  /** The HTTP status that this error is answered with. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }
}

function describe(code: ErrorCode, problems: readonly Problem[], detail?: string): string {
  const { title, todo } = ERROR_CODES[code]
  const lines = problems.map((problem) => `  ${problem.at}: found ${problem.found}; expected ${problem.expected}`)
  return [`${title} (${code}).${detail ? ` ${detail}` : ''}`, ...lines, todo].join('\n')
}

/** True for a {@link GatewayError}, of one given code when `code` is passed. */
export function isGatewayError(error: unknown, code?: ErrorCode): error is GatewayError {
  return error instanceof GatewayError && (code === undefined || error.code === code)
}

/** Says what kind of value something is without quoting it. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return value === '' ? 'empty text' : `text of ${value.length} characters`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'boolean') return 'a boolean'
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number that is not finite'
  return `a ${typeof value}`
}
