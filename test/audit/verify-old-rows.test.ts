import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding, Note } from '../../src/audit/verify/findings.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { Database } from '../../src/store/database.ts'
import { applyRetention } from '../../src/store/maintenance.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import type { Tables } from '../../src/store/tables.ts'
import { suppressMuted } from '../../src/store/waiting.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { accept, attempted, firing, liveALife, turnAt } from './a-life.ts'

type Db = Kysely<Tables>

async function all(db: Db): Promise<(Finding | Note)[]> {
  return Array.fromAsync(verifyRows(db))
}

describe.each(KINDS)('rows that retention removed, on %s', (kind) => {
  let database: Database
  let db: Db
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await liveALife(db)
    for (const channel of ['runtime_eng', 'devops', 'security_eng', 'sre', 'nphies_integration']) {
      const { turn } = await turnAt(db, channel)
      await suppressMuted(db, channel, turn, 100)
    }
  })
  afterAll(() => database.close())

  const cards = async () =>
    (await sql<{ count: number }>`SELECT count(card_payload)::int AS count FROM teams_notifications`.execute(db))
      .rows[0]?.count
  const rows = async (table: string) =>
    (await sql<{ count: number }>`SELECT count(*)::int AS count FROM ${sql.table(table)}`.execute(db)).rows[0]?.count

  it('are no findings: cards', async () => {
    expect(await cards()).toBeGreaterThan(10)
    await setTimeout(5)
    await applyRetention(db, 4_000, 0)
    expect(await cards()).toBe(0)
    expect(await inReadSnapshot(db, all)).toEqual([])
  })

  it('are findings where a card was removed that came after', async () => {
    const [id = ''] = await accept(db, [firing('sre')])
    const turn = await turnAt(db, 'sre')
    await turn.record(attempted(await turn.claimOne(), 'accepted'))
    expect(await inReadSnapshot(db, all)).toEqual([])
    await sql`UPDATE teams_notifications SET card_payload = NULL, card_salt = NULL WHERE id = ${id}`.execute(db)
    expect(await inReadSnapshot(db, all)).toMatchObject([
      { code: 'row_differs', row: { id, column: 'card_payload' }, kind: 'attempt.finished' },
    ])
    await setTimeout(5)
    await applyRetention(db, 4_000, 0)
    await sql`UPDATE teams_notifications SET card_payload = '{}' WHERE id = ${id}`.execute(db)
    await applyRetention(db, 4_000, 0)
    expect(await inReadSnapshot(db, all)).toEqual([])
  })

  it('are no findings: months, replays and resolutions, although later entries tell of them', async () => {
    await sql`SET session_replication_role = replica`.execute(db)
    const later = await sql`
      UPDATE teams_audit_entries SET created_at = created_at + interval '1 month'
       WHERE id IN (SELECT max(id) FROM teams_audit_entries e WHERE convert_from(e.body, 'UTF8') LIKE '%"kind":"attempt.finished"%'
                     GROUP BY e.subject LIMIT 5)`.execute(db)
    await sql`SET session_replication_role = origin`.execute(db)
    expect(later.numAffectedRows).toBe(5n)
    const { rows: days } = await sql<{ left: number }>`
      SELECT ceil(extract(epoch FROM date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month'
                                     - now() AT TIME ZONE 'UTC') / 86400)::int AS left`.execute(db)
    const silences = await rows('teams_silences')
    await applyRetention(db, -(days[0]?.left ?? 0), 4_000)
    expect((await inReadSnapshot(db, all)).length, 'removals of a time that has not come').toBeGreaterThan(0)
    // As retention makes it when the month is over.
    await sql`SET session_replication_role = replica`.execute(db)
    await sql`
      UPDATE teams_audit_entries
         SET body = convert_to(regexp_replace(convert_from(body, 'UTF8'), '"at":"[^"]*"', '"at":"2999-01-01T00:00:00.000Z"'), 'UTF8')
       WHERE convert_from(body, 'UTF8') LIKE '%"kind":"record.removed"%'`.execute(db)
    await sql`SET session_replication_role = origin`.execute(db)
    for (const table of [
      'teams_events',
      'teams_notifications',
      'teams_attempts',
      'teams_replays',
      'teams_resolutions',
      'teams_actions',
      'teams_archive',
    ])
      expect(await rows(table), table).toBe(0)
    expect(await rows('teams_silences')).toBe(silences)
    expect(await rows('teams_audit_entries')).toBeGreaterThan(5)
    expect(await inReadSnapshot(db, all)).toEqual([])
  })

  it('are findings where the entry of the removal is gone', async () => {
    await sql`SET session_replication_role = replica`.execute(db)
    await sql`DELETE FROM teams_audit_entries
               WHERE convert_from(body, 'UTF8') LIKE '%"table":"teams_notifications","before"%'`.execute(db)
    await sql`SET session_replication_role = origin`.execute(db)
    const codes = (await inReadSnapshot(db, all)).map((one) => ('code' in one ? `${one.code} ${one.row?.table}` : one))
    expect(codes.filter((code) => code === 'entry_not_backed teams_notifications')).toHaveLength(5)
    expect(codes.filter((code) => code === 'row_not_backed teams_silences')).toHaveLength(1)
  })
})

describe.each(KINDS)('rows of gateways without an audit trail, on %s', (kind) => {
  let database: Database
  let db: Db
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await liveALife(db)
    await sql`UPDATE teams_migrations SET timestamp = '2026-01-01T00:00:00.000Z' WHERE name LIKE '0004%'`.execute(db)
  })
  afterAll(() => database.close())

  const earlier = (count: number, table: string) => ({
    note: `earlier version: ${count} rows of ${table} were written or changed by a gateway without an audit trail`,
  })

  it('are no findings where they are from before the trail', async () => {
    await sql`
      WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
        SELECT ${newId()}::uuid, 't', 'c', 'HIGH', '{old}', '{}', 'test', now(), now() - interval '12 hours' RETURNING *
      ), n AS (
        INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language,
               created_at, attempts)
        SELECT ${newId()}::uuid, id, correlation_id, event_type, stakeholders, priority, 'old', 'en', created_at, 1 FROM e RETURNING *
      ) INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, message, held_by, created_at)
        SELECT id, 1, created_at, created_at, 'server_error', 'x', gen_random_uuid(), created_at FROM n`.execute(db)
    expect(await inReadSnapshot(db, all)).toEqual([])
    // Sent again by this version.
    const turn = await turnAt(db, 'old')
    await turn.record(attempted(await turn.claimOne(), 'server_error'))
    await turn.record(attempted(await turn.claimOne(), 'accepted'))
    expect(await inReadSnapshot(db, all)).toEqual([])
    await sql`UPDATE teams_notifications SET status_code = 500 WHERE channel = 'old'`.execute(db)
    const found = await inReadSnapshot(db, (t) => Array.fromAsync(verifyRows(t, { earlierVersionUntil: new Date(0) })))
    expect(found).toMatchObject([{ code: 'row_differs', row: { table: 'teams_notifications', column: 'status_code' } }])
    await sql`UPDATE teams_notifications SET status_code = 202 WHERE channel = 'old'`.execute(db)
  })

  it('are counted in notes where they are of the day of the upgrade', async () => {
    await sql`
      WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at)
        SELECT ${newId()}::uuid, 't', 'c', 'HIGH', '{new}', '{}', 'test', now() RETURNING *
      ) INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language)
        SELECT ${newId()}::uuid, id, correlation_id, event_type, stakeholders, priority, 'new', 'en' FROM e`.execute(db)
    // An attempt of the old replica, and one of this version after it.
    const [id = ''] = await accept(db, [firing('sre')])
    await sql`UPDATE teams_notifications SET attempts = 1, sent_at = now() WHERE id = ${id}`.execute(db)
    await sql`
      INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
      SELECT id, 1, now(), now(), 'server_error', gen_random_uuid(), created_at FROM teams_notifications WHERE id = ${id}`.execute(
      db,
    )
    const notes = [earlier(1, 'teams_events'), earlier(2, 'teams_notifications'), earlier(1, 'teams_attempts')]
    expect(new Set(await inReadSnapshot(db, all))).toEqual(new Set(notes))
    const turn = await turnAt(db, 'sre')
    await turn.record(attempted(await turn.claimOne(), 'accepted'))
    const [events, , attempts] = notes
    expect(new Set(await inReadSnapshot(db, all))).toEqual(
      new Set([events, earlier(1, 'teams_notifications'), attempts]),
    )
    // After that day, such rows are findings.
    const found = await inReadSnapshot(db, (t) =>
      Array.fromAsync(verifyRows(t, { earlierVersionUntil: new Date(Date.now() - 600_000) })),
    )
    expect(found.map((one) => ('code' in one ? [one.code, one.row?.table, one.row?.column] : one))).toEqual([
      ['row_not_backed', 'teams_events', undefined],
      ['row_not_backed', 'teams_attempts', undefined],
      ['row_differs', 'teams_notifications', 'attempts'],
      ['row_not_backed', 'teams_notifications', undefined],
    ])
  })

  it('are no excuse for an edit with an updated_at from before the last entry', async () => {
    const found: (Finding | Note)[] = []
    const away = db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await sql`UPDATE teams_notifications SET status_code = 500, updated_at = updated_at - interval '1 hour'
                 WHERE id = (SELECT min(id::text)::uuid FROM teams_notifications WHERE state = 'accepted' AND attempts = 3)`.execute(
        transaction,
      )
      found.push(...(await all(transaction)))
      throw new Error('away')
    })
    await expect(away).rejects.toThrow('away')
    expect(found.filter((one) => 'code' in one)).toMatchObject([
      { code: 'row_differs', row: { table: 'teams_notifications', column: 'status_code' } },
    ])
  })
})
