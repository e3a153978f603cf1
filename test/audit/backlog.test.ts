import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { leftToSigner } from '../../src/audit/left-to-signer.ts'
import { seal } from '../../src/audit/seal.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import { readUnsealedSeconds } from '../../src/store/audit-lag.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { addEntries, type Db, expectSound, leaves, unsealed } from './trail.ts'

const LIMIT = 100

async function openTrail(kind: (typeof KINDS)[number]): Promise<Db> {
  const database = await openMigrated(kind)
  onTestFinished(() => database.close())
  return database.kysely
}

/** Adds entries by one statement. */
const addBacklog = (db: Db, count: number, age = '0') =>
  sql`INSERT INTO teams_audit_entries (created_at, body)
      SELECT now() - ${age}::interval, teams_audit_body('record.month_moved', '"month":"2020-01"}')
        FROM generate_series(1, ${count}::int)`.execute(db)

/** Makes the newest checkpoint again with other columns. */
const addCheckpoint = (db: Db, columns: string) =>
  sql`INSERT INTO teams_audit_checkpoints (origin_id, size, root, note, snapshot, complete, sealed_at, cluster)
      SELECT origin_id, size, root, note, snapshot, ${sql.raw(columns)} FROM teams_audit_checkpoints
       ORDER BY id DESC LIMIT 1`.execute(db)

/** Seals until nothing is left; returns how many sealings that took. */
async function sealAll(db: Db): Promise<number> {
  for (let count = 1; ; count += 1) {
    const sealing = await seal(db, [], { limit: LIMIT })
    if (sealing.kind !== 'sealed') throw new Error(sealing.kind)
    if (!sealing.more) return count
  }
}

/** Counts the entries that each sealing from now on reads, by index or along the table; what it returns reads the counts. */
async function countReads(db: Db): Promise<() => Promise<readonly number[]>> {
  await sql`CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY, count int)`.execute(db)
  await sql`
    CREATE FUNCTION count_reads() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO counted (count) SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM pg_class
       WHERE relname LIKE 'teams_audit_entries%' AND relkind IN ('r', 'i');
      PERFORM pg_stat_force_next_flush();
      RETURN NULL;
    END $$`.execute(db)
  await sql`CREATE TRIGGER count_reads AFTER INSERT ON teams_audit_checkpoints
            FOR EACH ROW EXECUTE FUNCTION count_reads()`.execute(db)
  // What the connection has read before does not count.
  await sql`SELECT pg_stat_force_next_flush()`.execute(db)
  return async () => {
    const { rows } = await sql<{ count: number }>`SELECT count FROM counted ORDER BY id`.execute(db)
    return rows.map(({ count }) => count)
  }
}

describe('a backlog of many sealings on postgres', () => {
  it.each([
    { name: 'before the first checkpoint', prepare: (db: Db) => addBacklog(db, 1_500) },
    {
      name: 'after a complete checkpoint',
      prepare: async (db: Db) => {
        await addBacklog(db, 1_500)
        await sealAll(db)
        await addBacklog(db, 1_500)
      },
    },
    {
      name: 'after a restore, nearly all sealed',
      prepare: async (db: Db) => {
        await addBacklog(db, 1_500)
        await sealAll(db)
        await addCheckpoint(db, "true, sealed_at, 'another server'")
        await addBacklog(db, 50)
      },
    },
  ])('$name is read in parts that do not grow', async ({ prepare }) => {
    const db = await openTrail('postgres')
    await prepare(db)
    const counts = await countReads(db)
    expect(await sealAll(db)).toBeGreaterThan(14)
    const reads = await counts()
    expect(reads.length).toBeGreaterThan(14)
    // The first sealing of a backlog reads LIMIT + 1 to see that it is one; some months have a row read for their least id.
    expect(Math.max(...reads)).toBeLessThan(3 * LIMIT)
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
  })

  it('keeps the order of entries of transactions that end meanwhile', async () => {
    const db = await openTrail('postgres')
    await addBacklog(db, 10)
    await seal(db, [])
    const before = (await leaves(db)).length
    const inside = Promise.withResolvers<void>()
    const commit = Promise.withResolvers<void>()
    const open = db.transaction().execute(async (transaction) => {
      await addEntries(transaction, 2)
      inside.resolve()
      await commit.promise
    })
    await inside.promise
    await addBacklog(db, 250)
    expect(await seal(db, [], { limit: LIMIT })).toMatchObject({ entries: LIMIT, more: true })
    commit.resolve()
    await open
    await addEntries(db, 3)
    await sealAll(db)
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
    // The two have lower ids than the whole backlog, and are sealed after it, before the later three.
    const ids = (await leaves(db)).slice(-5).map(({ entry_id }) => Number(entry_id))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(ids.slice(0, 2)).toEqual([before + 1, before + 2])
  })

  it('is sealed once where two replicas seal and others write', async () => {
    const db = await openTrail('postgres')
    await seal(db, [])
    await addBacklog(db, 1_000)
    await Promise.all([
      sealUntilSealed(db),
      sealUntilSealed(db),
      (async () => {
        for (let i = 0; i < 30; i += 1) await addEntries(db, 3)
      })(),
    ])
    await sealAll(db)
    expect(await unsealed(db)).toBe(0)
    expect((await leaves(db)).length).toBeGreaterThan(1_090)
    await expectSound(db)
  })
})

/** Seals beside others until nothing is left for a moment. */
async function sealUntilSealed(db: Db): Promise<void> {
  for (;;) {
    const sealing = await seal(db, [], { limit: LIMIT })
    if (sealing.kind === 'sealed' && !sealing.more) return
  }
}

describe.each(KINDS)('a backlog of several sealings on %s', (kind) => {
  it('is sealed on where a gateway of the version before sealed in between', async () => {
    const db = await openTrail(kind)
    await addBacklog(db, 20)
    await seal(db, [])
    await addBacklog(db, 350)
    await seal(db, [], { limit: LIMIT })
    await seal(db, [], { limit: LIMIT })
    await addCheckpoint(db, 'false, sealed_at, cluster')
    await addEntries(db, 1)
    await sealAll(db)
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
  })

  it('has the age of its oldest unsealed entry, also after a restore', async () => {
    const db = await openTrail(kind)
    await addBacklog(db, 150, '2 hours')
    await addBacklog(db, 150, '1 hour')
    expect(await readUnsealedSeconds(db)).toBeGreaterThan(7_000)
    await seal(db, [], { limit: LIMIT })
    expect(await readUnsealedSeconds(db)).toBeGreaterThan(7_000)
    await seal(db, [], { limit: LIMIT })
    const between = await readUnsealedSeconds(db)
    expect(between).toBeGreaterThan(3_500)
    expect(between).toBeLessThan(7_000)
    await sealAll(db)
    await addBacklog(db, 5, '3 hours')
    await addCheckpoint(db, "true, sealed_at, 'another server'")
    expect(await readUnsealedSeconds(db)).toBeGreaterThan(10_000)
    await sealAll(db)
    expect(await readUnsealedSeconds(db)).toBe(0)
    await expectSound(db)
  })

  it('is left to the replica with a key while that makes checkpoints', async () => {
    const db = await openTrail(kind)
    const [first] = [await seal(db, [])]
    if (first.kind !== 'sealed') throw new Error(first.kind)
    await addBacklog(db, 250, '1 hour')
    await seal(db, [readSigner(generateKey(first.origin).privateKey)], { limit: LIMIT })
    expect(await readUnsealedSeconds(db)).toBeGreaterThan(3_500)
    expect(await leftToSigner(db)).toBe(true)
    await addCheckpoint(db, "false, now() - interval '2 minutes', cluster")
    expect(await leftToSigner(db)).toBe(false)
  })
})
