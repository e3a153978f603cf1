import { type Kysely, type RawBuilder, sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { continueTrail } from '../../src/audit/continue-trail.ts'
import { seal } from '../../src/audit/seal.ts'
import { signNote } from '../../src/audit/signed-note.ts'
import { createFrontier, leafHash } from '../../src/audit/tree.ts'
import type { AnchorFile } from '../../src/audit/verify/anchors.ts'
import { createReport } from '../../src/audit/verify/report.ts'
import { type TreesOptions, verifyTrees } from '../../src/audit/verify/trees.ts'
import { generateKey, readSigner, readVerifier } from '../../src/contract/note-keys.ts'
import type { Database } from '../../src/store/database.ts'
import { insertEntry } from '../../src/store/insert-entry.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'

const ORIGIN = 'example.org/trail'
const KEY = generateKey(ORIGIN)
const SIGNERS = [readSigner(KEY.privateKey)]
const KEYS = [readVerifier(KEY.verifierKey)]

async function verifyAll(db: Kysely<Tables>, options: TreesOptions) {
  const report = createReport()
  const origins = await verifyTrees(db, options, report)
  const totals = report.totals()
  return { intact: totals.size === 0, origins, totals, findings: report.findings(), notes: report.notes() }
}

describe.each(KINDS)('the verification of trees on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  let restoreTrail: () => Promise<void>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    for (let round = 0; round < 3; round += 1) {
      await addEntries(200)
      await seal(db, SIGNERS)
    }
    restoreTrail = await keepTrail()
  })
  beforeEach(() => restoreTrail())
  afterAll(() => database.close())

  /** Copies the trail's rows. The returned function puts them back, as if their last checkpoint was made at that moment. */
  async function keepTrail(): Promise<() => Promise<void>> {
    const tables = ['origins', 'entries', 'values', 'leaves', 'nodes', 'checkpoints'].map(
      (name) => `teams_audit_${name}`,
    )
    for (const table of tables) await sql.raw(`CREATE TABLE kept_${table} AS TABLE ${table}`).execute(db)
    const rows = tables.flatMap((table) => [
      sql.raw(`DELETE FROM ${table}`),
      sql.raw(`INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_${table}`),
    ])
    const times = sql`
      UPDATE teams_audit_checkpoints
         SET sealed_at = sealed_at + (clock_timestamp() - (SELECT max(sealed_at) FROM kept_teams_audit_checkpoints))`
    return () => tamper(...rows, times)
  }

  const addEntries = (count: number, on = db) =>
    sql`
    INSERT INTO teams_audit_entries (subject, body)
    SELECT id, teams_audit_body('notification.released', '"notification":"' || id || '","n":' || n || '}')
      FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, ${count}::int) AS n) made`.execute(on)

  const verify = (options: Partial<TreesOptions> = {}) =>
    verifyAll(db, { keys: KEYS, anchors: [], nextSealingMs: 1, ...options })

  /** As a superuser, past the triggers. */
  const tamper = (...statements: RawBuilder<unknown>[]) =>
    db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      for (const statement of statements) await statement.execute(transaction)
    })

  const idAt = async (index: number) => {
    const { rows } = await sql<{ id: string }>`
      SELECT entry_id::text AS id FROM teams_audit_leaves WHERE leaf_index = ${index}`.execute(db)
    return rows[0]?.id ?? ''
  }

  const newestNote = async (): Promise<string> => {
    const { rows } = await sql<{
      note: string
    }>`SELECT note FROM teams_audit_checkpoints ORDER BY id DESC LIMIT 1`.execute(db)
    return rows[0]?.note ?? ''
  }
  const anchor = async (): Promise<AnchorFile> => ({ path: 'anchors/day', text: await newestNote() })
  const size = async () => Number((await newestNote()).split('\n')[1])

  /** Edits a byte of an entry, without a trace in its length. */
  const edit = (id: string) => sql`
    UPDATE teams_audit_entries SET body = set_byte(body, octet_length(body) - 3, get_byte(body, octet_length(body) - 3) # 1)
     WHERE id = ${id}::bigint`
  const rehash = sql`UPDATE teams_audit_leaves l SET hash = sha256('\\x00'::bytea || e.body)
                       FROM teams_audit_entries e WHERE e.id = l.entry_id`

  /** Builds nodes and checkpoints anew from the leaves, signed with the gateway's key. */
  async function rebuild(): Promise<void> {
    const { rows } = await sql<{ body: Uint8Array }>`
      SELECT e.body FROM teams_audit_leaves l JOIN teams_audit_entries e ON e.id = l.entry_id ORDER BY leaf_index`.execute(
      db,
    )
    const { rows: checkpoints } = await sql<{ id: string; size: number }>`
      SELECT id::text, size::int FROM teams_audit_checkpoints ORDER BY id`.execute(db)
    const statements = [rehash]
    const frontier = createFrontier(0, [])
    let position = 0
    for (let count = 0; count <= rows.length; count += 1) {
      for (let next = checkpoints[position]; next?.size === count; next = checkpoints[position]) {
        const root = frontier.root()
        const note = signNote(formatCheckpoint({ origin: ORIGIN, size: count, root }), SIGNERS)
        statements.push(
          sql`UPDATE teams_audit_checkpoints SET root = ${root}, note = ${note} WHERE id = ${next.id}::bigint`,
        )
        position += 1
      }
      const row = rows[count]
      if (row)
        frontier.append(leafHash(row.body), (level, index, hash) =>
          statements.push(
            sql`UPDATE teams_audit_nodes SET hash = ${hash} WHERE level = ${level} AND node_index = ${index}`,
          ),
        )
    }
    await tamper(...statements)
  }

  it('finds nothing in a trail that was only added to', async () => {
    const result = await verify({ anchors: [await anchor()] })
    expect(result.findings).toEqual([])
    expect(result.notes).toEqual([])
    expect(result.intact).toBe(true)
    expect(result.origins).toMatchObject([
      {
        origin: ORIGIN,
        size: await size(),
        entries: await size(),
        checkpoints: 3,
        signedBy: [`${ORIGIN}+${SIGNERS[0]?.keyId}`],
      },
    ])
  })

  it('says that it did not check signatures where no key is given', async () => {
    const result = await verify({ keys: [] })
    expect(result).toMatchObject({ intact: true, notes: ['Signatures were not checked, because no key was given.'] })
  })

  it('names an entry of which one byte was edited', async () => {
    const entryId = await idAt(300)
    await tamper(edit(entryId))
    const { findings, intact } = await verify()
    expect(intact).toBe(false)
    expect(findings).toMatchObject([{ code: 'entry_edited', index: 300, entryId, kind: 'notification.released' }])
  })

  it('names an entry whose columns were edited', async () => {
    const [first, second] = [await idAt(30), await idAt(40)]
    await tamper(
      sql`UPDATE teams_audit_entries SET subject = gen_random_uuid() WHERE id = ${first}::bigint`,
      sql`UPDATE teams_audit_entries SET created_at = created_at + interval '1 second' WHERE id = ${second}::bigint`,
    )
    expect((await verify()).findings).toMatchObject([
      { code: 'entry_edited', index: 30, entryId: first },
      { code: 'entry_edited', index: 40, entryId: second },
    ])
  })

  it('names an edited leaf, and not its entry', async () => {
    const entryId = await idAt(100)
    await tamper(sql`UPDATE teams_audit_leaves SET hash = sha256(hash) WHERE leaf_index IN (100, 500)`)
    expect((await verify()).findings).toMatchObject([
      { code: 'leaf_edited', index: 100, entryId },
      { code: 'leaf_edited', index: 500 },
    ])
  })

  it('names the smallest interval in which an entry was edited together with its leaf', async () => {
    await tamper(edit(await idAt(220)), rehash)
    const { findings } = await verify()
    expect(findings).toMatchObject([{ code: 'checkpoint_differs' }])
    const [from = 0, to = 0] = (findings[0]?.detail.match(/entries, (\d+) to (\d+)/) ?? []).slice(1).map(Number)
    expect(from).toBeLessThanOrEqual(220)
    expect(to).toBeGreaterThanOrEqual(220)
    expect(to - from).toBeLessThan(256)
  })

  it('names a missing entry', async () => {
    const entryId = await idAt(7)
    await tamper(sql`DELETE FROM teams_audit_entries WHERE id = ${entryId}::bigint`)
    expect((await verify()).findings).toMatchObject([{ code: 'entry_missing', index: 7, entryId }])
  })

  it('names the number of an entry that was removed with its leaf', async () => {
    const entryId = await idAt(7)
    await tamper(
      sql`DELETE FROM teams_audit_entries WHERE id = ${entryId}::bigint`,
      sql`DELETE FROM teams_audit_leaves WHERE leaf_index = 7`,
    )
    expect((await verify()).findings).toMatchObject([{ code: 'entry_missing', index: 7 }])
  })

  it('takes entries for removed by retention only as far as an entry says so', async () => {
    await tamper(
      sql`UPDATE teams_audit_entries SET created_at = '2020-02-10Z' WHERE id IN (SELECT entry_id FROM teams_audit_leaves WHERE leaf_index < 100)`,
      sql`UPDATE teams_audit_leaves SET entry_at = '2020-02-10Z' WHERE leaf_index < 100`,
      sql`DELETE FROM teams_audit_entries WHERE created_at < '2020-03-01Z'`,
    )
    expect((await verify()).findings).toMatchObject([{ code: 'entry_missing', index: 0 }])
    await insertEntry(db, 'record.removed', { table: 'teams_notifications', before: new Date('2020-02-01Z'), count: 1 })
    expect((await verify()).findings).toMatchObject([{ code: 'entry_missing', index: 0 }])
    await insertEntry(db, 'record.removed', { table: 'teams_notifications', before: new Date('2999-01-01Z'), count: 1 })
    expect((await verify()).findings).toMatchObject([{ code: 'entry_missing', index: 0 }])
    await insertEntry(db, 'record.removed', { table: 'teams_notifications', before: new Date('2020-03-01Z'), count: 1 })
    const says = (before: string) => `removed 1 notifications and all entries from before ${before}T00:00:00.000Z`
    expect(await verify()).toMatchObject({
      intact: true,
      notes: [
        expect.stringContaining(`${says('2020-02-01')}.`),
        expect.stringContaining(`${says('2999-01-01')}, which is later than the entry itself: it explains nothing.`),
        expect.stringContaining(`${says('2020-03-01')}.`),
        `${ORIGIN}: 100 entries are gone; their leaves were verified.`,
      ],
    })
    await seal(db, SIGNERS)
    expect(await verify()).toMatchObject({ intact: true })
  })

  it('does not take entries for removed by retention that stand after a later one', async () => {
    await tamper(
      sql`UPDATE teams_audit_leaves SET entry_at = '2020-02-10Z' WHERE leaf_index BETWEEN 300 AND 399`,
      sql`DELETE FROM teams_audit_entries WHERE id IN (SELECT entry_id FROM teams_audit_leaves WHERE leaf_index BETWEEN 300 AND 399)`,
    )
    await insertEntry(db, 'record.removed', { table: 'teams_notifications', before: new Date('2020-03-01Z'), count: 1 })
    expect((await verify()).findings).toMatchObject([{ code: 'entry_missing', index: 300 }])
  })

  it('finds by an anchor alone that the last entries were removed with leaves and checkpoints', async () => {
    const kept = 400
    const after = await anchor()
    await tamper(
      sql`DELETE FROM teams_audit_entries WHERE id IN (SELECT entry_id FROM teams_audit_leaves WHERE leaf_index >= ${kept})`,
      sql`DELETE FROM teams_audit_leaves WHERE leaf_index >= ${kept}`,
      sql`DELETE FROM teams_audit_nodes WHERE (node_index + 1) * 256 ^ level > ${kept}`,
      sql`DELETE FROM teams_audit_checkpoints WHERE size > ${kept}`,
    )
    const { rows } = await sql<{
      end: number
    }>`SELECT max(leaf_index)::int + 1 AS "end" FROM teams_audit_leaves`.execute(db)
    const end = rows[0]?.end ?? 0
    // What is left ends with a checkpoint, as after a restore.
    await tamper(
      sql`DELETE FROM teams_audit_entries WHERE id IN (SELECT entry_id FROM teams_audit_leaves WHERE leaf_index >= (SELECT max(size) FROM teams_audit_checkpoints))`,
      sql`DELETE FROM teams_audit_leaves WHERE leaf_index >= (SELECT max(size) FROM teams_audit_checkpoints)`,
    )
    expect(end).toBe(kept)
    expect(await verify()).toMatchObject({ intact: true })
    const { findings } = await verify({ anchors: [after] })
    expect(findings).toMatchObject([{ code: 'anchor_ahead', index: await size(), origin: ORIGIN }])
  })

  it('names both of two entries whose bytes were swapped', async () => {
    const [first, second] = [await idAt(20), await idAt(410)]
    await tamper(sql`
      UPDATE teams_audit_entries e SET body = o.body FROM teams_audit_entries o
       WHERE (e.id, o.id) IN ((${first}::bigint, ${second}::bigint), (${second}::bigint, ${first}::bigint))`)
    expect((await verify()).findings).toMatchObject([
      {
        code: 'entry_moved',
        index: 20,
        entryId: first,
        detail: expect.stringContaining(`entry ${second}, number 410`),
      },
      {
        code: 'entry_moved',
        index: 410,
        entryId: second,
        detail: expect.stringContaining(`entry ${first}, number 20`),
      },
    ])
  })

  it('names leaves that changed places', async () => {
    await tamper(
      sql`UPDATE teams_audit_leaves SET leaf_index = -1 WHERE leaf_index = 20`,
      sql`UPDATE teams_audit_leaves SET leaf_index = 20 WHERE leaf_index = 21`,
      sql`UPDATE teams_audit_leaves SET leaf_index = 21 WHERE leaf_index = -1`,
    )
    expect((await verify()).findings).toMatchObject([
      { code: 'checkpoint_differs' },
      { code: 'entry_moved', index: 21 },
    ])
  })

  it('names a back-dated entry', async () => {
    await sql`
      INSERT INTO teams_audit_entries (created_at, body)
      SELECT now() - interval '3 hours', convert_to(regexp_replace(convert_from(teams_audit_body('record.month_moved', '"month":"2020-01"}'), 'UTF8'),
        '"at":"[^"]*"', '"at":"' || to_char((now() - interval '3 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"'), 'UTF8')`.execute(
      db,
    )
    const index = await size()
    await seal(db, SIGNERS)
    expect((await verify()).findings).toMatchObject([
      { code: 'entry_back_dated', index, entryId: await idAt(index), kind: 'record.month_moved' },
    ])
  })

  it('names an entry that was inserted under an old transaction number, which no sealing takes', async () => {
    await sql`INSERT INTO teams_audit_entries (xid, body) VALUES ('3', teams_audit_body('record.month_moved', '"month":"2020-01"}'))`.execute(
      db,
    )
    await seal(db, SIGNERS)
    expect((await verify()).findings).toMatchObject([{ code: 'entry_unsealed', kind: 'record.month_moved' }])
  })

  it('names a leaf that no checkpoint covers', async () => {
    const index = await size()
    await addEntries(1)
    await sql`
      INSERT INTO teams_audit_leaves (origin_id, leaf_index, entry_id, entry_at, hash)
      SELECT 1, ${index}::int, id, created_at, sha256('\\x00'::bytea || body) FROM teams_audit_entries ORDER BY id DESC LIMIT 1`.execute(
      db,
    )
    expect((await verify()).findings).toMatchObject([{ code: 'entry_added', index }])
  })

  it('finds by an anchor alone a history that was rebuilt and signed with the stolen key', async () => {
    const before = await anchor()
    await tamper(edit(await idAt(50)))
    await rebuild()
    expect(await verify()).toMatchObject({ intact: true })
    expect((await verify({ anchors: [before] })).findings).toMatchObject([{ code: 'anchor_differs', origin: ORIGIN }])
  })

  it('finds that checkpoints are signed by another key of the same name', async () => {
    const other = generateKey(ORIGIN)
    const result = await verify({ keys: [readVerifier(other.verifierKey)] })
    expect(result.findings).toMatchObject([{ code: 'key_unknown', origin: ORIGIN }])
    const file = await verify({ keys: [readVerifier(other.verifierKey)], anchors: [await anchor()] })
    expect(file.findings.map(({ code }) => code).sort()).toEqual(['anchor_invalid', 'key_unknown'])
  })

  it('finds a signature that is not for its checkpoint, and one that was removed', async () => {
    await tamper(sql`UPDATE teams_audit_checkpoints SET note = (SELECT split_part(b.note, E'\n\n', 1) || E'\n\n' || split_part(a.note, E'\n\n', 2)
                       FROM teams_audit_checkpoints a, teams_audit_checkpoints b WHERE a.id = 1 AND b.id = 2) WHERE id = 2`)
    expect((await verify()).findings).toMatchObject([{ code: 'signature_wrong' }])
    expect((await verify({ keys: [] })).findings).toEqual([])
    await tamper(sql`UPDATE teams_audit_checkpoints SET note = NULL WHERE id >= 2`)
    const { totals } = await verify({ keys: [] })
    expect([...totals]).toEqual([['checkpoint_unsigned', 2]])
  })

  it('finds an edited checkpoint and an edited subtree hash', async () => {
    await tamper(
      sql`UPDATE teams_audit_checkpoints SET root = sha256(root) WHERE id = 2`,
      sql`UPDATE teams_audit_nodes SET hash = sha256(hash) WHERE node_index = 0`,
    )
    expect((await verify()).findings.map(({ code }) => code).sort()).toEqual(['checkpoint_differs', 'node_edited'])
  })

  it('finds that an old backup was restored, by an anchor from after it', async () => {
    const text = signNote(formatCheckpoint({ origin: ORIGIN, size: 10_000, root: Buffer.alloc(32, 1) }), SIGNERS)
    const { findings } = await verify({ anchors: [{ path: 'anchors/later', text }] })
    expect(findings).toMatchObject([
      {
        code: 'anchor_ahead',
        index: await size(),
        detail: expect.stringContaining(`${10_000 - (await size())} are missing`),
      },
    ])
  })

  it('begins a tree with its own entry, also where entries of the server before a restore have its transaction number', async () => {
    await sql`
      INSERT INTO teams_audit_entries (xid, body)
      SELECT (pg_current_xact_id()::text::bigint + n)::text::xid8, teams_audit_body('record.month_moved', '"month":"2019-01"}')
        FROM generate_series(1, 20) AS n`.execute(db)
    const anchor = { origin: ORIGIN, size: 10_000, root: Buffer.alloc(32, 1), extensions: [] }
    await continueTrail(db, { anchor, origin: `${ORIGIN}/2`, reason: 'restored', by: 'cli:x', signers: [] })
    const { rows } = await sql`
      SELECT convert_from(e.body, 'UTF8')::jsonb ->> 'kind' AS kind
        FROM teams_audit_leaves l JOIN teams_audit_entries e ON e.id = l.entry_id WHERE l.origin_id = 2`.execute(db)
    expect(rows).toEqual([{ kind: 'audit.continued' }])
  })

  it('walks over both trees after a loss that the second one states, and accepts no other loss', async () => {
    const root = Buffer.alloc(32, 1)
    const name = `${ORIGIN}/2`
    const next = generateKey(name)
    const lost = (entries: number, of = root): AnchorFile => ({
      path: `anchors/${entries}`,
      text: signNote(formatCheckpoint({ origin: ORIGIN, size: entries, root: of }), SIGNERS),
    })
    const anchor = { origin: ORIGIN, size: 10_000, root, extensions: [] }
    await addEntries(3)
    expect(
      await continueTrail(db, {
        anchor,
        origin: name,
        reason: 'restored',
        by: 'cli:x',
        signers: [readSigner(next.privateKey)],
      }),
    ).toMatchObject({ signed: true })
    await addEntries(300)
    await seal(db, [readSigner(next.privateKey)])
    const keys = [...KEYS, readVerifier(next.verifierKey)]
    const result = await verify({ keys, anchors: [lost(10_000)] })
    expect(result).toMatchObject({
      findings: [],
      notes: [],
      origins: [{ origin: ORIGIN }, { origin: name, size: 304 }],
    })
    expect(await verify({ keys, anchors: [lost(9_000)] })).toMatchObject({
      intact: true,
      notes: [expect.stringContaining('9000')],
    })
    for (const [file, code] of [
      [lost(10_001), 'anchor_ahead'],
      [lost(10_000, Buffer.alloc(32, 2)), 'anchor_differs'],
      [lost(600, Buffer.alloc(32, 2)), 'anchor_differs'],
    ] as const)
      expect((await verify({ keys, anchors: [file] })).findings).toMatchObject([{ code, origin: ORIGIN }])
    expect(await verify({ keys, anchors: [lost(10_000)], since: { size: 200 } })).toMatchObject({ intact: true })
  })

  it('refuses as anchors what is no checkpoint of a tree in the database', async () => {
    const foreign = generateKey('example.org/other')
    const text = signNote(formatCheckpoint({ origin: 'example.org/other', size: 1, root: Buffer.alloc(32) }), [
      readSigner(foreign.privateKey),
    ])
    const { findings } = await verify({
      keys: [...KEYS, readVerifier(foreign.verifierKey)],
      anchors: [
        { path: 'a', text: 'x' },
        { path: 'b', text },
      ],
    })
    expect(findings.map(({ code }) => code)).toEqual(['anchor_invalid', 'anchor_invalid'])
  })

  it('begins at the last checkpoint before a size or a time', async () => {
    const entryId = await idAt(500)
    await tamper(edit(await idAt(30)), edit(entryId))
    expect((await verify({ since: { size: 450 } })).findings).toMatchObject([{ index: 500, entryId }])
    expect((await verify({ since: { size: 450 } })).notes).toHaveLength(1)
    expect((await verify({ since: { time: new Date(Date.now() + 60_000) } })).intact).toBe(true)
    expect((await verify({ since: { time: new Date(0) } })).findings).toMatchObject([{ index: 30 }, { index: 500 }])
  })

  it('finds nothing where the clock was set back', async () => {
    // The newest checkpoint was made before, at a time that has not come yet.
    await tamper(
      sql`UPDATE teams_audit_checkpoints SET sealed_at = sealed_at + interval '2 hours' WHERE id = (SELECT max(id) FROM teams_audit_checkpoints)`,
    )
    await addEntries(5)
    await seal(db, SIGNERS)
    await addEntries(5)
    await seal(db, SIGNERS)
    expect((await verify()).findings).toEqual([])
  })

  it('finds nothing where checkpoints from before a key existed have no signature', async () => {
    await seal(db, [])
    await addEntries(5)
    await seal(db, [])
    await addEntries(5)
    await seal(db, SIGNERS)
    expect((await verify()).findings).toEqual([])
  })

  it('finds an entry that no gateway has sealed for a minute', async () => {
    await sql`INSERT INTO teams_audit_entries (created_at, body)
              VALUES (now() - interval '2 minutes', teams_audit_body('record.month_moved', '"month":"2020-01"}'))`.execute(
      db,
    )
    await addEntries(1)
    expect((await verify()).findings).toMatchObject([{ code: 'entry_unsealed', kind: 'record.month_moved' }])
  })

  it('notes entries from after the last sealing of a gateway that has stopped, and finds one that no sealing takes', async () => {
    await tamper(sql`UPDATE teams_audit_checkpoints SET sealed_at = sealed_at - interval '5 minutes'`)
    const addOld = (xid: RawBuilder<unknown>) =>
      sql`INSERT INTO teams_audit_entries (xid, created_at, body)
          VALUES (${xid}, now() - interval '2 minutes', teams_audit_body('record.month_moved', '"month":"2020-01"}'))`.execute(
        db,
      )
    await addOld(sql`pg_current_xact_id()`)
    expect(await verify()).toMatchObject({
      intact: true,
      notes: [expect.stringContaining('no gateway has sealed since')],
    })
    await addOld(sql`'999999999999'`)
    expect((await verify()).findings).toMatchObject([{ code: 'entry_unsealed', kind: 'record.month_moved' }])
  })
})

describe('the verification of trees on postgres, with more than one connection', () => {
  let database: Database
  let db: Kysely<Tables>
  beforeEach(async () => {
    database = await openMigrated('postgres')
    db = database.kysely
  })
  afterEach(() => database.close())

  const addEntry = (on: Kysely<Tables>) => insertEntry(on, 'record.month_moved', { month: '2020-01' })

  it('finds nothing where a transaction ended long after its entry, and two gateways sealed', async () => {
    let commit = () => {}
    const entered = new Promise<void>((resolve, reject) => {
      const done = new Promise<void>((end) => {
        commit = end
      })
      database.delivery
        .transaction()
        .execute(async (transaction) => {
          await addEntry(transaction)
          resolve()
          await done
        })
        .catch(reject)
    })
    await entered
    for (let round = 0; round < 5; round += 1) {
      await addEntry(db)
      await Promise.all([seal(db, SIGNERS), seal(db, SIGNERS)])
    }
    // As if this checkpoint and the next one were made ten minutes after the entry.
    await db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await sql`UPDATE teams_audit_checkpoints SET sealed_at = sealed_at + interval '10 minutes' WHERE id = (SELECT max(id) FROM teams_audit_checkpoints)`.execute(
        transaction,
      )
    })
    commit()
    await expect
      .poll(async () => {
        await seal(db, SIGNERS)
        const { rows } = await sql<{ open: number }>`
        SELECT count(*)::int AS open FROM teams_audit_entries e WHERE NOT EXISTS (SELECT 1 FROM teams_audit_leaves WHERE entry_id = e.id)`.execute(
          db,
        )
        return rows[0]?.open
      })
      .toBe(0)
    await db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await sql`UPDATE teams_audit_checkpoints SET sealed_at = clock_timestamp() + interval '10 minutes' WHERE id = (SELECT max(id) FROM teams_audit_checkpoints)`.execute(
        transaction,
      )
    })
    expect((await verifyAll(db, { keys: KEYS, anchors: [] })).findings).toEqual([])
  })

  it('works for a role that may only read', async () => {
    for (let i = 0; i < 3; i += 1) await addEntry(db)
    await seal(db, SIGNERS)
    const role = `auditor_${Math.random().toString(36).slice(2)}`
    await sql`CREATE ROLE ${sql.raw(role)}`.execute(db)
    await sql`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${sql.raw(role)}`.execute(db)
    try {
      await db.connection().execute(async (connection) => {
        await sql`SET ROLE ${sql.raw(role)}`.execute(connection)
        expect((await verifyAll(connection, { keys: KEYS, anchors: [] })).findings).toEqual([])
        await sql`RESET ROLE`.execute(connection)
      })
    } finally {
      await sql`DROP OWNED BY ${sql.raw(role)}`.execute(db)
      await sql`DROP ROLE ${sql.raw(role)}`.execute(db)
    }
  })
})
