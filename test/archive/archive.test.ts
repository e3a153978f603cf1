import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { createArchive } from '../../src/archive/archive.ts'
import { createClient } from '../../src/client/client.ts'
import { generateArchiveKey, readArchiveKey } from '../../src/contract/archive-keys.ts'
import { newId } from '../../src/kernel/ids.ts'
import { applyRetention } from '../../src/store/maintenance.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { KINDS, startedStore } from '../services/stores.ts'

const SECRET = 'نص المريض, 12345678901234567890'
const TOKENS = ['ops:read:token-of-operations', 'root:admin:token-of-the-administrator'].join(',')

function key() {
  const { text } = generateArchiveKey()
  const read = readArchiveKey(text)
  if ('found' in read) throw new Error(read.found)
  return { ...read.key, text }
}

/** What a discard keeps. */
function kept(subject: string) {
  return {
    kind: 'celery.message',
    source: 'tasks',
    subject,
    eventId: null,
    actionId: newId(),
    about: { queue: 'nphies_claims' },
    content: Buffer.from(SECRET),
  }
}

describe.each(KINDS)('the archive of a gateway on %s', (kind) => {
  it('lists records without their contents, and decrypts one for an administrator, who is recorded', async () => {
    const newest = key()
    const gateway = await serveQuick(await startedStore(kind), {
      TEAMS_ARCHIVE_KEYS: newest.text,
      TEAMS_API_TOKENS: TOKENS,
    })
    const { kysely } = gateway.wired.database
    const archive = createArchive(() => [newest])
    const ids: string[] = []
    for (const subject of ['t-1', 't-2', 't-3']) ids.unshift((await archive.keep(kysely, kept(subject))) ?? '')
    const stored = await sql<{
      row: string
    }>`SELECT encode(content, 'escape') || about::text AS row FROM teams_archive`.execute(kysely)
    expect(JSON.stringify(stored.rows)).not.toContain('12345678901234567890')

    const reader = createClient({ url: gateway.origin, token: 'token-of-operations' })
    const page = await reader.archive.list({ limit: 2 })
    expect(page.records.map(({ id, subject, state, keyId }) => [id, subject, state, keyId])).toEqual([
      [ids[0], 't-3', 'kept', newest.id],
      [ids[1], 't-2', 'kept', newest.id],
    ])
    const rest = await reader.archive.list({ limit: 2, cursor: page.nextCursor ?? '' })
    expect(rest).toMatchObject({ records: [{ id: ids[2], size: Buffer.byteLength(SECRET) }], nextCursor: null })
    expect((await reader.archive.list({ subject: 't-2' })).records).toHaveLength(1)
    expect((await reader.archive.list({ state: 'restored' })).records).toEqual([])
    await expect(reader.archive.get(ids[0] ?? '')).rejects.toMatchObject({ code: 'forbidden' })

    const admin = createClient({ url: gateway.origin, token: 'token-of-the-administrator' })
    const record = await admin.archive.get(ids[0] ?? '')
    expect(Buffer.from(record.content, 'base64').toString()).toBe(SECRET)
    await expect(admin.archive.get(newId())).rejects.toMatchObject({ code: 'not_found' })
    const { entries } = await admin.audit.entries({ kind: 'record.read' })
    expect(entries).toMatchObject([{ entry: { what: 'archived', first: ids[0], last: ids[0], via: 'token' } }])

    await sql`ALTER TABLE teams_audit_values RENAME TO away`.execute(kysely)
    await expect(admin.archive.get(ids[0] ?? '')).rejects.toMatchObject({ code: 'database_not_migrated' })
    await sql`ALTER TABLE away RENAME TO teams_audit_values`.execute(kysely)
    await applyRetention(kysely, -1, 90)
    expect((await admin.archive.list()).records).toEqual([])
  })

  it('wraps data keys anew, and says which records nobody can read', async () => {
    const [lost, old, newest] = [key(), key(), key()]
    const gateway = await serveQuick(await startedStore(kind), { TEAMS_ARCHIVE_KEYS: `${newest.text} ${old.text}` })
    const { kysely } = gateway.wired.database
    const { service } = gateway
    const ofLost = await createArchive(() => [lost]).keep(kysely, kept('t-1'))
    const damaged = await createArchive(() => [old]).keep(kysely, kept('t-2'))
    const first = await createArchive(() => [old]).keep(kysely, kept('t-3'))
    // More than one step visits, with the encrypted bytes of one.
    await sql`
      INSERT INTO teams_archive (id, kind, subject, key_id, data_key, content, size)
      SELECT ('0190c8f0-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'celery.message', 'n', key_id, data_key, content, size
        FROM teams_archive, generate_series(1, 500) i WHERE id = ${ofLost}`.execute(kysely)
    await sql`UPDATE teams_archive SET data_key = 'x' WHERE id = ${damaged}`.execute(kysely)

    const step = await service.rewrapArchive(undefined, 'cli:sara')
    expect(step.withoutKey + step.rewrapped + step.damaged.length).toBe(500)
    const last = await service.rewrapArchive(step.nextCursor ?? undefined, 'cli:sara')
    expect(last.nextCursor).toBeNull()
    expect([step, last].flatMap((one) => one.damaged)).toEqual([damaged])
    expect([step.rewrapped + last.rewrapped, step.withoutKey + last.withoutKey]).toEqual([1, 501])
    const { content, keyId } = await service.getArchived(first ?? '', 'cli:sara')
    expect([Buffer.from(content, 'base64').toString(), keyId]).toEqual([SECRET, newest.id])
    await expect(service.getArchived(ofLost ?? '', 'cli:sara')).rejects.toMatchObject({
      code: 'archive_key_missing',
      problems: [{ found: `a record under the archive key ${lost.id}` }],
    })
    await expect(service.getArchived(damaged ?? '', 'cli:sara')).rejects.toMatchObject({ code: 'archive_damaged' })
  })

  it('keeps nothing where no key is set', async () => {
    const gateway = await serveQuick(await startedStore(kind))
    const archive = createArchive(() => [])
    expect(archive.canKeep()).toBe(false)
    expect(await archive.keep(gateway.wired.database.kysely, kept('t-1'))).toBeUndefined()
    await expect(gateway.service.rewrapArchive(undefined, 'cli:sara')).rejects.toMatchObject({
      code: 'invalid_settings',
    })
  })
})
