import { type Catalogue, findEventType } from '../../catalogue/catalogue.ts'
import { HEARTBEAT_TYPES, type HeartbeatDefinition } from '../../catalogue/heartbeats.ts'
import type { Trouble } from '../../contract/heartbeats.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { SourceEvent } from '../source.ts'
import { writeSchedule } from './schedule.ts'

/** What an event about a heartbeat says. */
export interface Report {
  readonly summary: string
  /** What the job wrote. */
  readonly output?: string | undefined
  readonly exitCode?: number | undefined
  readonly runId?: string | undefined
  /** When a success was due. */
  readonly due?: Date | undefined
  readonly startsAt: Date
  readonly endsAt?: Date | undefined
}

/**
 * The event of a heartbeat that is late, or has failed.
 *
 * @param occurrence names it, so that the same thing makes no second event
 */
export function troubleEvent(
  definition: HeartbeatDefinition,
  trouble: Trouble,
  occurrence: string,
  report: Report,
): SourceEvent {
  const { name, priority, stakeholders } = definition
  return {
    eventType: (definition.eventType ?? HEARTBEAT_TYPES[trouble]) as SourceEvent['eventType'],
    correlationId: heartbeatSubject(name),
    idempotencyKey: digestOf([trouble, occurrence].join('\n')),
    ...(priority === undefined ? {} : { priority }),
    ...(stakeholders === undefined ? {} : { stakeholders: [...stakeholders] }),
    data: dataOf(definition, report),
  }
}

/**
 * The event that resolves those of a heartbeat.
 *
 * @param definition the name alone for one that the configuration has no more
 */
export function endEvent(
  definition: Pick<HeartbeatDefinition, 'name'> & Partial<HeartbeatDefinition>,
  endType: string,
  report: Report,
): SourceEvent {
  const { name, stakeholders } = definition
  return {
    eventType: endType as SourceEvent['eventType'],
    correlationId: heartbeatSubject(name),
    idempotencyKey: digestOf(['over', report.startsAt.toISOString()].join('\n')),
    ...(stakeholders === undefined ? {} : { stakeholders: [...stakeholders] }),
    data: dataOf(definition, report),
  }
}

/** The correlation id of all events of a heartbeat. */
export function heartbeatSubject(name: string): string {
  return `heartbeat.${name}`
}

/** The event with a type that the catalogue has: `endType`, where it would resolve with the type of an earlier configuration. */
export function withKnownType(event: SourceEvent, catalogue: Catalogue, endType: string): SourceEvent {
  if (findEventType(catalogue, event.eventType) !== undefined) return event
  return { ...event, eventType: endType as SourceEvent['eventType'] }
}

/** The event without the fields that its type does not declare, which TEAMS_UNDECLARED_DATA may refuse. */
export function declaredOnly(event: SourceEvent, catalogue: Catalogue): SourceEvent {
  const shape = findEventType(catalogue, event.eventType)?.schema.shape ?? {}
  return {
    ...event,
    data: Object.fromEntries(Object.entries(event.data).filter(([name]) => Object.hasOwn(shape, name))),
  }
}

/** The fields of the two cards that heartbeats have: {@link declaredOnly} leaves one of them over. */
function dataOf(
  { name, title = name, schedule, runbookUrl }: Pick<HeartbeatDefinition, 'name'> & Partial<HeartbeatDefinition>,
  { summary, output, exitCode, runId, due, startsAt, endsAt }: Report,
): JsonObject {
  return {
    component: title,
    subject: title,
    summary,
    description: output === undefined ? summary : `${summary}\n\n${output}`,
    ...(output === undefined ? {} : { message: output }),
    ...(runId === undefined ? {} : { reference: runId }),
    ...(due === undefined ? {} : { due_at: due.toISOString() }),
    ...(runbookUrl === undefined ? {} : { runbook_url: runbookUrl }),
    labels: {
      heartbeat: name,
      ...(schedule === undefined ? {} : { schedule: writeSchedule(schedule) }),
      ...(exitCode === undefined ? {} : { exit_code: exitCode }),
      ...(runId === undefined ? {} : { run_id: runId }),
    },
    starts_at: startsAt.toISOString(),
    ...(endsAt === undefined ? {} : { ends_at: endsAt.toISOString() }),
  }
}
