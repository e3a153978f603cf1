import { z } from 'zod'
import { plainMoment } from '../catalogue/moment.ts'
import { PRIORITIES, parsePriority } from '../catalogue/priority.ts'
import { describeValue, GatewayError } from '../kernel/errors.ts'

/** A text in a query. A parameter that is given twice comes as a list, and is refused. */
export const text = z
  .string({ error: 'one value' })
  .min(1, { error: 'some text' })
  .max(200, { error: 'at most 200 characters' })

const MOMENT = 'a time such as 2026-11-21T10:00:00Z, or a date such as 2026-11-21'
/** A time. In a query string `+` decodes to a space, so an offset such as +03:00 arrives with a space. */
export const time = text
  .meta({ format: 'date-time' })
  .transform((value) => plainMoment(value.replace(/ (?=\d\d:?\d\d$)/, '+')))
  .pipe(z.union([z.iso.datetime({ offset: true }), z.iso.date()], { error: MOMENT }))
  .transform((value) => new Date(value))
  // An offset can move a time out of the years 1 to 9999, which PostgreSQL and PGlite read.
  .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999, { error: MOMENT })

/** A whole number. */
export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`
  return z.coerce.number<string | undefined>({ error }).int({ error }).min(min, { error }).max(max, { error })
}

/** A priority, in any letter case. */
export const priorityFilter = text
  .meta({ enum: [...PRIORITIES], description: 'In any letter case.' })
  .transform((value, context) => {
    const priority = parsePriority(value)
    if (priority) return priority
    context.addIssue({ code: 'custom', message: `one of: ${PRIORITIES.join(', ')}` })
    return z.NEVER
  })

/** Parameters of every list. */
export const PAGING = {
  limit: whole(1, 500).default(50),
  cursor: z.string({ error: 'one value' }).min(1, { error: 'next_cursor of the page before' }).max(1_000).optional(),
}

/** One of a closed set of values. */
export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `one of: ${values.join(', ')}` })
}

/**
 * Reads the filters of a request. An unknown filter is refused. Ignoring it would return an unfiltered list.
 *
 * @throws GatewayError `invalid_request`
 */
export function readQuery<S extends z.ZodObject>(schema: S, query: Readonly<Record<string, unknown>>): z.output<S> {
  const result = schema.safeParse(query)
  if (result.success) return result.data
  throw new GatewayError(
    'invalid_request',
    result.error.issues.map((issue) => {
      if (issue.code === 'unrecognized_keys')
        return {
          at: 'query',
          found: 'a filter that does not exist',
          expected: `only ${Object.keys(schema.shape).join(', ')}`,
        }
      const name = String(issue.path[0])
      return { at: name, found: describeValue(query[name]), expected: issue.message }
    }),
  )
}

/** Cursor of the next page. */
export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Value of "cursor" for the next page; null on the last page.' })
