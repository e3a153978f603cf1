import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { startCli } from '../cli/cli.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

/** Read and written whole, these are 150 MB of lines alone. */
const ENTRIES = 200_000
/** A command that does nothing takes 105 of them: Node strips the types of `src/` here. */
const LIMIT_MB = 170
const KEY = generateKey('example.org/trail')

/** Writes the most memory that the process had, in kilobytes, into a file as it ends. */
const TELL_MEMORY = `
  import { writeFileSync } from 'node:fs'
  process.on('exit', () => writeFileSync(process.env.MEMORY_FILE, String(process.resourceUsage().maxRSS)))`

async function peakMegabytes(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const file = join(cwd, 'memory')
  const ended = await startCli(args, {
    cwd,
    env: {
      ...env,
      MEMORY_FILE: file,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL_MEMORY)}`,
    },
  }).ended
  expect(ended).toMatchObject({ code: 0 })
  return Number(readFileSync(file, 'utf8')) / 1024
}

describe('an export of many entries', () => {
  it(`and its verification need less than ${LIMIT_MB} MB each`, async () => {
    const env = await startedStore('postgres')
    const database = await openDatabase(loadSettings({ ...env }))
    try {
      await sql`
        INSERT INTO teams_audit_entries (subject, body)
        SELECT id, teams_audit_body('attempt.finished', '"notification":"' || id || '","state":"accepted","reason":null,"status_code":202,"retry_count":0,"sent_at":"2026-11-30T08:15:02.123Z","accepted_at":"2026-11-30T08:15:02.123Z","error":null,"address":"' || repeat('a', 64) || '"}')
          FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, ${ENTRIES}::int)) made`.execute(database.kysely)
      let more = true
      while (more) {
        const sealing = await seal(database.kysely, [readSigner(KEY.privateKey)])
        more = sealing.kind === 'sealed' && sealing.more
      }
    } finally {
      await database.close()
    }
    const cwd = embeddedFolder()
    const out = join(cwd, 'export.tar.gz')
    const exported = await peakMegabytes(['audit', 'export', '--since', '2020-01-01T00:00:00Z', '--out', out], cwd, env)
    expect(statSync(out).size).toBeGreaterThan(ENTRIES * 100)
    expect(exported).toBeLessThan(LIMIT_MB)
    const verified = await peakMegabytes(['audit', 'verify', out, '--key', KEY.verifierKey], cwd, {})
    expect(verified).toBeLessThan(LIMIT_MB)
  }, 300_000)
})
