import { Webhook } from 'standardwebhooks'
import { expect, it } from 'vitest'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

const SECRETS = ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']
const TOKENS = { claims: 'claims-token-0123456789', billing: 'billing-token-0123456789' }
const EVENT = { event_type: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['SRE'] }

interface Answer {
  readonly status: number
  readonly code?: string
  readonly events?: readonly { readonly event_id: string; readonly duplicate: boolean }[]
  readonly errors?: readonly { readonly at: string }[]
}

async function start() {
  const gateway = await serveQuick(await startedStore('postgres'), {
    TEAMS_API_TOKENS: Object.entries(TOKENS)
      .map(([name, token]) => `${name}:send:${token}`)
      .join(),
    TEAMS_INBOUND_SECRETS: SECRETS.join(),
  })
  const post = async (headers: Record<string, string>, body: string): Promise<Answer> => {
    const answer = await fetch(`${gateway.origin}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    return { ...((await answer.json()) as Omit<Answer, 'status'>), status: answer.status }
  }
  return {
    send: (by: keyof typeof TOKENS, body: unknown, type = 'application/json') =>
      post({ authorization: `Bearer ${TOKENS[by]}`, 'content-type': type }, JSON.stringify(body)),
    sign(secret: string | undefined, id: string, event: unknown) {
      const body = JSON.stringify(event)
      const at = new Date()
      const signature = new Webhook(secret ?? '').sign(id, at, body)
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': signature,
      }
      return post(headers, body)
    },
  }
}

const first = ({ events }: Answer) => events?.[0]

it('an idempotency key counts per caller, whether by token or by signature', async () => {
  const { send, sign } = await start()
  const event = { ...EVENT, idempotency_key: 'task-42' }
  const other = { ...event, data: { node: 'vault-2' } }
  const answers = [
    await send('claims', event),
    await send('billing', other),
    await sign(SECRETS[0], 'task-42', EVENT),
    await sign(SECRETS[1], 'task-42', { ...EVENT, data: { node: 'vault-3' } }),
  ]
  expect(answers.map((answer) => [answer.status, first(answer)?.duplicate])).toEqual(Array(4).fill([202, false]))
  expect(new Set(answers.map((answer) => first(answer)?.event_id)).size).toBe(4)
  expect(first(await sign(SECRETS[0], 'task-42', EVENT))).toMatchObject({
    event_id: answers[2]?.events?.[0]?.event_id,
    duplicate: true,
  })
})

it('a reused key with other content is 409 with the field names of the request, and no event of the call is accepted', async () => {
  const { send, sign } = await start()
  const event = { ...EVENT, idempotency_key: 'task-42' }
  const other = { ...event, data: { node: 'vault-2' } }
  expect((await send('claims', event)).status).toBe(202)
  const refused = { status: 409, code: 'idempotency_key_reused' }
  expect(await send('claims', other)).toMatchObject({ ...refused, errors: [{ at: 'idempotency_key' }] })
  const fresh = { ...EVENT, idempotency_key: 'fresh' }
  expect(await send('claims', [fresh, event, other, other])).toMatchObject({
    ...refused,
    errors: [{ at: 'events[2].idempotency_key' }, { at: 'events[3].idempotency_key' }],
  })
  expect(first(await send('claims', fresh))?.duplicate).toBe(false)

  const cloudEvent = { specversion: '1.0', id: '1', source: '/a', type: EVENT.event_type, data: EVENT.data }
  const cloud = 'application/cloudevents+json'
  expect((await send('claims', cloudEvent, cloud)).status).toBe(202)
  expect(await send('claims', { ...cloudEvent, data: { node: 'vault-2' } }, cloud)).toMatchObject({
    ...refused,
    errors: [{ at: 'id' }],
  })

  expect((await sign(SECRETS[0], 'msg_1', EVENT)).status).toBe(202)
  expect(await sign(SECRETS[0], 'msg_1', { ...EVENT, priority: 'LOW' })).toMatchObject(refused)
})
