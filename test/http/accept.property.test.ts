import fc from 'fast-check'
import { expect, it } from 'vitest'
import { problemWire } from '../../src/contract/problem.ts'
import { CLAIM, createTestServer } from './harness.ts'

const TYPES = ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json']

/** An event with anything in any of its places. */
const nearlyEvent = fc.record(
  {
    event_type: fc.oneof(fc.constant('backup.failed'), fc.jsonValue()),
    data: fc.oneof(fc.constant(CLAIM.data), fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
    correlation_id: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    stakeholders: fc.jsonValue(),
    priority: fc.oneof(fc.constant('high'), fc.jsonValue()),
    occurred_at: fc.jsonValue(),
    idempotency_key: fc.oneof(fc.string(), fc.jsonValue()),
    language: fc.jsonValue(),
    specversion: fc.oneof(fc.constant('1.0'), fc.jsonValue()),
    id: fc.jsonValue(),
    source: fc.jsonValue(),
    type: fc.jsonValue(),
    __proto__: fc.jsonValue(),
    constructor: fc.jsonValue(),
  },
  { requiredKeys: [] },
)

const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.oneof(nearlyEvent, fc.array(nearlyEvent, { maxLength: 5 })).map((value) => Buffer.from(JSON.stringify(value))),
  // A good event with a few bytes changed.
  fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
    const bytes = Buffer.from(JSON.stringify(CLAIM))
    bytes[at % bytes.length] = byte
    return bytes
  }),
)

/** Printable or not, a header's value as Node lets it through. */
const headerValue = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) })

it('any body is accepted or refused as a problem, and no call is accepted in part', async () => {
  const { app, service } = createTestServer()
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(...TYPES), async (payload, type) => {
      service.taken.length = 0
      const answer = await app.inject({ method: 'POST', url: '/v1/events', headers: { 'content-type': type }, payload })
      if (answer.statusCode === 202) {
        expect(answer.json().events.length).toBeGreaterThan(0)
        return
      }
      expect(service.taken).toEqual([])
      expect([400, 413, 422]).toContain(answer.statusCode)
      expect(answer.headers['content-type']).toBe('application/problem+json')
      const problem = problemWire.parse(answer.json())
      expect(problem.errors.length).toBeGreaterThan(0)
    }),
    { numRuns: 500 },
  )
})

it('any headers are accepted or refused as a problem', async () => {
  const { app } = createTestServer({ TEAMS_INBOUND_SECRETS: ['C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] })
  const names = [
    'content-type',
    'content-encoding',
    'authorization',
    'webhook-id',
    'webhook-timestamp',
    'webhook-signature',
    'ce-specversion',
    'ce-id',
    'ce-source',
    'ce-type',
    'ce-subject',
    'ce-__proto__',
    'origin',
  ]
  const headers = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(headerValue, fc.constantFrom('1.0', 'application/json')),
  )
  await fc.assert(
    fc.asyncProperty(headers, async (given) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/v1/events',
        headers: { 'content-type': 'application/json', ...given },
        payload: JSON.stringify(CLAIM),
      })
      expect([202, 400, 401, 403, 415, 422]).toContain(answer.statusCode)
      if (answer.statusCode !== 202) problemWire.parse(answer.json())
    }),
    { numRuns: 500 },
  )
})

it('any query is accepted or refused as a problem', async () => {
  const { app } = createTestServer()
  const names = fc.oneof(
    fc.constantFrom('limit', 'cursor', 'since', 'until', 'state', 'priority', '__proto__'),
    fc.string(),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, fc.string({ unit: 'binary' })), { maxLength: 4 }), async (pairs) => {
      const answer = await app.inject(`/v1/notifications?${new URLSearchParams(pairs)}`)
      expect([200, 400]).toContain(answer.statusCode)
      if (answer.statusCode !== 200) problemWire.parse(answer.json())
    }),
    { numRuns: 300 },
  )
})
