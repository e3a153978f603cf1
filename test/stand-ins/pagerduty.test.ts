import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type PagerDutyOptions, type PagerDutyStandIn, startPagerDuty } from '../../src/stand-ins/pagers/pagerduty.ts'

const KEY = 'a'.repeat(32)
const trigger = {
  routing_key: KEY,
  event_action: 'trigger',
  dedup_key: 'claimlinc:1',
  payload: { summary: 'Vault is sealed', source: 'vault-1', severity: 'critical' },
}
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(options: PagerDutyOptions = {}): Promise<PagerDutyStandIn> {
  const pagerDuty = await startPagerDuty(options)
  closing.push(pagerDuty.close)
  return pagerDuty
}

async function send(pagerDuty: PagerDutyStandIn, event: unknown) {
  const response = await fetch(`${pagerDuty.url}/v2/enqueue`, { method: 'POST', body: JSON.stringify(event) })
  return { status: response.status, body: (await response.json()) as { errors?: string[]; dedup_key?: string } }
}

describe('the Events API v2', () => {
  it.each([
    ['no key', { ...trigger, routing_key: undefined }, 'routing_key'],
    ['a short key', { ...trigger, routing_key: 'abc' }, 'routing_key'],
    ['an unknown action', { ...trigger, event_action: 'ack' }, 'event_action'],
    ['an unknown severity', { ...trigger, payload: { ...trigger.payload, severity: 'high' } }, 'severity'],
    ['no source', { ...trigger, payload: { ...trigger.payload, source: '' } }, 'source'],
    ['a long summary', { ...trigger, payload: { ...trigger.payload, summary: 'ع'.repeat(1025) } }, 'summary'],
    ['a long dedup_key', { ...trigger, dedup_key: 'x'.repeat(256) }, 'dedup_key'],
    ['no dedup_key to resolve', { routing_key: KEY, event_action: 'resolve' }, 'dedup_key'],
    ['no payload', { ...trigger, payload: undefined }, 'payload'],
    ['a text as details', { ...trigger, payload: { ...trigger.payload, custom_details: 'x' } }, 'custom_details'],
    ['a large event', { ...trigger, payload: { ...trigger.payload, class: 'x'.repeat(512 * 1024) } }, 'larger'],
  ])('refuses %s with 400 and keeps nothing', async (_, event, named) => {
    const pagerDuty = await start()
    const { status, body } = await send(pagerDuty, event)
    expect(status).toBe(400)
    expect(body.errors?.join()).toContain(named)
    expect(pagerDuty.alerts()).toEqual([])
  })

  it('refuses a key that no service has', async () => {
    const pagerDuty = await start({ routingKeys: ['b'.repeat(32)] })
    expect((await send(pagerDuty, trigger)).status).toBe(400)
  })

  it('takes a summary of 1,024 characters beyond the basic plane', async () => {
    const pagerDuty = await start()
    const event = { ...trigger, payload: { ...trigger.payload, summary: '🔥'.repeat(1024) } }
    expect((await send(pagerDuty, event)).status).toBe(202)
  })

  it('joins triggers with one key until it is resolved, and then opens another alert', async () => {
    const pagerDuty = await start()
    for (const event_action of ['trigger', 'trigger', 'acknowledge', 'trigger', 'resolve', 'trigger'])
      expect((await send(pagerDuty, { ...trigger, event_action })).status).toBe(202)
    expect(pagerDuty.alerts().map(({ status, triggers }) => [status, triggers])).toEqual([
      ['resolved', 3],
      ['triggered', 1],
    ])
    expect(pagerDuty.alerts()[0]?.changes.map(({ status }) => status)).toEqual([
      'triggered',
      'acknowledged',
      'resolved',
    ])
  })

  it('answers 202 to what it drops: without an open alert, or with the key of another service', async () => {
    const pagerDuty = await start()
    await send(pagerDuty, trigger)
    expect((await send(pagerDuty, { ...trigger, dedup_key: 'other', event_action: 'resolve' })).status).toBe(202)
    const foreign = { ...trigger, routing_key: 'b'.repeat(32), event_action: 'resolve' }
    expect((await send(pagerDuty, foreign)).status).toBe(202)
    expect(pagerDuty.alerts().map(({ status }) => status)).toEqual(['triggered'])
  })

  it('makes a dedup_key where a trigger has none', async () => {
    const { body } = await send(await start(), { ...trigger, dedup_key: undefined })
    expect(body.dedup_key).toMatch(/^[0-9a-f]{32}$/)
  })

  it('takes 120 events in any minute for each key, and keeps none beyond', async () => {
    let now = Date.parse('2026-11-30T08:00:00Z')
    const pagerDuty = await start({ now: () => new Date(now) })
    const burst = async (count: number, key: string) => {
      const statuses = new Map<number, number>()
      for (let nth = 0; nth < count; nth += 1) {
        const { status } = await send(pagerDuty, { ...trigger, routing_key: key, dedup_key: `${key}${now}${nth}` })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      return Object.fromEntries(statuses)
    }
    expect(await burst(122, KEY)).toEqual({ 202: 120, 429: 2 })
    expect(await burst(1, 'b'.repeat(32))).toEqual({ 202: 1 })
    now += 59_000
    expect(await burst(1, KEY)).toEqual({ 429: 1 })
    now += 2_000
    expect(await burst(1, KEY)).toEqual({ 202: 1 })
    expect(pagerDuty.alerts()).toHaveLength(122)
  })
})

describe('faults', () => {
  it('keep the event at a cut after it was kept, and not at the others', async () => {
    const pagerDuty = await start()
    pagerDuty.failNext({ kind: 'status', status: 429, retryAfter: 7 })
    const refused = await fetch(`${pagerDuty.url}/v2/enqueue`, { method: 'POST', body: JSON.stringify(trigger) })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7'])
    pagerDuty.failNext({ kind: 'cut', kept: false })
    await expect(send(pagerDuty, trigger)).rejects.toThrow()
    expect(pagerDuty.alerts()).toEqual([])
    pagerDuty.failNext({ kind: 'cut', kept: true })
    await expect(send(pagerDuty, trigger)).rejects.toThrow()
    pagerDuty.failNext({ kind: 'slow', delayMs: 5 })
    expect((await send(pagerDuty, trigger)).status).toBe(202)
    expect(pagerDuty.alerts().map(({ triggers }) => triggers)).toEqual([2])
  })
})

describe('v3 webhooks', () => {
  it('say each change, signed by every secret of the subscription, over the bytes that are sent', async () => {
    const received: { signature: unknown; body: string }[] = []
    const receiver = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      received.push({ signature: request.headers['x-pagerduty-signature'], body })
      response.writeHead(202).end()
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    closing.push(() => receiver.close())
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    const pagerDuty = await start({ webhooks: [{ url, secrets: ['old', 'new'] }] })
    await send(pagerDuty, trigger)
    await pagerDuty.press('acknowledge', 'claimlinc:1', 'Sara')
    await pagerDuty.press('resolve', 'claimlinc:1', 'Omar')

    const events = received.map(({ body }) => JSON.parse(body).event)
    expect(events.map((event) => [event.event_type, event.agent.summary, event.data.incident_key])).toEqual([
      ['incident.triggered', 'Events API', 'claimlinc:1'],
      ['incident.acknowledged', 'Sara', 'claimlinc:1'],
      ['incident.resolved', 'Omar', 'claimlinc:1'],
    ])
    expect(new Set(events.map((event) => event.id)).size).toBe(3)
    for (const { signature, body } of received)
      expect(signature).toBe(
        ['old', 'new'].map((key) => `v1=${createHmac('sha256', key).update(body).digest('hex')}`).join(),
      )

    const [first] = pagerDuty.deliveries()
    expect(first?.status).toBe(202)
    if (first) await pagerDuty.redeliver(first)
    expect(received.at(-1)).toEqual(received[0])
  })
})
