import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { reclaimInterrupted } from '../../src/store/claim.ts'
import type { Database } from '../../src/store/database.ts'
import type { Settlement } from '../../src/store/record.ts'
import type { Tables } from '../../src/store/tables.ts'
import { channelsWithWork, endTurn, ensureChannels, lockChannel, takeTurn } from '../../src/store/turns.ts'
import { KINDS, openMigrated } from '../conformance/databases.ts'
import { claimDue, settle } from './steps.ts'

const CHANNEL = 'sre'

describe.each(KINDS)('a turn that was held up for longer than its lease, on %s', (kind) => {
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

  const holdUp = () => sql`UPDATE teams_channels SET turn_until = now() - interval '1 second'`.execute(db)
  const hold = (turn: string) => claimDue(db, { channel: CHANNEL, turn })
  const states = async () =>
    (await sql<{ state: string; repeat: boolean }>`SELECT state, repeat FROM teams_notifications`.execute(db)).rows

  it('takes nothing away from the turn that came after it', async () => {
    expect(await takeTurn(db, CHANNEL, late)).toBeDefined()
    await holdUp()
    expect(await takeTurn(db, CHANNEL, successor)).toBeDefined()
    expect(await hold(successor)).toHaveLength(3)
    expect(await reclaimInterrupted(db, CHANNEL, late)).toEqual([])
    expect(await lockChannel(db, CHANNEL, late)).toBe(false)
    expect(await hold(late)).toEqual([])
    expect(await endTurn(db, CHANNEL, late, { heedWord: true })).toBe(true)
    expect(await states()).toEqual(Array(3).fill({ state: 'sending', repeat: false }))
  })

  it('does not decide over what its successor sends again', async () => {
    await takeTurn(db, CHANNEL, late)
    const held = await hold(late)
    await holdUp()
    expect(await channelsWithWork(db)).toEqual([CHANNEL])
    await takeTurn(db, CHANNEL, successor)
    expect(await reclaimInterrupted(db, CHANNEL, successor)).toHaveLength(3)
    const sent = held.map((one) => settlement(one, 'accepted'))
    const recorded = await settle(db, CHANNEL, late, sent)
    expect(recorded.mine).toBe(false)
    expect(recorded.lost).toEqual(new Set(held.map(({ id }) => id)))
    expect(await states()).toEqual(Array(3).fill({ state: 'pending', repeat: true }))
  })

  it.each(['pending', 'failed'] as const)('marks as a repeat what may have arrived and is %s', async (state) => {
    await takeTurn(db, CHANNEL, successor)
    const [one] = await hold(successor)
    if (!one) throw new Error('nothing was held')
    await settle(db, CHANNEL, successor, [{ ...settlement(one, state), mayHaveArrived: true }])
    expect((await states()).filter(({ repeat }) => repeat)).toEqual([{ state, repeat: true }])
  })
})

function settlement(held: { id: string; createdAt: Date; attempt: number }, state: Settlement['state']): Settlement {
  return {
    id: held.id,
    createdAt: held.createdAt,
    attempt: held.attempt,
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
