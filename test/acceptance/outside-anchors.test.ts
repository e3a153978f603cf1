import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { openNote } from '../../src/audit/signed-note.ts'
import { generateKey, readVerifier } from '../../src/contract/note-keys.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, untouchedStore } from '../services/stores.ts'
import { QUICK, serveQuick } from './gateways.ts'

describe.each(KINDS)('signed checkpoints of a gateway on %s', (kind) => {
  it('are kept in the folder at its stop, and on one card a day over all starts, verbatim', async () => {
    const key = generateKey('claimlinc-teams/prod')
    const folder = join(embeddedFolder(), 'anchors')
    const settings = { TEAMS_AUDIT_KEY: key.privateKey, TEAMS_AUDIT_ANCHOR_FOLDER: folder }
    const store = await untouchedStore(kind)
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
