import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyArchive } from '../../src/audit/archive/verify-archive.ts'
import { checkProofFile } from '../../src/audit/proof-file.ts'
import { seal } from '../../src/audit/seal.ts'
import { leafHash } from '../../src/audit/tree.ts'
import { generateKey, readSigner, readVerifier } from '../../src/contract/note-keys.ts'
import { type ExportOptions, exportAudit, readExportSelection } from '../../src/gateway/export-audit.ts'
import { insertOrigin } from '../../src/store/audit-tree.ts'
import type { Database } from '../../src/store/database.ts'
import { saltedHash } from '../../src/store/entry-sql.ts'
import { openMigrated } from '../conformance/databases.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS } from '../services/stores.ts'
import { liveALife } from './a-life.ts'
import { type ArchiveFiles, changeLine, readFiles, rehash, writeFiles } from './archive-files.ts'
import { addEntries, type Db } from './trail.ts'

const ORIGIN = 'example.org/trail'
const KEY = generateKey(ORIGIN)
const SIGNERS = [readSigner(KEY.privateKey)]
const KEYS = [readVerifier(KEY.verifierKey)]

const verify = (path: string, keys = KEYS) => verifyArchive(path, { keys })

async function exportTo(db: Db, options: ExportOptions) {
  const out = join(embeddedFolder(), 'export.tar.gz')
  const archive = await exportAudit(db, out, readExportSelection(options), { by: 'cli:sara' })
  return { out, archive, files: await readFiles(out) }
}

const linesOf = (files: ArchiveFiles) =>
  (files.get('entries.jsonl') ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe.each(KINDS)('audit export on %s', (kind) => {
  let database: Database
  let db: Db
  /** Between the first half of the entries and the second. */
  let middle: Date
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await liveALife(db)
    await seal(db, SIGNERS)
    const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db)
    // Rounded up: a Date has no microseconds.
    middle = new Date((rows[0]?.now.getTime() ?? 0) + 1)
    await addEntries(db, 600)
    await seal(db, SIGNERS)
  }, 60_000)
  afterAll(() => database.close())

  const newest = () =>
    db.selectFrom('teams_audit_checkpoints').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow()

  it('of everything has each entry with its exact bytes, and is intact', async () => {
    const { size, note } = await newest()
    const { out, archive, files } = await exportTo(db, { since: '2020-01-01T00:00:00Z' })
    expect([...files.keys()]).toEqual(['checkpoint.txt', 'range.json', 'entries.jsonl', 'entries.csv', 'manifest.json'])
    expect(files.get('checkpoint.txt')).toBe(note)
    const lines = linesOf(files)
    expect(lines.map(({ index }) => index)).toEqual([...Array(Number(size)).keys()])
    const { rows } = await sql<{ id: string; body: Uint8Array }>`
      SELECT e.id::text AS id, e.body FROM teams_audit_entries e JOIN teams_audit_leaves l ON l.entry_id = e.id
       ORDER BY l.leaf_index`.execute(db)
    expect(lines.map(({ id, bytes }) => [id, bytes])).toEqual(
      rows.map(({ id, body }) => [Number(id), Buffer.from(body).toString('base64')]),
    )
    expect(lines.every(({ entry, bytes }) => JSON.stringify(entry) === Buffer.from(bytes, 'base64').toString())).toBe(
      true,
    )
    expect(files.get('entries.csv')?.split('\r\n')).toHaveLength(1 + Number(size) + 1)
    expect(statSync(out).mode & 0o077).toBe(0)
    expect(await verify(out)).toMatchObject({
      intact: true,
      findings: [],
      notes: [],
      manifestHash: archive.manifest,
      trees: [{ origin: ORIGIN, entries: Number(size), gone: 0, signedBy: [expect.stringContaining(ORIGIN)] }],
    })
  })

  it('of a period has the entries sealed in it, and the next period the others', async () => {
    await seal(db, SIGNERS)
    const until = await exportTo(db, { until: middle.toISOString() })
    const since = await exportTo(db, { since: middle.toISOString() })
    expect(await verify(until.out)).toMatchObject({ intact: true })
    expect(await verify(since.out)).toMatchObject({ intact: true })
    const last = until.archive.trees[0]?.last ?? -1
    expect(until.archive.trees).toMatchObject([{ first: 0 }])
    expect(since.archive.trees).toMatchObject([{ first: last + 1 }])
    expect(since.archive.entries).toBeGreaterThanOrEqual(600)
    const none = await exportTo(db, { until: '2020-01-01T00:00:00Z' })
    expect(none.archive.trees).toMatchObject([{ first: null, last: null, entries: 0 }])
    expect(await verify(none.out)).toMatchObject({ intact: true })
  })

  it('of a correlation id has a proof for each entry, which stands alone, and no value', async () => {
    const { out, archive, files } = await exportTo(db, { correlationId: 'twice' })
    const lines = linesOf(files)
    expect(archive.entries).toBe(lines.length)
    expect(lines.map(({ entry }) => entry.kind)).toEqual(
      expect.arrayContaining(['event.accepted', 'attempt.finished', 'notification.released', 'notification.replayed']),
    )
    for (const { index, bytes } of lines)
      expect(
        checkProofFile(files.get(`proofs/${index}.tlog-proof`) ?? '', Buffer.from(bytes, 'base64'), KEYS),
      ).toMatchObject({ included: true, index })
    expect(lines.some(({ values }) => values !== undefined)).toBe(false)
    expect(await verify(out)).toMatchObject({ intact: true, notes: [expect.stringContaining('left out')] })
  })

  it('with values has those that have the hash of their entry', async () => {
    const { out, files } = await exportTo(db, { correlationId: 'twice', withValues: true })
    const lines = linesOf(files)
    const names = new Set<string>()
    for (const { entry, values } of lines)
      for (const [name, { salt, value }] of Object.entries<{ salt: string; value: string }>(values)) {
        names.add(name)
        expect(saltedHash(salt, value)).toBe(entry[name])
      }
    expect([...names].sort()).toEqual(
      expect.arrayContaining(['address', 'card', 'correlation', 'data', 'error', 'message', 'who']),
    )
    expect(await verify(out)).toMatchObject({ intact: true })
    files.set('entries.jsonl', (files.get('entries.jsonl') ?? '').replaceAll('"value":"twice"', '"value":"never"'))
    rehash(files)
    expect((await verify(await writeFiles(files))).findings[0]).toMatchObject({ code: 'value_differs' })
  })

  it('is an entry itself, with the hash of the manifest and who exported', async () => {
    const { archive } = await exportTo(db, { correlationId: 'twice', withValues: true })
    const { rows } = await sql<{ id: string; body: Uint8Array }>`
      SELECT id::text AS id, body FROM teams_audit_entries ORDER BY teams_audit_entries.id DESC LIMIT 1`.execute(db)
    const entry = JSON.parse(Buffer.from(rows[0]?.body ?? []).toString())
    const [tree] = archive.trees
    expect(entry).toMatchObject({
      kind: 'audit.exported',
      since: null,
      until: null,
      values: true,
      count: archive.entries,
      trees: [{ origin: ORIGIN, first: tree?.first, last: tree?.last, count: archive.entries }],
      manifest: archive.manifest,
      via: 'command_line',
    })
    const values = await db
      .selectFrom('teams_audit_values')
      .selectAll()
      .where('entry_id', '=', rows[0]?.id ?? '')
      .execute()
    expect(
      values.map(({ field, salt, value }) => [field, value, saltedHash(salt, value) === entry[field]]).sort(),
    ).toEqual([
      ['filter', 'twice', true],
      ['who', 'cli:sara', true],
    ])
  })

  it('has the hashes of entries that retention removed', async () => {
    const gone = await db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      const { rows } = await sql<{ index: string }>`
        WITH gone AS (DELETE FROM teams_audit_entries WHERE id IN (SELECT entry_id FROM teams_audit_leaves WHERE leaf_index < 3)
                      RETURNING id)
        SELECT leaf_index::text AS index FROM teams_audit_leaves JOIN gone ON gone.id = entry_id`.execute(transaction)
      return rows.length
    })
    expect(gone).toBe(3)
    const { out, files, archive } = await exportTo(db, { until: middle.toISOString() })
    expect(archive.gone).toBe(3)
    expect(linesOf(files)[0]).toMatchObject({ index: 0, entry: null, bytes: null, leaf_hash: expect.any(String) })
    expect(await verify(out)).toMatchObject({ intact: true, notes: [expect.stringContaining('removed 3')] })
  })

  it('is refused where an entry was edited, and leaves nothing behind', async () => {
    await db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await sql`UPDATE teams_audit_entries SET body = set_byte(body, 60, 48 + (get_byte(body, 60) + 1) % 8)
                 WHERE id = (SELECT entry_id FROM teams_audit_leaves WHERE leaf_index = 9)`.execute(transaction)
    })
    const out = join(embeddedFolder(), 'export.tar.gz')
    const options = readExportSelection({ until: middle.toISOString() })
    await expect(exportAudit(db, out, options, { by: 'cli:sara' })).rejects.toMatchObject({
      code: 'audit_not_intact',
      problems: [{ at: ORIGIN, found: 'entry 9 changed' }],
    })
    expect(readdirSync(dirname(out))).toEqual([])
  })
})

describe('an export of two trees', () => {
  it('has a checkpoint and a range of each, and both are verified', async () => {
    const database = await openMigrated('postgres')
    try {
      const { kysely: db } = database
      await addEntries(db, 5)
      await seal(db, SIGNERS)
      const second = generateKey('example.org/second')
      await insertOrigin(db, { id: 2, name: 'example.org/second' })
      await addEntries(db, 7)
      await seal(db, [readSigner(second.privateKey)])
      const { out, files, archive } = await exportTo(db, { since: '2020-01-01T00:00:00Z' })
      expect([...files.keys()]).toEqual(
        expect.arrayContaining(['checkpoint.txt', 'range.json', 'checkpoint-2.txt', 'range-2.json']),
      )
      expect(archive.trees).toMatchObject([{ origin: ORIGIN }, { origin: 'example.org/second', first: 0, last: 6 }])
      expect(await verify(out, [...KEYS, readVerifier(second.verifierKey)])).toMatchObject({
        intact: true,
        trees: [{}, {}],
      })
      expect(await verify(out)).toMatchObject({
        intact: false,
        findings: [{ code: 'key_unknown', origin: 'example.org/second' }],
      })
      const lines = (files.get('entries.jsonl') ?? '').trimEnd().split('\n')
      files.set('entries.jsonl', `${[...lines.slice(-7), ...lines.slice(0, -7)].join('\n')}\n`)
      rehash(files)
      expect((await verify(await writeFiles(files))).findings.map(({ code }) => code)).toContain('entry_moved')
    } finally {
      await database.close()
    }
  })
})

describe('an export without a key', () => {
  it('is refused, and with --unsigned is said to prove nothing alone', async () => {
    const database = await openMigrated('postgres')
    try {
      const { kysely: db } = database
      await addEntries(db, 5)
      await seal(db, [])
      await expect(exportTo(db, { since: '2020-01-01T00:00:00Z' })).rejects.toMatchObject({
        code: 'audit_not_signed',
        problems: [{ expected: expect.stringContaining('--unsigned') }],
      })
      const { out, archive } = await exportTo(db, { since: '2020-01-01T00:00:00Z', unsigned: true })
      expect(archive.signed).toBe(false)
      expect(await verify(out, [])).toMatchObject({
        intact: true,
        notes: [expect.any(String), expect.stringContaining('not signed')],
      })
      expect(await verify(out)).toMatchObject({ intact: false, findings: [{ code: 'checkpoint_unsigned' }] })
    } finally {
      await database.close()
    }
  })
})

describe('an archive that was changed', () => {
  let database: Database
  let period: ArchiveFiles
  let correlated: ArchiveFiles
  let other: string
  beforeAll(async () => {
    database = await openMigrated('postgres')
    const { kysely: db } = database
    await liveALife(db)
    await seal(db, SIGNERS)
    const { note } = await db.selectFrom('teams_audit_checkpoints').select('note').executeTakeFirstOrThrow()
    await addEntries(db, 40)
    await seal(db, SIGNERS)
    other = note ?? ''
    period = (await exportTo(db, { since: '2020-01-01T00:00:00Z' })).files
    correlated = (await exportTo(db, { correlationId: 'twice' })).files
  }, 60_000)
  afterAll(() => database.close())

  const ENTRIES = 'entries.jsonl'
  const edit = (line: string) => {
    const parsed = JSON.parse(line)
    const bytes = Buffer.from(parsed.bytes, 'base64')
    const entry = bytes.toString().replace('"at":"2', '"at":"1')
    return { ...parsed, entry: JSON.parse(entry), bytes: Buffer.from(entry).toString('base64') }
  }
  const change = (files: ArchiveFiles, name: string, to: (text: string) => string) =>
    files.set(name, to(files.get(name) ?? ''))
  const swap = (text: string) => {
    const lines = text.split('\n')
    return lines
      .with(7, lines[8] ?? '')
      .with(8, lines[7] ?? '')
      .join('\n')
  }

  const KINDS_OF_CHANGES: readonly [string, (files: ArchiveFiles) => unknown, code: string, index?: number][] = [
    [
      'the bytes of an entry',
      (f) => change(f, ENTRIES, (t) => changeLine(t, 7, (l) => l.replace(/"bytes":"e/, '"bytes":"f'))),
      'entry_edited',
      7,
    ],
    [
      'the JSON of an entry',
      (f) => change(f, ENTRIES, (t) => changeLine(t, 7, (l) => l.replace('"v":1', '"v":2'))),
      'entry_edited',
      7,
    ],
    [
      'bytes and JSON of an entry',
      (f) => change(f, ENTRIES, (t) => changeLine(t, 7, (l) => JSON.stringify(edit(l)))),
      'entry_edited',
      7,
    ],
    [
      'an entry with its hash',
      (f) =>
        change(f, ENTRIES, (t) =>
          changeLine(t, 7, (l) => {
            const edited = edit(l)
            return JSON.stringify({
              ...edited,
              leaf_hash: leafHash(Buffer.from(edited.bytes, 'base64')).toString('hex'),
            })
          }),
        ),
      'range_differs',
    ],
    ['a line dropped', (f) => change(f, ENTRIES, (t) => t.split('\n').toSpliced(7, 1).join('\n')), 'entry_missing', 7],
    [
      'the last line dropped',
      (f) => change(f, ENTRIES, (t) => `${t.trimEnd().split('\n').slice(0, -1).join('\n')}\n`),
      'entry_missing',
    ],
    ['a line twice', (f) => change(f, ENTRIES, (t) => changeLine(t, 7, (l) => `${l}\n${l}`)), 'entry_moved', 7],
    ['two lines swapped', (f) => change(f, ENTRIES, swap), 'entry_missing', 7],
    ['a line that is no entry', (f) => change(f, ENTRIES, (t) => changeLine(t, 7, () => '{}')), 'entry_edited'],
    [
      'a cell of the table',
      (f) =>
        change(f, 'entries.csv', (t) =>
          changeLine(t, 8, (l) => l.replace('2026-', '2025-').replace(/^([^,]*,7,)/, '$10')),
        ),
      'table_differs',
      7,
    ],
    [
      'a column of the table',
      (f) => change(f, 'entries.csv', (t) => t.replace(',state,', ',outcome,')),
      'table_differs',
    ],
    ['a row added to the table', (f) => change(f, 'entries.csv', (t) => `${t}x\r\n`), 'table_differs'],
    ['an earlier checkpoint', (f) => f.set('checkpoint.txt', other), 'range_differs'],
    [
      'the root of the checkpoint',
      (f) =>
        change(f, 'checkpoint.txt', (t) =>
          changeLine(t, 2, (l) => Buffer.from(l, 'base64').fill(0, 0, 1).toString('base64')),
        ),
      'signature_wrong',
    ],
    ['no checkpoint', (f) => f.set('checkpoint.txt', 'none'), 'checkpoint_invalid'],
    ['no range', (f) => f.set('range.json', '{}'), 'range_differs'],
    [
      'a hash of the range',
      (f) => change(f, 'range.json', (t) => t.replace('"start": 0', '"start": 1')),
      'range_differs',
    ],
    ['a file added', (f) => f.set('notes.txt', 'hello'), 'file_unexpected'],
    [
      'a count of the manifest',
      (f) => change(f, 'manifest.json', (t) => t.replace('"first": 0', '"first": 1')),
      'manifest_differs',
    ],
    [
      'the filter of the manifest',
      (f) =>
        change(f, 'manifest.json', (t) =>
          t.replace(/"filter": \{[^}]*\}/, '"filter": {\n    "correlation_id": "x"\n  }'),
        ),
      'manifest_differs',
    ],
    [
      'a hash of the manifest',
      (f) => change(f, 'manifest.json', (t) => t.replace(/("entries.csv": ")./, '$1z')),
      'manifest_invalid',
    ],
    [
      'a manifest with more',
      (f) => change(f, 'manifest.json', (t) => t.replace('{', '{ "more": 1,')),
      'manifest_invalid',
    ],
    ['no manifest', (f) => f.delete('manifest.json'), 'manifest_invalid'],
    ['no table', (f) => f.delete('entries.csv'), 'file_missing'],
  ]

  it.each(KINDS_OF_CHANGES)('by %s is not intact', async (_, changed, code, index) => {
    const files = new Map(period)
    changed(files)
    const { intact, findings } = await verify(await writeFiles(files))
    expect(intact).toBe(false)
    expect(findings).toContainEqual(expect.objectContaining({ code, ...(index === undefined ? {} : { index }) }))
  })

  it.each(
    KINDS_OF_CHANGES.filter(
      ([name]) => !name.includes('manifest') && !name.startsWith('no ') && name !== 'a file added',
    ),
  )('by %s is not intact where the manifest has the new hashes too', async (_, changed, code) => {
    const files = new Map(period)
    changed(files)
    rehash(files)
    const { findings } = await verify(await writeFiles(files))
    expect(findings[0]).toMatchObject({ code })
    expect(findings.some((finding) => finding.code === 'file_changed')).toBe(false)
  })

  it.each<[string, (files: ArchiveFiles, proofs: readonly string[]) => unknown, string]>([
    ['a proof dropped', (f, [first = '']) => f.delete(first), 'proof_missing'],
    ['a line dropped', (f) => change(f, ENTRIES, (t) => t.split('\n').toSpliced(0, 1).join('\n')), 'entry_missing'],
    [
      'a proof changed',
      (f, [first = '']) => change(f, first, (t) => t.replace(/\n[A-Za-z0-9+/]{43}=\n\n/, `\n${'A'.repeat(43)}=\n\n`)),
      'proof_wrong',
    ],
    [
      'a proof against an earlier checkpoint',
      (f, [first = '']) => change(f, first, (t) => `${t.split('\n\n')[0]}\n\n${other}`),
      'proof_wrong',
    ],
    ['no proof at all in its place', (f, [first = '']) => f.set(first, 'none'), 'proof_wrong'],
    [
      'an entry edited',
      (f) => change(f, ENTRIES, (t) => changeLine(t, 0, (l) => JSON.stringify(edit(l)))),
      'entry_edited',
    ],
    ['lines swapped', (f) => change(f, ENTRIES, swap), 'entry_moved'],
  ])('of a correlation id, by %s, is not intact', async (_, changed, code) => {
    const files = new Map(correlated)
    changed(
      files,
      [...files.keys()].filter((name) => name.startsWith('proofs/')),
    )
    rehash(files)
    const { intact, findings } = await verify(await writeFiles(files))
    expect(intact).toBe(false)
    expect(findings.map((finding) => finding.code)).toContain(code)
  })

  it('by its end cut off, or by being no archive, is not intact', async () => {
    const path = await writeFiles(period)
    expect(await verify(path)).toMatchObject({ intact: true })
    truncateSync(path, Math.floor(statSync(path).size / 2))
    expect(await verify(path)).toMatchObject({ intact: false, findings: [{ code: 'archive_unreadable' }] })
    truncateSync(path, 0)
    expect((await verify(path)).intact).toBe(false)
  })

  it('and signed with another key is not intact', async () => {
    const path = await writeFiles(period)
    expect(await verify(path, [readVerifier(generateKey(ORIGIN).verifierKey)])).toMatchObject({
      intact: false,
      findings: [{ code: 'key_unknown' }],
    })
    expect(await verify(path, [])).toMatchObject({
      intact: true,
      notes: ['Signatures were not checked, because no key was given.'],
    })
    expect(existsSync(path)).toBe(true)
  })
})
