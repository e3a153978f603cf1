import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createArchive } from '../../src/archive/archive.ts'
import { generateArchiveKey, readArchiveKey } from '../../src/contract/archive-keys.ts'
import { newId } from '../../src/kernel/ids.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'
import { runCli, runJson } from './cli.ts'

function key() {
  const { text } = generateArchiveKey()
  const read = readArchiveKey(text)
  if ('found' in read) throw new Error(read.found)
  return { ...read.key, text }
}

describe('archive keygen', () => {
  it('prints a key, or writes it to a new file that only its owner may read', async () => {
    const printed = await runCli(['archive', 'keygen'])
    expect(readArchiveKey(printed.stdout.trim())).toMatchObject({ key: { id: expect.any(String) } })
    const cwd = embeddedFolder()
    const written = await runCli(['archive', 'keygen', '--out', 'archive.key'], { cwd })
    const text = readFileSync(join(cwd, 'archive.key'), 'utf8')
    expect(statSync(join(cwd, 'archive.key')).mode & 0o777).toBe(0o600)
    expect(readArchiveKey(text.trim())).toMatchObject({ key: { id: written.stdout.trim() } })
    expect(written.stdout + written.stderr).not.toContain('ARCHIVE+KEY')
    const again = await runJson(['archive', 'keygen', '--out', 'archive.key'], { cwd })
    expect(again).toMatchObject({ code: 2, answer: { code: 'invalid_request', errors: [{ at: '--out' }] } })
  })
})

describe('the commands of the archive', () => {
  it('list records, decrypt one and wrap data keys anew; doctor names keys that are missing', async () => {
    const store = await startedStore('postgres')
    const [lost, old, newest] = [key(), key(), key()]
    const database = await openDatabase(loadSettings(store))
    const kept = { kind: 'celery.message', source: 'tasks', eventId: null, about: { queue: 'claims' } }
    const content = Buffer.from('{"claim": 12345678901234567890}')
    const id = await createArchive(() => [old]).keep(database.kysely, {
      ...kept,
      subject: 't-1',
      actionId: newId(),
      content,
    })
    const env = { ...store, TEAMS_ARCHIVE_KEYS: `${newest.text}\n${old.text}` }
    const checks = async (settings: Readonly<Record<string, string>>) => {
      const { answer } = await runJson(['doctor'], { env: settings })
      return answer.checks.filter(({ check }: { check: string }) => check === 'archive key')
    }
    expect(await checks({ ...store, TEAMS_ARCHIVE_KEYS: newest.text })).toMatchObject([
      { status: 'ok' },
      { status: 'wrong', detail: `the key ${old.id} is not set: nobody can read the 1 archived records that it wraps` },
    ])
    expect(await checks(env)).toMatchObject([{ status: 'note', todo: expect.stringContaining('archive rewrap') }])

    const listed = await runCli(['archive', 'list', '--source', 'tasks'], { env })
    expect(listed.stdout).toMatch(new RegExp(`kept +celery\\.message +tasks +t-1 +31 .* ${old.id} +${id}`))
    const shown = await runCli(['archive', 'show', id ?? ''], { env })
    expect(shown).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Content\n{"claim": 12345678901234567890}'),
    })
    const { answer } = await runJson(['archive', 'show', id ?? ''], { env })
    expect(Buffer.from(answer.content, 'base64')).toEqual(content)

    expect(await runJson(['archive', 'rewrap'], { env })).toMatchObject({
      code: 0,
      answer: { rewrapped: 1, without_key: 0, damaged: [] },
    })
    expect(await checks({ ...store, TEAMS_ARCHIVE_KEYS: newest.text })).toMatchObject([{ status: 'ok' }])
    await createArchive(() => [lost]).keep(database.kysely, { ...kept, subject: 't-2', actionId: newId(), content })
    await database.close()
    expect(await runJson(['archive', 'rewrap'], { env })).toMatchObject({ code: 1, answer: { without_key: 1 } })
    expect(await checks(store)).toMatchObject([{ status: 'wrong' }, { status: 'wrong' }])
  })
})
