import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordSecrets } from '../../src/audit/record-secrets.ts'
import { recordStart } from '../../src/audit/record-start.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import { newId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { packageVersion } from '../../src/kernel/version.ts'
import { loadSettings } from '../../src/settings/load.ts'
import type { Database } from '../../src/store/database.ts'
import { saltedHash } from '../../src/store/entry-sql.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'

import { recordRead } from '../../src/store/record-read.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'

type Fields = Readonly<Record<string, unknown>>

/** The entries of one kind, each with its subject and the values that are kept beside it. */
async function entriesOf(db: Kysely<Tables>, kind: string) {
  const { rows } = await sql<{ id: string; subject: string | null; body: Uint8Array }>`
    SELECT id, subject, body FROM teams_audit_entries ORDER BY id`.execute(db)
  const values = await db.selectFrom('teams_audit_values').selectAll().execute()
  return rows
    .map(({ id, subject, body }) => ({
      subject,
      fields: JSON.parse(Buffer.from(body).toString()) as Fields,
      values: values.filter(({ entry_id }) => entry_id === id),
    }))
    .filter(({ fields }) => fields.kind === kind)
}

describe.each(KINDS)('entries that belong to no row, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  it('record each start, with the names of what changed since the last one and no value', async () => {
    const catalogue = (config: NonNullable<Parameters<typeof loadCatalogue>[0]>['config']) =>
      loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 }, config })
    const muted = { channels: { sre: { muted: true } } }
    const plain = loadSettings({})
    await recordStart(db, plain, catalogue(muted))
    await recordStart(db, plain, catalogue(muted))
    await recordStart(db, loadSettings({ TEAMS_LANGUAGE: 'ar', TEAMS_EVENT_TTL: '77' }), catalogue({}))
    const entries = await entriesOf(db, 'gateway.started')
    expect(entries.map(({ fields }) => [fields.first, fields.changed])).toEqual([
      [true, []],
      [false, []],
      [false, ['TEAMS_EVENT_TTL', 'TEAMS_LANGUAGE', 'channels.sre']],
    ])
    const [first, same, other] = entries
    expect(first?.fields).toMatchObject({ version: packageVersion(), channels: expect.arrayContaining(['sre']) })
    expect(same?.fields.configuration).toBe(first?.fields.configuration)
    expect(other?.fields.configuration).not.toBe(first?.fields.configuration)
    expect(entries.map(({ values }) => values.length)).toEqual([1, 0, 1])
    for (const { fields, values } of entries)
      for (const { field, salt, value } of values) {
        expect(fields[field]).toBe(saltedHash(salt, value))
        expect(Object.keys(JSON.parse(value))).toEqual(['hashes', 'salt'])
      }
  })

  it('record that secrets changed, once for all replicas, and never what they are', async () => {
    const secretsOf = (urls: Readonly<Record<string, string>>, signing: readonly string[]) => ({
      webhook: (key: string) => (urls[key] === undefined ? undefined : new Secret(urls[key])),
      webhookKeys: () => Object.keys(urls),
      signingSecrets: () => (signing.length > 0 ? signing : ['made up']).map((text) => new Secret(text)),
      signingSecretIsMadeUp: signing.length === 0,
      pagerKey: () => undefined,
      pagerWebhookSecrets: () => [],
      sourceSecret: () => undefined,
      auditSigners: () => [],
      archiveKeys: () => [],
    })
    const record = (secrets: ReturnType<typeof secretsOf>, atStart: boolean) =>
      recordSecrets(db, { secrets, settings: loadSettings({}), pagers: [], sources: [] }, atStart)
    const [one, two] = ['https://flows.example/one?sig=11', 'https://flows.example/two?sig=22']
    await record(secretsOf({}, []), true)
    expect(await entriesOf(db, 'secrets.changed')).toEqual([])
    const both = secretsOf({ sre: one, pmo: two }, ['first phrase of signing'])
    await record(both, true)
    await record(both, true)
    const moved = secretsOf({ sre: two }, ['first phrase of signing'])
    await Promise.all([record(moved, false), record(moved, false)])
    await record(secretsOf({ sre: two }, ['second phrase', 'first phrase of signing']), false)
    const entries = await entriesOf(db, 'secrets.changed')
    expect(entries.map(({ fields }) => [fields.at_start, fields.channels, fields.signing])).toEqual([
      [true, ['pmo', 'sre'], true],
      [false, ['pmo', 'sre'], false],
      [false, [], true],
    ])
    const all = JSON.stringify(entries)
    for (const secret of ['flows.example', 'sig=', 'phrase']) expect(all).not.toContain(secret)
    for (const { fields, values } of entries)
      expect(fields.fingerprints).toBe(saltedHash(values[0]?.salt ?? '', values[0]?.value ?? ''))
  })

  it('record a read: who, how many, the first and the last', async () => {
    const [one, two] = [newId(), newId()]
    await recordRead(db, [], 'http:ops')
    await recordRead(db, [one], 'http:ops')
    await recordRead(db, [two, one], 'cli:sara')
    const entries = await entriesOf(db, 'record.read')
    expect(entries).toMatchObject([
      { subject: one, fields: { what: 'notification', filter: null, count: 1, first: one, last: one, via: 'token' } },
      { subject: null, fields: { count: 2, first: two, last: one, via: 'command_line' } },
    ])
    expect(entries.map(({ values }) => values.map(({ field, value }) => [field, value]))).toEqual([
      [['who', 'http:ops']],
      [['who', 'cli:sara']],
    ])
    for (const { fields, values } of entries) {
      expect(fields.who).toBe(saltedHash(values[0]?.salt ?? '', values[0]?.value ?? ''))
      expect(JSON.stringify(fields)).not.toMatch(/ops|sara/)
    }
    // A read is about its notification, and changes nothing of it.
    expect(await inReadSnapshot(db, (transaction) => Array.fromAsync(verifyRows(transaction)))).toEqual([])
  })
})
