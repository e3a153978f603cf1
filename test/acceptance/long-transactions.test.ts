import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../src/kernel/log.ts'
import { applyRetention, ensurePartitions, movePastMonths } from '../../src/store/maintenance.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { freshDatabase } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'
import { claimDue } from './steps.ts'

const TABLES = ['teams_events', 'teams_notifications', 'teams_attempts']

async function migrated() {
  const { DATABASE_URL: url } = await startedStore('postgres')
  const database = await openPostgres({ url, pool: 5, log: createLog('silent') })
  onTestFinished(() => database.close())
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  return { kysely: database.kysely, client }
}

/** The months that have a partition. */
const months = async ({ client }: Awaited<ReturnType<typeof migrated>>) =>
  (
    await client.query<{ month: string }>(
      "SELECT right(relname, 7) AS month FROM pg_class WHERE relname ~ '^teams_events_\\d{4}_\\d{2}$' ORDER BY 1",
    )
  ).rows.map(({ month }) => month)

describe.each([
  ['a reader, such as a backup', TABLES.map((table) => `SELECT count(*) FROM ${table}`)],
  [
    'a caller who has written an event',
    [
      "INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at) VALUES (gen_random_uuid(), 't', 'c', 'LOW', '{sre}', '{}', 'test', now())",
    ],
  ],
])('a long transaction of %s', (_who, statements) => {
  it('does not block sending while a month is to be dropped', async () => {
    const { kysely, client } = await migrated()
    for (const table of TABLES)
      await client.query(
        `CREATE TABLE ${table}_2015_03 PARTITION OF ${table} FOR VALUES FROM ('2015-03-01 00:00Z') TO ('2015-04-01 00:00Z')`,
      )
    await client.query('BEGIN')
    for (const statement of statements) await client.query(statement)
    const tidied = applyRetention(kysely, 2192, 90)
    const claimed = claimDue(kysely, { channel: 'sre', turn: crypto.randomUUID() })
    await expect(tidied).rejects.toMatchObject({ code: '55P03' })
    await expect(claimed).resolves.toEqual([])
    await client.query('COMMIT')
    await applyRetention(kysely, 2192, 90)
    const { rows } = await client.query("SELECT 1 FROM pg_class WHERE relname LIKE '%2015_03'")
    expect(rows).toEqual([])
  })
})

it('a backup does not block sending while a month is to be created', async () => {
  const { kysely, client } = await migrated()
  const last = (await months({ kysely, client })).at(-1)
  for (const table of TABLES) await client.query(`DROP TABLE ${table}_${last}`)
  await client.query('BEGIN')
  for (const table of TABLES) await client.query(`SELECT count(*) FROM ${table}`)
  const made = ensurePartitions(kysely)
  const claimed = claimDue(kysely, { channel: 'sre', turn: crypto.randomUUID() })
  await expect(made).rejects.toMatchObject({ code: '55P03' })
  await expect(claimed).resolves.toEqual([])
  await client.query('COMMIT')
  await ensurePartitions(kysely)
  expect((await months({ kysely, client })).at(-1)).toBe(last)
})

it('a backup does not block sending while a past month is to be moved, and the month stays unchanged', async () => {
  const { kysely, client } = await migrated()
  await client.query(`
    INSERT INTO teams_notifications (id, event_id, event_type, correlation_id, priority, stakeholders, channel, language, state, created_at)
    VALUES (gen_random_uuid(), gen_random_uuid(), 't', 'stray', 'LOW', '{sre}', 'sre', 'en', 'accepted', '2015-03-07')`)
  const where = async () =>
    (
      await client.query(
        "SELECT tableoid::regclass::text AS part FROM teams_notifications WHERE created_at = '2015-03-07'",
      )
    ).rows
  await client.query('BEGIN')
  for (const table of TABLES) await client.query(`SELECT count(*) FROM ${table}`)
  const moved = movePastMonths(kysely)
  const claimed = claimDue(kysely, { channel: 'sre', turn: crypto.randomUUID() })
  await expect(moved).rejects.toMatchObject({ code: '55P03' })
  await expect(claimed).resolves.toEqual([])
  await client.query('COMMIT')
  expect(await where()).toEqual([{ part: 'teams_notifications_default' }])
  expect(await movePastMonths(kysely)).toBe(1)
  expect(await where()).toEqual([{ part: 'teams_notifications_2015_03' }])
})

it('a month begins at its start in UTC, with any DateStyle and TimeZone of the database', async () => {
  const { url } = await freshDatabase()
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  onTestFinished(() => admin.end())
  // In this style India's time is written "IST", which is read as Israel's.
  await admin.query(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET datestyle = 'SQL, DMY'`)
  await admin.query(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET timezone = 'Asia/Kolkata'`)
  const database = await openPostgres({ url, pool: 2, log: createLog('silent') })
  onTestFinished(() => database.close())
  await createMigrations(database.kysely).up()
  const { rows } = await sql<{ first: string; now: Date }>`
    SELECT now(), substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''([^'']+)''') AS first
      FROM pg_class c WHERE relname ~ '^teams_events_\\d{4}_\\d{2}$' ORDER BY relname LIMIT 1`.execute(database.kysely)
  const [{ first, now } = { first: '', now: new Date(0) }] = rows
  // Read as a Date at all: `pg` understands no other style than ISO.
  expect(now.getTime()).toBeGreaterThan(0)
  expect(new Date(first).getTime()).toBe(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1))
})

it('an idempotency key is deleted with the month of its event', async () => {
  const { kysely, client } = await migrated()
  for (const table of TABLES)
    await client.query(
      `CREATE TABLE ${table}_2015_03 PARTITION OF ${table} FOR VALUES FROM ('2015-03-01 00:00Z') TO ('2015-04-01 00:00Z')`,
    )
  await client.query(
    "INSERT INTO teams_idempotency_keys VALUES ('old', gen_random_uuid(), '2015-03-07', now() + interval '1 day'), ('new', gen_random_uuid(), now(), now() + interval '1 day')",
  )
  await applyRetention(kysely, 2192, 90)
  const { rows } = await client.query('SELECT key_hash FROM teams_idempotency_keys')
  expect(rows).toEqual([{ key_hash: 'new' }])
})
