import type { IncomingHttpHeaders } from 'node:http'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { digestOf } from '../kernel/ids.ts'
import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { type EventResult, fromCloudEvent, fromCloudEventHeaders } from './cloudevents.ts'
import { EVENT_FIELDS, eventFromWire, type UncheckedEvent } from './events.ts'
import { parseJsonBody, shapeProblem } from './json-body.ts'
import { camelName, snakeName } from './json-names.ts'
import { MANY_PROBLEMS, MAX_EVENTS, MAX_PROBLEMS_PER_EVENT } from './limits.ts'
import type { EventFormat } from './media-type.ts'
import {
  CLOUD_EVENT_HEADER_NAMES,
  CLOUD_EVENT_NAMES,
  errorForCaller,
  type FieldNames,
  JSON_NAMES,
} from './problem-paths.ts'

/** Length limit of a signed request's id as an idempotency key; a longer id is replaced by its digest. */
const MAX_KEY_CHARACTERS = 200

/** The events of one request, with the caller's names of their fields. */
export interface EventsRequest {
  readonly events: readonly UncheckedEvent[]
  readonly names: FieldNames
  /** True where the body was one event, not a list. */
  readonly single: boolean
}

const NAMES = {
  json: JSON_NAMES,
  structured: CLOUD_EVENT_NAMES,
  batch: CLOUD_EVENT_NAMES,
  binary: CLOUD_EVENT_HEADER_NAMES,
} as const satisfies Record<EventFormat, FieldNames>

/**
 * Reads the events of a request in any format. Checks the format of all items and reports all problems at once; the
 * acceptor checks the events themselves.
 *
 * @throws GatewayError `invalid_json`, `invalid_event`, `too_many_events`
 */
export function readEvents(format: EventFormat, headers: IncomingHttpHeaders, body: Buffer): EventsRequest {
  // A CloudEvent in binary mode may have no data, and then has no body.
  const value = format === 'binary' && body.length === 0 ? undefined : parseJsonBody(body)
  const list = format === 'batch' || (format === 'json' && Array.isArray(value))
  if (list && !Array.isArray(value))
    throw new GatewayError('invalid_event', [{ at: 'body', found: describeValue(value), expected: 'a list of events' }])
  const items: readonly unknown[] = list && Array.isArray(value) ? value : [value]
  if (items.length === 0)
    throw new GatewayError('invalid_event', [
      { at: 'body', found: 'an empty list', expected: `1 to ${MAX_EVENTS.toLocaleString('en')} events` },
    ])
  if (items.length > MAX_EVENTS)
    throw new GatewayError('too_many_events', [
      { at: 'body', found: `a list of ${items.length}`, expected: `at most ${MAX_EVENTS} events` },
    ])
  const events: UncheckedEvent[] = []
  const problems: Problem[] = []
  for (const [index, item] of items.entries()) {
    const unsafe = shapeProblem(item, list ? 1 : 0)
    const result = unsafe ? { problems: [unsafe] } : readItem(format, headers, item)
    if (result.problems) {
      const most = problems.length < MANY_PROBLEMS ? MAX_PROBLEMS_PER_EVENT : 1
      const place = (at: string) => placeOf(index, at, !list)
      for (const problem of result.problems.slice(0, most)) problems.push({ ...problem, at: place(problem.at) })
      if (result.problems.length > most)
        problems.push({ at: place(''), found: 'more problems', expected: 'the corrections of the problems above' })
    } else events.push(result.event)
  }
  if (problems.length > 0) throw new GatewayError('invalid_event', problems)
  return { events, names: NAMES[format], single: !list }
}

function readItem(format: EventFormat, headers: IncomingHttpHeaders, item: unknown): EventResult {
  if (format === 'json') return fromJson(item)
  return format === 'binary' ? fromCloudEventHeaders(headers, item) : fromCloudEvent(item)
}

function placeOf(index: number, at: string, single: boolean): string {
  if (single) return at === '' ? 'body' : at
  return at === '' ? `events[${index}]` : `events[${index}].${at}`
}

function fromJson(item: unknown): EventResult {
  if (!isObject(item))
    return { problems: [{ at: '', found: describeValue(item), expected: 'an event, which is an object' }] }
  const fields: readonly string[] = EVENT_FIELDS
  const unknown = Object.keys(item).filter((name) => !fields.includes(name))
  if (unknown.length === 0) return { event: eventFromWire(item) }
  // One more than is listed, so that readEvents reports that there are more.
  return { problems: unknown.slice(0, MAX_PROBLEMS_PER_EVENT + 1).map(unknownField) }
}

/**
 * The problem of a field that events do not have, with the nearest field name. Rejected: ignoring it. A misspelt priority
 * or idempotency key would have no effect, and the sender would not notice.
 */
function unknownField(name: string): Problem {
  const meant = EVENT_FIELDS.find(
    (field) => field === snakeName(name) || camelName(field).toLowerCase() === name.toLowerCase(),
  )
  const near = nearestName(EVENT_FIELDS, name)
  return {
    // A name of another form may be a value in the wrong place, and is not quoted.
    at: /^[A-Za-z_]{1,40}$/.test(name) ? name : '',
    found: 'a field that events do not have',
    expected: meant ?? (near ? `perhaps ${near}` : `only ${EVENT_FIELDS.join(', ')}`),
  }
}

/**
 * Gives events without an idempotency key the id of the signed request (`webhook-id`), so that a request which a sender
 * repeats after a lost answer makes no second card. The events of a list get the id with their index: with the same key
 * they would be duplicates of each other.
 */
export function withRequestId(request: EventsRequest, webhookId: string): EventsRequest {
  const events = request.events.map((event, index) => {
    if (event.idempotencyKey !== undefined && event.idempotencyKey !== null) return event
    const key = request.single ? webhookId : `${webhookId}:${index}`
    return { ...event, idempotencyKey: key.length > MAX_KEY_CHARACTERS ? digestOf(key) : key }
  })
  return { ...request, events }
}

/** Rewrites an error of the service about a request's events with the caller's field names; see {@link errorForCaller}. */
export function refusalFor(request: EventsRequest, error: unknown): unknown {
  return errorForCaller(error, request.names, request.single)
}
