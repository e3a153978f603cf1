import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { openNote } from '../../src/audit/signed-note.ts'
import { generateKey, readVerifier } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { unsealed } from '../audit/trail.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { QUICK, serveQuick } from './gateways.ts'

describe.each(KINDS)('signed checkpoints of a gateway on %s', (kind) => {
  it('have at its stop all entries, with those of the attempts that the stop waits for', async () => {
    const key = generateKey('claimlinc-teams/prod')
    const folder = join(embeddedFolder(), 'anchors')
    const store = await startedStore(kind)
    const settings = { TEAMS_AUDIT_KEY: key.privateKey, TEAMS_AUDIT_ANCHOR_FOLDER: folder }
    const { service, wired, stop } = await serveGateway({ env: {}, settings: { ...QUICK, ...store, ...settings } })
    wired.sandbox?.model.setFaults('sre', { delay_ms: 1_500, times: 1 })
    await service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'] }],
      'test',
    )
    const states = async () => (await service.listNotifications({ channel: 'sre', limit: 1 })).notifications
    await expect.poll(async () => (await states())[0]?.state, { timeout: 10_000 }).toBe('sending')
    await stop()

    const database = await openDatabase(loadSettings(store))
    onTestFinished(() => database.close())
    const { rows } = await sql<{ kind: string }>`
      SELECT convert_from(body, 'UTF8')::jsonb->>'kind' AS kind FROM teams_audit_entries ORDER BY id`.execute(
      database.kysely,
    )
    expect(rows.map((row) => row.kind)).toContain('attempt.finished')
    expect(await unsealed(database.kysely)).toBe(0)
    expect(readdirSync(folder)).toContain(`claimlinc-teams%2Fprod-${rows.length}.checkpoint`)
  })

  it('are kept in the folder at its stop, and on one card a day over all starts, verbatim', async () => {
    const key = generateKey('claimlinc-teams/prod')
    const folder = join(embeddedFolder(), 'anchors')
    const settings = { TEAMS_AUDIT_KEY: key.privateKey, TEAMS_AUDIT_ANCHOR_FOLDER: folder }
    const store = await startedStore(kind)
    const first = await serveGateway({ env: {}, settings: { ...QUICK, ...store, ...settings } })
    const sealed = async () =>
      (await first.wired.database.kysely.selectFrom('teams_audit_checkpoints').select('note').execute()).length
    await expect.poll(sealed, { timeout: 10_000 }).toBeGreaterThan(0)
    await first.stop()
    const [file = ''] = readdirSync(folder)
    expect(file).toMatch(/^claimlinc-teams%2Fprod-\d+\.checkpoint$/)
    const { verifiedBy } = openNote(readFileSync(join(folder, file), 'utf8'), [readVerifier(key.verifierKey)])
    expect(verifiedBy).toHaveLength(1)

    const second = await serveQuick(store, settings)
    const { service } = second.wired
    const cards = async () =>
      (await service.listNotifications({ eventType: 'audit.checkpoint', limit: 10 })).notifications
    await expect.poll(async () => (await cards()).map(({ state }) => state), { timeout: 10_000 }).toEqual(['accepted'])
    const [card] = await cards()
    expect(card?.channel).toBe('compliance')
    const detail = await service.getNotification(card?.id ?? '', 'test')
    const note = String(detail.data.checkpoint)
    expect(openNote(note, [readVerifier(key.verifierKey)]).verifiedBy).toHaveLength(1)
    expect(JSON.stringify(detail.card)).toContain(`"codeSnippet":${JSON.stringify(note)}`)

    const given = { origin: 'claimlinc-teams/prod', size: 1, note, sealedAt: new Date() }
    expect(await Promise.all([service.sendCheckpoint(given), service.sendCheckpoint(given)])).toEqual([false, false])
    expect(await cards()).toHaveLength(1)
    const forged = { eventType: 'audit.checkpoint', data: detail.data }
    await expect(service.accept([forged], 'test')).rejects.toMatchObject({ code: 'invalid_event' })
  })
})
