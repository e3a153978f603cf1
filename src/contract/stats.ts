import { z } from 'zod'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import { moment, record } from './json-names.ts'
import { readQuery, time } from './query.ts'

/** A period, from `since` and before `until`. */
export interface StatsPeriod {
  readonly since: Date
  readonly until: Date
}

/**
 * Figures of a period, from the record. A share or a time is null where nothing counts towards it, which is not 100 % and not 0:
 * figures that can not show failure are worse than none.
 */
export interface Stats extends StatsPeriod {
  /** Of the notifications of the period whose outcome is known: sent to Teams, or failed. */
  readonly deliveryRate: number | null
  readonly delivered: number
  readonly failed: number
  /** Not known yet: they wait, or are being sent. */
  readonly waiting: number
  /** Attempts that ended in the period, and the share of them that came after a first one. */
  readonly attempts: number
  readonly retryRate: number | null
  /** Seconds of a post that Teams answered. */
  readonly latency: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null }
  /** Acknowledgements of events that were first sent in the period, by priority. */
  readonly acknowledgements: readonly {
    readonly priority: Priority
    readonly events: number
    /** Whose acknowledgement holds, or held when they were resolved or discarded. */
    readonly acknowledged: number
    /** Mean seconds from the first post to the first acknowledgement, also of one that has expired or was taken back. */
    readonly meanSeconds: number | null
  }[]
  /** The same by stakeholder group, of CRITICAL, HIGH and MEDIUM. */
  readonly stakeholders: readonly {
    readonly stakeholder: string
    readonly events: number
    readonly acknowledged: number
    readonly share: number | null
  }[]
  /** Open CRITICAL events without an acknowledgement that holds, as of now. */
  readonly unacknowledgedCritical: number
}

const number = z.number().nullable()

/** {@link Stats} in JSON. */
export const statsWire = record({
  since: moment,
  until: moment,
  delivery_rate: number.meta({ description: 'delivered / (delivered + failed); null where both are 0.' }),
  delivered: z.number(),
  failed: z.number(),
  waiting: z.number(),
  attempts: z.number(),
  retry_rate: number.meta({ description: 'Share of the attempts that came after a first one.' }),
  latency: z
    .object({ p50: number, p95: number, p99: number })
    .meta({ description: 'Seconds of a post that Teams answered.' }),
  acknowledgements: z.array(
    record({
      priority: z.enum(PRIORITIES),
      events: z.number(),
      acknowledged: z.number().meta({
        description: 'Events whose acknowledgement holds, or held when they were resolved or discarded.',
      }),
      mean_seconds: number.meta({
        description:
          'Mean time from the first post to the first acknowledgement, also of one that has expired or was taken back.',
      }),
    }),
  ),
  stakeholders: z.array(
    record({ stakeholder: z.string(), events: z.number(), acknowledged: z.number(), share: number }),
  ),
  unacknowledged_critical: z
    .number()
    .meta({ description: 'Open CRITICAL events without an acknowledgement that holds, now.' }),
})

const DAY_MS = 86_400_000

/** Query of `GET /v1/stats`, for the route and for OpenAPI. */
export const statsQuery = z.strictObject({ since: time.optional(), until: time.optional() })

/**
 * The period of a request: the last 24 hours where it names none.
 *
 * @throws GatewayError `invalid_request`
 */
export function readStatsPeriod(query: Readonly<Record<string, unknown>>, now = new Date()): StatsPeriod {
  const { since, until = now } = readQuery(statsQuery, query)
  return { since: since ?? new Date(until.getTime() - DAY_MS), until }
}

/** One of the success metrics with its target. */
export interface StatsCheck {
  readonly name: 'delivery_rate' | 'critical_acknowledgement' | 'latency_p95' | 'unacknowledged_critical'
  /** Null where nothing was measured: then the target is neither met nor missed. */
  readonly met: boolean | null
  readonly found: number | null
  readonly target: string
}

/** Compares figures with the targets of the platform's success metrics. */
export function checkStats(stats: Stats): readonly StatsCheck[] {
  const critical = stats.acknowledgements.find(({ priority }) => priority === 'CRITICAL')?.meanSeconds ?? null
  const check = (
    name: StatsCheck['name'],
    found: number | null,
    isMet: (value: number) => boolean,
    target: string,
  ): StatsCheck => ({ name, found, met: found === null ? null : isMet(found), target })
  return [
    check('delivery_rate', stats.deliveryRate, (share) => share > 0.99, 'above 99 %'),
    check('critical_acknowledgement', critical, (seconds) => seconds < 300, 'below 5 minutes'),
    check('latency_p95', stats.latency.p95, (seconds) => seconds < 2, 'below 2 seconds'),
    check('unacknowledged_critical', stats.unacknowledgedCritical, (count) => count < 10, 'fewer than 10'),
  ]
}
