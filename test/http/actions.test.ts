import { createHmac, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { signPayload } from '../../src/contract/sign-payload.ts'
import { API_TOKENS, CLAIM, createTestServer, TOKENS } from './harness.ts'

const POWER = `whsec_${Buffer.from('0123456789abcdef0123456789').toString('base64')}`
const CELERY = `whsec_${Buffer.from('fedcba9876543210fedcba9876').toString('base64')}`
const NOBODY = `whsec_${Buffer.from('another secret of nobody..').toString('base64')}`
const json = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ ...json, authorization: `Bearer ${token}` })

async function withEvent(
  settings: Parameters<typeof createTestServer>[0] = {},
  headers: Record<string, string> = json,
) {
  const server = createTestServer(settings)
  const sent = await server.app.inject({ method: 'POST', url: '/v1/events', headers, payload: JSON.stringify(CLAIM) })
  const [event] = sent.json().events
  const act = (payload: unknown, more: Record<string, string> = headers) =>
    server.app.inject({ method: 'POST', url: '/v1/actions', headers: more, payload: JSON.stringify(payload) })
  return { ...server, act, id: event.notifications[0].id as string }
}

describe('POST /v1/actions', () => {
  it('does an action for the caller itself, and for the person that a relay vouches for', async () => {
    const { act, service, id } = await withEvent({ TEAMS_API_TOKENS: API_TOKENS }, bearer(TOKENS.sender))
    const body = { action: 'acknowledge', notification_id: id, inputs: { reason: 'on it' }, idempotency_key: 'k' }
    expect((await act(body)).json()).toMatchObject({ code: 'forbidden' })
    const own = await act(body, bearer(TOKENS.actor))
    expect([own.statusCode, own.json()]).toMatchObject([
      200,
      {
        action_id: own.json().id,
        action: 'acknowledge',
        state: 'done',
        result: null,
        by: 'http:ops',
        notification: { id },
      },
    ])
    await act({ ...body, actor: { id: 'sara@hospital.example', name: 'Sara' } }, bearer(TOKENS.actor))
    expect(service.acts.map(({ actor }) => actor)).toEqual([
      { via: 'token', id: null, name: 'http:ops', verified: false, roles: [], relayedBy: null },
      {
        via: 'token',
        id: 'sara@hospital.example',
        name: 'Sara',
        verified: true,
        roles: [],
        relayedBy: 'http:ops',
      },
    ])
    expect(service.acts[0]?.action).toMatchObject({ notificationId: id, reason: 'on it', idempotencyKey: 'k' })
  })

  it('does not take a person as verified where nobody was asked for credentials', async () => {
    const { act, service, id } = await withEvent()
    await act({ action: 'acknowledge', notification_id: id, actor: { id: 'sara' } })
    expect(service.acts[0]?.actor).toMatchObject({ via: 'unauthenticated', verified: false, id: 'sara' })
  })

  it('answers 200 to an action that is refused, and 202 to one that is done later', async () => {
    const { act, service, id } = await withEvent()
    service.answer = {
      state: 'refused',
      result: 'already_acknowledged',
      data: { by: 'Omar', at: '2026-11-30T08:00:00Z' },
    }
    const refused = await act({ action: 'acknowledge', notification_id: id })
    expect([refused.statusCode, refused.json()]).toMatchObject([
      200,
      { state: 'refused', result: 'already_acknowledged', data: { by: 'Omar' } },
    ])
    service.answer = { state: 'requested' }
    expect((await act({ action: 'retry', notification_id: id })).statusCode).toBe(202)
  })

  it.each([
    [{ action: 'acknowledge', id: 'x' }, 'id'],
    [{ action: 'acknowledge', inputs: { quietFor: 3 } }, 'inputs.quietFor'],
    [{ action: 'acknowledge', inputs: 'x' }, 'inputs'],
    [{ action: 'acknowledge', actor: 'Sara' }, 'actor'],
    [{ action: 'acknowledge', actor: { name: 'Sara' } }, 'actor'],
    [[], 'body'],
  ])('refuses %j with its place', async (body, at) => {
    const { act } = await withEvent()
    const answer = await act(body)
    expect([answer.statusCode, answer.json()]).toMatchObject([422, { code: 'invalid_action', errors: [{ at }] }])
  })

  it('takes an ActionHandlerRequest and answers as ActionHandlerResponse', async () => {
    const { act, service } = await withEvent()
    const request = {
      action: 'retry_task',
      event_id: CLAIM.correlation_id,
      correlation_id: CLAIM.correlation_id,
      user_email: 'sara@hospital.example',
      user_name: 'Sara',
      additional_data: { note: 'once more', source: 'card' },
    }
    expect((await act(request)).json()).toEqual({
      success: true,
      message: 'retry: done, by Sara.',
      updated_card: { type: 'AdaptiveCard', version: '1.5', body: [] },
    })
    service.answer = { card: null }
    expect((await act(request)).json()).toEqual({ success: true, message: 'retry: done, by Sara.' })
    expect(service.acts[0]).toMatchObject({
      action: { action: 'retry', correlationId: CLAIM.correlation_id, note: 'once more' },
      actor: { id: 'sara@hospital.example', name: 'Sara' },
    })
    await act({ ...request, action: 'discard_task' })
    expect(service.acts[2]?.action).toMatchObject({ action: 'discard', reason: 'no reason given' })
    const data = { by: 'Omar', at: '08:00' }
    service.answer = { state: 'refused', result: 'already_acknowledged', data, card: null }
    expect((await act({ ...request, action: 'acknowledge' })).json()).toEqual({
      success: false,
      message: 'Somebody has acknowledged it already (Omar, 08:00). Nothing. The answer says who, and when.',
      error: 'already_acknowledged',
    })
    const unknown = await act({ ...request, correlation_id: 'nobody', event_id: 'nobody' })
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { success: false, error: 'not_found' }])
  })
})

describe('a signed action', () => {
  const settings = { TEAMS_INBOUND_SECRETS: [`power:${POWER}`, `celery:${CELERY}`], TEAMS_INBOUND_ACT: ['power'] }
  const sign = (body: string, secret: string) => ({
    ...json,
    ...signPayload(body, { secret, id: randomUUID() }),
  })

  it('is taken from a secret that may act, once per webhook-id', async () => {
    const server = createTestServer(settings)
    const event = JSON.stringify(CLAIM)
    const headers = sign(event, POWER)
    await server.app.inject({ method: 'POST', url: '/v1/events', headers, payload: event })
    const payload = JSON.stringify({
      action: 'acknowledge',
      correlation_id: CLAIM.correlation_id,
      actor: { id: 'sara' },
    })
    const post = (with_: Record<string, string>, body = payload) =>
      server.app.inject({ method: 'POST', url: '/v1/actions', headers: with_, payload: body })
    const signed = sign(payload, POWER)
    expect((await post(signed)).statusCode).toBe(200)
    expect(server.service.acts[0]).toMatchObject({
      action: { idempotencyKey: signed['webhook-id'] },
      actor: { via: 'signature', verified: true, relayedBy: 'http:signed:power' },
    })
    expect((await post(signed, payload.replace('sara', 'omar'))).json()).toMatchObject({ code: 'unauthenticated' })
    expect((await post({ ...signed, 'webhook-timestamp': '1' })).json()).toMatchObject({ code: 'unauthenticated' })
    expect((await post({ ...signed, 'webhook-id': 'other' })).json()).toMatchObject({ code: 'unauthenticated' })
    expect((await post(sign(payload, CELERY))).json()).toMatchObject({ code: 'forbidden' })
    expect((await post(sign(payload, NOBODY))).json()).toMatchObject({ code: 'unauthenticated' })
    expect((await post(json)).json()).toMatchObject({ code: 'unauthenticated' })
    expect(server.service.acts).toHaveLength(1)
  })

  it('needs an id and a time, so that it can not be repeated by somebody who overheard it', async () => {
    const server = createTestServer(settings)
    const payload = JSON.stringify({ action: 'acknowledge', correlation_id: 'x' })
    const hex = createHmac('sha256', POWER).update(payload).digest('hex')
    const headers = { ...json, 'x-hmac-signature': hex }
    const answer = await server.app.inject({ method: 'POST', url: '/v1/actions', headers, payload })
    expect(answer.json()).toMatchObject({ code: 'unauthenticated' })
  })
})

describe('a client', () => {
  it('acts, lists and gets, and makes a key of its own', async () => {
    const { start, service } = createTestServer()
    const { origin } = await start()
    const client = createClient({ url: origin })
    const { notifications } = await client.send({
      eventType: 'backup.failed',
      data: { subject: 's', description: 'd' },
      correlationId: 'c',
    })
    const target = { notificationId: notifications[0]?.id ?? '' }
    const answer = await client.actions.act({ action: 'discard', target, inputs: { reason: 'r', quietFor: 60 } })
    expect(answer).toMatchObject({ state: 'done', reason: 'r', notification: { id: target.notificationId } })
    expect(service.acts[0]?.action).toMatchObject({ quietFor: 60, idempotencyKey: expect.any(String) })
    await client.actions.act({ action: 'acknowledge', target }, { id: 'sara' })
    expect(service.acts[1]?.actor).toMatchObject({ id: 'sara' })
    expect((await client.actions.list({ state: 'done' })).actions).toHaveLength(2)
    expect(await client.actions.get(answer.id)).toMatchObject({ id: answer.id, requestedAt: expect.any(Date) })
  })
})
