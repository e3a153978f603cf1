import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'

/** An error as RFC 9457 writes it; `code` is a key of ERROR_CODES, or one that a newer gateway knows. */
export const problemWire = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  todo: z.string(),
  instance: z.string().optional().meta({ description: 'Names this request in the log.' }),
  errors: z.array(z.object({ at: z.string(), found: z.string(), expected: z.string() })),
})

/** What `type` of a problem starts with; the error code follows. */
export const PROBLEM_TYPE = 'urn:claimlinc-teams:error:'

/** Media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** The body of an error answer. */
export type ProblemBody = z.output<typeof problemWire>

/**
 * Writes an error as RFC 9457 has it. Nothing but the code's own texts and the problems, which quote nothing, gets
 * out: an error's message may hold more.
 */
export function problemBody(error: GatewayError, instance: string | undefined, status = error.status): ProblemBody {
  const { title, todo } = ERROR_CODES[error.code]
  return {
    type: PROBLEM_TYPE + error.code,
    title,
    status,
    detail: detailOf(error.problems) ?? `${title}. ${todo}`,
    code: error.code,
    todo,
    ...(instance === undefined ? {} : { instance }),
    errors: error.problems.map(({ at, found, expected }) => ({ at, found, expected })),
  }
}

function detailOf(problems: readonly Problem[]): string | undefined {
  const [first] = problems
  if (!first) return undefined
  const more = problems.length > 1 ? ` And ${problems.length - 1} more, under "errors".` : ''
  return `${first.at}: found ${first.found}; expected ${first.expected}.${more}`
}

/** Fastify's own errors that are told as one of ours; the rest are `invalid_request` (4xx) or `internal`. */
const FASTIFY_ERRORS: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_NOT_FOUND: 'not_found',
}

const FASTIFY_PROBLEMS: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    at: 'content-type',
    found: 'a media type that is not understood',
    expected: 'application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    at: 'content-length',
    found: 'another number of bytes in the body',
    expected: 'the size of the body in bytes',
  },
  FST_ERR_BAD_URL: { at: 'path', found: 'a percent sign that encodes nothing', expected: 'a path in valid encoding' },
  FST_ERR_MAX_PARAM_LENGTH: { at: 'path', found: 'a part that is too long', expected: 'an id' },
}

/** Turns whatever was thrown while a request was answered into an error of ours. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  const { code, statusCode } = error instanceof Error ? (error as { code?: unknown; statusCode?: unknown }) : {}
  const name = typeof code === 'string' ? code : ''
  const problem = FASTIFY_PROBLEMS[name]
  const problems = problem ? [problem] : []
  const own = FASTIFY_ERRORS[name]
  if (own) return new GatewayError(own, problems, { cause: error })
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new GatewayError('invalid_request', problems, { cause: error })
  return new GatewayError('internal', [], { cause: error })
}
