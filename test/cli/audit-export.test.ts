import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { changeLine, readFiles, writeFiles } from '../audit/archive-files.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, type Store, startedStore } from '../services/stores.ts'
import { runCli, runJson } from './cli.ts'

const ORIGIN = 'example.org/trail'
const KEY = generateKey(ORIGIN)
const EXPORT = ['audit', 'export']
const VERIFY = ['audit', 'verify']

async function sealIn(store: Store): Promise<void> {
  const database = await openDatabase(loadSettings({ ...store }))
  try {
    await seal(database.kysely, [readSigner(KEY.privateKey)])
  } finally {
    await database.close()
  }
}

describe.each(KINDS)('audit export on %s', (kind) => {
  it('writes an archive that audit verify finds intact without a database, and not intact once changed', async () => {
    const env = await startedStore(kind)
    const send = ['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"vault-node-2.prod"}']
    expect((await runCli([...send, '--correlation-id', 'seal-7'], { env })).code).toBe(0)
    const cwd = embeddedFolder()
    const refused = await runJson([...EXPORT, '--until', '2030-01-01T00:00:00Z', '--out', 'x.tar.gz'], { env, cwd })
    expect(refused).toMatchObject({ code: 1, answer: { code: 'audit_not_signed' } })
    expect(existsSync(join(cwd, 'x.tar.gz'))).toBe(false)
    await sealIn(env)

    const exported = await runJson([...EXPORT, '--since', '2020-01-01', '--out', 'all.tar.gz'], { env, cwd })
    expect(exported).toMatchObject({ code: 2, answer: { errors: [{ at: '--since' }] } })
    const period = await runJson([...EXPORT, '--since', '2020-01-01T00:00:00Z', '--out', 'all.tar.gz'], { env, cwd })
    expect(period).toMatchObject({
      code: 0,
      answer: { file: 'all.tar.gz', signed: true, trees: [{ origin: ORIGIN, first: 0 }] },
    })
    const byId = [...EXPORT, '--correlation-id', 'seal-7', '--with-values', '--out', 'one.tar.gz']
    const people = await runCli(byId, { env, cwd })
    expect(people).toMatchObject({ code: 0, stdout: expect.stringContaining('one.tar.gz has ') })

    const nowhere = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
    const verified = await runJson([...VERIFY, '--archive', 'all.tar.gz', '--key', KEY.verifierKey], {
      env: nowhere,
      cwd,
    })
    expect(verified).toMatchObject({
      code: 0,
      answer: {
        intact: true,
        findings: [],
        manifest_sha256: period.answer.manifest_sha256,
        trees: [{ origin: ORIGIN, entries: period.answer.entries, signed_by: [expect.stringContaining(ORIGIN)] }],
      },
    })
    const shown = await runCli([...VERIFY, 'one.tar.gz', '--key', KEY.verifierKey], { env: nowhere, cwd })
    expect(shown).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^intact: \d+ entr.*Correlation id seal-7/s),
    })

    await sealIn(env)
    const trail = await runJson([...VERIFY, '--key', KEY.verifierKey], { env, cwd })
    expect(trail).toMatchObject({ code: 0, answer: { intact: true, findings: [] } })

    const files = await readFiles(join(cwd, 'all.tar.gz'))
    const lines = files.get('entries.jsonl') ?? ''
    files.set(
      'entries.jsonl',
      changeLine(lines, 1, (line) => line.replace('"v":1', '"v":2')),
    )
    const changed = await runCli([...VERIFY, await writeFiles(files), '--key', KEY.verifierKey], { env: nowhere })
    expect(changed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^not intact: .*entry_edited {2}\S+ {2}number 1/s),
    })
    const none = await runJson([...EXPORT, '--correlation-id', 'unknown', '--out', 'none.tar.gz'], { env, cwd })
    expect(none).toMatchObject({ code: 1, answer: { code: 'not_found' } })
    expect(existsSync(join(cwd, 'none.tar.gz'))).toBe(false)
  }, 180_000)
})

describe('audit export', () => {
  const out = ['--out', 'new.tar.gz']
  it.each([
    [[...out], 'audit export'],
    [[...out, '--since', '2026-01-01T00:00:00Z', '--correlation-id', 'x'], 'audit export'],
    [[...out, '--since', 'yesterday'], '--since'],
    [[...out, '--since', '2026-02-01T00:00:00Z', '--until', '2026-01-01T00:00:00Z'], '--until'],
    [[...out, '--since', '2026-01-01T00:00:00Z', '--with-values'], '--with-values'],
    [[...out, '--since', '2026-01-01T00:00:00Z', '--url', 'http://127.0.0.1:1'], '--url'],
  ])('refuses %j as wrong usage', async (args, at) => {
    const { code, answer } = await runJson([...EXPORT, ...args])
    expect({ code, answer }).toMatchObject({ code: 2, answer: { code: 'invalid_request', errors: [{ at }] } })
  })

  it('refuses a file that is there, and a folder that is not', async () => {
    const env = await startedStore('postgres')
    await sealIn(env)
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, 'there'), '')
    for (const file of ['there', 'nowhere/new'])
      expect(await runJson([...EXPORT, '--since', '2020-01-01T00:00:00Z', '--out', file], { env, cwd })).toMatchObject({
        code: 2,
        answer: { errors: [{ at: '--out' }] },
      })
  })
})

describe('audit verify of an archive', () => {
  it.each([
    [['nowhere'], '--archive'],
    [['--archive', 'nowhere'], '--archive'],
    [['one', '--archive', 'two'], '--archive'],
    [['one', '--since', '7'], '--since'],
  ])('refuses %j as wrong usage', async (args, at) => {
    const { code, answer } = await runJson([...VERIFY, ...args])
    expect({ code, answer }).toMatchObject({ code: 2, answer: { code: 'invalid_request', errors: [{ at }] } })
  })
})
