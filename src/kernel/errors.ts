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

/** Adds one problem to those of a check: where it is, what was found there, what was expected. Never quotes a value. */
export type AddProblem = (at: string, found: string, expected: string) => void

/**
 * The one error type that crosses a folder's border. Carries a stable {@link ErrorCode} and every problem at
 * once, so that nobody mends one field only to be told of the next.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly Problem[]
  /**
   * From `createClient`, where the events may be accepted although this error was thrown: the idempotency key that the
   * client made for each event, by its place in the call. Undefined for an event that came with a key.
   */
  declare readonly idempotencyKeys?: readonly (string | undefined)[]

  constructor(
    code: ErrorCode,
    problems: readonly Problem[] = [],
    options: { cause?: unknown; detail?: string; idempotencyKeys?: readonly (string | undefined)[] } = {},
  ) {
    const { cause, detail, idempotencyKeys } = options
    super(describe(code, problems, detail), cause === undefined ? undefined : { cause: withoutValues(cause) })
    this.name = 'GatewayError'
    this.code = code
    this.problems = problems
    if (idempotencyKeys !== undefined) this.idempotencyKeys = idempotencyKeys
  }

  /** The HTTP status that this error is answered with. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }
}

/**
 * What is kept of a cause: its kind, its code, and where it was thrown. A foreign error's message quotes values, and more of
 * them hang on it (PGlite's has every parameter of the query, a URL parser's the URL), and whoever prints an error prints
 * its causes whole.
 */
function withoutValues(cause: unknown): Error {
  if (cause instanceof GatewayError) return cause
  const code = codeOf(cause)
  const kept = new Error(code === undefined ? 'its message may quote values and is left out' : code)
  if (cause instanceof Error) kept.name = nameOf(cause)
  kept.stack = [`${kept.name}: ${kept.message}`, ...(cause instanceof Error ? framesOf(cause) : [])].join('\n')
  return code === undefined ? kept : Object.assign(kept, { code })
}

/** An error's code, as Node and database drivers set it; undefined for anything that is no code. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : undefined
}

/** An error's name, where it looks like one. */
export function nameOf(error: Error): string {
  return /^\w{1,64}$/.test(error.name) ? error.name : 'Error'
}

/** The lines of an error's stack that say where it was thrown, without its message, which may have lines that look like them. */
export function framesOf(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : ''
  const message = String(error.message)
  const start = stack.indexOf(message)
  if (start < 0) return []
  return stack
    .slice(start + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
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
