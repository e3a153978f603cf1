import { createClient } from 'redis'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import type { AcceptedEvent } from '../../src/contract/events.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createPublisher } from '../../src/publish/publisher.ts'
import { startRedis } from '../services/redis.ts'

const event: AcceptedEvent = {
  id: '0192a000-0000-7000-8000-000000000001',
  eventType: 'nphies.claim.rejected',
  correlationId: 'claim-1',
  priority: 'HIGH',
  stakeholders: ['nphies_integration', 'compliance'],
  data: { claim_id: 'C-1', patient_id: 'P••••6789', rejection_reason: 'سبب الرفض' },
  occurredAt: new Date('2026-11-21T10:00:00Z'),
  acceptedAt: new Date('2026-11-21T10:00:01Z'),
  language: 'ar',
}

/** The real clock, ten times as fast: what waits for 5 s waits for half a second. */
const fastClock: Clock = {
  now: () => new Date(),
  after(ms, task) {
    const timer = setTimeout(task, ms / 10)
    return () => clearTimeout(timer)
  },
}

function publisherFor(url: string, clock = systemClock, channelPrefix = 'teams:events:') {
  const lines: Record<string, unknown>[] = []
  const metrics = createMetrics()
  const log = createLog('info', { write: (line) => void lines.push(JSON.parse(line)) })
  const publisher = createPublisher({ url, channelPrefix, log, metrics, clock })
  onTestFinished(() => publisher.close())
  const failures = async () =>
    Number((await metrics.expose()).body.match(/^teams_publish_failures_total (\d+)/m)?.[1] ?? Number.NaN)
  return { publisher, lines, failures }
}

/** Listens to all events; the list grows with what arrives. */
async function listenerAt(url: string, pattern = 'teams:events:*') {
  const client = createClient({ url })
  const messages: { channel: string; message: string }[] = []
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  await client.pSubscribe(pattern, (message, channel) => void messages.push({ channel, message }))
  return messages
}

/** Publishes every 50 ms until a message arrives; no publish is in flight then. */
async function publishUntilHeard(publish: () => void, messages: readonly unknown[]): Promise<void> {
  const before = messages.length
  await vi.waitFor(
    () => {
      if (messages.length > before) return
      publish()
      throw new Error('nothing has arrived')
    },
    { timeout: 20_000 },
  )
}

/** Longest that one call of `publish` may take, in milliseconds: it must not wait for the network. */
const AT_ONCE = 100

describe('publisher', () => {
  it('starts the channel name with TEAMS_REDIS_CHANNEL_PREFIX', async () => {
    const messages = await listenerAt(inject('redisUrl'), 'ours:*')
    const { publisher } = publisherFor(inject('redisUrl'), systemClock, 'ours:')
    await publishUntilHeard(() => publisher.publish(event), messages)
    expect(messages[0]?.channel).toBe('ours:nphies.claim.rejected')
  })

  it('publishes an event on the channel of its type, as stored', async () => {
    const messages = await listenerAt(inject('redisUrl'))
    const { publisher, lines } = publisherFor(inject('redisUrl'))
    await publishUntilHeard(() => publisher.publish(event), messages)
    expect(messages[0]?.channel).toBe('teams:events:nphies.claim.rejected')
    expect(JSON.parse(messages[0]?.message ?? '')).toEqual({
      event_id: event.id,
      event_type: 'nphies.claim.rejected',
      correlation_id: 'claim-1',
      priority: 'HIGH',
      stakeholders: ['nphies_integration', 'compliance'],
      data: { claim_id: 'C-1', patient_id: 'P••••6789', rejection_reason: 'سبب الرفض' },
      occurred_at: '2026-11-21T10:00:00.000Z',
      accepted_at: '2026-11-21T10:00:01.000Z',
      language: 'ar',
    })
    expect(lines).toEqual([])
  })

  it('drops and counts events while Redis is unreachable, logs it once, and continues afterwards', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const { publisher, lines, failures } = publisherFor(redis.url)
    await publishUntilHeard(() => publisher.publish(event), await listenerAt(redis.url))
    const before = await failures()

    await redis.kill()
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    const start = performance.now()
    for (let i = 0; i < 1_000; i++) publisher.publish(event)
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(await failures()).toBe(before + 1_000)

    await redis.restart()
    const messages = await listenerAt(redis.url)
    await publishUntilHeard(() => publisher.publish(event), messages)
    await vi.waitFor(() => expect(lines.map((line) => line.level)).toEqual(['warn', 'info']))
    expect(lines[1]?.missed).toBeGreaterThanOrEqual(1_000)
    const counted = await failures()
    publisher.publish(event)
    await publishUntilHeard(() => {}, messages)
    expect(await failures()).toBe(counted)
  })

  it('needs no Redis at start', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    await redis.kill()
    const { publisher, lines, failures } = publisherFor(redis.url)
    publisher.publish(event)
    expect(await failures()).toBe(1)
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    await redis.restart()
    await publishUntilHeard(() => publisher.publish(event), await listenerAt(redis.url))
  })

  it('drops events beyond its bound while Redis hangs, and reconnects', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const { publisher, lines, failures } = publisherFor(redis.url, fastClock)
    const messages = await listenerAt(redis.url)
    await publishUntilHeard(() => publisher.publish(event), messages)
    const before = await failures()

    redis.signal('SIGSTOP')
    const big: AcceptedEvent = { ...event, data: { text: 'x'.repeat(1024 * 1024) } }
    for (let i = 0; i < 12; i++) {
      const start = performance.now()
      publisher.publish(big)
      expect(performance.now() - start).toBeLessThan(AT_ONCE)
    }
    // Eight fit into the bound, less what messages cost besides their text; the others are dropped at once.
    expect(await failures()).toBe(before + 5)
    await vi.waitFor(async () => expect(await failures()).toBe(before + 12), { timeout: 20_000 })
    expect(lines.map((line) => line.level)).toEqual(['warn'])

    redis.signal('SIGCONT')
    await publishUntilHeard(() => publisher.publish(event), messages)
    await vi.waitFor(() => expect(lines.map((line) => line.level)).toEqual(['warn', 'info']))
  })

  it('counts events that Redis refuses, and logs it once', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const admin = createClient({ url: redis.url })
    onTestFinished(() => admin.destroy())
    await admin.connect()
    await admin.sendCommand(['ACL', 'SETUSER', 'quiet', 'on', '>password', '+@connection', '-publish', '~*'])
    const { publisher, lines, failures } = publisherFor(redis.url.replace('//', '//quiet:password@'))
    await vi.waitFor(async () => {
      publisher.publish(event)
      expect(lines.length).toBeGreaterThan(0)
    })
    const before = await failures()
    for (let i = 0; i < 10; i++) publisher.publish(event)
    await vi.waitFor(async () => expect(await failures()).toBeGreaterThanOrEqual(before + 10))
    expect(lines.map((line) => line.level)).toEqual(['warn'])
    expect(JSON.stringify(lines)).not.toContain('password')
  })

  it('closes quickly, also when Redis hangs, and publishes nothing afterwards', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const { publisher, lines, failures } = publisherFor(redis.url)
    await publishUntilHeard(() => publisher.publish(event), await listenerAt(redis.url))
    const before = await failures()
    redis.signal('SIGSTOP')
    publisher.publish(event)
    const start = performance.now()
    await publisher.close()
    expect(performance.now() - start).toBeLessThan(1_000)
    publisher.publish(event)
    await vi.waitFor(async () => expect(await failures()).toBe(before + 2))
    expect(lines).toEqual([])
  })

  it('never throws for any event', async () => {
    const { publisher, failures } = publisherFor(inject('redisUrl'))
    const messages = await listenerAt(inject('redisUrl'))
    await publishUntilHeard(() => publisher.publish(event), messages)
    const before = await failures()
    expect(() => publisher.publish({ ...event, occurredAt: new Date(Number.NaN) })).not.toThrow()
    expect(await failures()).toBe(before + 1)
  })
})
