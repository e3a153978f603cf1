import { GatewayError } from '../kernel/errors.ts'
import { EVENT_FIELDS } from './events.ts'
import { camelName } from './json-names.ts'

/** What a caller calls each field of an event, by the library's name for it. */
export type FieldNames = Readonly<Record<string, string>>

/** Plain JSON: the library's names in snake_case. */
export const JSON_NAMES: FieldNames = Object.fromEntries(EVENT_FIELDS.map((field) => [camelName(field), field]))

/** CloudEvents as a JSON object: the attributes that the fields come from. */
export const CLOUD_EVENT_NAMES: FieldNames = {
  ...JSON_NAMES,
  eventType: 'type',
  correlationId: 'subject',
  occurredAt: 'time',
  idempotencyKey: 'id',
}

/** CloudEvents in headers: all but the data are header fields. */
export const CLOUD_EVENT_HEADER_NAMES: FieldNames = Object.fromEntries(
  Object.entries(CLOUD_EVENT_NAMES).map(([field, name]) => [field, field === 'data' ? name : `ce-${name}`]),
)

/**
 * Says where a problem is in the caller's own words: the service names `events[3].eventType`, the caller wrote
 * `event_type`, or `type`, or the header `ce-type`. A caller who sent one event sent no list, so its place is left out.
 */
export function pathForCaller(at: string, names: FieldNames, single: boolean): string {
  const match = /^(events\[\d+\])(?:\.([A-Za-z]+)(.*))?$/s.exec(at)
  if (!match) return at
  const [, item = '', field, rest = ''] = match
  const own = field === undefined ? undefined : (names[field] ?? field) + rest
  if (own === undefined) return single ? 'body' : item
  return single ? own : `${item}.${own}`
}

/** The same error with every path in the caller's words; anything but a GatewayError is given back as it is. */
export function errorForCaller(error: unknown, names: FieldNames, single: boolean): unknown {
  if (!(error instanceof GatewayError)) return error
  const problems = error.problems.map((problem) => ({ ...problem, at: pathForCaller(problem.at, names, single) }))
  return new GatewayError(error.code, problems, { cause: error })
}
