import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { SilenceInput } from '../../src/contract/silences.ts'
import { API_TOKENS, createTestServer, TOKENS } from './harness.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const soon = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
const GOOD = {
  matchers: [{ field: 'event_type', operator: '=', value: 'celery.*' }],
  ends_at: soon(60),
  reason: 'broker moves',
}

function service() {
  const server = createTestServer()
  const post = (payload: unknown, headers: Record<string, string> = JSON_TYPE) =>
    server.app.inject({
      method: 'POST',
      url: '/v1/silences',
      headers,
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
  return { ...server, post }
}

describe('POST /v1/silences', () => {
  it('creates a silence, and answers how many notifications it suppressed', async () => {
    const { post, service: kept } = service()
    const answer = await post({ ...GOOD, kind: 'maintenance', starts_at: soon(-10), every: 'day' })
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toEqual({
      id: expect.any(String),
      kind: 'maintenance',
      matchers: GOOD.matchers,
      starts_at: expect.stringMatching(/Z$/),
      ends_at: GOOD.ends_at,
      every: 'day',
      reason: 'broker moves',
      created_by: 'http',
      created_at: expect.stringMatching(/Z$/),
      ended_by: null,
      ended_at: null,
      state: 'active',
      occurrence: { starts_at: expect.stringMatching(/Z$/), ends_at: GOOD.ends_at },
      kept_back: 3,
    })
    expect(kept.silences.get(answer.json().id)).toMatchObject({ createdBy: 'http', every: 'day' })
  })

  it('names every problem at once, with the JSON names', async () => {
    const { post, service: kept } = service()
    const answer = await post({
      matchers: [{ field: 'chanel', operator: '~', value: '' }],
      startsAt: soon(1),
      starts_at: 7,
      ends_at: soon(-1),
      every: 'day',
      end_at: soon(1),
    })
    expect(answer.json()).toMatchObject({ status: 422, code: 'invalid_silence' })
    const { errors } = answer.json()
    expect(errors.map(({ at }: { at: string }) => at)).toEqual([
      'startsAt',
      'end_at',
      'matchers[0].field',
      'matchers[0].operator',
      'matchers[0].value',
      'every',
      'starts_at',
      'reason',
    ])
    expect(errors[0].expected).toBe('perhaps starts_at')
    expect(errors[1].expected).toBe('perhaps ends_at')
    expect(errors[2].expected).toBe('perhaps channel')
    expect(kept.silences.size).toBe(0)
  })

  it.each([
    ['[]', 422, 'invalid_silence', 'body'],
    ['null', 422, 'invalid_silence', 'body'],
    ['"x"', 422, 'invalid_silence', 'body'],
    ['{', 400, 'invalid_json', 'body'],
    ['', 400, 'invalid_json', 'body'],
    ['{"__proto__":{"kind":"silence"}}', 422, 'invalid_silence', '__proto__'],
    ['{"constructor":1}', 422, 'invalid_silence', 'constructor'],
    ['{"P1234567 7":1}', 422, 'invalid_silence', 'body'],
  ])('refuses the body %s', async (payload, status, code, at) => {
    const { post } = service()
    const answer = await post(payload)
    expect(answer.json()).toMatchObject({ status, code })
    expect(answer.json().errors[0].at).toBe(at)
  })

  it.each([{ 'content-type': 'text/plain' }, {}, { ...JSON_TYPE, 'content-encoding': 'gzip' }])(
    'refuses a body with the headers %j before it is read',
    async (headers) => {
      const { post } = service()
      expect((await post(GOOD, headers)).json()).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    },
  )

  it('refuses a page of another site', async () => {
    const { post, service: kept } = service()
    const answer = await post(GOOD, { ...JSON_TYPE, origin: 'https://evil.example' })
    expect(answer.json()).toMatchObject({ status: 403, code: 'cross_site' })
    expect(kept.silences.size).toBe(0)
  })
})

describe('GET /v1/silences', () => {
  it('lists by state and kind, in pages, newest first', async () => {
    const { app, post } = service()
    const ids: string[] = []
    for (const change of [{}, { starts_at: soon(10) }, { kind: 'maintenance' }, {}])
      ids.push((await post({ ...GOOD, ...change })).json().id)
    await app.inject({ method: 'POST', url: `/v1/silences/${ids[3]}/end` })
    const list = async (query: string) => {
      const { silences, next_cursor } = (await app.inject(`/v1/silences?${query}`)).json()
      return { found: silences.map(({ id }: { id: string }) => ids.indexOf(id)), next_cursor }
    }
    expect(await list('')).toEqual({ found: [3, 2, 1, 0], next_cursor: null })
    expect(await list('state=active')).toEqual({ found: [2, 0], next_cursor: null })
    expect(await list('state=waiting')).toEqual({ found: [1], next_cursor: null })
    expect(await list('state=over')).toEqual({ found: [3], next_cursor: null })
    expect(await list('kind=maintenance&state=active')).toEqual({ found: [2], next_cursor: null })
    const first = await list('limit=3')
    expect(first.found).toEqual([3, 2, 1])
    expect(await list(`limit=3&cursor=${first.next_cursor}`)).toEqual({ found: [0], next_cursor: null })
  })

  it.each([
    ['state=pending', 'state'],
    ['kind=mute', 'kind'],
    ['limit=0', 'limit'],
    ['state=active&state=over', 'state'],
    ['active=true', 'query'],
  ])('refuses %s', async (query, at) => {
    const { app } = service()
    expect((await app.inject(`/v1/silences?${query}`)).json()).toMatchObject({
      status: 400,
      code: 'invalid_request',
      errors: [{ at }],
    })
  })
})

describe('one silence', () => {
  it('is shown, and ended once', async () => {
    const { app, post } = service()
    const { id } = (await post(GOOD)).json()
    expect((await app.inject(`/v1/silences/${id.toUpperCase()}`)).json()).toMatchObject({ id, kept_back: 3 })
    const end = () => app.inject({ method: 'POST', url: `/v1/silences/${id}/end` })
    expect((await end()).json()).toMatchObject({ id, state: 'over', occurrence: null, ended_by: 'http' })
    expect((await end()).json()).toMatchObject({ status: 409, code: 'silence_over' })
  })

  it.each(['0190c8f0-0000-7000-8000-000000000000', '1', '%00'])('is not found by %s', async (id) => {
    const { app } = service()
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/end'],
    ] as const)
      expect((await app.inject({ method, url: `/v1/silences/${id}${path}` })).json()).toMatchObject({
        status: 404,
        code: 'not_found',
        errors: [{ at: 'id' }],
      })
  })
})

describe('scopes of silences', () => {
  it('act may create and end, read may list', async () => {
    const { app, service: kept } = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const ask = async (token: keyof typeof TOKENS, method: 'GET' | 'POST', path = '', payload = '') =>
      app.inject({
        method,
        url: `/v1/silences${path}`,
        headers: { authorization: `Bearer ${TOKENS[token]}`, ...(payload === '' ? {} : JSON_TYPE) },
        payload,
      })
    const good = JSON.stringify(GOOD)
    expect((await ask('reader', 'POST', '', good)).json()).toMatchObject({ code: 'forbidden' })
    expect((await ask('sender', 'POST', '', good)).json()).toMatchObject({ code: 'forbidden' })
    const { id } = (await ask('actor', 'POST', '', good)).json()
    expect(kept.silences.get(id)).toMatchObject({ createdBy: 'http:ops' })
    expect((await ask('sender', 'GET')).statusCode).toBe(403)
    expect((await ask('reader', 'GET', `/${id}`)).statusCode).toBe(200)
    expect((await ask('reader', 'POST', `/${id}/end`)).statusCode).toBe(403)
    expect((await ask('admin', 'POST', `/${id}/end`)).json()).toMatchObject({ ended_by: 'http:root' })
    expect((await app.inject('/v1/silences')).statusCode).toBe(401)
  })
})

describe("the client's silences", () => {
  const SILENCE: SilenceInput = {
    kind: 'maintenance',
    matchers: [{ field: 'channel', operator: '!=', value: 'sre' }],
    startsAt: new Date('2026-11-20T22:00:00Z'),
    endsAt: '2026-11-21T02:00:00Z',
    every: 'day',
    reason: 'patch night',
  }

  async function running() {
    const server = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
    const { origin } = await server.start()
    const client = createClient({ url: origin, token: TOKENS.admin, sleep: async () => {} })
    return { ...server, origin, client }
  }

  it('are created, listed, shown and ended with the types of the library', async () => {
    const { client, service: kept } = await running()
    const made = await client.silences.create(SILENCE)
    expect(made).toMatchObject({ every: 'day', startsAt: SILENCE.startsAt, keptBack: 3, createdBy: 'http:root' })
    expect(made.occurrence?.endsAt).toBeInstanceOf(Date)
    expect(made.matchers).toEqual(SILENCE.matchers)
    expect(await client.silences.get(made.id)).toEqual(made)
    expect(await client.silences.list({ kind: 'maintenance', limit: 1 })).toEqual({
      silences: [expect.objectContaining({ id: made.id, createdAt: made.createdAt })],
      nextCursor: null,
    })
    expect(await client.silences.list({ state: 'over' })).toEqual({ silences: [], nextCursor: null })
    const ended = await client.silences.end(made.id)
    expect(ended).toMatchObject({ state: 'over', occurrence: null, endedBy: 'http:root' })
    expect(ended.endedAt).toEqual(kept.silences.get(made.id)?.endedAt)
    await expect(client.silences.end(made.id)).rejects.toMatchObject({ code: 'silence_over' })
    await expect(client.silences.get('1/../2')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('are refused with the error of the gateway, and an invalid date before it is sent', async () => {
    const { client } = await running()
    await expect(client.silences.create({ ...SILENCE, matchers: [] })).rejects.toMatchObject({
      code: 'invalid_silence',
      problems: [{ at: 'matchers' }],
    })
    await expect(client.silences.create({ ...SILENCE, endsAt: new Date('no') })).rejects.toMatchObject({
      code: 'invalid_silence',
      problems: [{ at: 'endsAt' }],
    })
  })

  it('are not created twice after a lost answer', async () => {
    const { origin, service: kept } = await running()
    const lossy: typeof fetch = async (url, init) => {
      await fetch(url, init)
      throw new TypeError('fetch failed')
    }
    const client = createClient({ url: origin, token: TOKENS.admin, fetch: lossy, sleep: async () => {} })
    await expect(client.silences.create(SILENCE)).rejects.toMatchObject({ code: 'gateway_unreachable' })
    expect(kept.silences.size).toBe(1)
  })
})
