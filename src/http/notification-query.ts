import { z } from 'zod'
import { PRIORITIES, parsePriority } from '../events/priority.ts'
import { describeValue, GatewayError } from '../kernel/errors.ts'
import { type NotificationQuery, STATES } from '../service/port.ts'

const text = z
  .string({ error: 'one value' })
  .min(1, { error: 'some text' })
  .max(200, { error: 'at most 200 characters' })
const MOMENT = 'a time such as 2026-11-21T10:00:00Z, or a date such as 2026-11-21'
/** In a query a plus sign means a space, so that a zone such as +03:00 arrives with one. */
const moment = text
  .meta({ format: 'date-time' })
  .transform((value) => value.replace(/ (?=\d\d:\d\d$)/, '+'))
  .pipe(z.union([z.iso.datetime({ offset: true }), z.iso.date()], { error: MOMENT }))
  .transform((value) => new Date(value))
  // A zone can move the first and the last day out of the years that both databases read.
  .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999, { error: MOMENT })
const limitError = 'a whole number from 1 to 500'

/** The filters of `GET /v1/notifications`. */
export const notificationQuery = z.strictObject({
  correlation_id: text.optional(),
  event_type: text.optional(),
  priority: text
    .meta({ enum: [...PRIORITIES], description: 'In any letter case.' })
    .transform((value, context) => {
      const priority = parsePriority(value)
      if (priority) return priority
      context.addIssue({ code: 'custom', message: `one of: ${PRIORITIES.join(', ')}` })
      return z.NEVER
    })
    .optional(),
  state: z.enum(STATES, { error: `one of: ${STATES.join(', ')}` }).optional(),
  channel: text.meta({ description: 'Key of the channel.' }).optional(),
  since: moment.optional(),
  until: moment.optional(),
  limit: z.coerce
    .number<string | undefined>({ error: limitError })
    .int({ error: limitError })
    .min(1, { error: limitError })
    .max(500, { error: limitError })
    .default(50),
  cursor: z.string({ error: 'one value' }).min(1, { error: 'next_cursor of the page before' }).max(1_000).optional(),
})

/**
 * Reads the filters of a request. A filter that does not exist is refused: ignored, it would list what nobody asked for.
 *
 * @throws GatewayError `invalid_request`
 */
export function readNotificationQuery(query: Readonly<Record<string, unknown>>): NotificationQuery {
  const result = notificationQuery.safeParse(query)
  if (!result.success)
    throw new GatewayError(
      'invalid_request',
      result.error.issues.map((issue) => {
        if (issue.code === 'unrecognized_keys')
          return {
            at: 'query',
            found: 'a filter that does not exist',
            expected: `only ${Object.keys(notificationQuery.shape).join(', ')}`,
          }
        const name = String(issue.path[0])
        return { at: name, found: describeValue(query[name]), expected: issue.message }
      }),
    )
  const { correlation_id, event_type, priority, state, channel, since, until, limit, cursor } = result.data
  return {
    limit,
    ...(correlation_id === undefined ? {} : { correlationId: correlation_id }),
    ...(event_type === undefined ? {} : { eventType: event_type }),
    ...(priority === undefined ? {} : { priority }),
    ...(state === undefined ? {} : { state }),
    ...(channel === undefined ? {} : { channel }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
