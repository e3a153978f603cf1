import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { ERROR_CODES } from '../../src/kernel/error-codes.ts'
import { startCuttingProxy } from '../services/cutting-proxy.ts'
import { freshDatabase } from '../services/database.ts'
import { serveQuick } from './gateways.ts'

async function gatewayBehindProxy() {
  const { url } = await freshDatabase()
  const proxy = await startCuttingProxy(url)
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

describe('a connection that is cut while an event is written', () => {
  it.each([
    ['COMMIT was carried out', 'after', true],
    ['COMMIT did not arrive', 'before', false],
  ] as const)('says that it does not know, and the same key finds out, where %s', async (_where, when, written) => {
    const { proxy, send } = await gatewayBehindProxy()
    const cut = proxy.cutAt(['INSERT INTO teams_events', 'commit'], when)
    const { status, body } = await send('key-1')
    await cut
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'commit_unknown' })
    expect(`${body.detail} ${body.todo}`).toContain('same idempotency key')
    const again = await send('key-1')
    expect(again).toMatchObject({ status: 202, body: { events: [{ duplicate: written }] } })
  })

  it('says that nothing was written where it was cut before the COMMIT', async () => {
    const { proxy, gateway, send } = await gatewayBehindProxy()
    const cut = proxy.cutAt(['INSERT INTO teams_events'], 'after')
    const { status, body } = await send('key-1')
    await cut
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'database_unreachable' })
    expect(body.todo).toContain('nothing was written')
    expect((await gateway.wired.service.listNotifications({ limit: 10 })).notifications).toEqual([])
  })
})

describe('what the client knows of an event whose answer was lost', () => {
  it('names the key that it made up, so that the same can be sent again', async () => {
    const bodies: string[] = []
    const client = createClient({
      url: 'http://127.0.0.1:1',
      sleep: async () => undefined,
      fetch: async (_url, init) => {
        bodies.push(String(init?.body))
        throw Object.assign(new Error('cut'), { code: 'ECONNRESET' })
      },
    })
    const lost = client.send({ eventType: 'vault.seal.detected', data: { node: 'v' } })
    const error = await lost.catch((thrown: unknown) => thrown)
    const key = JSON.parse(bodies[0] ?? '').idempotency_key
    expect(error).toMatchObject({ code: 'gateway_unreachable' })
    expect(String(error)).toContain(`idempotencyKey: found the key ${key}`)
  })

  it('promises of no error that may come after a commit that nothing was accepted', () => {
    for (const code of ['internal', 'gateway_unreachable', 'commit_unknown'] as const)
      expect(ERROR_CODES[code].todo).toMatch(/same idempotency key/)
  })
})
