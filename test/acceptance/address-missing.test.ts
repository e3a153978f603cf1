import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import { createLog } from '../../src/kernel/log.ts'
import type { LogEvent } from '../../src/kernel/log-events/table.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, type Store, startedStore } from '../services/stores.ts'
import { startReceiver } from '../transports/receiver.ts'
import { QUICK } from './gateways.ts'

/** A gateway that has the webhook URLs of a file, and what it logs. */
async function startWithFile(store: Store, muted: readonly string[] = []) {
  const receiver = await startReceiver((response) => response.writeHead(202).end())
  onTestFinished(() => receiver.close())
  const file = join(embeddedFolder(), 'webhooks.yaml')
  const write = (keys: readonly string[]) => {
    const text = keys.map((key) => `${key}: ${receiver.origin}/${key}?sig=abc\n`).join('')
    writeFileSync(`${file}.new`, text === '' ? '{}' : text)
    renameSync(`${file}.new`, file)
  }
  write(['pmo'])
  const lines: Record<string, unknown>[] = []
  const gateway = await serveGateway({
    env: {},
    settings: {
      ...QUICK,
      ...store,
      TEAMS_SANDBOX_ORIGIN: receiver.origin,
      TEAMS_WEBHOOKS_FILE: file,
      TEAMS_VAULT_REFRESH: 1,
      TEAMS_LOG_LEVEL: 'info',
    },
    config: { channels: Object.fromEntries(muted.map((key) => [key, { muted: true }])) },
    log: createLog('info', { write: (line) => void lines.push(JSON.parse(line)) }),
  })
  onTestFinished(() => gateway.stop())
  return { receiver, write, gateway, logged: (name: LogEvent) => lines.filter(({ event }) => event === name) }
}

const send = ({ wired }: ServedGateway, node: string, stakeholder = 'sre') =>
  wired.service.accept([{ eventType: 'vault.seal.detected', data: { node }, stakeholders: [stakeholder] }], 'test')

const notifications = async ({ wired }: ServedGateway) =>
  (await wired.service.listNotifications({ limit: 500 })).notifications.map(({ state, reason }) => ({ state, reason }))

const channel = async ({ wired }: ServedGateway, key: string) =>
  (await wired.service.listChannels()).find((one) => one.key === key)

async function metric({ wired }: ServedGateway, name: string): Promise<number | undefined> {
  const { body } = await wired.service.metrics()
  const line = body.split('\n').find((one) => one.startsWith(name))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

describe.each(KINDS)('a channel without a webhook URL, on %s', (kind) => {
  it('is shown at start, in the notification, the list of channels and metrics, until it has one', async () => {
    const { gateway, write, receiver, logged } = await startWithFile(await startedStore(kind))
    const [line] = logged('channel_address_missing')
    expect(line).toMatchObject({ level: 'warn', reason: 'address_missing' })
    expect(line?.channels).toContain('sre')
    expect(line?.channels).not.toContain('pmo')
    expect(await channel(gateway, 'sre')).toMatchObject({ reason: 'address_missing', oldestWaitingAt: null })
    expect(await channel(gateway, 'pmo')).toMatchObject({ reason: null })
    expect(await metric(gateway, 'teams_channel_oldest_waiting_seconds{channel="sre"}')).toBe(0)

    await send(gateway, 'vault-1')
    const waits = { state: 'pending', reason: 'address_missing' }
    // Noted at most once a second for a channel, and it was noted at start.
    await expect.poll(() => notifications(gateway), { timeout: 5_000 }).toEqual([waits])
    await send(gateway, 'vault-2')
    await expect.poll(() => notifications(gateway), { timeout: 5_000 }).toEqual([waits, waits])
    expect((await channel(gateway, 'sre'))?.oldestWaitingAt).toBeInstanceOf(Date)
    expect(await metric(gateway, 'teams_channel_address_missing{channel="sre"}')).toBe(1)
    expect(await metric(gateway, 'teams_channel_address_missing{channel="pmo"}')).toBe(0)
    expect(await metric(gateway, 'teams_channel_oldest_waiting_seconds{channel="sre"}')).toBeGreaterThan(0)
    expect(await metric(gateway, 'teams_channel_oldest_waiting_seconds{channel="pmo"}')).toBe(0)

    write(['sre', 'pmo'])
    await receiver.arrived(2)
    await expect.poll(() => notifications(gateway)).toEqual(Array(2).fill({ state: 'accepted', reason: null }))
    expect(await channel(gateway, 'sre')).toMatchObject({ reason: null, oldestWaitingAt: null })
    expect(await metric(gateway, 'teams_channel_address_missing{channel="sre"}')).toBe(0)

    write(['pmo'])
    await expect.poll(() => logged('channel_address_missing'), { timeout: 5_000 }).toHaveLength(2)
    expect(logged('channel_address_missing')[1]).toMatchObject({ channels: ['sre'] })
  })
})

describe.each(KINDS)('a channel that is muted while it has a backlog, on %s', (kind) => {
  it('receives no card of it, and its notifications are suppressed with the reason muted', async () => {
    const store = await startedStore(kind)
    const before = await startWithFile(store)
    for (const node of ['vault-1', 'vault-2', 'vault-3']) await send(before.gateway, node)
    await send(before.gateway, 'vault-4', 'pmo')
    await before.receiver.arrived(1)
    await before.gateway.stop()

    const { gateway, receiver, logged, write } = await startWithFile(store, ['sre'])
    const suppressed = { state: 'suppressed', reason: 'muted' }
    await expect
      .poll(() => notifications(gateway), { timeout: 5_000 })
      .toEqual([{ state: 'accepted', reason: null }, ...Array(3).fill(suppressed)])
    // The rows are committed before the turn ends, and the turn's end is what is logged.
    await expect.poll(() => logged('notifications_suppressed')).toMatchObject([{ channel: 'sre', suppressed: 3 }])
    expect(await metric(gateway, 'teams_notifications_suppressed_total{channel="sre",reason="muted"}')).toBe(3)
    expect(await channel(gateway, 'sre')).toMatchObject({ reason: 'muted', oldestWaitingAt: null })
    expect(await metric(gateway, 'teams_channel_address_missing{channel="sre"}')).toBe(0)
    expect(logged('channel_address_missing')[0]?.channels).not.toContain('sre')
    write(['sre', 'pmo'])
    await expect.poll(async () => (await channel(gateway, 'sre'))?.configured, { timeout: 5_000 }).toBe(true)
    expect(receiver.received).toEqual([])
  })
})
