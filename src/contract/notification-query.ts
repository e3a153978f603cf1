import { z } from 'zod'
import type { Priority } from '../catalogue/priority.ts'
import { keptId } from '../kernel/ids.ts'
import { STATES, type State } from './notifications.ts'
import { oneOf, PAGING, priorityFilter, readQuery, text, time } from './query.ts'

/** Filters of a list of notifications. */
export interface NotificationQuery {
  readonly correlationId?: string
  readonly eventType?: string
  readonly priority?: Priority
  readonly state?: State
  readonly channel?: string
  /** Id of a digest's notification: lists the notifications in that digest. */
  readonly digestId?: string
  readonly since?: Date
  readonly until?: Date
  /** At most this many, 1 to 500. */
  readonly limit: number
  readonly cursor?: string
}

/** The filters of `GET /v1/notifications`. */
export const notificationQuery = z.strictObject({
  correlation_id: z
    .string({ error: 'some text' })
    .min(1, { error: 'some text' })
    .meta({ description: 'Correlation id, as in the request or in the answer.' })
    .optional(),
  event_type: text.optional(),
  priority: priorityFilter.optional(),
  state: oneOf(STATES).optional(),
  channel: text.meta({ description: 'Key of the channel.' }).optional(),
  digest_id: z
    .uuid({ error: 'the id of a digest' })
    .transform((id) => id.toLowerCase())
    .meta({ description: 'Id of a digest: lists the notifications in it.' })
    .optional(),
  since: time.optional(),
  until: time.optional(),
  ...PAGING,
})

/**
 * Reads the filters of `GET /v1/notifications`.
 *
 * @throws GatewayError `invalid_request`
 */
export function readNotificationQuery(query: Readonly<Record<string, unknown>>): NotificationQuery {
  const { correlation_id, event_type, priority, state, channel, digest_id, since, until, limit, cursor } = readQuery(
    notificationQuery,
    query,
  )
  return {
    limit,
    ...(correlation_id === undefined ? {} : { correlationId: keptId(correlation_id) }),
    ...(event_type === undefined ? {} : { eventType: event_type }),
    ...(priority === undefined ? {} : { priority }),
    ...(state === undefined ? {} : { state }),
    ...(channel === undefined ? {} : { channel }),
    ...(digest_id === undefined ? {} : { digestId: digest_id }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
