import { GatewayError } from '../kernel/errors.ts'
import { EVENT_FIELDS } from './events.ts'
import { camelName } from './json-names.ts'

/** The caller's name of each event field, by the library's name. */
export type FieldNames = Readonly<Record<string, string>>

/** The gateway's own JSON: the library's names in snake_case. */
export const JSON_NAMES: FieldNames = Object.fromEntries(EVENT_FIELDS.map((field) => [camelName(field), field]))

/** CloudEvents as a JSON object: the attribute of each field. */
export const CLOUD_EVENT_NAMES: FieldNames = {
  ...JSON_NAMES,
  eventType: 'type',
  correlationId: 'subject',
  occurredAt: 'time',
  idempotencyKey: 'id',
}

/** CloudEvents in binary mode: a header for each field except the data. */
export const CLOUD_EVENT_HEADER_NAMES: FieldNames = Object.fromEntries(
  Object.entries(CLOUD_EVENT_NAMES).map(([field, name]) => [field, field === 'data' ? name : `ce-${name}`]),
)

/**
 * Translates the path of a problem to the caller's field names: `events[3].eventType` of the service is `event_type`, `type`
 * or the header `ce-type` for the caller. For a caller that sent one event instead of a list, the index is left out.
 */
export function pathForCaller(at: string, names: FieldNames, single: boolean): string {
  const match = /^(events\[\d+\])(?:\.([A-Za-z]+)(.*))?$/s.exec(at)
  if (!match) return at
  const [, item = '', field, rest = ''] = match
  if (field === undefined) return single ? 'body' : item
  const path = (names[field] ?? field) + rest
  return single ? path : `${item}.${path}`
}

/** Translates every path of a GatewayError with {@link pathForCaller}; returns any other error unchanged. */
export function errorForCaller(error: unknown, names: FieldNames, single: boolean): unknown {
  if (!(error instanceof GatewayError)) return error
  const problems = error.problems.map((problem) => ({ ...problem, at: pathForCaller(problem.at, names, single) }))
  return new GatewayError(error.code, problems, { cause: error })
}
