import { expect, it } from 'vitest'
import { GatewayError } from '../kernel/errors.ts'
import {
  CLOUD_EVENT_HEADER_NAMES,
  CLOUD_EVENT_NAMES,
  errorForCaller,
  JSON_NAMES,
  pathForCaller,
} from './problem-paths.ts'

it.each([
  ['events[3].eventType', 'events[3].event_type', 'events[3].type', 'events[3].ce-type'],
  ['events[0].correlationId', 'events[0].correlation_id', 'events[0].subject', 'events[0].ce-subject'],
  ['events[0].occurredAt', 'events[0].occurred_at', 'events[0].time', 'events[0].ce-time'],
  ['events[0].idempotencyKey', 'events[0].idempotency_key', 'events[0].id', 'events[0].ce-id'],
  [
    'events[12].stakeholders[1]',
    'events[12].stakeholders[1]',
    'events[12].stakeholders[1]',
    'events[12].ce-stakeholders[1]',
  ],
  ['events[3].data.claim_id', 'events[3].data.claim_id', 'events[3].data.claim_id', 'events[3].data.claim_id'],
  ['events[3].data.eventType', 'events[3].data.eventType', 'events[3].data.eventType', 'events[3].data.eventType'],
  ['events[3].data.services[0].amount', 'events[3].data.services[0].amount', undefined, undefined],
  ['events[3]', 'events[3]', undefined, undefined],
  ['events', 'events', undefined, undefined],
  ['TEAMS_HTTP_PORT', 'TEAMS_HTTP_PORT', undefined, undefined],
  ['cursor', 'cursor', undefined, undefined],
])('%s is %s in JSON, %s in a CloudEvent, %s in headers', (at, json, attribute = json, header = json) => {
  expect(pathForCaller(at, JSON_NAMES, false)).toBe(json)
  expect(pathForCaller(at, CLOUD_EVENT_NAMES, false)).toBe(attribute)
  expect(pathForCaller(at, CLOUD_EVENT_HEADER_NAMES, false)).toBe(header)
})

it.each([
  ['events[0].eventType', 'event_type'],
  ['events[0].data.claim_id', 'data.claim_id'],
  ['events[0]', 'body'],
  ['events', 'events'],
])('%s of a single event is %s', (at, expected) => {
  expect(pathForCaller(at, JSON_NAMES, true)).toBe(expected)
})

it('keeps code and words of an error, and leaves others alone', () => {
  const problem = { at: 'events[0].eventType', found: 'nothing', expected: 'an event type' }
  const error = errorForCaller(new GatewayError('invalid_event', [problem]), JSON_NAMES, true)
  expect(error).toMatchObject({ code: 'invalid_event', problems: [{ ...problem, at: 'event_type' }] })
  const other = new Error('x')
  expect(errorForCaller(other, JSON_NAMES, true)).toBe(other)
})
