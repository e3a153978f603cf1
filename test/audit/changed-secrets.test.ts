import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordSecrets } from '../../src/audit/record-secrets.ts'
import { generateArchiveKey } from '../../src/contract/archive-keys.ts'
import { generateKey } from '../../src/contract/note-keys.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createSecrets } from '../../src/secrets/secrets.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { SETTINGS, type SettingName } from '../../src/settings/table.ts'
import type { Database } from '../../src/store/database.ts'
import { openMigrated } from '../conformance/databases.ts'

type SecretName = { [N in SettingName]: (typeof SETTINGS)[N] extends { secret: true } ? N : never }[SettingName]

const WEBHOOK = 'https://prod-1.northeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig='
const TENANT = '66666666-7777-8888-9999-000000000000'
const key = () => generateKey('example.com/claimlinc').privateKey

/** Two values of each secret setting; the second is the one that it changes to. The compiler asks for the row of a new one. */
const VALUES: Readonly<Record<SecretName, readonly [string, string]>> = {
  TEAMS_API_TOKENS: ['ops:read:token-of-operations-1', 'ops:read:token-of-operations-2'],
  TEAMS_INBOUND_SECRETS: ['relay:secret-of-the-relay-1', 'relay:secret-of-the-relay-2'],
  DATABASE_URL: ['postgres://gateway:one@db.example/teams', 'postgres://gateway:two@db.example/teams'],
  HTTPS_PROXY: ['http://user:one@proxy.example:3128', 'http://user:two@proxy.example:3128'],
  HTTP_PROXY: ['http://user:one@proxy.example:3128', 'http://user:two@proxy.example:3128'],
  TEAMS_HMAC_SECRET_KEY: ['signing-secret-of-posts-1', 'signing-secret-of-posts-2'],
  TEAMS_HMAC_SECRET_KEY_PREVIOUS: ['earlier-secret-of-posts-1', 'earlier-secret-of-posts-2'],
  VAULT_TOKEN: ['hvs.one', 'hvs.two'],
  VAULT_SECRET_ID: ['secret-id-one', 'secret-id-two'],
  TEAMS_ENTRA_CLIENT_SECRET: ['client-secret-one', 'client-secret-two'],
  TEAMS_LINK_SECRETS: ['link-secret-of-the-buttons-number-1', 'link-secret-of-the-buttons-number-2'],
  TEAMS_SIGN_IN_CLIENT_SECRET: ['sign-in-secret-one', 'sign-in-secret-two'],
  TEAMS_AUDIT_KEY: [key(), key()],
  TEAMS_ARCHIVE_KEYS: [generateArchiveKey().text, generateArchiveKey().text],
  TEAMS_REDIS_URL: ['redis://:one@redis.example:6379', 'redis://:two@redis.example:6379'],
}

/** What else a setting needs to be accepted. */
const NEEDS: Readonly<Partial<Record<SecretName, Readonly<Record<string, string>>>>> = {
  TEAMS_ENTRA_CLIENT_SECRET: { TEAMS_ENTRA_TENANT_ID: TENANT, TEAMS_ENTRA_CLIENT_ID: 'gateway' },
  TEAMS_SIGN_IN_CLIENT_SECRET: { TEAMS_SIGN_IN_TENANTS: TENANT, TEAMS_SIGN_IN_CLIENT_ID: 'pages' },
  TEAMS_HMAC_SECRET_KEY_PREVIOUS: { TEAMS_HMAC_SECRET_KEY: 'signing-secret-of-posts-1' },
}

describe('an entry of changed secrets', () => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated('embedded')
  })
  afterAll(() => database.close())

  async function record(env: Readonly<Record<string, string>>): Promise<void> {
    const settings = loadSettings(env)
    const secrets = await createSecrets({
      settings,
      env,
      channels: [{ key: 'sre', auth: 'sas' }],
      pagers: [{ name: 'oncall', kind: 'pagerduty' }],
      sourceNames: ['claims_db'],
      log: createLog('silent'),
      metrics: createMetrics(),
      clock: systemClock,
    })
    await recordSecrets(database.kysely, { secrets, settings, pagers: ['oncall'], sources: ['claims_db'] }, false)
    await secrets.close()
  }

  async function lastEntry(): Promise<Readonly<Record<string, unknown>>> {
    const { rows } = await sql<{ body: Uint8Array }>`
      SELECT body FROM teams_audit_entries ORDER BY id DESC LIMIT 1`.execute(database.kysely)
    return JSON.parse(Buffer.from(rows[0]?.body ?? []).toString())
  }

  it('has a row in the table of this test for each secret setting', () => {
    const secret = (Object.keys(SETTINGS) as SettingName[]).filter((name) => 'secret' in SETTINGS[name])
    expect(Object.keys(VALUES).sort()).toEqual(secret.sort())
  })

  it.each(Object.entries(VALUES))('says that %s changed, and not what it is', async (name, [before, after]) => {
    const needs = NEEDS[name as SecretName] ?? {}
    await record({ ...needs, [name]: before })
    await record({ ...needs, [name]: after })
    const entry = await lastEntry()
    expect(entry).toMatchObject({ kind: 'secrets.changed', channels: [], pagers: [] })
    expect([entry.signing, entry.settings]).toEqual(name.startsWith('TEAMS_HMAC_') ? [true, []] : [false, [name]])
    const { rows } = await sql<{ value: string }>`SELECT value FROM teams_audit_values`.execute(database.kysely)
    expect(JSON.stringify([entry, rows])).not.toContain(after)
  })

  it.each([
    ['TEAMS_PAGER_KEY_ONCALL', 'a'.repeat(32), 'b'.repeat(32), { channels: [], pagers: ['oncall'] }],
    ['TEAMS_PAGER_WEBHOOK_ONCALL', 'c'.repeat(20), `${'c'.repeat(20)} ${'d'.repeat(20)}`, { pagers: ['oncall'] }],
    ['TEAMS_SOURCE_SECRET_CLAIMS_DB', 'password-one', 'password-two', { pagers: [], sources: ['claims_db'] }],
    ['TEAMS_WEBHOOK_SRE', `${WEBHOOK}one`, `${WEBHOOK}two`, { channels: ['sre'], pagers: [] }],
  ])('says that %s changed, or is gone, and not what it is', async (name, before, after, expected) => {
    await record({ [name]: before })
    for (const next of [{ [name]: after }, {}]) {
      await record(next)
      const entry = await lastEntry()
      expect(entry).toMatchObject({ kind: 'secrets.changed', settings: [], signing: false, ...expected })
      expect(JSON.stringify(entry)).not.toContain(after)
    }
  })
})
