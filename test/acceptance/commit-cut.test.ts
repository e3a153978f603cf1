import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { EventInput } from '../../src/contract/events.ts'
import { ERROR_CODES } from '../../src/kernel/error-codes.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { startCuttingProxy } from '../services/cutting-proxy.ts'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

async function gatewayBehindProxy() {
  const { DATABASE_URL } = await startedStore('postgres')
  const proxy = await startCuttingProxy(DATABASE_URL)
  onTestFinished(() => proxy.close())
  const gateway = await serveQuick({ DATABASE_URL: proxy.url })
  const send = async (key: string) => {
    const answer = await fetch(`${gateway.origin}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ event_type: 'vault.seal.detected', data: { node: 'v' }, idempotency_key: key }),
    })
    const body = JSON.parse(await answer.text())
    return { status: answer.status, body }
  }
  return { proxy, gateway, send }
}

describe('a database connection cut while an event is written', () => {
  it.each([
    ['COMMIT was carried out', 'after', true],
    ['COMMIT did not arrive', 'before', false],
  ] as const)(
    'answers commit_unknown, and a retry with the same key says whether it was a duplicate, where %s',
    async (_where, when, written) => {
      const { proxy, send } = await gatewayBehindProxy()
      const cut = proxy.cutAt(['INSERT INTO teams_events', 'commit'], when)
      const { status, body } = await send('key-1')
      await cut
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'commit_unknown' })
      expect(`${body.detail} ${body.todo}`).toContain('same idempotency key')
      const again = await send('key-1')
      expect(again).toMatchObject({ status: 202, body: { events: [{ duplicate: written }] } })
    },
  )

  it('answers database_unreachable and has written nothing where it was cut before the COMMIT', async () => {
    const { proxy, gateway, send } = await gatewayBehindProxy()
    const cut = proxy.cutAt(['INSERT INTO teams_events'], 'after')
    const { status, body } = await send('key-1')
    await cut
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'database_unreachable' })
    expect(body.todo).toContain('nothing was written')
    expect((await gateway.wired.service.listNotifications({ limit: 10 })).notifications).toEqual([])
  })
})

/** A client whose tries end with the given codes, one after the other; the bodies that it sent. */
function clientThatFails(codes: readonly string[]) {
  const bodies: string[] = []
  const client = createClient({
    url: 'http://127.0.0.1:1',
    sleep: async () => undefined,
    fetch: async (_url, init) => {
      bodies.push(String(init?.body))
      throw Object.assign(new Error('cut'), { code: codes[bodies.length - 1] })
    },
  })
  return { client, bodies }
}

const EVENT: EventInput = { eventType: 'vault.seal.detected', data: { node: 'v' } }
const RESET = Array(4).fill('ECONNRESET')
const REFUSED = Array(4).fill('ECONNREFUSED')
const errorOf = async (sending: Promise<unknown>) => {
  const error = await sending.catch((thrown: unknown) => thrown)
  return error instanceof GatewayError ? error : expect.unreachable('no GatewayError was thrown')
}

describe('the error of the client after a lost answer', () => {
  it('names the idempotency key that the client generated', async () => {
    const { client, bodies } = clientThatFails(RESET)
    const error = await errorOf(client.send(EVENT))
    const key = JSON.parse(bodies[0] ?? '').idempotency_key
    expect(error).toMatchObject({ code: 'gateway_unreachable', idempotencyKeys: [key] })
    expect(String(error)).toContain(`idempotencyKey: found the key ${key}`)
  })

  it('names the generated key of each event, and no key that the caller gave', async () => {
    const { client, bodies } = clientThatFails(RESET)
    const error = await errorOf(client.sendMany([EVENT, { ...EVENT, idempotencyKey: 'given' }, EVENT]))
    const keys: string[] = JSON.parse(bodies[0] ?? '').map(
      (event: { idempotency_key: string }) => event.idempotency_key,
    )
    expect(keys[1]).toBe('given')
    expect(error.idempotencyKeys).toEqual([keys[0], undefined, keys[2]])
    expect(error.problems.map(({ at }) => at)).toEqual([
      'http://127.0.0.1:1',
      'events[0].idempotencyKey',
      'events[2].idempotencyKey',
    ])
    expect(String(error)).toContain(`events[2].idempotencyKey: found the key ${keys[2]}`)
    expect(String(error)).not.toContain('given')
  })

  it('names generated keys after ECONNRESET then ECONNREFUSED, and none after ECONNREFUSED alone', async () => {
    const lost = clientThatFails(['ECONNRESET', ...REFUSED])
    expect((await errorOf(lost.client.sendMany([EVENT]))).idempotencyKeys).toHaveLength(1)
    const refused = clientThatFails(REFUSED)
    expect((await errorOf(refused.client.sendMany([EVENT]))).idempotencyKeys).toBeUndefined()
  })

  it('has the keys with which a committed call can be repeated without a second notification', async () => {
    const { proxy, gateway } = await gatewayBehindProxy()
    const events = [EVENT, { ...EVENT, idempotencyKey: 'given' }]
    let tries = 0
    const client = createClient({
      url: gateway.origin,
      sleep: async () => undefined,
      fetch: async (...request) => {
        if (tries++ === 0) return fetch(...request)
        throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' })
      },
    })
    const cut = proxy.cutAt(['INSERT INTO teams_events', 'commit'], 'after')
    const { idempotencyKeys } = await errorOf(client.sendMany(events))
    await cut
    const again = await createClient({ url: gateway.origin }).sendMany(
      events.map((event, index) => ({ idempotencyKey: idempotencyKeys?.[index] ?? '', ...event })),
    )
    expect(again.map(({ duplicate }) => duplicate)).toEqual([true, true])
    expect((await gateway.wired.service.listNotifications({ limit: 10 })).notifications).toHaveLength(
      again.flatMap(({ notifications }) => notifications).length,
    )
  })

  it('says to use the same idempotency key for each code that may follow a commit', () => {
    for (const code of ['internal', 'gateway_unreachable', 'commit_unknown'] as const)
      expect(ERROR_CODES[code].todo).toMatch(/same idempotency key/)
  })
})
