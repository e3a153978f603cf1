import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isSendable } from '../../src/catalogue/event-types.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import { ERROR_CODES } from '../../src/kernel/error-codes.ts'
import { ACCEPTED_TYPES, ALIASES, CLAIM, createTestServer } from './harness.ts'

interface Operation {
  readonly operationId: string
  /** Without content where there is no body. */
  readonly responses: Record<
    string,
    { content?: Record<string, { schema: object; examples?: Record<string, object> }> }
  >
  readonly requestBody?: { content: Record<string, { schema: object }> }
}

const schema = z.object({
  openapi: z.literal('3.1.1'),
  paths: z.record(z.string(), z.record(z.string(), z.custom<Operation>())),
  components: z.object({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    examples: z.record(z.string(), z.object({ value: z.unknown() })),
  }),
})
const raw = openApiDocument({ version: '1.2.3', eventTypes: ACCEPTED_TYPES, aliases: ALIASES })
const document = schema.parse(raw)

/** A validator of one schema inside the document, its references resolved against the whole. */
function validator(inner: object) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  // A reference such as #/components/schemas/X must find its target, so the schema is compiled as part of the document.
  return ajv.compile({ ...inner, components: raw.components })
}

function operations(): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
}

describe('the OpenAPI document', () => {
  it('describes refusals of an action in both of its forms', () => {
    const { responses } = document.paths['/v1/actions']?.post ?? {}
    for (const status of ['404', '409', '422'])
      expect(Object.keys(responses?.[status]?.content ?? {})).toEqual(['application/problem+json', 'application/json'])
  })

  it('has every route and no other', async () => {
    const { app } = createTestServer()
    await app.ready()
    const parents: string[] = []
    const routes = app
      .printRoutes({ commonPrefix: false })
      .trimEnd()
      .split('\n')
      .flatMap((line) => {
        const [, indent = '', part = '', methods = ''] = /^([\s│]*)[├└]── (\S+) \((.+)\)$/.exec(line) ?? []
        const depth = indent.length / 4
        const path = (parents[depth - 1] ?? '') + part
        parents.splice(depth, parents.length, path)
        return methods
          .split(', ')
          .filter((method) => method !== 'HEAD')
          .map((method) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
      })
    expect(routes.sort()).toEqual(
      operations()
        .map((o) => `${o.method.toUpperCase()} ${o.path}`)
        .sort(),
    )
  })

  it('resolves every reference, and names components as allowed', () => {
    const references: string[] = []
    JSON.stringify(raw, (key, value: unknown) => {
      if (key === '$ref' && typeof value === 'string') references.push(value)
      if (key === 'mapping') references.push(...(Object.values(value as object) as string[]))
      return value
    })
    expect(references.length).toBeGreaterThan(100)
    for (const reference of new Set(references)) {
      expect(reference).toMatch(/^#\/components\//)
      const target = reference
        .slice(2)
        .split('/')
        .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], raw)
      expect(target, reference).toBeTypeOf('object')
    }
    for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/)
  })

  it('has unique operation ids, declared parameters, and a success answer for each', () => {
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations()) {
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
      expect(JSON.stringify(operation).includes('"in":"path"')).toBe(path.includes('{'))
    }
  })

  it('compiles every schema', () => {
    for (const name of Object.keys(document.components.schemas))
      expect(() => validator({ $ref: `#/components/schemas/${name}` }), name).not.toThrow()
  })

  it('shows every error code, and each example is a problem', () => {
    expect(Object.keys(document.components.examples).sort()).toEqual(Object.keys(ERROR_CODES).sort())
    const check = validator({ $ref: '#/components/schemas/Problem' })
    for (const example of Object.values(document.components.examples)) expect(check(example.value)).toBe(true)
    const shown = operations().flatMap(({ operation }) =>
      Object.entries(operation.responses).flatMap(([status, { content }]) =>
        Object.keys(content?.['application/problem+json']?.examples ?? {}).map(
          (code) => [code, Number(status)] as const,
        ),
      ),
    )
    for (const [code, status] of shown) expect(ERROR_CODES[code as keyof typeof ERROR_CODES].status).toBe(status)
    expect(shown.map(([code]) => code)).toEqual(
      expect.arrayContaining(['invalid_event', 'not_replayable', 'forbidden']),
    )
  })

  it('has every event type that can be sent with its data, by its older names too', () => {
    const { mapping } = z
      .object({ mapping: z.record(z.string(), z.string()) })
      .parse(document.components.schemas.Event?.discriminator)
    const sendable = ACCEPTED_TYPES.map(({ name }) => name).filter((name) => isSendable(name))
    expect(Object.keys(mapping).sort()).toEqual([...sendable, ...ALIASES.keys()].sort())
    expect(mapping['celery.task.failure']).toBe('#/components/schemas/Event.celery.task.failed')
    const claim = document.components.schemas['Data.nphies_claim_submission'] as {
      required: string[]
      properties: object
    }
    expect(claim.required).toEqual(['claim_id', 'provider', 'payer', 'total_amount'])
    expect(claim.properties).toMatchObject({ patient_id: { 'x-patient-data': true } })
  })

  it('accepts and refuses the same events as the gateway', () => {
    const event = validator(
      operations().find(({ operation }) => operation.requestBody)?.operation.requestBody?.content['application/json']
        ?.schema ?? {},
    )
    expect(event(CLAIM), JSON.stringify(event.errors)).toBe(true)
    expect(
      event([CLAIM, { event_type: 'celery.task.failure', data: { task_name: 't', task_id: 1, error: 'e' } }]),
    ).toBe(true)
    for (const bad of [
      { ...CLAIM, event_type: 'nphies.claim.lost' },
      { ...CLAIM, data: { ...CLAIM.data, payer: 7 } },
      { ...CLAIM, data: undefined },
      { ...CLAIM, extra: 1 },
      { ...CLAIM, priority: 'urgent' },
      [],
      'x',
    ])
      expect(event(JSON.parse(JSON.stringify(bad))), JSON.stringify(bad)).toBe(false)
  })

  it('accepts and refuses the same silences as the gateway', () => {
    const silence = validator({ $ref: '#/components/schemas/NewSilence' })
    const good = {
      kind: 'maintenance',
      matchers: [{ field: 'data.queue', operator: '!=', value: 'claims*' }],
      ends_at: '2026-11-21T10:00:00Z',
      every: 'week',
      reason: 'r',
    }
    expect(silence(good), JSON.stringify(silence.errors)).toBe(true)
    const { ends_at: _end, ...endless } = good
    const one = { field: 'channel', operator: '=', value: 'sre' }
    for (const bad of [
      endless,
      { ...good, kind: 'quiet' },
      { ...good, matchers: [] },
      { ...good, matchers: Array(21).fill(one) },
      { ...good, matchers: [{ ...one, operator: '=~' }] },
      { ...good, matchers: [{ ...one, extra: 1 }] },
      { ...good, endsAt: good.ends_at },
      { ...good, reason: '' },
    ])
      expect(silence(bad), JSON.stringify(bad)).toBe(false)
  })

  it("gives a user's own type its own data schema, beside that of its card", () => {
    const own = { name: 'lab.result ready', card: 'system_alert', schema: z.object({ lab: z.string() }) }
    const { components } = schema.parse(openApiDocument({ version: '1', eventTypes: [...ACCEPTED_TYPES, own] }))
    expect(components.schemas['Data.lab.result_ready']).toMatchObject({ required: ['lab'] })
    expect(components.schemas['Event.lab.result_ready']).toMatchObject({
      properties: {
        event_type: { enum: ['lab.result ready'] },
        data: { $ref: '#/components/schemas/Data.lab.result_ready' },
      },
    })
    expect(components.schemas['Data.system_alert']).toMatchObject({ required: ['component', 'summary'] })
  })
})

describe('real answers', () => {
  it('are valid by the document', async () => {
    const { app, service } = createTestServer({ TEAMS_MAX_BODY_BYTES: 2_048 })
    const json = { 'content-type': 'application/json' }
    const checked = new Set<string>()
    const ask = async (method: 'GET' | 'POST' | 'OPTIONS', url: string, path: string, payload?: string) => {
      const answer = await app.inject({ method, url, ...(payload === undefined ? {} : { payload, headers: json }) })
      const type = String(answer.headers['content-type']).split(';')[0] ?? ''
      const inner = document.paths[path]?.[method.toLowerCase()]?.responses[answer.statusCode]?.content?.[type]?.schema
      expect(inner, `${method} ${url} ${answer.statusCode} ${type}`).toBeDefined()
      const check = validator(inner ?? {})
      const value = type === 'text/plain' ? answer.body : answer.json()
      expect(check(value), `${method} ${url}: ${JSON.stringify(check.errors)}`).toBe(true)
      checked.add(`${method} ${path}`)
      return answer
    }
    const accepted = await ask('POST', '/v1/events', '/v1/events', JSON.stringify([CLAIM]))
    const id = accepted.json().events[0].notifications[0].id
    await ask('POST', '/v1/events', '/v1/events', '{')
    await ask('POST', '/v1/events', '/v1/events', '{}')
    await ask('POST', '/v1/events', '/v1/events', ' '.repeat(3_000))
    await ask('GET', '/v1/notifications', '/v1/notifications')
    await ask('GET', '/v1/notifications?limit=x', '/v1/notifications')
    await ask('GET', `/v1/notifications/${id}`, '/v1/notifications/{id}')
    await ask('GET', '/v1/notifications/x', '/v1/notifications/{id}')
    await ask('POST', `/v1/notifications/${id}/replay`, '/v1/notifications/{id}/replay')
    service.setState(id, 'failed')
    await ask('POST', `/v1/notifications/${id}/replay`, '/v1/notifications/{id}/replay')
    const act = (body: object) => ask('POST', '/v1/actions', '/v1/actions', JSON.stringify(body))
    const acted = await act({ action: 'acknowledge', notification_id: id, actor: { id: 'a@b' }, inputs: { note: 'n' } })
    service.answer = { state: 'requested' }
    expect(
      (await act({ action: 'retry_task', correlation_id: CLAIM.correlation_id, user_email: 'a@b' })).statusCode,
    ).toBe(202)
    service.answer = {}
    await act({ action: 'acknowledge', correlation_id: 'nobody' })
    await act({ action: 'acknowledge', wrong: 1 })
    await ask('GET', '/v1/actions?state=done', '/v1/actions')
    await ask('GET', '/v1/actions?state=x', '/v1/actions')
    await ask('GET', `/v1/actions/${acted.json().id}`, '/v1/actions/{id}')
    await ask('GET', '/v1/actions/x', '/v1/actions/{id}')
    const inbound = (name: string, body: string) =>
      ask('POST', `/v1/inbound/alertmanager/${name}`, '/v1/inbound/alertmanager/{name}', body)
    const webhook = { version: '4', groupKey: 'k', status: 'firing', alerts: [{ labels: { alertname: 'a' } }] }
    await inbound('default', JSON.stringify(webhook))
    await inbound('other', JSON.stringify(webhook))
    await inbound('default', '{}')
    await inbound('default', '<html>')
    const ping = (query: string, body?: string) =>
      ask('POST', `/v1/heartbeats/nightly_backup${query}`, '/v1/heartbeats/{name}', body)
    await ping('')
    await ping('?state=failure&exit_code=3&run_id=r', '{}')
    await ping('?state=over')
    const silence = {
      matchers: [{ field: 'channel', operator: '=', value: 'sre' }],
      ends_at: '2999-01-01T00:00:00Z',
      reason: 'test',
    }
    const silenced = await ask('POST', '/v1/silences', '/v1/silences', JSON.stringify(silence))
    await ask('POST', '/v1/silences', '/v1/silences', JSON.stringify({ ...silence, ends_at: '2999-01-01' }))
    await ask('GET', '/v1/silences?state=active', '/v1/silences')
    await ask('GET', '/v1/silences?state=x', '/v1/silences')
    const one = `/v1/silences/${silenced.json().id}`
    await ask('GET', one, '/v1/silences/{id}')
    await ask('GET', '/v1/silences/x', '/v1/silences/{id}')
    await ask('POST', `${one}/end`, '/v1/silences/{id}/end')
    await ask('POST', `${one}/end`, '/v1/silences/{id}/end')
    await ask('GET', '/v1/silences?state=over', '/v1/silences')
    await ask('GET', '/v1/audit/checkpoint', '/v1/audit/checkpoint')
    await ask('GET', '/v1/audit/proof/0', '/v1/audit/proof/{index}')
    service.auditEntries.push({ origin: null, index: null, id: 1, leafHash: '00', entry: { v: 1 }, bytes: 'e30=' })
    service.auditEntries.push({ origin: 'x', index: 0, id: 2, leafHash: '00', entry: null, bytes: null })
    service.checkpoint = 'signed'
    await ask('GET', '/v1/audit/entries', '/v1/audit/entries')
    await ask('GET', '/v1/audit/entries?limit=x', '/v1/audit/entries')
    await ask('GET', '/v1/audit/checkpoint', '/v1/audit/checkpoint')
    await ask('GET', '/v1/audit/proof/0', '/v1/audit/proof/{index}')
    for (const path of [
      '/v1/channels',
      '/v1/sources',
      '/v1/heartbeats',
      '/healthz',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/',
    ])
      await ask('GET', path, path)
    service.checks = [{ name: 'database', ok: false, detail: 'gone' }]
    await ask('GET', '/readyz', '/readyz')
    await ask('GET', '/v1/escalations', '/v1/escalations')
    await ask('GET', '/v1/stats', '/v1/stats')
    const archived = await ask('GET', '/v1/archive', '/v1/archive')
    await ask('GET', '/v1/archive?state=x', '/v1/archive')
    await ask('GET', `/v1/archive/${archived.json().records[0].id}`, '/v1/archive/{id}')
    await ask('GET', '/v1/archive/x', '/v1/archive/{id}')
    await ask('POST', '/v1/archive-keys/rewrap', '/v1/archive-keys/rewrap')
    await ask('POST', '/v1/archive-keys/rewrap?limit=1', '/v1/archive-keys/rewrap')
    await ask('OPTIONS', '/v1/events', '/v1/events')
    expect([...checked].sort()).toEqual(
      operations()
        .map((o) => `${o.method.toUpperCase()} ${o.path}`)
        .sort(),
    )
  })
})
