import { describe, expect, it } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { API_TOKENS, CLAIM, createTestServer } from './harness.ts'

const EVENT = {
  specversion: '1.0',
  id: 'A234-1234',
  source: '/nphies/gateway',
  type: 'nphies.claim.submitted',
  subject: 'corr-claim-xyz789',
  time: '2026-11-21T17:31:00Z',
  datacontenttype: 'application/json',
  data: CLAIM.data,
  priority: 'high',
  stakeholders: 'Integration Team, PMO',
  language: 'ar',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

const UNCHECKED = {
  eventType: 'nphies.claim.submitted',
  idempotencyKey: `ce:${digestOf('["/nphies/gateway","A234-1234"]')}`,
  correlationId: 'corr-claim-xyz789',
  occurredAt: '2026-11-21T17:31:00Z',
  data: CLAIM.data,
  priority: 'high',
  stakeholders: ['Integration Team', 'PMO'],
  language: 'ar',
}

const BINARY = {
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': 'A234-1234',
  'ce-source': '/nphies/gateway',
  'ce-type': 'nphies.claim.submitted',
}

function send(app: ReturnType<typeof createTestServer>['app'], type: string, payload: unknown) {
  return app.inject({
    method: 'POST',
    url: '/v1/events',
    headers: { 'content-type': type },
    payload: JSON.stringify(payload),
  })
}

const STRUCTURED = 'application/cloudevents+json; charset=UTF-8'
const BATCH = 'application/cloudevents-batch+json'

describe('CloudEvents', () => {
  it('accepts structured mode', async () => {
    const { app, service } = createTestServer()
    const answer = await send(app, STRUCTURED, EVENT)
    expect(answer.statusCode).toBe(202)
    expect(service.taken[0]?.event).toEqual(UNCHECKED)
    expect((await send(app, STRUCTURED, EVENT)).json().events[0].duplicate).toBe(true)
    const elsewhere = { ...EVENT, source: '/elsewhere' }
    expect((await send(app, STRUCTURED, elsewhere)).json().events[0].duplicate).toBe(false)
  })

  it('accepts the required attributes alone', async () => {
    const { app, service } = createTestServer()
    const { specversion, id, source, type, data } = EVENT
    expect((await send(app, STRUCTURED, { specversion, id, source, type, data })).statusCode).toBe(202)
    expect(Object.keys(service.taken[0]?.event ?? {}).sort()).toEqual(['data', 'eventType', 'idempotencyKey'])
  })

  it('accepts all events of a batch or none', async () => {
    const { app, service } = createTestServer()
    const second = { ...EVENT, id: '2', subject: undefined }
    expect((await send(app, BATCH, [EVENT, second])).json().events).toHaveLength(2)
    service.taken.length = 0
    const answer = await send(app, BATCH, [EVENT, { ...EVENT, source: undefined, specversion: '0.3' }, 7])
    expect(answer.json().errors).toEqual([
      { at: 'events[1].specversion', found: 'text of 3 characters', expected: 'the text "1.0"' },
      { at: 'events[1].source', found: 'nothing', expected: 'some text' },
      { at: 'events[2]', found: 'a number', expected: 'a CloudEvent, which is an object' },
    ])
    expect(service.taken).toEqual([])
    expect((await send(app, BATCH, EVENT)).json().errors[0].at).toBe('body')
  })

  it('accepts binary mode, its headers unquoted and percent-decoded', async () => {
    const { app, service } = createTestServer()
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: {
        ...BINARY,
        'ce-subject': '"corr-\\"%D9%85%20%25"',
        'ce-time': '2026-11-21T17:31:00Z',
        'ce-priority': 'HIGH',
        'ce-stakeholders': 'SRE',
        'ce-data': 'never the data',
      },
      payload: JSON.stringify(CLAIM.data),
    })
    expect(answer.statusCode).toBe(202)
    expect(service.taken[0]?.event).toEqual({
      eventType: UNCHECKED.eventType,
      idempotencyKey: UNCHECKED.idempotencyKey,
      correlationId: 'corr-"م %',
      occurredAt: '2026-11-21T17:31:00Z',
      data: CLAIM.data,
      priority: 'HIGH',
      stakeholders: ['SRE'],
    })
  })

  it('names headers in binary mode', async () => {
    const { app } = createTestServer()
    const post = (headers: Record<string, string>, payload = '') =>
      app.inject({ method: 'POST', url: '/v1/events', headers, payload })
    const bad = await post({ ...BINARY, 'ce-specversion': '2.0', 'ce-id': '' }, '{}')
    expect(bad.json().errors.map((p: { at: string }) => p.at)).toEqual(['ce-specversion', 'ce-id'])
    expect((await post({ ...BINARY, 'ce-subject': '100%' }, '{}')).json().errors[0].at).toBe('ce-subject')
    // Without data it is a CloudEvent still; that this type needs data is the service's word.
    const { 'content-type': _, ...bare } = BINARY
    expect((await post(bare)).json().errors[0].at).toBe('data')
    expect((await post({ ...BINARY, 'content-type': 'text/plain' }, 'x')).statusCode).toBe(415)
  })

  it('names the attributes that the fields came from', async () => {
    const { app, service } = createTestServer()
    const { GatewayError } = await import('../../src/kernel/errors.ts')
    service.beforeAccept = async () => {
      const at = ['eventType', 'correlationId', 'occurredAt', 'idempotencyKey', 'data.claim_id', 'priority']
      throw new GatewayError(
        'invalid_event',
        at.map((field) => ({ at: `events[0].${field}`, found: 'x', expected: 'y' })),
      )
    }
    const places = async (answer: ReturnType<typeof send>) =>
      (await answer).json().errors.map((p: { at: string }) => p.at)
    expect(await places(send(app, STRUCTURED, EVENT))).toEqual([
      'type',
      'subject',
      'time',
      'id',
      'data.claim_id',
      'priority',
    ])
    expect((await places(send(app, BATCH, [EVENT])))[0]).toBe('events[0].type')
    const binary = app.inject({ method: 'POST', url: '/v1/events', headers: BINARY, payload: '{}' })
    expect((await binary).json().errors.map((p: { at: string }) => p.at)).toEqual([
      'ce-type',
      'ce-subject',
      'ce-time',
      'ce-id',
      'data.claim_id',
      'ce-priority',
    ])
  })

  it.each([
    ['id', 5],
    ['id', ''],
    ['type', undefined],
    ['specversion', 1],
    ['subject', 7],
    ['datacontenttype', 'application/xml'],
    ['data_base64', 'e30='],
    ['data_base64', 7],
    ['stakeholders', ['SRE']],
  ])('refuses %s: %j', async (name, value) => {
    const { app } = createTestServer()
    const answer = await send(app, STRUCTURED, { ...EVENT, [name]: value })
    expect(answer.json()).toMatchObject({ status: 422, code: 'invalid_event', errors: [{ at: name }] })
  })

  it('reads attributes that are null or empty as absent', async () => {
    const { app, service } = createTestServer()
    const { specversion, id, source, type, data } = EVENT
    const nothing = { subject: null, time: null, dataschema: null, priority: null, stakeholders: null, language: null }
    expect((await send(app, STRUCTURED, { specversion, id, source, type, data, ...nothing })).statusCode).toBe(202)
    expect(Object.keys(service.taken[0]?.event ?? {}).sort()).toEqual(['data', 'eventType', 'idempotencyKey'])
    const empty = { id: '2', subject: '', time: '', stakeholders: '' }
    expect((await send(app, STRUCTURED, { ...EVENT, ...empty })).statusCode).toBe(202)
    expect(service.taken[1]?.event).not.toHaveProperty('stakeholders')
    const answer = await send(app, STRUCTURED, { ...EVENT, id: null })
    expect(answer.json().errors).toEqual([{ at: 'id', found: 'nothing', expected: 'some text' }])
  })

  it('reads data_base64 of an SDK by the same rules', async () => {
    const { app, service } = createTestServer()
    const { data, ...event } = EVENT
    const inBase64 = (text: string | Buffer, id = 'i') => ({
      ...event,
      id,
      data_base64: Buffer.from(text).toString('base64'),
    })
    // What HTTP.structured of the official SDK for JavaScript (cloudevents 10.0.0) makes of data that is a Buffer.
    const fromSdk = {
      id: '1',
      type: 'nphies.claim.submitted',
      source: '/nphies/gateway',
      specversion: '1.0',
      datacontenttype: 'application/json',
      time: '2026-11-21T17:31:00.000Z',
      data_base64: 'eyJjbGFpbV9pZCI6IkMifQ==',
    }
    expect((await send(app, STRUCTURED, fromSdk)).statusCode).toBe(202)
    expect(service.taken[0]?.event).toMatchObject({ data: { claim_id: 'C' } })
    expect(
      (await send(app, BATCH, [inBase64(JSON.stringify(data)), inBase64('{"n":9007199254740993}', 'j')])).statusCode,
    ).toBe(202)
    expect(service.taken.slice(1).map((one) => one.event.data)).toEqual([data, { n: '9007199254740993' }])
    for (const wrong of [
      '',
      'text',
      '{"a":{"__proto__":1}}',
      `${'['.repeat(40)}${']'.repeat(40)}`,
      Buffer.from('"\xff"', 'latin1'),
    ]) {
      const answer = await send(app, STRUCTURED, inBase64(wrong))
      expect(answer.json()).toMatchObject({ code: 'invalid_event', errors: [{ at: 'data_base64' }] })
    }
    expect((await send(app, STRUCTURED, { ...event, data_base64: 'no base64!' })).statusCode).toBe(422)
  })

  it('answers the handshake of webhooks, with tokens set too, and no other OPTIONS', async () => {
    const { app } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const ask = (headers: Record<string, string>) => app.inject({ method: 'OPTIONS', url: '/v1/events', headers })
    const answer = await ask({ 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' })
    expect(answer).toMatchObject({ statusCode: 200, body: '' })
    expect(answer.headers).toMatchObject({
      'webhook-allowed-origin': 'eventgrid.azure.net',
      'webhook-allowed-rate': '*',
      allow: 'OPTIONS, POST',
    })
    const preflight = await ask({ 'access-control-request-method': 'POST' })
    expect(preflight).toMatchObject({ statusCode: 405 })
    expect(preflight.headers).not.toHaveProperty('access-control-allow-origin')
    expect((await ask({ 'webhook-request-origin': 'a b' })).statusCode).toBe(400)
    // The permission is no right.
    expect((await send(app, STRUCTURED, EVENT)).statusCode).toBe(401)
  })
})
