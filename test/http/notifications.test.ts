import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/kernel/errors.ts'
import { CLAIM, createTestServer } from './harness.ts'

async function withEvents(count: number) {
  const server = createTestServer()
  const accepted = await server.service.accept(
    Array.from({ length: count }, (_, index) => ({
      eventType: index % 2 === 0 ? 'backup.failed' : 'nphies.claim.submitted',
      data: CLAIM.data,
      correlationId: `c${index}`,
      priority: index % 2 === 0 ? 'HIGH' : 'INFO',
    })),
    'test',
  )
  return { ...server, ids: accepted.map((acceptance) => acceptance.notifications[0]?.id ?? '') }
}

describe('GET /v1/notifications', () => {
  it('returns all pages', async () => {
    const { app, ids } = await withEvents(5)
    const seen: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const answer = await app.inject(`/v1/notifications?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      const page: { notifications: { id: string }[]; next_cursor: string | null } = answer.json()
      seen.push(...page.notifications.map(({ id }) => id))
      cursor = page.next_cursor
      pages++
    }
    expect(pages).toBe(3)
    expect(seen).toEqual(ids.toReversed())
  })

  it('returns 50 by default, in snake_case with UTC times', async () => {
    const { app } = await withEvents(60)
    const page = (await app.inject('/v1/notifications')).json()
    expect(page.notifications).toHaveLength(50)
    expect(page.notifications[0]).toMatchObject({
      event_type: 'nphies.claim.submitted',
      sent_at: null,
      accepted_at: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
    expect(page.notifications[0]).not.toHaveProperty('data')
  })

  it('has every filter', async () => {
    const { app, service, ids } = await withEvents(4)
    service.setState(ids[0] ?? '', 'failed')
    const found = async (query: string) => {
      const answer = await app.inject(`/v1/notifications?${query}`)
      expect(answer.statusCode, query).toBe(200)
      return answer.json().notifications.map((n: { id: string }) => ids.indexOf(n.id))
    }
    expect(await found('correlation_id=c2')).toEqual([2])
    expect(await found('event_type=backup.failed')).toEqual([2, 0])
    expect(await found('priority=high')).toEqual([2, 0])
    expect(await found('state=failed')).toEqual([0])
    expect(await found('channel=devops')).toEqual([])
    expect(await found('digest_id=0190c8f0-0000-7000-8000-000000000000')).toEqual([])
    expect(await found('channel=sre&priority=INFO&limit=1')).toEqual([3])
    expect(await found('since=2020-01-01T03:00:00+03:00&until=2020-01-02')).toEqual([])
    expect(await found('since=2020-01-01T03:00:00%2B03:00&until=2999-01-01T00:00:00Z')).toHaveLength(4)
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=many', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['state=gone', 'state'],
    ['state=failed&state=pending', 'state'],
    ['priority=urgent', 'priority'],
    ['since=yesterday', 'since'],
    ['until=2026-13-01', 'until'],
    ['since=0000-01-01', 'since'],
    ['until=9999-12-31T23:59:59-23:59', 'until'],
    ['correlation_id=', 'correlation_id'],
    ['cursor=abc', 'cursor'],
    ['digest_id=abc', 'digest_id'],
    ['digest_id=', 'digest_id'],
    ['chanel=sre', 'query'],
    ['__proto__=1', 'query'],
    [`event_type=${'x'.repeat(201)}`, 'event_type'],
  ])('refuses %s', async (query, at) => {
    const { app } = await withEvents(1)
    const answer = await app.inject(`/v1/notifications?${query}`)
    expect(answer.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ at }] })
  })

  it('names every problem at once', async () => {
    const { app } = await withEvents(1)
    const answer = await app.inject('/v1/notifications?limit=0&state=x&since=x&zzz=1')
    expect(
      answer
        .json()
        .errors.map((p: { at: string }) => p.at)
        .sort(),
    ).toEqual(['limit', 'query', 'since', 'state'])
  })
})

describe('one notification', () => {
  it('is shown with its attempts, actions and data', async () => {
    const { app, service, ids } = await withEvents(1)
    const answer = await app.inject(`/v1/notifications/${ids[0]?.toUpperCase()}`)
    expect(answer.json()).toMatchObject({
      id: ids[0],
      data: CLAIM.data,
      card: null,
      attempts: [{ attempt: 1, outcome: 'server_error', status_code: 500, repeat: false }],
      actions: [{ action: 'acknowledge', by: 'someone', at: expect.stringMatching(/Z$/), data: null }],
    })
    expect(service.reads).toEqual([{ id: ids[0], by: 'http' }])
  })

  it.each(['0190c8f0-0000-7000-8000-000000000000', '1', '%00', "1'--", 'ü'])('is not found by %s', async (id) => {
    const { app } = await withEvents(1)
    const answer = await app.inject(`/v1/notifications/${encodeURI(id)}`)
    expect(answer.json()).toMatchObject({ status: 404, code: 'not_found', errors: [{ at: 'id' }] })
  })

  it('is replayed when it failed, and refused otherwise', async () => {
    const { app, service, ids } = await withEvents(1)
    const url = `/v1/notifications/${ids[0]}/replay`
    expect((await app.inject({ method: 'POST', url })).json()).toMatchObject({ status: 409, code: 'not_replayable' })
    service.setState(ids[0] ?? '', 'failed')
    const answer = await app.inject({ method: 'POST', url })
    expect(answer.json()).toMatchObject({ id: ids[0], state: 'pending' })
    expect(service.replays).toEqual([{ id: ids[0], by: 'http' }])
  })

  it('is replayed with any body', async () => {
    const { app, service, ids } = await withEvents(1)
    for (const headers of [{ 'content-type': 'application/json' }, { 'content-type': 'text/plain' }, {}]) {
      service.setState(ids[0] ?? '', 'failed')
      const payload = 'content-type' in headers ? '{}' : ''
      const answer = await app.inject({ method: 'POST', url: `/v1/notifications/${ids[0]}/replay`, headers, payload })
      expect(answer.statusCode).toBe(200)
    }
  })
})

describe('channels, health, metrics and /', () => {
  it('GET /v1/channels lists channels', async () => {
    const { app } = createTestServer()
    expect((await app.inject('/v1/channels')).json()).toEqual({
      channels: [
        {
          key: 'sre',
          name: '#sre-alerts',
          configured: true,
          muted: false,
          reason: null,
          oldest_waiting_at: null,
          budget_left: 10,
          budget: { requests: 60, period: 60, burst: 10 },
          backlog: { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, INFO: 0 },
          breaker: 'closed',
          rests_until: null,
          last_outcome: null,
          last_outcome_at: null,
        },
      ],
    })
  })

  it('/healthz and /readyz answer', async () => {
    const { app, service } = createTestServer()
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' })
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready', checks: service.checks })
    service.checks = [...service.checks, { name: 'engine', ok: false, detail: 'stopped' }]
    const answer = await app.inject('/readyz')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ status: 'not_ready', checks: [{ ok: true }, { name: 'engine', ok: false }] })
    service.readiness = async () => {
      throw new GatewayError('database_unreachable')
    }
    expect((await app.inject('/readyz')).json().checks).toEqual([
      { name: 'gateway', ok: false, detail: 'database_unreachable' },
    ])
  })

  it('/metrics passes on the metrics of the service', async () => {
    const { app } = createTestServer()
    const answer = await app.inject('/metrics')
    expect([answer.headers['content-type'], answer.body]).toEqual([
      'text/plain; version=0.0.4; charset=utf-8',
      'up 1\n',
    ])
  })

  it('/ names the gateway, and the sandbox where there is one', async () => {
    const without = createTestServer()
    const index = (await without.app.inject('/')).json()
    expect(index).toMatchObject({ name: 'claimlinc-teams', version: '1.2.3', links: { openapi: '/openapi.json' } })
    expect(index.links).not.toHaveProperty('sandbox')
    const sandbox = async (app: typeof without.app) => {
      app.get('/sandbox', async () => 'page')
    }
    const withSandbox = createTestServer({}, { plugins: [sandbox] })
    const { links } = (await withSandbox.app.inject('/')).json()
    expect(links.sandbox).toBe('/sandbox')
    for (const link of Object.values(links) as string[])
      expect((await withSandbox.app.inject(link)).statusCode, link).toBe(200)
  })
})
