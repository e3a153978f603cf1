import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/kernel/errors.ts'
import { CLAIM, createTestServer } from './harness.ts'

const json = { 'content-type': 'application/json' }

function post(
  app: ReturnType<typeof createTestServer>['app'],
  payload: unknown,
  headers: Record<string, string> = json,
) {
  return app.inject({
    method: 'POST',
    url: '/v1/events',
    headers,
    payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
  })
}

describe('POST /v1/events', () => {
  it('accepts one event and answers with its acceptance', async () => {
    const { app, service } = createTestServer()
    const answer = await post(app, CLAIM)
    expect(answer.statusCode).toBe(202)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-correlation-id': 'corr-claim-xyz789',
      'cache-control': 'no-store',
    })
    expect(answer.json()).toEqual({
      events: [
        {
          event_id: expect.any(String),
          correlation_id: 'corr-claim-xyz789',
          duplicate: false,
          notifications: [{ id: expect.any(String), channel: 'sre', state: 'pending' }],
        },
      ],
    })
    expect(service.taken).toEqual([
      {
        origin: 'http',
        event: {
          eventType: CLAIM.event_type,
          correlationId: CLAIM.correlation_id,
          data: CLAIM.data,
          stakeholders: CLAIM.stakeholders,
          priority: 'INFO',
        },
      },
    ])
  })

  it('keeps the digits of numbers beyond 2^53, in every format', async () => {
    const { app, service } = createTestServer()
    const data = '{"claim_id":12345678901234567890,"n":[9007199254740993,1.5,7]}'
    const event = { specversion: '1.0', source: '/s', type: CLAIM.event_type }
    const structured = (id: string) => JSON.stringify({ ...event, id, data: 0 }).replace('"data":0', `"data":${data}`)
    await post(app, `{"event_type":"${CLAIM.event_type}","data":${data}}`)
    await post(app, structured('1'), { 'content-type': 'application/cloudevents+json' })
    await post(app, `[${structured('2')}]`, { 'content-type': 'application/cloudevents-batch+json' })
    await post(app, data, {
      ...json,
      ...Object.fromEntries(Object.entries({ ...event, id: '3' }).map(([name, value]) => [`ce-${name}`, value])),
    })
    expect(service.taken.map(({ event }) => event.data)).toEqual(
      Array(4).fill({ claim_id: '12345678901234567890', n: ['9007199254740993', 1.5, 7] }),
    )
  })

  it('passes on every field of an event', async () => {
    const { app, service } = createTestServer()
    const event = { ...CLAIM, occurred_at: '2026-11-21T10:00:00Z', idempotency_key: 'k', language: 'ar' }
    await post(app, [event])
    expect(service.taken[0]?.event).toMatchObject({
      occurredAt: '2026-11-21T10:00:00Z',
      idempotencyKey: 'k',
      language: 'ar',
    })
    expect((await post(app, [event])).json().events[0].duplicate).toBe(true)
  })

  it('has the correlation id in the answer only when all events share it', async () => {
    const { app } = createTestServer()
    expect((await post(app, [CLAIM, CLAIM])).headers['x-correlation-id']).toBe('corr-claim-xyz789')
    const other = { ...CLAIM, correlation_id: 'other' }
    expect((await post(app, [CLAIM, other])).headers['x-correlation-id']).toBeUndefined()
    const arabic = await post(app, { ...CLAIM, correlation_id: 'مطالبة\r\nx: y' })
    expect(decodeURIComponent(String(arabic.headers['x-correlation-id']))).toBe('مطالبة\r\nx: y')
    const encoded = await post(app, { ...CLAIM, correlation_id: 'a%20b' })
    expect(decodeURIComponent(String(encoded.headers['x-correlation-id']))).toBe('a%20b')
  })

  it('lists a hundred unknown fields of an event, and one of each event beside a thousand problems', async () => {
    const { app } = createTestServer({ TEAMS_MAX_BODY_BYTES: 5_242_880 })
    const wrong = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`f${n.toString(36)}`, 0]))
    const one = await post(app, wrong)
    expect([one.statusCode, one.json().errors.length]).toEqual([422, 101])
    expect(one.json().errors.at(-1)).toMatchObject({ at: 'body', found: 'more problems' })

    const more = await post(app, { ...wrong, more: 0 })
    expect(more.json()).toMatchObject({ status: 422, errors: [{ at: 'body', found: 'an object with too many keys' }] })

    const few = Object.fromEntries(Object.entries(wrong).slice(0, 300))
    const { errors } = (await post(app, Array(1_000).fill(few))).json()
    expect(errors.length).toBeLessThan(4_000)
    expect(new Set(errors.map(({ at }: { at: string }) => at.split('.')[0])).size).toBe(1_000)
  })

  it('accepts a thousand events, and none of a thousand with one invalid event', async () => {
    const { app, service } = createTestServer()
    const events = Array.from({ length: 1_000 }, () => CLAIM)
    expect((await post(app, events)).json().events).toHaveLength(1_000)
    service.taken.length = 0
    const answer = await post(app, events.with(3, { ...CLAIM, data: { ...CLAIM.data, claim_id: true as never } }))
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toEqual([
      { at: 'events[3].data.claim_id', found: 'a boolean', expected: 'text or a number' },
    ])
    expect(service.taken).toEqual([])
    expect((await post(app, [...events, CLAIM])).json()).toMatchObject({ code: 'too_many_events', status: 413 })
  })

  it('names every invalid item, in snake_case', async () => {
    const { app } = createTestServer()
    const answer = await post(app, [{ data: {} }, CLAIM, { event_type: 'x', data: 7 }])
    expect(answer.json().errors.map((problem: { at: string }) => problem.at)).toEqual([
      'events[0].event_type',
      'events[2].data',
    ])
    const single = await post(app, { correlation_id: 5 })
    expect(single.json().errors.map((problem: { at: string }) => problem.at)).toEqual([
      'event_type',
      'data',
      'correlation_id',
    ])
  })

  it('refuses unknown fields, and suggests the nearest name', async () => {
    const { app, service } = createTestServer()
    const answer = await post(app, [{ ...CLAIM, eventType: 'x', event_typ: 'x', 'P123 456': 1 }, 5, null])
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toEqual([
      { at: 'events[0].eventType', found: 'a field that events do not have', expected: 'event_type' },
      { at: 'events[0].event_typ', found: 'a field that events do not have', expected: 'perhaps event_type' },
      {
        at: 'events[0]',
        found: 'a field that events do not have',
        expected: expect.stringContaining('event_type, data'),
      },
      { at: 'events[1]', found: 'a number', expected: 'an event, which is an object' },
      { at: 'events[2]', found: 'null', expected: 'an event, which is an object' },
    ])
    expect(answer.body).not.toContain('P123')
    expect(service.taken).toEqual([])
  })

  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  it.each([
    ['no body', '', 400, 'invalid_json', 'body', 'nothing'],
    ['no JSON', '{"event_type": "SECRET', 400, 'invalid_json', 'body', /^text that is not JSON from character \d+$/],
    ['broken UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), 400, 'invalid_json', 'body', 'bytes that are not UTF-8'],
    ['a number', '5', 422, 'invalid_event', 'body', 'a number'],
    ['an empty list', '[]', 422, 'invalid_event', 'body', 'an empty list'],
    ['deep nesting', `{"data":${nested(32)}}`, 422, 'invalid_event', 'body', /too deep/],
    ['very deep nesting', nested(400_000), 422, 'invalid_event', 'events[0]', /too deep/],
    ['__proto__', '[{"data":{"__proto__":{"x":1}}}]', 422, 'invalid_event', 'events[0]', 'a key named __proto__'],
    ['constructor.prototype', '{"data":{"constructor":{"prototype":1}}}', 422, 'invalid_event', 'body', /prototype/],
    ['a number beyond doubles', '[{"data":{"n":1e999}}]', 422, 'invalid_event', 'events[0]', /too large/],
  ])('refuses %s', async (_name, payload, status, code, at, found) => {
    const { app, service } = createTestServer()
    const answer = await post(app, payload)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({ type: `urn:claimlinc-teams:error:${code}`, status, code })
    expect(answer.json().errors).toEqual([{ at, found: expect.stringMatching(found), expected: expect.any(String) }])
    expect(answer.body).not.toContain('SECRET')
    expect(service.taken).toEqual([])
  })

  it('names every unsafe item', async () => {
    const { app } = createTestServer()
    const answer = await post(app, `[{"data":{"__proto__":1}}, ${JSON.stringify(CLAIM)}, {"data":${nested(40)}}, 5]`)
    expect(answer.json().errors.map((p: { at: string }) => p.at)).toEqual(['events[0]', 'events[2]', 'events[3]'])
  })

  it('accepts nesting up to the limit, and a key named constructor', async () => {
    const { app } = createTestServer()
    const data = `{"constructor":"ACME","list":${nested(30)}}`
    expect((await post(app, `{"event_type":"x","data":${data}}`)).statusCode).toBe(202)
  })

  it.each([
    [{ 'content-type': 'text/plain' }, 'content-type'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'content-type'],
    [{ 'content-type': 'application/xml' }, 'content-type'],
    [{ 'content-type': 'nonsense' }, 'content-type'],
    [{ 'content-type': 'application/json; charset=iso-8859-1' }, 'content-type'],
    [{ 'content-type': 'application/cloudevents+avro' }, 'content-type'],
    [{}, 'content-type'],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'content-encoding'],
  ])('refuses a body as %j', async (headers, at) => {
    const { app } = createTestServer()
    const answer = await post(app, CLAIM, headers as Record<string, string>)
    expect(answer.json()).toMatchObject({ status: 415, code: 'unsupported_media_type', errors: [{ at }] })
  })

  it('accepts a charset of UTF-8, and a byte order mark', async () => {
    const { app } = createTestServer()
    const headers = { 'content-type': 'Application/JSON; charset="UTF-8"' }
    expect((await post(app, `\ufeff${JSON.stringify(CLAIM)}`, headers)).statusCode).toBe(202)
  })

  it('refuses a body over the limit', async () => {
    const { app } = createTestServer({ TEAMS_MAX_BODY_BYTES: 1_024 })
    const answer = await post(app, { ...CLAIM, data: { text: 'x'.repeat(2_000) } })
    expect(answer.json()).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it('answers an internal error without its message, and logs it with the id of the answer', async () => {
    const { app, service, lines } = createTestServer()
    service.beforeAccept = async () => {
      throw new Error('duplicate key (P123456789)')
    }
    const answer = await post(app, CLAIM)
    expect(answer.json()).toMatchObject({ status: 500, code: 'internal', errors: [] })
    const id = answer.json().instance.replace('urn:uuid:', '')
    expect(lines.find((line) => line.includes('"event":"request_failed"'))).toContain(id)
    expect(answer.body + lines.join('')).not.toContain('P123456789')
    service.beforeAccept = async () => {
      throw new GatewayError('database_unreachable')
    }
    expect((await post(app, CLAIM)).json()).toMatchObject({ status: 503, code: 'database_unreachable' })
  })

  it('counts refusals before the service by code, and leaves others to the service', async () => {
    const { app, metrics } = createTestServer()
    await post(app, '{')
    await post(app, [])
    await post(app, {})
    await post(app, CLAIM, { 'content-type': 'text/plain' })
    await post(app, CLAIM)
    const { body } = await metrics.expose()
    const counted = body.split('\n').filter((line) => line.startsWith('teams_events_refused_total{'))
    expect(counted.sort()).toEqual([
      'teams_events_refused_total{code="invalid_event"} 1',
      'teams_events_refused_total{code="invalid_json"} 1',
      'teams_events_refused_total{code="unsupported_media_type"} 1',
    ])
  })

  it('logs method, route, status, time and caller, and nothing of the body', async () => {
    const { app, lines } = createTestServer()
    await post(app, CLAIM, { ...json, 'x-secret': 'SECRET-HEADER' })
    await app.inject('/v1/notifications?correlation_id=SECRET-QUERY')
    await app.inject('/v1/notifications/SECRET-PATH')
    await app.inject('/SECRET-PATH')
    const logged = lines.map((line) => JSON.parse(line))
    expect(logged.map(({ method, route, status, caller }) => [method, route, status, caller])).toEqual([
      ['POST', '/v1/events', 202, 'http'],
      ['GET', '/v1/notifications', 200, 'http'],
      ['GET', '/v1/notifications/:id', 404, 'http'],
      ['GET', null, 404, null],
    ])
    expect(logged[0]).toMatchObject({ correlation_id: 'corr-claim-xyz789', ms: expect.any(Number) })
    expect(lines.join('')).not.toMatch(/SECRET|P123456789|KFMC/)
  })
})
