import { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import { count, moment, record } from './json-names.ts'
import { oneOf, readQuery, text, whole } from './query.ts'

/** What is reported of a run. */
export const SIGNALS = ['start', 'success', 'failure'] as const
/** One of {@link SIGNALS}. */
export type Signal = (typeof SIGNALS)[number]

/** What can be wrong with a heartbeat: no success came in time, a run did not end in time, a run failed. */
export const TROUBLES = ['missed', 'overdue', 'failed'] as const
/** One of {@link TROUBLES}. */
export type Trouble = (typeof TROUBLES)[number]

/** A report of a job, of one of its runs. */
export interface Ping {
  readonly signal: Signal
  readonly exitCode?: number | undefined
  /** Names a run, so that its start and its end belong together, and a repeated request is recognised. */
  readonly runId?: string | undefined
  /** What the job wrote. Of a failure its end is kept. */
  readonly output?: Buffer | undefined
}

const RUN_ID = 'letters, digits and _.:-, at most 64'

/** The query of `POST /v1/heartbeats/{name}`. */
export const pingQuery = z.strictObject({
  state: oneOf(SIGNALS)
    .optional()
    .meta({ description: 'Start, or how the run ended; success if there is neither a state nor an exit code.' }),
  exit_code: whole(0, 255).optional().meta({ description: 'Exit code of the run: 0 is a success, others a failure.' }),
  run_id: text
    .regex(/^[\w.:-]{1,64}$/, { error: RUN_ID })
    .optional()
    .meta({ description: 'Names the run: its start and its end have the same.' }),
})

/**
 * Reads the query of a report.
 *
 * @throws GatewayError `invalid_request`
 */
export function readPing(query: Readonly<Record<string, unknown>>): Omit<Ping, 'output'> {
  const { state, exit_code: exitCode, run_id: runId } = readQuery(pingQuery, query)
  const byCode = exitCode === undefined ? undefined : exitCode === 0 ? 'success' : 'failure'
  const isContradiction = byCode !== undefined && state !== undefined && state !== byCode
  // A job may exit with 0 and still say that it failed.
  if (isContradiction && !(state === 'failure' && exitCode === 0))
    throw new GatewayError('invalid_request', [
      { at: 'exit_code', found: `the exit code of a ${byCode}`, expected: `one of a ${state}, or no state` },
    ])
  return {
    signal: state ?? byCode ?? 'success',
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(runId === undefined ? {} : { runId }),
  }
}

/** How a heartbeat stands: `new` before its first signal; `late` while its grace lasts. */
export const HEARTBEAT_STATUSES = ['new', 'ok', 'running', 'late', 'missed', 'overdue', 'failed'] as const
type HeartbeatStatus = (typeof HEARTBEAT_STATUSES)[number]

/** A heartbeat in answers of the service. */
export interface HeartbeatView {
  readonly name: string
  readonly title: string
  readonly status: HeartbeatStatus
  /** `every 1h`, `30 1 * * * (Asia/Riyadh)`. */
  readonly schedule: string
  /** When the next success is due, and until when it may come. */
  readonly dueAt: Date
  readonly latestAt: Date
  /** The last signal of any kind. */
  readonly seenAt: Date | null
  readonly succeededAt: Date | null
  readonly failedAt: Date | null
  /** Start of the run that has not ended. */
  readonly startedAt: Date | null
  /** Seconds from the last start to its end. */
  readonly durationSeconds: number | null
  /** Of the last run. */
  readonly exitCode: number | null
  readonly open: readonly Trouble[]
  readonly openSince: Date | null
}

/** A {@link HeartbeatView} in JSON. */
export const heartbeatWire = record({
  name: z.string(),
  title: z.string(),
  status: z.enum(HEARTBEAT_STATUSES).meta({ description: 'new before the first signal; late while the grace lasts.' }),
  schedule: z.string().meta({ description: 'When a success is expected: every 1h, or five fields of cron.' }),
  due_at: moment.meta({ description: 'When the next success is due.' }),
  latest_at: moment.meta({ description: 'Until when it may come.' }),
  seen_at: moment.nullable().meta({ description: 'The last signal of any kind.' }),
  succeeded_at: moment.nullable(),
  failed_at: moment.nullable(),
  started_at: moment.nullable().meta({ description: 'Start of the run that has not ended.' }),
  duration_seconds: count.nullable().meta({ description: 'Seconds from the last start to its end.' }),
  exit_code: count.nullable().meta({ description: 'Of the last run.' }),
  open: z.array(z.enum(TROUBLES)).readonly().meta({ description: 'What is wrong: events that are not resolved.' }),
  open_since: moment.nullable(),
})

/** The answer to `GET /v1/heartbeats`. */
export const heartbeatsWire = z.object({ heartbeats: z.array(heartbeatWire) })
