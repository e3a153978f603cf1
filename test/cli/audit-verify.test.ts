import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { seal } from '../../src/audit/seal.ts'
import { signNote } from '../../src/audit/signed-note.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { originOf } from '../audit/origin.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, type Store, startedStore } from '../services/stores.ts'
import { MARK, runCli, runJson, serveHere } from './cli.ts'

const VERIFY = ['audit', 'verify']
const SEND = ['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"vault-node-2.prod"}']

const withStore = async <T>(
  store: Store,
  run: (db: Awaited<ReturnType<typeof openDatabase>>['kysely']) => Promise<T>,
) => {
  const database = await openDatabase(loadSettings({ ...store }))
  try {
    return await run(database.kysely)
  } finally {
    await database.close()
  }
}

describe.each(KINDS)('audit verify on %s', (kind) => {
  it('finds a trail of real changes intact, and names an edited entry and what to do', async () => {
    const env = await startedStore(kind)
    expect((await runCli(SEND, { env })).code).toBe(0)
    const origin = 'example.org/trail'
    const key = generateKey(origin)
    const { note, size } = await withStore(env, async (db) => {
      expect(await seal(db, [readSigner(key.privateKey)])).toMatchObject({ kind: 'sealed', signed: true })
      const checkpoint = await db
        .selectFrom('teams_audit_checkpoints')
        .select(['note', 'size'])
        .executeTakeFirstOrThrow()
      return { note: checkpoint.note ?? '', size: Number(checkpoint.size) }
    })
    const cwd = embeddedFolder()
    mkdirSync(join(cwd, 'anchors'))
    writeFileSync(join(cwd, 'anchors', '2026-11-30.checkpoint'), note)
    writeFileSync(join(cwd, 'anchors', 'README.md'), 'Kept by the compliance office.')
    writeFileSync(join(cwd, 'policy'), `# the compliance office's keys\nlog ${key.verifierKey}\n`)
    const intact = await runJson([...VERIFY, '--policy', 'policy', '--anchor', 'anchors'], { env, cwd })
    expect(intact).toMatchObject({
      code: 0,
      answer: {
        intact: true,
        findings: [],
        codes: [],
        notes: [],
        origins: [{ origin, size, entries: size, checkpoints: 1, signed_by: [expect.stringContaining(origin)] }],
      },
    })
    const people = await runCli([...VERIFY, '--key', key.verifierKey], { env })
    expect(people).toMatchObject({ code: 0, stdout: expect.stringMatching(/^intact: \d+ entries/) })
    const unsigned = await runCli(VERIFY, { env })
    expect(unsigned).toMatchObject({ code: 0, stdout: expect.stringContaining('Signatures were not checked') })

    const entryId = await withStore(env, (db) =>
      db.transaction().execute(async (transaction) => {
        await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
        const { rows } = await sql<{ id: string }>`
          UPDATE teams_audit_entries SET body = set_byte(body, 60, 48 + (get_byte(body, 60) + 1) % 8)
           WHERE id = (SELECT min(id) FROM teams_audit_entries WHERE subject IS NOT NULL) RETURNING id::text`.execute(
          transaction,
        )
        return rows[0]?.id
      }),
    )
    const edited = await runJson([...VERIFY, '--key', key.verifierKey], { env })
    expect(edited).toMatchObject({
      code: 1,
      answer: { intact: false, findings: [{ code: 'entry_edited', origin, entry_id: entryId }], codes: [{ total: 1 }] },
    })
    const shown = await runCli([...VERIFY, '--key', key.verifierKey], { env })
    expect(shown.code).toBe(1)
    expect(shown.stdout).toMatch(/^not intact: 1 finding/)
    expect(shown.stdout).toContain(`entry ${entryId}`)
    expect(shown.stdout).toContain('What to do')

    await withStore(env, async (db) => {
      await sql`ALTER TABLE teams_audit_origins RENAME TO moved`.execute(db)
      await sql`CREATE VIEW teams_audit_origins AS SELECT 1 / (id - 1) AS id, origin FROM moved`.execute(db)
    })
    expect(await runJson(VERIFY, { env })).toMatchObject({ code: 3, answer: { code: 'internal' } })
  }, 180_000)
})

describe('audit verify beside a gateway on the embedded database', () => {
  it('computes the tree from listed entries, and finds an anchor that is ahead', async () => {
    const env = await startedStore('embedded')
    const name = await originOf(env)
    const key = generateKey(name)
    const { origin } = await serveHere({ ...env, TEAMS_AUDIT_KEY: key.privateKey })
    const checkpoint = async () => {
      const answer = await fetch(`${origin}/v1/audit/checkpoint`)
      return answer.ok ? answer.text() : ''
    }
    await expect.poll(checkpoint, { timeout: 20_000 }).not.toBe('')
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, 'now'), await checkpoint())
    const later = formatCheckpoint({ origin: name, size: 9_999, root: Buffer.alloc(32) })
    writeFileSync(join(cwd, 'later'), signNote(later, [readSigner(key.privateKey)]))
    const args = [...VERIFY, '--key', key.verifierKey]
    expect(await runJson([...args, '--anchor', 'now'], { env, cwd })).toMatchObject({
      code: 0,
      answer: {
        intact: true,
        findings: [],
        origins: [{ origin: name, checkpoints: 1, signed_by: [expect.any(String)] }],
      },
    })
    expect(await runJson([...args, '--anchor', 'later'], { env, cwd })).toMatchObject({
      code: 1,
      answer: { findings: [{ code: 'anchor_ahead', origin: name }] },
    })
    expect(await runJson([...args, '--since', '1'], { env, cwd })).toMatchObject({
      code: 2,
      answer: { errors: [{ at: '--since' }] },
    })
  }, 180_000)
})

describe('audit verify', () => {
  it.each([
    [['--key', 'x'], '--key'],
    [['--since', 'yesterday'], '--since'],
    [['--anchor', 'nowhere'], '--anchor'],
    [['--anchor', '.'], '--anchor'],
    [['--anchor', process.execPath], '--anchor'],
    // The end of every test looks for the mark in what the command wrote.
    [['--policy', `PRIVATE+KEY+example.org/trail+00000000+${MARK}`], '--policy'],
    [['--anchor', `PRIVATE+KEY+example.org/trail+00000000+${MARK}`], '--anchor'],
    [['--policy', 'nowhere'], '--policy'],
  ])('refuses %j as wrong usage', async (args, at) => {
    const { code, answer } = await runJson([...VERIFY, ...args])
    expect({ code, answer }).toMatchObject({ code: 2, answer: { code: 'invalid_request', errors: [{ at }] } })
  })

  it('says that the database can not be reached', async () => {
    const { code, answer } = await runJson(VERIFY, { env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' } })
    expect({ code, answer }).toMatchObject({ code: 3, answer: { code: 'database_unreachable' } })
  })
})
