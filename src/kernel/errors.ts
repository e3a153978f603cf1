import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/**
 * One problem of an input or a setting, for the person who corrects it.
 *
 * `found` describes the value and must not quote it, unless it comes from a closed vocabulary: a value may be a secret or
 * name a patient.
 */
export interface Problem {
  /** The place: a setting (`TEAMS_HTTP_PORT`), or a path into the input (`events[3].data.claim_id`). */
  readonly at: string
  /** Description of the value, not a quotation: `nothing`, `a number`, `text of 3 characters`. */
  readonly found: string
  /** Description of a valid value. */
  readonly expected: string
}

/** Adds a {@link Problem} to those of a check. */
export type AddProblem = (at: string, found: string, expected: string) => void

/**
 * The one error type that the library throws, and that leaves a room of `src/`. Carries a stable {@link ErrorCode} and all
 * problems at once, so that one round of corrections is enough.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly Problem[]
  /**
   * Set by `createClient` where the events may be accepted although this error was thrown: the idempotency keys that the
   * client made, by the event's index in the call. Undefined for an event that came with a key.
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

  /** HTTP status of the answer. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }
}

/**
 * Copies a cause with only its name, its code and its stack frames. The message of a foreign error quotes values, and its
 * properties hold more of them (PGlite's has every parameter of the query, a URL parser's the URL). `console.log` and
 * loggers print an error with its causes and all their properties.
 */
function withoutValues(cause: unknown): Error {
  if (cause instanceof GatewayError) return cause
  const code = codeOf(cause)
  const kept = new Error(code === undefined ? 'its message may quote values and is left out' : code)
  if (cause instanceof Error) kept.name = nameOf(cause)
  kept.stack = [`${kept.name}: ${kept.message}`, ...(cause instanceof Error ? framesOf(cause) : [])].join('\n')
  return code === undefined ? kept : Object.assign(kept, { code })
}

/** The `code` of an error, as Node and database drivers set it; undefined where it is missing or does not look like a code. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : undefined
}

/** The name of an error; `Error` where it does not look like a name, and could quote a value. */
export function nameOf(error: Error): string {
  return /^\w{1,64}$/.test(error.name) ? error.name : 'Error'
}

/** The frames of an error's stack. The message is left out first, as its lines may look like frames. */
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

/**
 * True for a {@link GatewayError}, of one given code when `code` is passed.
 *
 * @param error - The thrown value.
 * @param code - The code that it has to have; any if absent.
 */
export function isGatewayError(error: unknown, code?: ErrorCode): error is GatewayError {
  return error instanceof GatewayError && (code === undefined || error.code === code)
}

/** Describes the type and size of a value without quoting it, for {@link Problem.found}. */
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
