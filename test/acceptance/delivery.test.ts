import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { ServedGateway } from '../../src/app/serve.ts'
import type { Acceptance, UncheckedEvent } from '../../src/contract/events.ts'
import type { NotificationView } from '../../src/contract/notifications.ts'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

/** An event for the channel sre alone. */
const alert = (overrides: UncheckedEvent = {}): UncheckedEvent => ({
  eventType: 'vault.seal.detected',
  data: { node: 'vault-1' },
  stakeholders: ['sre'],
  ...overrides,
})

const sandboxOf = (gateway: ServedGateway) => {
  const model = gateway.wired.sandbox?.model
  if (!model) throw new Error('this gateway has no sandbox')
  return model
}

/** Asks again and again until the answer is right. Asking must pause: the embedded database never lets the loop turn. */
async function until<T>(ask: () => Promise<T>, right: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (right(answer)) return answer
    await setTimeout(20)
  }
}

const reach = (gateway: ServedGateway, id: string | undefined, right: (notification: NotificationView) => boolean) =>
  until(() => gateway.wired.service.getNotification(id ?? '', 'test'), right)

/**
 * Reaches the notifications of answers one after the other: polling all of them at once kept the embedded database busier than
 * delivery does.
 */
const reachAll = (
  gateway: ServedGateway,
  answers: readonly Acceptance[],
  right: (notification: NotificationView) => boolean,
) => Array.fromAsync(answers, (answer) => reach(gateway, answer.notifications[0]?.id, right))

const attemptCount = async (gateway: ServedGateway) => {
  const { rows } = await sql<{ count: number }>`SELECT count(*)::int AS count FROM teams_attempts`.execute(
    gateway.wired.database.kysely,
  )
  return rows[0]?.count ?? 0
}

const channelOf = async (gateway: ServedGateway, key: string) =>
  (await gateway.wired.service.listChannels()).find((channel) => channel.key === key)

describe.each(['embedded', 'postgres'] as const)('delivery on %s', (kind) => {
  it('posts an accepted event to its channel and records the attempt', async () => {
    const gateway = await serveQuick(await startedStore(kind))
    const [answer] = await gateway.wired.service.accept([alert({ correlationId: 'c-1' })], 'test')
    const [message] = await sandboxOf(gateway).waitFor('sre', 1)
    expect(message?.run).toBe('succeeded')
    expect(message?.headers).toMatchObject({
      'x-correlation-id': 'c-1',
      'webhook-id': answer?.notifications[0]?.id,
      'x-claimlinc-attempt': '1',
    })
    const sent = await reach(gateway, answer?.notifications[0]?.id, ({ state }) => state === 'accepted')
    expect(sent).toMatchObject({
      statusCode: 202,
      retryCount: 0,
      errorMessage: null,
      attempts: [{ attempt: 1, outcome: 'accepted', statusCode: 202, repeat: false }],
    })
    expect(sent.webhookUrl).not.toContain('sig')
    expect(sent.card).toEqual(message?.card)
  })

  it('retries after a temporary failure, in the same notification', async () => {
    const gateway = await serveQuick(await startedStore(kind))
    sandboxOf(gateway).setFaults('sre', { status: 503, times: 2 })
    const [answer] = await gateway.wired.service.accept([alert()], 'test')
    const sent = await reach(gateway, answer?.notifications[0]?.id, ({ state }) => state === 'accepted')
    expect(sent.attempts.map(({ outcome }) => outcome)).toEqual(['server_error', 'server_error', 'accepted'])
    expect(sent.retryCount).toBe(2)
  })

  it('makes a dead letter of a card that is refused for good, and replays it on request', async () => {
    const gateway = await serveQuick(await startedStore(kind))
    sandboxOf(gateway).setFaults('sre', { status: 400, times: 1 })
    const [answer] = await gateway.wired.service.accept([alert()], 'test')
    const id = answer?.notifications[0]?.id ?? ''
    const failed = await reach(gateway, id, ({ state }) => state === 'failed')
    expect(failed).toMatchObject({ reason: 'bad_request', statusCode: 400, sentAt: expect.any(Date), acceptedAt: null })
    expect(failed.attempts).toHaveLength(1)
    await gateway.wired.service.replayNotification(id, 'Sara')
    const sent = await reach(gateway, id, ({ state }) => state === 'accepted')
    expect(sent).toMatchObject({
      errorMessage: null,
      retryCount: 0,
      sentAt: failed.sentAt,
      acceptedAt: expect.any(Date),
    })
    await expect(gateway.wired.service.replayNotification(id, 'Sara')).rejects.toMatchObject({ code: 'not_replayable' })
  })

  it('sends a suppressed repeat when the notification that it repeats becomes a dead letter', async () => {
    const gateway = await serveQuick(await startedStore(kind))
    sandboxOf(gateway).setFaults('sre', { status: 400, times: 1 })
    const again = alert({ correlationId: 'again' })
    const answers = await gateway.wired.service.accept(
      [again, { ...again, priority: 'HIGH' }, again, { ...again, priority: 'MEDIUM' }],
      'test',
    )
    const ids = answers.map(({ notifications }) => notifications[0]?.id)
    expect(answers.map(({ notifications }) => notifications[0]?.state)).toEqual([
      'pending',
      ...Array(3).fill('suppressed'),
    ])
    await reach(gateway, ids[0], ({ state }) => state === 'failed')
    // Of the repeats the most urgent, and of these the newest.
    expect(await reach(gateway, ids[2], ({ state }) => state === 'accepted')).toMatchObject({ repeatOf: null })
    for (const id of [ids[1], ids[3]])
      expect(await gateway.wired.service.getNotification(id ?? '', 'test')).toMatchObject({
        state: 'suppressed',
        repeatOf: ids[0],
      })
    const [later] = await gateway.wired.service.accept([again], 'test')
    expect(await gateway.wired.service.getNotification(later?.notifications[0]?.id ?? '', 'test')).toMatchObject({
      state: 'suppressed',
      repeatOf: ids[2],
    })
  })

  it('pauses a channel for Retry-After, without a dead letter', async () => {
    const gateway = await serveQuick(await startedStore(kind))
    sandboxOf(gateway).setFaults('sre', { status: 429, retry_after: 1, times: 5 })
    const answers = await gateway.wired.service.accept(
      Array.from({ length: 8 }, () => alert()),
      'test',
    )
    const sent = await reachAll(gateway, answers, ({ state }) => state === 'accepted')
    const limited = sent.flatMap(({ attempts }) => attempts).filter(({ outcome }) => outcome === 'rate_limited')
    const first = Math.min(...limited.map(({ finishedAt }) => finishedAt.getTime()))
    const resumed = Math.min(
      ...sent
        .flatMap(({ attempts }) => attempts)
        .filter(({ startedAt }) => startedAt.getTime() > first + 500)
        .map(({ startedAt }) => startedAt.getTime()),
    )
    expect(limited).toHaveLength(5)
    expect(resumed - first).toBeGreaterThanOrEqual(990)
    expect(resumed).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(new Set(sent.map(({ retryCount }) => retryCount))).toEqual(new Set([0]))
  })

  it('keeps notifications of a broken channel pending, and uses up no retry', async () => {
    const gateway = await serveQuick(await startedStore(kind), { TEAMS_MAX_RETRIES: 2, TEAMS_BREAKER_THRESHOLD: 2 })
    const sandbox = sandboxOf(gateway)
    sandbox.setFaults('sre', { status: 401 })
    const answers = await gateway.wired.service.accept(
      Array.from({ length: 5 }, () => alert()),
      'test',
    )
    // More probes than a notification has retries.
    await until(
      () => attemptCount(gateway),
      (count) => count >= 6,
    )
    expect(await channelOf(gateway, 'sre')).toMatchObject({
      breaker: expect.stringMatching(/open/),
      lastOutcome: 'unauthorized',
    })
    sandbox.setFaults('sre', { status: 500, times: 3 })
    const sent = await reachAll(gateway, answers, ({ state }) => state === 'accepted' || state === 'failed')
    expect(sent.map(({ state }) => state)).toEqual(Array(5).fill('accepted'))
    expect((await channelOf(gateway, 'sre'))?.breaker).toBe('closed')
  })

  it('sends the most urgent notification next, before an older backlog', async () => {
    const gateway = await serveQuick(await startedStore(kind), {
      TEAMS_RATE_LIMIT_REQUESTS: 10,
      TEAMS_RATE_LIMIT_PERIOD: 1,
      TEAMS_RATE_LIMIT_BURST: 1,
    })
    const sandbox = sandboxOf(gateway)
    await gateway.wired.service.accept(
      Array.from({ length: 20 }, () => alert({ priority: 'info', correlationId: 'storm' })),
      'test',
    )
    await sandbox.waitFor('sre', 3)
    const before = sandbox.messages('sre').length
    await gateway.wired.service.accept([alert({ priority: 'critical', correlationId: 'urgent' })], 'test')
    const messages = await sandbox.waitFor('sre', 21)
    const place = messages.findIndex(({ headers }) => headers['x-correlation-id'] === 'urgent')
    // One card may have been on its way already when it was accepted.
    expect(place - before).toBeLessThanOrEqual(1)
  })

  it('keeps notifications of a channel without a webhook URL pending, and sends once it has one', async () => {
    const gateway = await serveQuick(await startedStore(kind), { TEAMS_SANDBOX: 'off' })
    const [answer] = await gateway.wired.service.accept([alert()], 'test')
    const id = answer?.notifications[0]?.id ?? ''
    await until(
      () => channelOf(gateway, 'sre'),
      (channel) => channel?.lastOutcome === 'address_missing',
    )
    expect(await gateway.wired.service.getNotification(id, 'test')).toMatchObject({ state: 'pending', attempts: [] })
    expect(await channelOf(gateway, 'sre')).toMatchObject({ configured: false, breaker: 'closed' })
  })

  it('finishes posts in flight when it stops, and the next start sends the rest', async () => {
    const store = await startedStore(kind)
    const first = await serveQuick(store, { TEAMS_CONNECTIONS_PER_HOST: 2 })
    sandboxOf(first).setFaults('sre', { delay_ms: 300 })
    await first.wired.service.accept(
      Array.from({ length: 6 }, () => alert()),
      'test',
    )
    await sandboxOf(first).waitFor('sre', 2)
    await first.stop()
    const second = await serveQuick(store)
    const { rows } = await sql<{
      state: string
      repeat: boolean
    }>`SELECT state, repeat FROM teams_notifications`.execute(second.wired.database.kysely)
    expect(rows.filter(({ repeat }) => repeat)).toEqual([])
    expect(rows.filter(({ state }) => state === 'accepted').length).toBeGreaterThanOrEqual(2)
    await until(
      () => second.wired.service.listNotifications({ limit: 50 }),
      ({ notifications }) => notifications.every(({ state }) => state === 'accepted'),
    )
    expect(
      new Set(
        [...sandboxOf(first).messages('sre'), ...sandboxOf(second).messages('sre')].map(
          ({ headers }) => headers['webhook-id'],
        ),
      ).size,
    ).toBe(6)
  })
})
