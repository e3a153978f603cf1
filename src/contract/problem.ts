import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'

/** An RFC 9457 problem. `code` is a key of ERROR_CODES, or a code of a newer gateway. */
export const problemWire = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  todo: z.string(),
  instance: z.string().optional().meta({ description: 'Id of the request, the request_id of its log lines.' }),
  errors: z.array(z.object({ at: z.string(), found: z.string(), expected: z.string() })),
})

/** Prefix of a problem's `type`; the error code follows. */
const PROBLEM_TYPE = 'urn:claimlinc-teams:error:'

/** Media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** The body of an error answer. */
export type ProblemBody = z.output<typeof problemWire>

/**
 * Converts an error to an RFC 9457 problem. The answer contains only the texts of the error code and the problems, which
 * quote no values: an error's message may contain more.
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

/** Fastify's errors with an error code of the gateway; the others are `invalid_request` (4xx) or `internal`. */
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

/** Converts any value thrown while a request is answered to a GatewayError; `internal` for an unknown one. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  const { code, statusCode } = error instanceof Error ? (error as { code?: unknown; statusCode?: unknown }) : {}
  const name = typeof code === 'string' ? code : ''
  const problem = FASTIFY_PROBLEMS[name]
  const problems = problem ? [problem] : []
  const fastifyCode = FASTIFY_ERRORS[name]
  if (fastifyCode) return new GatewayError(fastifyCode, problems, { cause: error })
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new GatewayError('invalid_request', problems, { cause: error })
  return new GatewayError('internal', [], { cause: error })
}
