import { z } from 'zod'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import { count, moment, record } from './json-names.ts'

/** A channel in answers of the service. */
export interface ChannelView {
  readonly key: string
  readonly name: string
  /** True when it has a webhook URL. */
  readonly configured: boolean
  readonly muted: boolean
  /**
   * Why the channel gets no cards: `muted`, `address_missing` where it has no webhook URL, or the outcome that opened its
   * breaker; null where it gets cards.
   */
  readonly reason: string | null
  /** Cards that the channel may get now. */
  readonly budgetLeft: number
  /** Cards per period, period in seconds, largest burst. */
  readonly budget: { readonly requests: number; readonly period: number; readonly burst: number }
  /** Notifications that are not yet sent, by priority. */
  readonly backlog: { readonly [P in Priority]: number }
  /** When the event of the oldest notification in the backlog was accepted. */
  readonly oldestWaitingAt: Date | null
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** End of the channel's rest, which Retry-After or an open breaker began. */
  readonly restsUntil: Date | null
  readonly lastOutcome: string | null
  readonly lastOutcomeAt: Date | null
}

/** A {@link ChannelView} in JSON. */
export const channelWire = record({
  key: z.string(),
  name: z.string(),
  configured: z.boolean().meta({ description: 'True if the channel has a webhook URL.' }),
  muted: z.boolean(),
  reason: z.string().nullable().meta({
    description:
      'Why the channel gets no cards: "muted", "address_missing" if it has no webhook URL, or the outcome that opened its breaker; null if it gets cards.',
  }),
  budget_left: z.number().meta({ description: 'Cards that the channel may get now.' }),
  budget: z.object({ requests: count, period: count, burst: count }),
  backlog: z
    .record(z.enum(PRIORITIES), count)
    .meta({ description: 'Notifications that are not yet sent, by priority.' }),
  oldest_waiting_at: moment
    .nullable()
    .meta({ description: 'When the event of the oldest notification in the backlog was accepted.' }),
  breaker: z.enum(['closed', 'open', 'half_open']),
  rests_until: moment.nullable(),
  last_outcome: z.string().nullable(),
  last_outcome_at: moment.nullable(),
})

/** The answer to `GET /v1/channels`. */
export const channelsWire = z.object({ channels: z.array(channelWire) })
