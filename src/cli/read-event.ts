import { buffer } from 'node:stream/consumers'
import { type EventsRequest, readEvents } from '../contract/events-request.ts'
import { parseJsonBody } from '../contract/json-body.ts'
import { describeValue, GatewayError } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { parseJson } from '../kernel/parse-json.ts'
import type { Output } from './output.ts'

/** Options with the fields of an event. */
export interface EventFlags {
  readonly eventType?: string
  /** JSON. */
  readonly data?: string
  readonly correlationId?: string
  readonly priority?: string
  readonly stakeholders?: readonly string[]
  readonly language?: string
  readonly occurredAt?: string
  readonly idempotencyKey?: string
}

/**
 * Reads one event from the options, or events from stdin if there is no `--event-type`; other options then replace fields of the
 * event read. The result is parsed like an HTTP body, so that both accept the same and refuse with the same problems.
 *
 * @throws GatewayError `invalid_request`, `invalid_json`, `invalid_event`, `too_many_events`
 */
export async function readEventsOf(flags: EventFlags, output: Output): Promise<EventsRequest> {
  const given = fieldsOf(flags)
  if (flags.eventType !== undefined) return readEvents('json', {}, bytesOf({ data: {}, ...given }))
  if (process.stdin.isTTY) output.note('Reading the event as JSON from the keyboard; Ctrl-D ends it.')
  const body = await buffer(process.stdin)
  if (body.length === 0)
    throw new GatewayError('invalid_request', [
      {
        at: '--event-type',
        found: 'nothing, and nothing on stdin',
        expected: 'an event type, or an event as JSON on stdin',
      },
    ])
  if (Object.keys(given).length === 0) return readEvents('json', {}, body)
  const event = parseJsonBody(body)
  if (!isObject(event))
    throw new GatewayError('invalid_request', [
      {
        at: 'stdin',
        found: `${describeValue(event)}, and options for one event`,
        expected: 'one event, or no options',
      },
    ])
  return readEvents('json', {}, bytesOf({ ...event, ...given }))
}

function fieldsOf(flags: EventFlags): Record<string, unknown> {
  const fields = {
    event_type: flags.eventType,
    data: flags.data === undefined ? undefined : parsedData(flags.data),
    correlation_id: flags.correlationId,
    priority: flags.priority,
    stakeholders: flags.stakeholders,
    language: flags.language,
    occurred_at: flags.occurredAt,
    idempotency_key: flags.idempotencyKey,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function parsedData(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    // Without the parser's message: it quotes the text, which may contain patient data.
    throw new GatewayError('invalid_request', [
      {
        at: '--data',
        found: `text of ${text.length} characters that is not JSON`,
        expected: 'a JSON object such as \'{"node":"vault-1"}\'',
      },
    ])
  }
}

function bytesOf(event: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify(event))
}
