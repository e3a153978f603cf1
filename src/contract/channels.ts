import { z } from 'zod'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import { count, moment, record } from './json-names.ts'

/** A channel as people see it. */
export interface ChannelView {
  readonly key: string
  readonly name: string
  /** True when it has a webhook URL. */
  readonly configured: boolean
  readonly muted: boolean
  /**
   * Why it gets no cards: `muted`, `address_missing` where it has no webhook URL, or the outcome that opened its breaker;
   * null where it gets them.
   */
  readonly reason: string | null
  /** Cards it may get right now. */
  readonly budgetLeft: number
  readonly budget: { readonly requests: number; readonly period: number; readonly burst: number }
  /** Notifications that wait, by priority. */
  readonly backlog: { readonly [P in Priority]: number }
  /** When the oldest of them was accepted. */
  readonly oldestWaitingAt: Date | null
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** Until when it rests, because of Retry-After or an open breaker. */
  readonly restsUntil: Date | null
  readonly lastOutcome: string | null
  readonly lastOutcomeAt: Date | null
}

/** A channel. */
export const channelWire = record({
  key: z.string(),
  name: z.string(),
  configured: z.boolean().meta({ description: 'It has a webhook URL.' }),
  muted: z.boolean(),
  reason: z.string().nullable().meta({
    description:
      'Why it gets no cards: "muted", "address_missing" where it has no webhook URL, or the outcome that opened its breaker; null where it gets them.',
  }),
  budget_left: z.number().meta({ description: 'Cards it may get right now.' }),
  budget: z.object({ requests: count, period: count, burst: count }),
  backlog: z.record(z.enum(PRIORITIES), count).meta({ description: 'Notifications that wait, by priority.' }),
  oldest_waiting_at: moment.nullable().meta({ description: 'When the oldest of them was accepted.' }),
  breaker: z.enum(['closed', 'open', 'half_open']),
  rests_until: moment.nullable(),
  last_outcome: z.string().nullable(),
  last_outcome_at: moment.nullable(),
})

/** The answer to `GET /v1/channels`. */
export const channelsWire = z.object({ channels: z.array(channelWire) })
