import { afterEach, describe, expect, it } from 'vitest'
import { type JsmOptions, type JsmStandIn, startJsm } from '../../src/stand-ins/pagers/jsm.ts'

const JSM = '/jsm/ops/integration/v2/alerts'
const alert = { message: 'Vault is sealed', alias: 'claimlinc:1', priority: 'P1' }
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(options: JsmOptions = {}): Promise<JsmStandIn> {
  const jsm = await startJsm(options)
  closing.push(jsm.close)
  return jsm
}

async function ask(jsm: JsmStandIn, path: string, body?: unknown, authorization = 'GenieKey key-1') {
  const response = await fetch(jsm.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const json = (await response.json()) as {
    errors?: object
    requestId?: string
    data?: { isSuccess: boolean; status: string; alertId: string }
  }
  return { status: response.status, headers: response.headers, ...json }
}

describe('the alert API', () => {
  it.each([
    ['no message', { alias: 'a' }, 'message'],
    ['a message of 131 characters', { message: 'ع'.repeat(131) }, 'message'],
    ['21 tags', { ...alert, tags: Array.from({ length: 21 }, String) }, 'tags'],
    ['a tag of 51 characters', { ...alert, tags: ['x'.repeat(51)] }, 'tags'],
    ['a number in details', { ...alert, details: { count: 1 } }, 'details'],
    ['a long alias', { ...alert, alias: 'x'.repeat(513) }, 'alias'],
    ['a long description', { ...alert, description: 'x'.repeat(15_001) }, 'description'],
    ['another priority', { ...alert, priority: 'CRITICAL' }, 'priority'],
    ['a long source', { ...alert, source: 'x'.repeat(101) }, 'source'],
    ['a responder without a name', { ...alert, responders: [{ type: 'team' }] }, 'responders'],
  ])('refuses %s with 422', async (_, body, named) => {
    const jsm = await start()
    const answer = await ask(jsm, JSM, body)
    expect(answer.status).toBe(422)
    expect(Object.keys(answer.errors ?? {})).toEqual([named])
    expect(jsm.alerts()).toEqual([])
  })

  it('refuses a request without a key with 401, and with an unknown one with 403', async () => {
    const jsm = await start({ apiKeys: ['key-1'] })
    expect((await ask(jsm, JSM, alert, '')).status).toBe(401)
    expect((await ask(jsm, JSM, alert, 'Bearer key-1')).status).toBe(401)
    expect((await ask(jsm, JSM, alert, 'GenieKey other')).status).toBe(403)
    expect((await ask(jsm, JSM, alert)).status).toBe(202)
  })

  it.each([JSM, '/v2/alerts'])(
    'says at requests/{id} of %s what came of a request, and 404 until then',
    async (base) => {
      const jsm = await start({ held: true })
      const { status, requestId } = await ask(jsm, base, alert)
      expect(status).toBe(202)
      const before = await ask(jsm, `${base}/requests/${requestId}`)
      expect([before.status, before.headers.get('x-opsgenie-errortype')]).toEqual([404, 'RequestNotProcessed'])
      expect(jsm.alerts()).toEqual([])
      jsm.process()
      const after = await ask(jsm, `${base}/requests/${requestId}`)
      expect(after.data).toMatchObject({ isSuccess: true, status: 'Created alert', alertId: jsm.alerts()[0]?.id })
    },
  )

  it('answers 202 also to an alias that no open alert has; the request then says isSuccess: false', async () => {
    const jsm = await start()
    const { status, requestId } = await ask(jsm, `${JSM}/nonsense/close?identifierType=alias`, {})
    expect(status).toBe(202)
    expect((await ask(jsm, `${JSM}/requests/${requestId}`)).data).toMatchObject({ isSuccess: false })
  })

  it('joins creations by alias until the alert is closed, and keeps every change', async () => {
    const jsm = await start()
    await ask(jsm, JSM, alert)
    await ask(jsm, JSM, alert)
    await ask(jsm, `${JSM}/claimlinc%3A1/acknowledge?identifierType=alias`, { note: 'on it' })
    jsm.press('close', 'claimlinc:1')
    await ask(jsm, JSM, alert)
    expect(jsm.alerts().map(({ status, acknowledged, count }) => [status, acknowledged, count])).toEqual([
      ['closed', true, 2],
      ['open', false, 1],
    ])
    expect(jsm.alerts()[0]?.changes.map(({ action, by }) => `${action} ${by}`)).toEqual([
      'create api',
      'acknowledge api',
      'close Sara',
    ])
  })

  it('answers 429 with its headers beyond its rate, and keeps nothing of it', async () => {
    const jsm = await start({ perMinute: 1 })
    expect((await ask(jsm, JSM, alert)).status).toBe(202)
    const refused = await ask(jsm, JSM, { ...alert, alias: 'other' })
    expect([refused.status, refused.headers.get('x-ratelimit-state')]).toEqual([429, 'THROTTLED'])
    expect(jsm.alerts()).toHaveLength(1)
  })
})
