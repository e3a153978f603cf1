import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../src/audit/checkpoint.ts'
import { seal } from '../../src/audit/seal.ts'
import { openNote } from '../../src/audit/signed-note.ts'
import { generateKey, readSigner, readVerifier } from '../../src/contract/note-keys.ts'
import { readOrigin } from '../../src/store/audit-tree.ts'
import type { Database } from '../../src/store/database.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { addEntries, type Db, expectSound, leaves, unsealed } from './trail.ts'

describe.each(KINDS)('sealing on %s', (kind) => {
  let database: Database
  let db: Db
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  it('numbers all entries in the order of their ids, and makes a checkpoint of their root', async () => {
    await addEntries(db, 600)
    expect(await seal(db, [])).toMatchObject({ kind: 'sealed', more: false })
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
    const ids = (await leaves(db)).map(({ entry_id }) => BigInt(entry_id))
    expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)))
  })

  it('makes no checkpoint where nothing is new', async () => {
    await seal(db, [])
    const before = await db.selectFrom('teams_audit_checkpoints').select('id').execute()
    expect(await seal(db, [])).toMatchObject({ kind: 'sealed', entries: 0 })
    expect(await db.selectFrom('teams_audit_checkpoints').select('id').execute()).toHaveLength(before.length)
  })

  it('never numbers entries of a transaction that was rolled back', async () => {
    const away = db.transaction().execute(async (transaction) => {
      await addEntries(transaction, 5)
      throw new Error('away')
    })
    await expect(away).rejects.toThrow('away')
    await addEntries(db, 2)
    const size = (await leaves(db)).length
    await seal(db, [])
    expect(await leaves(db)).toHaveLength(size + 2)
    await expectSound(db)
  })

  it('goes on where there are more entries than one sealing takes', async () => {
    await addEntries(db, 25)
    const sizes: unknown[] = []
    for (;;) {
      const sealing = await seal(db, [], { limit: 10 })
      sizes.push(sealing)
      await expectSound(db)
      if (sealing.kind !== 'sealed' || !sealing.more) break
      await addEntries(db, 1)
    }
    // Three for the 25, and one for those that were added meanwhile.
    expect(sizes).toHaveLength(4)
    expect(await unsealed(db)).toBe(0)
  })

  it('signs with all keys, records a change of keys, and needs no pause for it', async () => {
    const name = (await readOrigin(db))?.name ?? ''
    const [old, next] = [generateKey(name), generateKey(name)]
    await addEntries(db, 3)
    await seal(db, [readSigner(old.privateKey)])
    await addEntries(db, 3)
    await seal(db, [readSigner(next.privateKey), readSigner(old.privateKey)])
    await seal(db, [readSigner(next.privateKey)])
    const checkpoint = await expectSound(db)
    const { text } = openNote(checkpoint?.note ?? '', [readVerifier(next.verifierKey)])
    expect(readCheckpoint(text)).toMatchObject({ origin: name, size: checkpoint?.size })
    expect(() => openNote(checkpoint?.note ?? '', [readVerifier(old.verifierKey)])).toThrow()
    const bodies = (await leaves(db)).map(({ body }) => JSON.parse(Buffer.from(body).toString()))
    expect(bodies.filter(({ kind }) => kind === 'audit.keys_changed')).toHaveLength(3)
    await seal(db, [])
  })

  it('lets no key sign whose name is not that of the tree, and says so', async () => {
    await addEntries(db, 1)
    const foreign = readSigner(generateKey('example.com/another').privateKey)
    expect(await seal(db, [foreign])).toMatchObject({
      kind: 'sealed',
      entries: 1,
      signed: false,
      foreignKeys: ['example.com/another'],
    })
    expect((await expectSound(db))?.note).toBeNull()
  })

  it('refuses to go on from a tree that is not the one of the last checkpoint', async () => {
    await seal(db, [])
    await addEntries(db, 1)
    const { rows } = await sql<{ hash: Uint8Array; leaf_index: string }>`
      SELECT hash, leaf_index FROM teams_audit_leaves ORDER BY leaf_index DESC LIMIT 1`.execute(db)
    const set = (hash: Uint8Array) =>
      db.transaction().execute(async (transaction) => {
        await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
        await sql`UPDATE teams_audit_leaves SET hash = ${Buffer.from(hash)} WHERE leaf_index = ${rows[0]?.leaf_index}`.execute(
          transaction,
        )
      })
    await set(Buffer.alloc(32, 7))
    expect(await seal(db, [])).toMatchObject({ kind: 'inconsistent' })
    await set(rows[0]?.hash ?? Buffer.alloc(0))
    expect(await seal(db, [])).toMatchObject({ kind: 'sealed', entries: 1 })
    await expectSound(db)
  })

  it('refuses to go on from a tree that lost what was seen of it, and goes on where another replica has sealed', async () => {
    const first = await seal(db, [])
    if (first.kind !== 'sealed') throw new Error(first.kind)
    const { newest } = first
    await addEntries(db, 2)
    await seal(db, [])
    expect(await seal(db, [], { seen: newest })).toMatchObject({ kind: 'sealed' })
    await addEntries(db, 1)
    const checkpoints = () => db.selectFrom('teams_audit_checkpoints').select('id').execute()
    const before = await checkpoints()
    const { origin, size, root } = newest
    for (const seen of [
      { origin, size: size + 1_000, root },
      { origin, size, root: Buffer.alloc(32, 1) },
      { origin, size: size + 2, root },
    ])
      expect(await seal(db, [], { seen })).toMatchObject({ kind: 'lost', origin, size: size + 2 })
    expect(await checkpoints()).toEqual(before)
    expect(await seal(db, [], { seen: { ...newest, origin: 'example.com/before' } })).toMatchObject({ entries: 1 })
    await expectSound(db)
  })

  it.each([
    'teams_audit_entries',
    'teams_audit_leaves',
    'teams_audit_nodes',
    'teams_audit_checkpoints',
    'teams_audit_origins',
  ])('is protected from changes of %s, also by statements that name a month', async (table) => {
    const { rows } = await sql<{ name: string }>`
        SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${table}::regclass
         UNION ALL SELECT ${table}::text`.execute(db)
    if (table === 'teams_audit_entries') expect(rows.length).toBeGreaterThan(4)
    const column = { teams_audit_entries: 'body', teams_audit_origins: 'origin' }[table] ?? 'origin_id'
    for (const { name } of rows)
      for (const statement of [`DELETE FROM ${name}`, `TRUNCATE ${name}`, `UPDATE ${name} SET ${column} = ${column}`])
        await expect(sql.raw(statement).execute(db), statement).rejects.toThrow('only added to')
  })
})

describe('sealing on postgres, with other transactions', () => {
  let database: Database
  let db: Db
  beforeAll(async () => {
    database = await openMigrated('postgres')
    db = database.kysely
    await seal(db, [])
  })
  afterAll(() => database.close())

  it('is delayed by an open transaction for the entries of that transaction alone', async () => {
    const inside = Promise.withResolvers<void>()
    const commit = Promise.withResolvers<void>()
    const open = db.transaction().execute(async (transaction) => {
      await addEntries(transaction, 3)
      inside.resolve()
      await commit.promise
    })
    await inside.promise
    const size = (await leaves(db)).length
    await addEntries(db, 1_000)
    await seal(db, [])
    await addEntries(db, 10)
    await seal(db, [])
    expect(await leaves(db)).toHaveLength(size + 1_010)
    commit.resolve()
    await open
    expect(await seal(db, [])).toMatchObject({ entries: 3 })
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
  })

  it('gives each entry one number when several processes seal at once', async () => {
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        for (let i = 0; i < 20; i += 1) {
          await addEntries(db, 3)
          await seal(db, [])
        }
      }),
    )
    await seal(db, [])
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
  })
})
