import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seal, tilesOf } from '../../src/audit/seal.ts'
import { frontierFromTiles } from '../../src/audit/tiles.ts'
import { readCheckpoint } from '../../src/store/audit-tree.ts'
import type { Database } from '../../src/store/database.ts'
import { applyRetention, ensurePartitions, movePastMonths } from '../../src/store/maintenance.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { addEntries, expectSound, leaves, unsealed } from './trail.ts'

describe.each(KINDS)('the months of audit entries, on %s', (kind) => {
  let database: Database
  const ask = async (text: string) => (await sql.raw(text).execute(database.kysely)).rows as Record<string, unknown>[]
  const addIn = (time: string, text: string) =>
    ask(`INSERT INTO teams_audit_entries (created_at, body) VALUES (${time}, '${text}')`)
  const partOf = async (text: string) =>
    (await ask(`SELECT tableoid::regclass::text AS part FROM teams_audit_entries WHERE body = '${text}'`))[0]?.part
  const unprotected = () =>
    ask(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'teams_audit_entries'::regclass
          AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = inhrelid AND tgname = 'teams_audit_refuse')`)
  const newest = async () =>
    (await leaves(database.kysely)).map(({ body }) => Buffer.from(body).toString()).at(-1) ?? ''

  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  it('take entries over from the default partition, with the same bytes, and are protected', async () => {
    const { kysely: db } = database
    const [{ month } = { month: '' }] = await ask(
      "SELECT max(relname) AS month FROM pg_class WHERE relname ~ '^teams_audit_entries_\\d{4}_\\d{2}$'",
    )
    await ask(`DROP TABLE ${month}`)
    const time = `timestamptz '${String(month).slice(-7).replace('_', '-')}-05Z'`
    await addIn(time, 'early')
    await addIn("'2015-03-07Z'", 'old')
    await seal(db, [])
    expect(await partOf('early')).toBe('teams_audit_entries_default')
    await ensurePartitions(db)
    expect(await partOf('early')).toBe(month)
    expect(await partOf('old')).toBe('teams_audit_entries_default')
    expect(await movePastMonths(db)).toBe(1)
    expect(await partOf('old')).toBe('teams_audit_entries_2015_03')
    expect(await unprotected()).toEqual([])
    for (const table of [month, 'teams_audit_entries_2015_03', 'teams_audit_entries_default'])
      await expect(ask(`DELETE FROM ${table}`)).rejects.toThrow('only added to')
    await seal(db, [])
    await expectSound(db)
    expect(JSON.parse(await newest())).toMatchObject({ kind: 'record.month_moved', month: '2015-03' })
  })

  it('leave with their record, and their leaves stay', async () => {
    const { kysely: db } = database
    const before = (await leaves(db)).length
    await applyRetention(db, 2192, 90)
    expect(await partOf('old')).toBeUndefined()
    expect((await leaves(db)).length).toBe(before - 1)
    await addEntries(db, 300)
    await seal(db, [])
    expect(await unsealed(db)).toBe(0)
    const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM teams_audit_leaves`.execute(db)
    const checkpoint = await readCheckpoint(db, 1)
    expect(checkpoint?.size).toBe(rows[0]?.n)
    const frontier = await frontierFromTiles(checkpoint?.size ?? 0, tilesOf(db, 1))
    expect(frontier.root().equals(checkpoint?.root ?? Buffer.alloc(0))).toBe(true)
    const entries = await ask(
      `SELECT convert_from(body, 'UTF8')::jsonb AS entry FROM teams_audit_entries WHERE position('record.removed'::bytea in body) > 0`,
    )
    expect(entries).toMatchObject([
      { entry: { table: 'teams_notifications', before: '2015-04-01T00:00:00.000Z', count: 0 } },
    ])
  })

  it('leave with their values, but for the newest configuration and the newest fingerprints', async () => {
    // Ids before those of all entries there are.
    await ask(`INSERT INTO teams_audit_values (entry_id, field, salt, value)
               SELECT id, field, gen_random_uuid(), 'x' FROM (VALUES
                 (-5, 'configuration'), (-4, 'fingerprints'), (-3, 'configuration'), (-2, 'fingerprints'), (-1, 'who')
               ) AS v (id, field)`)
    await addIn("'2015-05-07Z'", 'spring')
    await movePastMonths(database.kysely)
    await applyRetention(database.kysely, 2192, 90)
    expect(await partOf('spring')).toBeUndefined()
    expect(
      await ask('SELECT entry_id::int AS id, field FROM teams_audit_values WHERE entry_id < 0 ORDER BY 1'),
    ).toEqual([
      { id: -3, field: 'configuration' },
      { id: -2, field: 'fingerprints' },
    ])
  })
})
