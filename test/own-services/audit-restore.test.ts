import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import pg from 'pg'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { verifyAudit } from '../../src/gateway/verify-audit.ts'
import { createLog } from '../../src/kernel/log.ts'
import { readCheckpoint, readOrigin } from '../../src/store/audit-tree.ts'
import type { Database } from '../../src/store/database.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { unseenSql } from '../../src/store/unsealed-entries.ts'
import { addEntries, type Db, expectSound, leaves, unsealed } from '../audit/trail.ts'
import { whenDone } from '../services/cleanup.ts'
import { findPostgres, type Postgres, startPostgres } from '../services/postgres.ts'

const bin = (program: string) => join(findPostgres() ?? '', program)
const run = promisify(execFile)

/** Uses up so many transaction numbers of a server. */
const spend = (db: Db, count: number) =>
  sql.raw(`DO $$ BEGIN FOR i IN 1..${count} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`).execute(db)

const currentXid = async (db: Db) => {
  const { rows } = await sql<{ xid: string }>`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid`.execute(db)
  return Number(rows[0]?.xid)
}

/** Entries that the next sealing looks at. */
async function lookedAt(db: Db): Promise<number | undefined> {
  const last = await readCheckpoint(db, (await readOrigin(db))?.id ?? 0)
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM (${unseenSql(last?.snapshot ?? '', 1_000)}) AS looked_at`.execute(db)
  return rows[0]?.count
}

/** An entry, for a transaction that stays open. */
const INSERT = `INSERT INTO teams_audit_entries (body) VALUES (teams_audit_body('record.month_moved', '"month":"2019-01"}'))`

describe('a dump of a database with an audit trail', () => {
  let source: Postgres
  let target: Postgres
  let original: Db
  let dump: string

  const open = async (url: string): Promise<Database> => {
    const database = await openPostgres({ url, pool: 2, log: createLog('silent') })
    whenDone(() => database.close())
    return database
  }

  /** Restores the dump into a new database of the other server. */
  async function restore(name: string): Promise<Db> {
    const client = new pg.Client({ connectionString: target.url })
    await client.connect()
    await client.query(`CREATE DATABASE ${name}`)
    await client.end()
    const url = new URL(target.url)
    url.pathname = `/${name}`
    await run(bin('pg_restore'), ['--no-owner', '--exit-on-error', `--dbname=${url.href}`, dump])
    return (await open(url.href)).kysely
  }

  beforeAll(async () => {
    ;[source, target] = await Promise.all([startPostgres({ durable: false }), startPostgres({ durable: false })])
    whenDone(() => target.stop())
    whenDone(() => source.stop())
    original = (await open(source.url)).kysely
    await createMigrations(original).up()
    await spend(original, 3_000)
    await addEntries(original, 300)
    await seal(original, [])
    await addEntries(original, 7)
    dump = join(source.folder, 'dump')
    // A transaction that is open meanwhile is not in the dump, and its number is below the last snapshot's.
    const client = new pg.Client({ connectionString: source.url })
    await client.connect()
    await client.query(`BEGIN; ${INSERT}`)
    await seal(original, [])
    await addEntries(original, 5)
    await run(bin('pg_dump'), ['--format=custom', `--file=${dump}`, source.url])
    await client.query('COMMIT')
    await client.end()
  })

  it.each([
    { numbers: 'lower', name: 'lower' },
    { numbers: 'higher', name: 'higher' },
  ])('is sealed on where its server has $numbers transaction numbers', async ({ numbers, name }) => {
    const ours = await currentXid(original)
    if (numbers === 'higher') {
      const other = (await open(target.url)).kysely
      await spend(other, ours + 5_000)
    }
    const db = await restore(name)
    const theirs = await currentXid(db)
    expect(theirs > ours).toBe(numbers === 'higher')
    expect(await unsealed(db)).toBe(5)
    const before = (await leaves(db)).length
    await addEntries(db, 20)
    // More entries than one sealing takes, and other transactions open meanwhile.
    const client = new pg.Client({
      connectionString: Object.assign(new URL(target.url), { pathname: `/${name}` }).href,
    })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query(`BEGIN; ${INSERT}`)
    // The first entries have their leaves: a restored database is read from the beginning, a part at a time.
    expect(await seal(db, [], { limit: 10 })).toMatchObject({ entries: 0, more: true })
    await expectSound(db)
    while (((await seal(db, [], { limit: 10 })) as { more: boolean }).more) await addEntries(db, 1)
    await client.query('COMMIT')
    await addEntries(db, 3)
    await seal(db, [])
    expect(await unsealed(db)).toBe(0)
    expect((await leaves(db)).length).toBeGreaterThan(before + 28)
    await expectSound(db)
    expect(await lookedAt(db)).toBe(0)
    expect((await verifyAudit(db, { keys: [], anchors: [] })).findings).toEqual([])
    // All entries of the original's tree are in the same places.
    const theirLeaves = await leaves(db)
    const firstLeaves = (await leaves(original)).slice(0, 300)
    expect(theirLeaves.slice(0, 300)).toEqual(firstLeaves)
  })

  it('keeps the triggers of every month, and the two functions that run with the rights of their owner', async () => {
    const db = await restore('protected')
    const { rows } = await sql<{ name: string; protected: boolean }>`
      SELECT t.oid::regclass::text AS name,
             EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = 'teams_audit_refuse') AS protected
        FROM pg_class t WHERE t.relname ~ '^teams_audit_(entries|leaves|nodes|checkpoints|origins)' AND t.relkind IN ('r', 'p')`.execute(
      db,
    )
    expect(rows.length).toBeGreaterThan(8)
    expect(rows.filter((row) => !row.protected)).toEqual([])
    const functions = await sql<{ name: string; open: boolean }>`
      SELECT proname AS name, has_function_privilege('pg_monitor', oid, 'EXECUTE') AS open FROM pg_proc
       WHERE prosecdef AND proname LIKE 'teams%' AND array_to_string(proconfig, ' ') LIKE '%search_path=public, pg_temp%' ORDER BY 1`.execute(
      db,
    )
    expect(functions.rows).toEqual([
      { name: 'teams_ensure_partitions', open: false },
      { name: 'teams_move_past_month', open: false },
    ])
  })
})
