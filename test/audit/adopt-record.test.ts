import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adoptRecord } from '../../src/audit/adopt-record.ts'
import { verifyAdopted } from '../../src/audit/verify/adopted.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import type { Database } from '../../src/store/database.ts'
import { fillFirstPosts } from '../../src/store/first-posts.ts'
import { applyRetention, movePastMonths } from '../../src/store/maintenance.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'

const AT_ONCE = { settledMs: 0, rowsPerStatement: 3 }
const never = () => false

/** Details of what is found, and how many months are not adopted. */
async function compareAdopted({ kysely }: Database) {
  const found = await Array.fromAsync(verifyAdopted(kysely))
  return {
    findings: found.flatMap((item) => ('note' in item ? [] : [item.detail])),
    notAdopted: found.filter((item) => 'note' in item).length,
  }
}

describe.each(KINDS)('rows from before the audit trail, on %s', (kind) => {
  let database: Database
  const ask = async (text: string) => (await sql.raw(text).execute(database.kysely)).rows as Record<string, unknown>[]
  const run = async (text: string) => {
    for (const statement of text.split(';')) await ask(statement)
  }
  const adopt = (options = AT_ONCE) => adoptRecord(database.kysely, never, options)
  const verify = () => compareAdopted(database)
  const entries = () =>
    ask(`SELECT convert_from(body, 'UTF8')::jsonb AS entry FROM teams_audit_entries
          WHERE position('"kind":"record.adopted"'::bytea in body) > 0 ORDER BY id`)

  /** What a gateway of version 0004 wrote for an event: the event, its notification and its attempts. */
  const wroteBefore = (name: string, state: string, outcomes: readonly string[], at = 'now()') =>
    run(`
      WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
        SELECT gen_random_uuid(), 't', '${name}', 'HIGH', '{sre}', '{"n": 1.5, "list": ["ä"]}', 'cli', at, at
          FROM (SELECT date_trunc('milliseconds', ${at}) AS at) AS moment RETURNING id, created_at
      ), n AS (
        INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language,
          state, attempts, sent_at, accepted_at, created_at, received_at)
        SELECT gen_random_uuid(), id, '${name}', 't', '{sre}', 'HIGH', 'sre', 'en', '${state}', ${outcomes.length},
          created_at, ${state === 'accepted' ? 'created_at' : 'NULL'}, created_at, created_at FROM e RETURNING id, created_at
      )
      INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
      SELECT id, attempt, created_at, created_at, outcome, gen_random_uuid(), created_at
        FROM n, (VALUES ${outcomes.map((outcome, i) => `(${i + 1}, '${outcome}')`).join(', ') || "(0, '')"}) AS a (attempt, outcome)
       WHERE attempt > 0`)

  /** Changes rows for one assertion, and back. */
  async function changed(change: string, back: string): Promise<readonly string[]> {
    await run(change)
    const { findings } = await verify()
    await run(back)
    return findings
  }

  beforeAll(async () => {
    database = await openMigrated(kind)
    const migrations = createMigrations(database.kysely)
    while ((await migrations.down()) !== '0005_audit') {}
    for (const table of ['teams_events', 'teams_notifications', 'teams_attempts'])
      await run(
        `CREATE TABLE ${table}_2015_03 PARTITION OF ${table} FOR VALUES FROM ('2015-03-01Z') TO ('2015-04-01Z')`,
      )
    for (let i = 0; i < 7; i += 1)
      await wroteBefore(`march ${i}`, 'accepted', ['accepted'], "timestamptz '2015-03-07 12:00Z'")
    // No table of its own.
    await wroteBefore('may', 'failed', ['bad_request'], "timestamptz '2015-05-31 23:59:59.999Z'")
    await wroteBefore('now', 'accepted', ['server_error', 'accepted'])
    await wroteBefore('waits', 'pending', ['interrupted'])
    await wroteBefore('dead letter', 'failed', ['bad_request'])
    await wroteBefore('repeat', 'suppressed', [])
    await run("UPDATE teams_notifications SET repeat_of = gen_random_uuid() WHERE correlation_id = 'repeat'")
    // Earlier versions were here for longer than the migrations of one run take.
    await run("UPDATE teams_migrations SET timestamp = '2026-01-01T00:00:0' || substring(name, 4, 1) || '.000Z'")
    await migrations.up()
    await fillFirstPosts(database.kysely, never)
  })
  afterAll(() => database.close())

  it('are not adopted in the first hour after the upgrade', async () => {
    const { months, againMs } = await adoptRecord(database.kysely, never)
    expect(months).toBe(0)
    expect(againMs).toBeGreaterThan(3_000_000)
    expect(againMs).toBeLessThanOrEqual(3_600_000)
    expect((await verify()).findings).toEqual([])
    expect((await verify()).notAdopted).toBe(3)
  })

  it('are findings, and get no entry, a week after the upgrade', async () => {
    const moveStart = (by: string) =>
      database.kysely.transaction().execute(async (transaction) => {
        await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
        await sql`UPDATE teams_audit_entries SET created_at = created_at + ${by}::interval
                   WHERE id = (SELECT min(id) FROM teams_audit_entries)`.execute(transaction)
      })
    await moveStart('-8 days')
    expect(await adopt()).toEqual({ months: 0 })
    const findings = ['2015-03', '2015-05'].map(
      (month) =>
        `${month} has rows from before the audit trail and no entry record.adopted a week after the upgrade: they were added later, or no gateway ran in that week`,
    )
    expect(await verify()).toEqual({ findings, notAdopted: 0 })
    await moveStart('8 days')
  })

  it('get no entry where the process stops meanwhile', async () => {
    const answers = [false, false, true]
    await adoptRecord(database.kysely, () => answers.shift() ?? true, AT_ONCE)
    expect(await entries()).toEqual([])
  })

  it('get one entry a month, with counts and a hash, whatever runs at the same time or later', async () => {
    await Promise.all([adopt(), adopt(), adopt()])
    await adopt()
    expect(await adopt()).toEqual({ months: 0 })
    const found = (await entries()).map(({ entry }) => entry as Record<string, unknown>)
    const [{ now, began } = { now: '', began: '' }] = await ask(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM') AS now, convert_from(body, 'UTF8')::jsonb ->> 'at' AS began
         FROM teams_audit_entries ORDER BY id LIMIT 1`,
    )
    expect(found).toMatchObject([
      { month: '2015-03', events: 7, notifications: 7, attempts: 7 },
      { month: '2015-05', events: 1, notifications: 1, attempts: 1 },
      { month: now, events: 4, notifications: 4, attempts: 4 },
    ])
    for (const { before, rows } of found) {
      expect(rows).toMatch(/^[0-9a-f]{64}$/)
      expect(Math.abs(Date.parse(String(before)) - Date.parse(String(began)))).toBeLessThan(60_000)
    }
    expect(await verify()).toEqual({ findings: [], notAdopted: 0 })
  })

  it('still agree after they were sent, replayed, released, acknowledged, moved to a month and freed of their cards', async () => {
    await run(
      `UPDATE teams_notifications SET state = 'sending', attempts = attempts + 1, held_since = now() WHERE correlation_id = 'waits'`,
    )
    await run(
      `UPDATE teams_notifications SET state = 'accepted', held_since = NULL, status_code = 202 WHERE correlation_id = 'waits'`,
    )
    await run(`UPDATE teams_notifications SET state = 'pending', failures = 0 WHERE correlation_id = 'dead letter'`)
    await run(`UPDATE teams_notifications SET state = 'pending', repeat_of = NULL WHERE correlation_id = 'repeat'`)
    await run(
      `UPDATE teams_notifications SET acknowledged_by = 'x', acknowledged_at = now(), card_payload = NULL WHERE correlation_id = 'now'`,
    )
    await run(`INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
               SELECT id, 2, now(), now(), 'accepted', gen_random_uuid(), created_at FROM teams_notifications WHERE correlation_id = 'waits'`)
    expect(await movePastMonths(database.kysely)).toBe(1)
    expect(await verify()).toEqual({ findings: [], notAdopted: 0 })
    const compared = await inReadSnapshot(database.kysely, (transaction) => Array.fromAsync(verifyRows(transaction)))
    expect(compared.filter((item) => !('note' in item))).toEqual([])
  })

  it.each([
    [
      "UPDATE teams_events SET correlation_id = 'x' WHERE correlation_id = 'march 3'",
      "UPDATE teams_events SET correlation_id = 'march 3' WHERE correlation_id = 'x'",
    ],
    [
      `UPDATE teams_events SET data = '{"n": 2, "list": ["ä"]}' WHERE correlation_id = 'march 3'`,
      `UPDATE teams_events SET data = '{"list": ["ä"], "n": 1.5}' WHERE correlation_id = 'march 3'`,
    ],
    [
      "UPDATE teams_notifications SET channel = 'x' WHERE correlation_id = 'march 3'",
      "UPDATE teams_notifications SET channel = 'sre' WHERE channel = 'x'",
    ],
    [
      "UPDATE teams_notifications SET status_code = 200 WHERE correlation_id = 'march 3'",
      'UPDATE teams_notifications SET status_code = NULL WHERE status_code = 200',
    ],
    [
      "UPDATE teams_attempts SET outcome = 'x' WHERE created_at < '2015-04-01Z'",
      "UPDATE teams_attempts SET outcome = 'accepted' WHERE created_at < '2015-04-01Z'",
    ],
    [
      "UPDATE teams_attempts SET started_at = started_at + interval '1 microsecond' WHERE created_at < '2015-04-01Z'",
      "UPDATE teams_attempts SET started_at = started_at - interval '1 microsecond' WHERE created_at < '2015-04-01Z'",
    ],
  ])('do not agree after %s', async (change, back) => {
    expect(await changed(change, back)).toEqual([
      '2015-03 has as many rows as were adopted, and at least one of them was changed since',
    ])
    expect((await verify()).findings).toEqual([])
  })

  it('do not agree after one was removed, or one was added', async () => {
    const removed = await changed(
      "CREATE TABLE kept AS SELECT * FROM teams_events WHERE correlation_id = 'march 3'; DELETE FROM teams_events WHERE correlation_id = 'march 3'",
      'INSERT INTO teams_events SELECT * FROM kept',
    )
    expect(removed).toEqual(['2015-03 has 6 events (7 were adopted)'])
    const added = await changed(
      "INSERT INTO teams_events SELECT gen_random_uuid(), event_type, 'added', priority, stakeholders, data, language, origin, occurred_at, created_at FROM kept",
      "DELETE FROM teams_events WHERE correlation_id = 'added'; DROP TABLE kept",
    )
    expect(added).toEqual(['2015-03 has 8 events (7 were adopted)'])
    const inEmptyMonth = await changed(
      "INSERT INTO teams_events SELECT gen_random_uuid(), event_type, 'added', priority, stakeholders, data, language, origin, occurred_at, '2015-04-02Z' FROM teams_events LIMIT 1",
      "DELETE FROM teams_events WHERE correlation_id = 'added'",
    )
    expect(inEmptyMonth).toEqual([
      '2015-04 has rows from before the audit trail and no entry record.adopted: they were added later',
    ])
  })

  it('that were changed do not agree either after the salt was removed, and the month was adopted again', async () => {
    await run(
      "CREATE TABLE kept AS SELECT * FROM teams_audit_values WHERE field = 'rows'; DELETE FROM teams_audit_values",
    )
    expect((await verify()).findings).toContain(
      '2015-03 can not be compared: the salt of its hash is gone from teams_audit_values',
    )
    await run("UPDATE teams_events SET correlation_id = 'x' WHERE correlation_id = 'march 3'")
    await adopt()
    expect((await verify()).findings).toContainEqual(
      expect.stringMatching(/^2015-03 is adopted by two entries, \d+ and \d+: the salt/),
    )
  })

  it('need not be there any more once retention has removed their month, which an entry says', async () => {
    await applyRetention(database.kysely, 365 * 6, 90)
    const { findings } = await verify()
    expect(findings.filter((detail) => detail.startsWith('2015'))).toEqual([])
    expect(await adopt()).toEqual({ months: 0 })
  })
})

describe.each(KINDS)('a database without rows from before the audit trail, on %s', (kind) => {
  it('gets no entry, and rows that name an earlier time are findings', async () => {
    const database = await openMigrated(kind)
    expect(await adoptRecord(database.kysely, never, AT_ONCE)).toEqual({ months: 0 })
    expect(await compareAdopted(database)).toEqual({ findings: [], notAdopted: 0 })
    // Rows that were inserted with a time from before the trail.
    await sql`
      WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
        VALUES (gen_random_uuid(), 't', 'c', 'HIGH', '{sre}', '{}', 'cli', now(), '2015-03-07Z') RETURNING *
      ) INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, created_at)
        SELECT gen_random_uuid(), id, correlation_id, event_type, stakeholders, priority, 'sre', 'en', created_at FROM e`.execute(
      database.kysely,
    )
    expect(await adoptRecord(database.kysely, never, AT_ONCE)).toEqual({ months: 0 })
    const compared = await inReadSnapshot(database.kysely, (transaction) => Array.fromAsync(verifyRows(transaction)))
    expect(compared).toMatchObject([
      { code: 'row_not_backed', row: { table: 'teams_events' } },
      { code: 'row_not_backed', row: { table: 'teams_notifications' } },
    ])
    await database.close()
  })
})
