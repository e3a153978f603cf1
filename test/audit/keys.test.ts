import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openNote } from '../../src/audit/signed-note.ts'
import { generateKey, readVerifier } from '../../src/contract/note-keys.ts'
import { readCheckpoint, readOrigin } from '../../src/store/audit-tree.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { originOf } from './origin.ts'

const EVENT = { eventType: 'vault.seal.detected', data: { node: 'vault-1' } }

describe('two gateways on postgres, of which one has no key', () => {
  it('leave all sealing to the one that has it, without an unsigned checkpoint or a change of keys', async () => {
    const store = await startedStore('postgres')
    const key = generateKey(await originOf(store))
    const signing = await serveQuick(store, { TEAMS_AUDIT_KEY: key.privateKey })
    const { kysely } = signing.wired.database
    const checkpoints = () =>
      kysely.selectFrom('teams_audit_checkpoints').select(['note', 'size']).orderBy('id').execute()
    await expect.poll(async () => (await checkpoints()).at(-1)?.note, { timeout: 20_000 }).toBeTruthy()
    const before = (await checkpoints()).length
    const other = await serveQuick(store)
    for (let sent = 1; sent <= 4; sent += 1) {
      await other.service.accept([EVENT], 'test')
      await expect
        .poll(async () => (await checkpoints()).length, { timeout: 20_000 })
        .toBeGreaterThan(before + sent - 1)
    }
    expect((await checkpoints()).slice(before).filter(({ note }) => note === null)).toEqual([])
    const { entries } = await signing.service.listAuditEntries({
      kind: 'audit.keys_changed',
      unsealed: true,
      raw: false,
      limit: 500,
    })
    expect(entries).toHaveLength(1)
  })
})

describe.each(KINDS)('the keys of a gateway on %s', (kind) => {
  it('name the tree at the first sealing, and sign with a rotated key without a restart', async () => {
    const name = 'example.com/first'
    const [old, next] = [generateKey(name), generateKey(name)]
    const file = join(embeddedFolder(), 'audit.key')
    writeFileSync(file, old.privateKey)
    const store = await startedStore(kind)
    const { service, wired } = await serveQuick(store, { TEAMS_AUDIT_KEY_FILE: file, TEAMS_VAULT_REFRESH: 1 })
    const { kysely } = wired.database
    const signedBy = async () => {
      const note = (await readCheckpoint(kysely, 1))?.note
      if (!note) return []
      const verifiers = [old, next].map(({ verifierKey }) => readVerifier(verifierKey))
      return openNote(note, verifiers).verifiedBy.map(({ keyId }) => keyId)
    }
    const [oldId, nextId] = [old, next].map(({ verifierKey }) => verifierKey.split('+')[1])
    await service.accept([EVENT], 'test')
    await expect.poll(signedBy, { timeout: 20_000 }).toEqual([oldId])
    writeFileSync(file, `${next.privateKey}\n${old.privateKey}\n`)
    await expect.poll(signedBy, { timeout: 20_000 }).toEqual([nextId, oldId])
    expect((await readOrigin(kysely))?.name).toBe(name)
  })

  it('refuse the start where they have another name than the tree, with the command that makes a right one', async () => {
    const store = await startedStore(kind)
    const origin = await originOf(store)
    const foreign = generateKey('example.com/another')
    await expect(serveQuick(store, { TEAMS_AUDIT_KEY: foreign.privateKey })).rejects.toMatchObject({
      code: 'invalid_settings',
      problems: [
        {
          at: 'TEAMS_AUDIT_KEY',
          found: expect.stringContaining('example.com/another'),
          expected: expect.stringContaining(`audit keygen --origin '${origin}'`),
        },
      ],
    })
    await serveQuick(store, { TEAMS_AUDIT_KEY: generateKey(origin).privateKey })
  })
})
