import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { createArchive } from '../../src/archive/archive.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { ActionName, Actor } from '../../src/contract/actions.ts'
import { generateArchiveKey, readArchiveKey } from '../../src/contract/archive-keys.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import type { OutcomeName } from '../../src/contract/outcomes.ts'
import { makeDigests } from '../../src/delivery/digest.ts'
import { createAcceptor } from '../../src/intake/acceptor.ts'
import { canonicalJson } from '../../src/kernel/canonical-json.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { newId } from '../../src/kernel/ids.ts'
import { findAsked, lockNotifications, withMembers, writeActed } from '../../src/store/acted-events.ts'
import {
  finishAction,
  insertDone,
  insertRefused,
  insertRequested,
  type NewAction,
  renewAction,
  takeAction,
} from '../../src/store/actions.ts'
import { type ClaimedNotification, reclaimInterrupted } from '../../src/store/claim.ts'
import { replayNotification } from '../../src/store/notifications.ts'
import type { AttemptRecord } from '../../src/store/record.ts'
import { recordLate } from '../../src/store/record-late.ts'
import { recordRead } from '../../src/store/record-read.ts'
import { endSilence, insertSilence } from '../../src/store/silences.ts'
import { suppressWaiting } from '../../src/store/suppress-waiting.ts'
import type { Tables } from '../../src/store/tables.ts'
import { ensureChannels, takeTurn } from '../../src/store/turns.ts'
import { noteUnreadyChannel, suppressMuted } from '../../src/store/waiting.ts'
import { claimDue, recordAttempts } from '../acceptance/steps.ts'

type Db = Kysely<Tables>

const catalogue = loadCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: { channels: { pmo: { muted: true } } },
})
const acceptor = createAcceptor({
  catalogue,
  phiPolicy: 'mask',
  undeclaredData: 'keep',
  keyTtl: 60,
  repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
  clock: systemClock,
  wake: async () => {},
})

/** Accepts events for one channel each, or for several. */
export async function accept(db: Db, events: readonly UncheckedEvent[], origin = 'http:monitor'): Promise<string[]> {
  const { acceptances } = await db
    .transaction()
    .execute(async (t) => acceptor.accept(t, await acceptor.protect(acceptor.check(events)), origin))
  return acceptances.flatMap(({ notifications }) => notifications.map(({ id }) => id))
}

export const firing = (channel: string, overrides: UncheckedEvent = {}): UncheckedEvent => ({
  eventType: 'prometheus.alert.firing',
  data: { summary: 'slow: "ü"', component: 'api', 10: { z: 1, a: [0.1, 1e21] }, 9: null },
  stakeholders: [channel],
  ...overrides,
})

/** The record of a finished attempt as a turn makes it. */
export function attempted(
  claimed: ClaimedNotification,
  outcome: OutcomeName,
  more: Partial<AttemptRecord> = {},
): AttemptRecord {
  const isTaken = outcome === 'accepted'
  return {
    id: claimed.id,
    createdAt: claimed.createdAt,
    attempt: claimed.attempt,
    state: isTaken ? 'accepted' : 'pending',
    reason: isTaken ? null : outcome,
    delayMs: 0,
    failed: !isTaken,
    mayHaveArrived: false,
    posted: true,
    webhookUrl: 'https://contoso.example/workflows/…',
    cardJson: canonicalJson({
      type: 'AdaptiveCard',
      attempt: claimed.attempt,
      body: [{ text: claimed.id, type: 'TextBlock' }],
    }),
    statusCode: isTaken ? 202 : 500,
    errorCode: isTaken ? null : 'Broken',
    message: isTaken ? null : `The receiver answered with ${outcome}.`,
    outcome,
    repeat: claimed.repeat,
    startedAt: new Date(),
    finishedAt: new Date(),
    ...more,
  }
}

/** A turn at a channel. Turns before it lose the channel, as after their leases. */
export async function turnAt(db: Db, channel: string) {
  await ensureChannels(db, [{ key: channel, burst: 10 }])
  await sql`UPDATE teams_channels SET turn_until = now() - interval '1 second' WHERE key = ${channel}`.execute(db)
  const turn = randomUUID()
  await takeTurn(db, channel, turn)
  const reclaimed = await reclaimInterrupted(db, channel, turn)
  return {
    turn,
    reclaimed,
    claim: (limit = 10) => claimDue(db, { channel, turn, limit }),
    async claimOne() {
      const [claimed] = await claimDue(db, { channel, turn, limit: 1 })
      if (!claimed) throw new Error(`nothing waits at ${channel}`)
      return claimed
    },
    async record(...attempts: readonly AttemptRecord[]) {
      const { lost } = await recordAttempts(db, channel, turn, attempts)
      for (const one of attempts) if (lost.has(one.id)) await recordLate(db, turn, one)
    },
  }
}

const FAILED = { state: 'failed', reason: 'bad_request', statusCode: 400, errorCode: null } as const

/** Everything that can happen to a record, through the product's own functions. The last notifications wait or are being sent. */
export async function liveALife(db: Db): Promise<void> {
  // One event for several channels, one of them muted; masked data; a language; masked fields.
  const several = await accept(db, [firing('sre', { stakeholders: ['sre', 'pmo', 'devops'], language: 'ar' })])
  const sre = await turnAt(db, 'sre')
  for (const outcome of ['rate_limited', 'server_error', 'accepted'] as const)
    await sre.record(attempted(await sre.claimOne(), outcome, outcome === 'rate_limited' ? { statusCode: 429 } : {}))

  await recordRead(db, several.slice(0, 1), 'http:ops')
  await recordRead(db, several, 'cli:sara')

  // A repeat, released by the failure of the first; replays, by two callers.
  const [first = ''] = await accept(db, [firing('sre', { correlationId: 'twice' })])
  await accept(db, [firing('sre', { correlationId: 'twice' }), firing('sre', { correlationId: 'twice' })], 'library')
  await sre.record(attempted(await sre.claimOne(), 'bad_request', FAILED))
  await sre.record(attempted(await sre.claimOne(), 'accepted'))
  await replayNotification(db, first, 'http:ops')
  await sre.record(attempted(await sre.claimOne(), 'bad_request', FAILED))
  await replayNotification(db, first, 'cli')
  await sre.record(attempted(await sre.claimOne(), 'accepted'))
  await accept(db, [firing('sre', { correlationId: 'twice', eventType: 'prometheus.alert.resolved' })], 'http')
  await sre.record(attempted(await sre.claimOne(), 'accepted'))

  await accept(db, [firing('sre', { correlationId: 'again' }), firing('sre', { correlationId: 'again' })])
  await sre.record(attempted(await sre.claimOne(), 'accepted'))

  await interruptions(db)
  await actions(db)
  await archived(db)

  // Handed back; then the channel can not be sent to.
  const devops = await turnAt(db, 'devops')
  await devops.record(
    attempted(await devops.claimOne(), 'handed_back', { posted: false, failed: false, statusCode: null }),
  )
  await noteUnreadyChannel(db, 'devops', devops.turn, 'address_missing', undefined)
  // Suppressed by a silence, by a mute; a digest, whose card fails and is accepted after a replay.
  await accept(db, [firing('compliance'), firing('compliance')])
  const { silence } = await insertSilence(db, {
    kind: 'silence',
    matchers: [{ field: 'event_type', operator: '=', value: 'prometheus.*' }],
    startsAt: new Date(),
    endsAt: new Date(Date.now() + 3_600_000),
    every: null,
    reason: 'we know',
    createdBy: 'http:ops',
  })
  const { rows: waiting } = await sql<{ id: string; createdAt: Date }>`
    SELECT id, created_at AS "createdAt" FROM teams_notifications WHERE channel = 'compliance'`.execute(db)
  await suppressWaiting(db, silence, waiting)
  await accept(db, [firing('compliance')])
  await endSilence(db, silence.id, 'cli')
  await accept(db, [firing('cloudops')])
  const cloudops = await turnAt(db, 'cloudops')
  await suppressMuted(db, 'cloudops', cloudops.turn, 10)
  await accept(
    db,
    [1, 2, 3].map(() => firing('cloudops', { priority: 'LOW' })),
  )
  const channel = catalogue.channels.get('cloudops')
  if (!channel) throw new Error('no channel')
  await db
    .transaction()
    .execute((t) => makeDigests(t, catalogue, channel, 'ordinary', { atLeast: 2, cards: Number.POSITIVE_INFINITY }))
  await cloudops.record(attempted(await cloudops.claimOne(), 'bad_request', FAILED))

  // One that waits after a failure, and one that is being sent.
  await accept(db, [firing('runtime_eng'), firing('runtime_eng')])
  const runtime = await turnAt(db, 'runtime_eng')
  const [waits] = await runtime.claim(2)
  if (waits) await runtime.record(attempted(waits, 'timed_out', { statusCode: null, delayMs: 60_000 }))
}

const SARA: Actor = {
  via: 'entra',
  id: '7d9c7e0a-0c1c-4f1e-9d1b-0f7d3c1f0a11',
  name: 'Sara',
  verified: true,
  roles: ['sre'],
  relayedBy: 'http:flow',
}

/** Actions: an acknowledgement, one that is refused, a discard, and one outside the gateway that two processes take. */
async function actions(db: Db): Promise<void> {
  const [first = '', second = ''] = await accept(db, [firing('nphies_integration'), firing('nphies_integration')])
  const rowOf = async (id: string) => {
    const [event = ''] = await findAsked(db, { notificationId: id })
    const { notifications, now } = await lockNotifications(db, await withMembers(db, [event]))
    const [row] = notifications
    if (!row) throw new Error('no notification')
    return { row, now }
  }
  const make = async (id: string, action: ActionName, more: Partial<NewAction> = {}): Promise<NewAction> => {
    const { row, now } = await rowOf(id)
    return {
      id: newId(),
      action,
      code: null,
      event: { id: row.event_id, createdAt: row.created_at },
      notificationId: id,
      eventIds: [row.event_id],
      actor: SARA,
      reason: 'we know',
      note: 'all of it',
      tier: null,
      quietUntil: null,
      result: null,
      at: now,
      keyHash: null,
      contentHash: null,
      confirms: null,
      ...more,
    }
  }
  const act = async (id: string, action: NewAction) => {
    const { row } = await rowOf(id)
    await insertDone(db, action)
    await writeActed(db, { id: action.id, name: action.action }, [
      {
        id,
        createdAt: row.created_at,
        acknowledgedBy: 'Sara',
        acknowledgedAt: action.at,
        quietUntil: action.quietUntil,
        data: { action_id: action.id, by: 'Sara', at: action.at.toISOString(), after: [] },
      },
    ])
  }
  await act(first, await make(first, 'acknowledge'))
  const before = { by: 'Sara', at: '2026-11-30T08:00:00.000Z' }
  await insertRefused(db, await make(first, 'acknowledge', { code: 'already_acknowledged', result: before }))
  await act(second, await make(second, 'discard', { quietUntil: new Date(Date.now() + 3_600_000) }))
  const retry = await make(first, 'retry')
  await insertRequested(db, retry)
  await takeAction(db, retry.id, 0)
  await takeAction(db, retry.id, 60)
  await renewAction(db, retry.id, 60)
  await finishAction(db, retry.id, { state: 'done', code: null, result: { task_id: 't-1' } })
  await insertRequested(db, await make(second, 'poll'))
}

/** Archived records: one as it was kept, and one that a new archive key wraps. */
async function archived(db: Db): Promise<void> {
  const keys = [generateArchiveKey(), generateArchiveKey()].flatMap(({ text }) => {
    const read = readArchiveKey(text)
    return 'key' in read ? [read.key] : []
  })
  const [old] = keys
  const archive = createArchive(() => (old ? [old] : []))
  const kept = {
    kind: 'celery.message',
    source: 'tasks',
    eventId: null,
    actionId: newId(),
    about: { queue: 'claims' },
    content: Buffer.from('{"claim": "secret"}'),
  }
  await archive.keep(db, { ...kept, subject: 't-1' })
  await createArchive(() => keys.toReversed()).rewrap(db, undefined)
  await archive.keep(db, { ...kept, subject: 't-2', actionId: newId() })
}

/** Turns that lose their notifications, and report what came of their attempts after that. */
async function interruptions(db: Db): Promise<void> {
  const late: [OutcomeName, Partial<AttemptRecord>][] = [
    ['accepted', {}],
    ['bad_request', FAILED],
    ['timed_out', { statusCode: null, mayHaveArrived: true }],
    ['handed_back', { posted: false, statusCode: null }],
    ['interrupted', { mayHaveArrived: true }],
  ]
  // Before the successor sends again.
  for (const [outcome, more] of late) {
    await accept(db, [firing('security_eng')])
    const turn = await turnAt(db, 'security_eng')
    const claimed = await turn.claimOne()
    const next = await turnAt(db, 'security_eng')
    await turn.record(attempted(claimed, outcome, more))
    const [again] = await next.claim(1)
    if (again) await next.record(attempted(again, 'accepted'))
  }
  // While the successor sends it: accepted in the end, whatever comes of that.
  for (const [outcome, more] of [...late, ['server_error', {}] as const]) {
    await accept(db, [firing('security_eng')])
    const turn = await turnAt(db, 'security_eng')
    const claimed = await turn.claimOne()
    const next = await turnAt(db, 'security_eng')
    const again = await next.claimOne()
    await turn.record(attempted(claimed, 'accepted'))
    if (outcome === 'interrupted') await turnAt(db, 'security_eng')
    else await next.record(attempted(again, outcome, more))
  }
  // After the successor has failed, and after the notification was silenced.
  for (const suppress of [false, true]) {
    await accept(db, [firing('security_eng')])
    const turn = await turnAt(db, 'security_eng')
    const claimed = await turn.claimOne()
    const next = await turnAt(db, 'security_eng')
    const again = await next.claimOne()
    await next.record(attempted(again, suppress ? 'server_error' : 'bad_request', suppress ? {} : FAILED))
    if (suppress) await suppressMuted(db, 'security_eng', next.turn, 10)
    await turn.record(attempted(claimed, 'accepted'))
  }
  // The successor's attempt was never made; the first one's is handed back too late to matter.
  await accept(db, [firing('security_eng')])
  const turn = await turnAt(db, 'security_eng')
  const claimed = await turn.claimOne()
  const next = await turnAt(db, 'security_eng')
  const again = await next.claimOne()
  await turn.record(attempted(claimed, 'handed_back', { posted: false, statusCode: null }))
  await next.record(attempted(again, 'accepted'))
  // It waits, as if its card had never been made.
  await accept(db, [firing('security_eng')])
  const stopped = await turnAt(db, 'security_eng')
  const unposted = await stopped.claimOne()
  await turnAt(db, 'security_eng')
  await stopped.record(attempted(unposted, 'handed_back', { posted: false, failed: false, statusCode: null }))
}
