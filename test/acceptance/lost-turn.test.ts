import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OutcomeName } from '../../src/contract/outcomes.ts'
import { type ClaimedNotification, reclaimInterrupted } from '../../src/store/claim.ts'
import type { Database } from '../../src/store/database.ts'
import type { AttemptRecord } from '../../src/store/record.ts'
import { recordLate } from '../../src/store/record-late.ts'
import type { Tables } from '../../src/store/tables.ts'
import { channelsWithWork, endTurn, ensureChannels, lockChannel, takeTurn } from '../../src/store/turns.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { claimDue, recordAttempts } from './steps.ts'

const CHANNEL = 'sre'

describe.each(KINDS)('a turn that continues after its lease expired, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  const late = randomUUID()
  const successor = randomUUID()

  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  beforeEach(async () => {
    for (const table of ['teams_events', 'teams_notifications', 'teams_attempts', 'teams_channels'])
      await sql`DELETE FROM ${sql.table(table)}`.execute(db)
    await ensureChannels(db, [{ key: CHANNEL, burst: 10 }])
    await sql`WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at)
        SELECT gen_random_uuid(), 't', 'c' || i, 'HIGH', '{sre}', '{}', 'test', now() FROM generate_series(1, 3) i
        RETURNING *)
      INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language)
      SELECT gen_random_uuid(), id, correlation_id, event_type, stakeholders, priority, ${CHANNEL}, 'en' FROM e`.execute(
      db,
    )
  })

  const expireLease = () => sql`UPDATE teams_channels SET turn_until = now() - interval '1 second'`.execute(db)
  const claim = (turn: string) => claimDue(db, { channel: CHANNEL, turn })
  const states = async () =>
    (await sql<{ state: string; repeat: boolean }>`SELECT state, repeat FROM teams_notifications`.execute(db)).rows

  it('takes no claimed notification from its successor', async () => {
    expect(await takeTurn(db, CHANNEL, late)).toBeDefined()
    await expireLease()
    expect(await takeTurn(db, CHANNEL, successor)).toBeDefined()
    expect(await claim(successor)).toHaveLength(3)
    expect(await reclaimInterrupted(db, CHANNEL, late)).toEqual([])
    expect(await lockChannel(db, CHANNEL, late)).toBe(false)
    expect(await claim(late)).toEqual([])
    expect(await endTurn(db, CHANNEL, late, { recheckIfWoken: true })).toBe(true)
    expect(await states()).toEqual(Array(3).fill({ state: 'sending', repeat: false }))
  })

  it('does not change the state of notifications that its successor has reclaimed', async () => {
    await takeTurn(db, CHANNEL, late)
    const claimed = await claim(late)
    await expireLease()
    expect(await channelsWithWork(db)).toEqual([CHANNEL])
    await takeTurn(db, CHANNEL, successor)
    expect(await reclaimInterrupted(db, CHANNEL, successor)).toHaveLength(3)
    const sent = claimed.map((one) => attemptRecord(one, 'accepted'))
    const recorded = await recordAttempts(db, CHANNEL, late, sent)
    expect(recorded.hasChannel).toBe(false)
    expect(recorded.lost).toEqual(new Set(claimed.map(({ id }) => id)))
    expect(await states()).toEqual(Array(3).fill({ state: 'pending', repeat: true }))
  })

  describe('still records the outcomes of its attempts', () => {
    /** The late turn claims one notification; after its lease expired, its successor reclaims it. */
    async function loseOne() {
      await takeTurn(db, CHANNEL, late)
      const [one] = await claimDue(db, { channel: CHANNEL, turn: late, limit: 1 })
      if (!one) throw new Error('nothing was claimed')
      await sql`UPDATE teams_notifications SET state = 'suppressed' WHERE state = 'pending'`.execute(db)
      await expireLease()
      await takeTurn(db, CHANNEL, successor)
      await reclaimInterrupted(db, CHANNEL, successor)
      return one
    }
    /** Records as a step does: `recordLate` for attempts of notifications that the turn has lost. */
    async function record(turn: string, ...attemptRecords: AttemptRecord[]) {
      const { lost } = await recordAttempts(db, CHANNEL, turn, attemptRecords)
      for (const one of attemptRecords) if (lost.has(one.id)) await recordLate(db, turn, one)
    }
    const came = (
      one: Parameters<typeof attemptRecord>[0],
      outcome: OutcomeName,
      more: Partial<AttemptRecord> = {},
    ) => ({
      ...attemptRecord(one, 'pending'),
      outcome,
      reason: outcome,
      ...more,
    })
    const accepted = (one: Parameters<typeof attemptRecord>[0]) =>
      came(one, 'accepted', { state: 'accepted', reason: null, statusCode: 202 })
    async function rowOf({ id }: { id: string }) {
      const { rows } = await sql<Record<string, unknown>>`
        SELECT state, reason, repeat, attempts, status_code AS status, sent_at IS NOT NULL AS sent,
               accepted_at IS NOT NULL AS taken FROM teams_notifications WHERE id = ${id}::uuid`.execute(db)
      const attempts = await sql<{ attempt: number; outcome: string }>`
        SELECT attempt, outcome FROM teams_attempts WHERE notification_id = ${id}::uuid ORDER BY attempt`.execute(db)
      return { ...rows[0], outcomes: attempts.rows.map(({ attempt, outcome }) => `${attempt} ${outcome}`) }
    }

    it('releases a suppressed repeat where the card was refused for good', async () => {
      const one = await loseOne()
      await sql`UPDATE teams_notifications SET reason = 'repeat', repeat_of = ${one.id}::uuid
                 WHERE state = 'suppressed'`.execute(db)
      await record(late, came(one, 'bad_request', { state: 'failed', statusCode: 400 }))
      const { rows } = await sql<{ state: string; reason: string }>`
        SELECT state, reason FROM teams_notifications ORDER BY state, reason`.execute(db)
      expect(rows).toEqual([
        { state: 'failed', reason: 'bad_request' },
        { state: 'pending', reason: 'first_failed' },
        { state: 'suppressed', reason: 'repeat' },
      ])
    })

    it.each<[string, (one: ClaimedNotification) => AttemptRecord, object]>([
      [
        'taken',
        accepted,
        {
          state: 'accepted',
          reason: null,
          attempts: 1,
          status: 202,
          sent: true,
          taken: true,
          outcomes: ['1 accepted'],
        },
      ],
      [
        'refused for good',
        (one) => came(one, 'bad_request', { state: 'failed', statusCode: 400 }),
        { state: 'failed', reason: 'bad_request', repeat: false, status: 400, outcomes: ['1 bad_request'] },
      ],
      [
        'answered with 429',
        (one) => came(one, 'rate_limited', { statusCode: 429 }),
        { state: 'pending', reason: 'rate_limited', repeat: false, attempts: 1, outcomes: ['1 rate_limited'] },
      ],
      [
        'open',
        (one) => came(one, 'timed_out', { mayHaveArrived: true }),
        { state: 'pending', reason: 'timed_out', repeat: true, attempts: 1, outcomes: ['1 timed_out'] },
      ],
      [
        'not begun',
        (one) => came(one, 'handed_back', { posted: false }),
        { state: 'pending', reason: 'handed_back', repeat: false, attempts: 0, sent: false, outcomes: [] },
      ],
      [
        'not known here either',
        (one) => came(one, 'interrupted', { mayHaveArrived: true }),
        { state: 'pending', reason: 'interrupted', repeat: true, attempts: 1, outcomes: ['1 interrupted'] },
      ],
    ])('before the successor sends again: %s', async (_what, late_, expected) => {
      const one = await loseOne()
      await record(late, late_(one))
      expect(await rowOf(one)).toMatchObject(expected)
      // Recording twice, as after a lost answer of the database, changes nothing.
      await record(late, late_(one))
      expect(await rowOf(one)).toMatchObject(expected)
    })

    it('and an accepted card stays accepted after a later rate_limited of the successor', async () => {
      const one = await loseOne()
      const [again] = await claim(successor)
      await record(late, accepted(one))
      expect(await rowOf(one)).toMatchObject({ state: 'sending', taken: true, outcomes: ['1 accepted'] })
      await record(successor, came(again ?? one, 'rate_limited', { statusCode: 429 }))
      expect(await rowOf(one)).toMatchObject({
        state: 'accepted',
        reason: null,
        status: 202,
        outcomes: ['1 accepted', '2 rate_limited'],
      })
    })

    it('and an accepted card is not sent again where the successor is interrupted too', async () => {
      const one = await loseOne()
      await claim(successor)
      await record(late, accepted(one))
      await expireLease()
      const third = randomUUID()
      await takeTurn(db, CHANNEL, third)
      expect(await reclaimInterrupted(db, CHANNEL, third)).toEqual([])
      expect(await rowOf(one)).toMatchObject({ state: 'accepted', outcomes: ['1 accepted', '2 interrupted'] })
    })

    it.each<[string, (again: ClaimedNotification) => Promise<unknown>]>([
      ['a dead letter', (again) => record(successor, came(again, 'bad_request', { state: 'failed', statusCode: 400 }))],
      ['to be sent once more', (again) => record(successor, came(again, 'server_error', { mayHaveArrived: true }))],
      [
        'silenced',
        async (again) => {
          await record(successor, came(again, 'rate_limited'))
          await sql`UPDATE teams_notifications SET state = 'suppressed', silence_id = gen_random_uuid()
                     WHERE id = ${again.id}::uuid`.execute(db)
        },
      ],
    ])('and an accepted card becomes accepted from %s', async (_what, meanwhile) => {
      const one = await loseOne()
      const [again] = await claim(successor)
      await meanwhile(again ?? one)
      await record(late, accepted(one))
      expect(await rowOf(one)).toMatchObject({ state: 'accepted', reason: null, status: 202, taken: true })
    })

    it('and a handed_back attempt leaves the notification to the successor', async () => {
      const one = await loseOne()
      await claim(successor)
      await record(late, came(one, 'handed_back', { posted: false }))
      expect(await rowOf(one)).toMatchObject({
        state: 'sending',
        repeat: true,
        attempts: 2,
        outcomes: ['1 handed_back'],
      })
    })
  })

  it.each(['pending', 'failed'] as const)(
    'marks a %s notification whose card may have arrived as a repeat',
    async (state) => {
      await takeTurn(db, CHANNEL, successor)
      const [one] = await claim(successor)
      if (!one) throw new Error('nothing was claimed')
      await recordAttempts(db, CHANNEL, successor, [{ ...attemptRecord(one, state), mayHaveArrived: true }])
      expect((await states()).filter(({ repeat }) => repeat)).toEqual([{ state, repeat: true }])
    },
  )
})

function attemptRecord(
  claimed: { id: string; createdAt: Date; attempt: number },
  state: AttemptRecord['state'],
): AttemptRecord {
  return {
    id: claimed.id,
    createdAt: claimed.createdAt,
    attempt: claimed.attempt,
    state,
    reason: null,
    delayMs: 0,
    failed: false,
    mayHaveArrived: false,
    posted: true,
    webhookUrl: null,
    cardJson: null,
    statusCode: null,
    errorCode: null,
    message: null,
    outcome: state === 'accepted' ? 'accepted' : 'timed_out',
    repeat: false,
    startedAt: new Date(),
    finishedAt: new Date(),
  }
}
