import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { generateKey } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { insertEntry } from '../../src/store/insert-entry.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { QUICK } from '../acceptance/gateways.ts'
import { embeddedFolder, freshDatabase } from '../services/database.ts'
import { KINDS, type Store, startedStore } from '../services/stores.ts'
import { runCli, runJson } from './cli.ts'

const ORIGIN = 'claimlinc-teams/prod'

/** A copy of a database that no process has open, as a backup would be restored. */
async function copyOf(store: Store): Promise<Store> {
  if ('DATABASE_URL' in store)
    return { DATABASE_URL: (await freshDatabase(new URL(store.DATABASE_URL).pathname.slice(1))).url }
  const folder = embeddedFolder()
  cpSync(store.TEAMS_DATA_DIR, folder, { recursive: true })
  return { TEAMS_DATA_DIR: folder }
}

/** Runs a gateway until it has sent and sealed some events. */
async function live(store: Store, settings: Readonly<Record<string, string>>, nodes: readonly string[]): Promise<void> {
  const gateway = await serveGateway({ env: {}, settings: { ...QUICK, ...store, ...settings } })
  try {
    const { service, database } = gateway.wired
    await service.accept(
      nodes.map((node) => ({ eventType: 'vault.seal.detected', data: { node }, correlationId: node })),
      'test',
    )
    const unsealed = async () => {
      const { rows } = await sql<{ count: string }>`
        SELECT count(*) FROM teams_audit_entries e
         WHERE NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id)`.execute(database.kysely)
      return Number(rows[0]?.count)
    }
    const states = async () =>
      (await service.listNotifications({ limit: 100 })).notifications.filter(({ state }) => state !== 'accepted').length
    await expect.poll(states, { timeout: 15_000 }).toBe(0)
    await expect.poll(unsealed, { timeout: 10_000 }).toBe(0)
  } finally {
    await gateway.stop()
  }
}

describe.each(KINDS)('audit continue on %s', (kind) => {
  it('begins a new tree after an old backup was restored; until then no gateway starts', async () => {
    const folder = join(embeddedFolder(), 'anchors')
    const [oldKey, newKey] = [generateKey(ORIGIN), generateKey(`${ORIGIN}/2`)]
    const withOld = { TEAMS_AUDIT_KEY: oldKey.privateKey, TEAMS_AUDIT_ANCHOR_FOLDER: folder }
    const store = await startedStore(kind)
    await live(store, withOld, ['vault-1'])
    const backup = await copyOf(store)
    await live(store, withOld, ['vault-2', 'vault-3'])
    const sizes = () => readdirSync(folder).map((name) => Number(/-(\d+)\.checkpoint$/.exec(name)?.[1]))
    const anchored = Math.max(...sizes())

    const nothing = await runCli(['audit', 'continue', '--yes', '--reason', 'x'], { env: { ...store, ...withOld } })
    expect(nothing).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`Nothing is lost: the database has all ${anchored}`),
    })

    const refused = await runCli(['serve'], { env: { ...backup, ...withOld } })
    expect(refused.code).toBe(1)
    for (const words of [`${ORIGIN}`, `${anchored}`, 'audit continue'].map(
      (word) => new RegExp(word.replace('/', '.')),
    ))
      expect(refused.stderr).toMatch(words)
    expect(refused.stderr).toContain('audit_behind_anchor')

    // An entry that was written and not sealed before the backup was made.
    const database = await openDatabase(loadSettings({ ...backup }))
    await insertEntry(database.kysely, 'record.month_moved', { month: '2020-01' })
    await database.close()
    const env = { ...backup, ...withOld }
    const unasked = await runCli(['audit', 'continue', '--reason', 'x'], { env })
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    const { code, answer } = await runJson(['audit', 'continue', '--yes', '--reason', 'the disk failed'], { env })
    expect({ code, answer }).toMatchObject({
      code: 0,
      answer: {
        continued: true,
        old_origin: ORIGIN,
        anchor_size: anchored,
        origin: `${ORIGIN}/2`,
        // Not into the file of the old key.
        keygen: `claimlinc-teams audit keygen --origin '${ORIGIN}/2' --out audit-2.key`,
      },
    })
    expect(answer.kept_size).toBeLessThan(anchored)

    const withNew = { ...withOld, TEAMS_AUDIT_KEY: newKey.privateKey }
    await live(backup, withNew, ['vault-4'])
    expect(readdirSync(folder)).toContainEqual(expect.stringMatching(/^claimlinc-teams%2Fprod%2F2-\d+\.checkpoint$/))
    const keys = ['--key', oldKey.verifierKey, '--key', newKey.verifierKey]
    const verified = await runJson(['audit', 'verify', ...keys, '--anchor', folder], { env: { ...backup } })
    expect(verified.answer).toMatchObject({
      intact: true,
      origins: [{ origin: ORIGIN, size: answer.kept_size }, { origin: `${ORIGIN}/2` }],
    })

    const entries = await openDatabase(loadSettings({ ...backup }))
    const { rows } = await sql<{ kind: string; leaf_index: string; body: string }>`
      SELECT l.leaf_index, convert_from(e.body, 'UTF8') AS body FROM teams_audit_leaves l
        JOIN teams_audit_entries e ON e.id = l.entry_id WHERE l.origin_id = 2 ORDER BY l.leaf_index LIMIT 2`.execute(
      entries.kysely,
    )
    await entries.close()
    expect(rows.map(({ body }) => JSON.parse(body))).toMatchObject([
      {
        kind: 'audit.continued',
        old_origin: ORIGIN,
        anchor_size: anchored,
        kept_size: answer.kept_size,
        via: 'command_line',
      },
      { kind: 'record.month_moved', month: '2020-01' },
    ])
    expect(rows[0]?.body).not.toContain('disk')
  })

  it('says which file it needs, and refuses names and files that can not be', async () => {
    const env = await startedStore(kind)
    const run = (...args: string[]) => runCli(['audit', 'continue', '--yes', '--reason', 'x', ...args], { env })
    const wrong = async (words: string, ...args: string[]) =>
      expect(await run(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) })
    await wrong('the file with the last signed checkpoint')
    await wrong('can not be read (ENOENT)', '--anchor', 'none.checkpoint')
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, 'text'), 'no checkpoint')
    await wrong('which is no signed checkpoint', '--anchor', join(cwd, 'text'))
  })
})
