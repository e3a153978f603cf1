import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/kernel/log.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { closeToOthers } from '../../src/store/private-folder.ts'
import { embeddedFolder } from '../services/database.ts'
import { untouchedStore } from '../services/stores.ts'

/** A log, and the messages that were written to it. */
function listeningLog() {
  const lines: { event: string; folder?: string }[] = []
  const log = createLog(
    'warn',
    new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(String(chunk)))
        done()
      },
    }),
  )
  return { log, lines }
}

/** What lies under a folder that others than its owner may do something with. */
function openToOthers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => (statSync(path).mode & 0o077) !== 0)
}

describe('the folder of the embedded database', () => {
  it('has no access for group and others, nor have files made in it at once and later', async () => {
    const folder = join(embeddedFolder(), 'not', 'there')
    const umask = process.umask()
    const { log, lines } = listeningLog()
    const database = await openEmbedded(folder, log)
    await createMigrations(database.kysely).up()
    await database.kysely.schema.createTable('later').addColumn('a', 'integer').execute()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, '..')).mode & 0o777).toBe(0o700)
    expect(openToOthers(folder)).toEqual([])
    await database.close()
    expect(openToOthers(folder)).toEqual([])
    expect(process.umask()).toBe(umask)
    expect(lines).toEqual([])
  })

  it('changes the mode of no file or folder that a symbolic link in it names', async () => {
    const [folder, outside] = [embeddedFolder(), embeddedFolder()]
    const program = join(outside, 'program.js')
    writeFileSync(program, '')
    chmodSync(program, 0o755)
    chmodSync(outside, 0o755)
    symlinkSync(program, join(folder, 'file'))
    symlinkSync(outside, join(folder, 'folder'))
    await closeToOthers(folder)
    expect([program, outside].map((path) => statSync(path).mode & 0o777)).toEqual([0o755, 0o755])
  })

  it('loses the access of others that an earlier version left', async () => {
    const folder = (await untouchedStore('embedded')).TEAMS_DATA_DIR
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o666)
    await (await openEmbedded(folder)).close()
    expect(openToOthers(folder)).toEqual([])
  })

  it('logs a warning and is used where it existed before with access for others, as a mounted volume has', async () => {
    const folder = embeddedFolder()
    chmodSync(folder, 0o2775)
    const { log, lines } = listeningLog()
    await (await openEmbedded(folder, log)).close()
    expect(lines).toMatchObject([{ event: 'data_folder_open', mode: '2775' }])
    expect(statSync(folder).mode & 0o7777).toBe(0o2775)
    expect(openToOthers(folder)).toEqual([])
  })
})

describe('a folder that can not be used', () => {
  const refusal = (found: RegExp) => ({
    code: 'invalid_settings',
    problems: [{ at: 'TEAMS_DATA_DIR', found: expect.stringMatching(found) }],
  })

  it.each([
    ['where no folder can be made, which Node would try for ever', '/proc/x', /no folder can be made \(ENOENT\)/],
    ['deeper there', '/proc/x/y/z', /no folder can be made \(ENOENT\)/],
    ['behind a file', '/dev/null/x', /through a file \(ENOTDIR\)/],
    ['that this user may not make', '/sys/x', /\((EACCES|EPERM|EROFS)\)/],
  ])('is refused: one %s', async (_which, folder, found) => {
    await expect(openEmbedded(folder)).rejects.toMatchObject(refusal(found))
  })

  it('is refused: a file', async () => {
    const file = join(embeddedFolder(), 'file')
    writeFileSync(file, '')
    await expect(openEmbedded(file)).rejects.toMatchObject(refusal(/^a file \(EEXIST\)/))
  })

  it('is refused, and let go: one with a database of another version of PostgreSQL', async () => {
    const folder = embeddedFolder()
    mkdirSync(join(folder, 'pglite'))
    writeFileSync(join(folder, 'pglite', 'PG_VERSION'), '15\n')
    const refused = refusal(/^a database of PostgreSQL 15$/)
    await expect(openEmbedded(folder)).rejects.toMatchObject(refused)
    await expect(openEmbedded(folder)).rejects.toMatchObject(refused)
  })
})
