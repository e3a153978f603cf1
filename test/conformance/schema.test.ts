import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { applyRetention, ensurePartitions, movePastMonths } from '../../src/store/maintenance.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { KINDS } from '../services/stores.ts'
import { openEmpty } from './databases.ts'
import { SEED_QUERIES } from './seed-queries.ts'

describe.each(KINDS)('schema on %s', (kind) => {
  let database: Database
  const run = (text: string) => sql.raw(text).execute(database.kysely)
  const ask = async (text: string) => (await run(text)).rows as Record<string, unknown>[]

  beforeAll(async () => {
    database = await openEmpty(kind)
  })
  afterAll(() => database.close())

  const notification = (values: Record<string, string>) => {
    const row = {
      id: 'gen_random_uuid()',
      event_id: 'gen_random_uuid()',
      correlation_id: "'c'",
      event_type: "'t'",
      stakeholders: "'{sre}'",
      priority: "'HIGH'",
      channel: "'sre'",
      language: "'en'",
      ...values,
    }
    return run(
      `INSERT INTO teams_notifications (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`,
    )
  }

  it('goes up, down to nothing, and up again', async () => {
    const migrations = createMigrations(database.kysely)
    const objects = () =>
      ask(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relname LIKE 'teams%' AND relname NOT LIKE 'teams_migrations%' UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'teams%'",
      )
    const applied = await migrations.up()
    expect(applied).toEqual(
      readdirSync(new URL('../../migrations/', import.meta.url))
        .filter((f) => f.endsWith('.up.sql'))
        .sort()
        .map((f) => f.replace('.up.sql', '')),
    )
    expect((await objects()).length).toBeGreaterThan(20)
    while (await migrations.down()) {}
    expect(await objects()).toEqual([])
    await migrations.up()
    expect((await migrations.status()).every((migration) => migration.appliedAt)).toBe(true)
  })

  it('keeps the migrations before a failed one, and continues from there', async () => {
    const migrations = createMigrations(database.kysely)
    const applied = async () => (await migrations.status()).filter(({ appliedAt }) => appliedAt).map(({ name }) => name)
    while (await migrations.down()) {}
    // A table of the name that migration 0002 gives to one of its own.
    await run('CREATE TABLE teams_silences (note text)')
    await expect(migrations.up()).rejects.toMatchObject({
      code: 'database_not_migrated',
      message: expect.stringContaining('42P07'),
    })
    expect(await applied()).toEqual(['0001_notifications'])
    // Of the one that failed, nothing is left.
    expect(await ask("SELECT to_regclass('teams_resolutions') AS left")).toEqual([{ left: null }])
    await run('DROP TABLE teams_silences')
    expect((await migrations.up())[0]).toBe('0002_storms')
    expect((await migrations.status()).every(({ appliedAt }) => appliedAt)).toBe(true)
  })

  it('runs every query of the deployment checklist as written', async () => {
    expect(SEED_QUERIES.length).toBe(12)
    // The delivery rate of the checklist divides by what was sent in a day, which must not be nothing.
    await notification({
      correlation_id: "'rate'",
      sent_at: 'now()',
      status_code: '202',
      acknowledged_at: 'now()',
      acknowledged_by: "'Sara'",
    })
    for (const query of SEED_QUERIES) await expect(run(query), query).resolves.toBeDefined()
  })

  it('runs the same queries as the checklist has', () => {
    const folder = new URL('../../../shared/seeds/', import.meta.url)
    // The checklist itself is the user's and lies beside the repository, not in it.
    if (!existsSync(folder)) return expect(SEED_QUERIES).toHaveLength(12)
    const file = readdirSync(folder).find((name) => name.startsWith('001'))
    const checklist = readFileSync(new URL(file ?? '', folder), 'utf8').replace(/\s+/g, ' ')
    for (const query of SEED_QUERIES) expect(checklist).toContain(query.replace(/\s+/g, ' ').replace(/;$/, ''))
    expect(checklist.match(/\bSELECT\b/g)?.length).toBe(SEED_QUERIES.length)
  })

  it('refuses impossible priorities, retry counts and status codes', async () => {
    await expect(notification({ priority: "'URGENT'" })).rejects.toMatchObject({ code: '23514' })
    await expect(notification({ retry_count: '-1' })).rejects.toMatchObject({ code: '23514' })
    await expect(notification({ status_code: '99' })).rejects.toMatchObject({ code: '23514' })
    await expect(notification({ state: "'lost'" })).rejects.toMatchObject({ code: '23514' })
  })

  it('shows sent critical notifications without acknowledgement, with their age', async () => {
    await notification({ correlation_id: "'seen'", priority: "'CRITICAL'", sent_at: "now() - interval '90 seconds'" })
    await notification({
      correlation_id: "'done'",
      priority: "'CRITICAL'",
      sent_at: 'now()',
      acknowledged_at: 'now()',
      acknowledged_by: "'Sara'",
    })
    await notification({ correlation_id: "'minor'", priority: "'LOW'", sent_at: 'now()' })
    await notification({ correlation_id: "'unsent'", priority: "'HIGH'" })
    const rows = await ask(
      'SELECT correlation_id, age_seconds::int AS age FROM teams_notifications_unacknowledged_critical',
    )
    expect(rows.map((row) => row.correlation_id)).toEqual(['seen'])
    expect(rows[0]?.age).toBeGreaterThanOrEqual(90)
  })

  it('sets updated_at with every change', async () => {
    await notification({ correlation_id: "'touched'", updated_at: "'2020-01-01'" })
    await run("UPDATE teams_notifications SET acknowledged_by = 'Sara' WHERE correlation_id = 'touched'")
    const [row] = await ask(
      "SELECT updated_at > now() - interval '1 minute' AS fresh FROM teams_notifications WHERE correlation_id = 'touched'",
    )
    expect(row?.fresh).toBe(true)
  })

  it('keeps rows of a month without a partition, and moves them to a new one', async () => {
    await run(
      "INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at) VALUES (gen_random_uuid(), 't', 'far', 'LOW', '{sre}', '{}', 'test', now(), now() + interval '5 months')",
    )
    await notification({ correlation_id: "'far'", created_at: "now() + interval '5 months'" })
    const where = () =>
      ask("SELECT tableoid::regclass::text AS part FROM teams_notifications WHERE correlation_id = 'far'")
    expect((await where())[0]?.part).toBe('teams_notifications_default')
    await run('SELECT teams_ensure_partitions(6)')
    expect((await where())[0]?.part).toMatch(/^teams_notifications_\d{4}_\d{2}$/)
    expect((await where()).length).toBe(1)
  })

  it('moves past months out of the default partition, and deletes them from there after retention', async () => {
    const strays = ['2014-05-31 23:59:59.999Z', '2014-06-01 00:00Z', '2014-06-30 12:00Z', '2019-02-03 12:00Z']
    for (const at of strays) {
      await notification({ correlation_id: "'stray'", created_at: `'${at}'`, state: "'accepted'" })
      await run(
        `INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
         VALUES (gen_random_uuid(), 1, now(), now(), 'accepted', gen_random_uuid(), '${at}')`,
      )
    }
    await notification({ correlation_id: "'stray'", created_at: "'2019-03-03 12:00Z'", state: "'pending'" })
    const where = () =>
      ask(
        "SELECT tableoid::regclass::text AS part, count(*)::int AS rows FROM teams_notifications WHERE correlation_id = 'stray' GROUP BY 1 ORDER BY 1",
      )
    expect(await where()).toEqual([{ part: 'teams_notifications_default', rows: 5 }])
    expect(await movePastMonths(database.kysely)).toBe(3)
    expect(await where()).toEqual([
      { part: 'teams_notifications_2014_05', rows: 1 },
      { part: 'teams_notifications_2014_06', rows: 2 },
      { part: 'teams_notifications_2019_02', rows: 1 },
      // What waits is not taken away from under a turn.
      { part: 'teams_notifications_default', rows: 1 },
    ])
    expect(await ask('SELECT count(*)::int AS rows FROM teams_attempts_2014_06')).toEqual([{ rows: 2 }])
    expect(
      await ask("SELECT count(*)::int AS left FROM pg_constraint WHERE conname = 'month' AND contype = 'c'"),
    ).toEqual([{ left: 0 }])
    expect(await movePastMonths(database.kysely)).toBe(0)
    await run("UPDATE teams_notifications SET state = 'accepted' WHERE correlation_id = 'stray'")
    expect(await movePastMonths(database.kysely)).toBe(1)
    await applyRetention(database.kysely, 4_000, 4_000)
    expect((await where()).map(({ part }) => part)).toEqual([
      'teams_notifications_2019_02',
      'teams_notifications_2019_03',
    ])
  })

  it('drops whole months after retention, but none with a pending notification', async () => {
    for (const [month, state] of [
      ['2015_03', 'accepted'],
      ['2015_04', 'pending'],
    ] as const) {
      const from = `${month.replace('_', '-')}-01`
      for (const table of ['teams_events', 'teams_notifications', 'teams_attempts'])
        await run(
          `CREATE TABLE ${table}_${month} PARTITION OF ${table} FOR VALUES FROM ('${from} 00:00Z') TO (timestamptz '${from} 00:00Z' + interval '1 month')`,
        )
      await notification({ correlation_id: `'${month}'`, created_at: `'${from} 12:00Z'`, state: `'${state}'` })
    }
    await applyRetention(database.kysely, 2192, 90)
    const left = await ask(
      "SELECT relname FROM pg_class WHERE relname LIKE 'teams_%_2015_%' AND relkind = 'r' ORDER BY 1",
    )
    expect(left.map((row) => row.relname)).toEqual([
      'teams_attempts_2015_04',
      'teams_events_2015_04',
      'teams_notifications_2015_04',
    ])
  })

  it('deletes cards after their retention, and keeps the rest of the row', async () => {
    await notification({
      correlation_id: "'card-old'",
      created_at: "now() - interval '91 days'",
      state: "'accepted'",
      card_payload: `'{"type":"AdaptiveCard"}'`,
    })
    await notification({ correlation_id: "'card-new'", state: "'accepted'", card_payload: `'{"type":"AdaptiveCard"}'` })
    await applyRetention(database.kysely, 2192, 90)
    const rows = await ask(
      "SELECT correlation_id, card_payload IS NULL AS forgotten FROM teams_notifications WHERE correlation_id LIKE 'card-%' ORDER BY 1 DESC",
    )
    expect(rows).toEqual([
      { correlation_id: 'card-old', forgotten: true },
      { correlation_id: 'card-new', forgotten: false },
    ])
  })

  it('makes partitions once, however many processes start together', async () => {
    await Promise.all([1, 2, 3, 4].map(() => ensurePartitions(database.kysely)))
    const [row] = await ask("SELECT count(*)::int AS count FROM pg_inherits WHERE inhparent = 'teams_events'::regclass")
    expect(row?.count).toBeGreaterThanOrEqual(5)
  })
})
