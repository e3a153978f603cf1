import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { wire } from '../../src/app/wiring.ts'
import { readCheckpoint } from '../../src/audit/checkpoint.ts'
import { checkProofFile } from '../../src/audit/proof-file.ts'
import { seal } from '../../src/audit/seal.ts'
import { openNote } from '../../src/audit/signed-note.ts'
import { createFrontier, leafHash } from '../../src/audit/tree.ts'
import { createClient } from '../../src/client/client.ts'
import type { AuditEntryQuery } from '../../src/contract/audit.ts'
import { generateKey, readVerifier } from '../../src/contract/note-keys.ts'
import { QUICK, serveQuick } from '../acceptance/gateways.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { originOf } from './origin.ts'

const SCRIPT = fileURLToPath(new URL('../../tools/independent-verifier.mjs', import.meta.url))
const event = (correlationId: string) => ({
  eventType: 'vault.seal.detected',
  correlationId,
  data: { node: 'vault-1' },
})

async function startSigning(kind: (typeof KINDS)[number]) {
  const store = await startedStore(kind)
  const key = generateKey(await originOf(store))
  const gateway = await serveQuick(store, { TEAMS_AUDIT_KEY: key.privateKey })
  const { audit } = createClient({ url: gateway.origin })
  /** Sends events, and waits until they are delivered, or their attempts add entries later; and until every entry is sealed and signed. */
  const send = async (...correlationIds: string[]) => {
    const acceptances = await gateway.service.accept(correlationIds.map(event), 'test')
    const ids = acceptances.flatMap(({ notifications }) => notifications.map(({ id }) => id))
    const states = async () => (await gateway.service.getNotificationViews(ids)).map(({ state }) => state)
    await expect.poll(states, { timeout: 30_000 }).toEqual(ids.map(() => 'accepted'))
    await expect
      .poll(
        async () => {
          const { entries } = await audit.entries({ limit: 500 })
          const size = readCheckpoint(openNote(await audit.checkpoint(), [readVerifier(key.verifierKey)]).text).size
          return entries.every(({ index }) => index !== null) && size === entries.length
        },
        { timeout: 30_000 },
      )
      .toBe(true)
    return acceptances
  }
  return { ...gateway, key, audit, send, kysely: gateway.wired.database.kysely }
}

describe.each(KINDS)('the audit trail over HTTP on %s', (kind) => {
  it('gives entries from which anybody computes the signed root, and proofs that verifiers accept', async () => {
    const { key, audit, send } = await startSigning(kind)
    await send('c-1', 'c-2', 'c-3')
    const checkpoint = await audit.checkpoint()
    const { text } = openNote(checkpoint, [readVerifier(key.verifierKey)])
    const { size, root, origin } = readCheckpoint(text)

    // In pages, as a program does that trusts nothing but the bytes.
    const frontier = createFrontier(0, [])
    const bodies: Buffer[] = []
    let cursor: string | null | undefined
    do {
      const page = await audit.entries({ raw: true, unsealed: false, limit: 7, ...(cursor ? { cursor } : {}) })
      for (const { index, bytes, leafHash: hash, entry, origin: tree } of page.entries) {
        expect({ index, tree, entry }).toEqual({ index: bodies.length, tree: origin, entry: null })
        const body = Buffer.from(bytes ?? '', 'base64')
        expect(leafHash(body).toString('hex')).toBe(hash)
        bodies.push(body)
        frontier.append(leafHash(body))
      }
      cursor = page.nextCursor
    } while (cursor)
    expect(bodies).toHaveLength(size)
    expect(frontier.root().equals(root)).toBe(true)

    const folder = mkdtempSync(join(tmpdir(), 'claimlinc-teams-proof-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const index of [0, size - 1]) {
      const proof = await audit.proof(index)
      const body = bodies[index] ?? Buffer.alloc(0)
      expect(checkProofFile(proof, body, [readVerifier(key.verifierKey)])).toMatchObject({ included: true, index })
      const [proofFile, entryFile] = [join(folder, `${index}.tlog-proof`), join(folder, `${index}.entry`)]
      writeFileSync(proofFile, proof)
      writeFileSync(entryFile, body)
      const { status } = spawnSync(process.execPath, [SCRIPT, 'proof', key.verifierKey, proofFile, entryFile])
      expect(status).toBe(0)
    }
    await expect(audit.proof(size)).rejects.toMatchObject({ code: 'not_found', problems: [{ at: 'index' }] })
    for (const ask of [() => audit.checkpoint('x'), () => audit.proof(0, 'x'), () => audit.entries({ origin: 'x' })])
      await expect(ask()).rejects.toMatchObject({
        code: 'not_found',
        problems: [{ at: 'origin', expected: expect.stringContaining(origin) }],
      })
  })

  it('filters entries', async () => {
    const { audit, send, kysely } = await startSigning(kind)
    const [one, two] = await send('c-1', 'c-2')
    const all = (await audit.entries({ limit: 500 })).entries
    const idsOf = async (query: Parameters<typeof audit.entries>[0]) =>
      (await audit.entries({ limit: 500, ...query })).entries.map(({ id }) => id)
    const about = (...ids: (string | undefined)[]) =>
      all.filter(({ entry }) => ids.includes(String(entry?.event ?? entry?.notification))).map(({ id }) => id)
    const [notification] = one?.notifications ?? []
    const ofOne = about(one?.eventId, ...(one?.notifications ?? []).map(({ id }) => id))
    expect(ofOne.length).toBeGreaterThan(1)
    expect(await idsOf({ correlationId: 'c-1' })).toEqual(ofOne)
    expect(await idsOf({ eventId: one?.eventId ?? '' })).toEqual(ofOne)
    expect(await idsOf({ notificationId: notification?.id ?? '' })).toEqual(about(notification?.id))
    expect(await idsOf({ subject: two?.eventId ?? '' })).toEqual(about(two?.eventId))
    expect(await idsOf({ correlationId: 'c-1', subject: two?.eventId ?? '' })).toEqual([])
    expect(await idsOf({ correlationId: 'nobody\u0000' })).toEqual([])
    const accepted = all.filter(({ entry }) => entry?.kind === 'event.accepted').map(({ id }) => id)
    expect(await idsOf({ kind: 'event.accepted' })).toEqual(accepted)
    expect(await idsOf({ kind: 'silence.made' })).toEqual([])
    expect(await idsOf({ id: all[1]?.id ?? 0 })).toEqual([all[1]?.id])
    expect(await idsOf({ from: 2 })).toEqual(all.slice(2).map(({ id }) => id))
    const [tree = ''] = all.map(({ origin }) => origin ?? '')
    expect(await idsOf({ origin: tree, from: 1, limit: 1 })).toEqual([all[1]?.id])
    expect(await idsOf({ until: new Date(0) })).toEqual([])
    expect(await idsOf({ since: new Date(Date.now() + 3_600_000) })).toEqual([])
    expect(await idsOf({ since: new Date(Date.now() - 3_600_000), until: new Date(Date.now() + 3_600_000) })).toEqual(
      all.map(({ id }) => id),
    )
    await expect(audit.entries({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' })

    // A leaf whose entry has left with its month.
    await kysely.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await sql`DELETE FROM teams_audit_entries WHERE id = ${all[0]?.id}`.execute(transaction)
    })
    const [first] = (await audit.entries({ limit: 1 })).entries
    expect(first).toEqual({ ...all[0], entry: null, bytes: null })
  })

  it('shows entries that are not sealed after all others, and pages through them while they are sealed', async () => {
    const store = await startedStore(kind)
    await originOf(store)
    // A gateway that does not deliver does not seal.
    const wired = await wire({ env: {}, settings: { ...QUICK, ...store }, deliver: false })
    onTestFinished(() => wired.stop())
    const { service, database } = wired
    const list = (query: Partial<AuditEntryQuery>) =>
      service.listAuditEntries({ unsealed: true, raw: false, limit: 500, ...query })
    const size = (await list({})).entries.length
    await service.accept(['c-1', 'c-2', 'c-3', 'c-4'].map(event), 'test')
    const { entries } = await list({ from: size - 1 })
    expect(entries[0]).toMatchObject({ index: size - 1 })
    expect(entries[1]).toMatchObject({ index: null, origin: null, entry: { kind: expect.any(String) } })
    expect(leafHash(Buffer.from(entries[1]?.bytes ?? '', 'base64')).toString('hex')).toBe(entries[1]?.leafHash)
    expect((await list({ from: size - 1, unsealed: false })).entries).toHaveLength(1)

    const first = await list({ from: size - 1, limit: 2 })
    await seal(database.kysely, [])
    await service.accept([event('c-5')], 'test')
    const second = await list({ cursor: first.nextCursor ?? '', limit: 2 })
    await seal(database.kysely, [])
    const rest = await list({ cursor: second.nextCursor ?? '' })
    expect(rest.nextCursor).toBeNull()
    const ids = [first, second, rest].flatMap((page) => page.entries.map(({ id }) => id))
    expect(ids).toEqual((await list({ from: size - 1 })).entries.map(({ id }) => id))
    expect(ids).toHaveLength(6)
  })

  it('has no proof for a tree that was changed', async () => {
    const { audit, send, kysely } = await startSigning(kind)
    await send('c-1')
    await kysely.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await sql`UPDATE teams_audit_leaves SET hash = sha256('x') WHERE leaf_index = 0`.execute(transaction)
    })
    await expect(audit.proof(1)).rejects.toMatchObject({ code: 'audit_not_intact' })
  })
})

describe.each(KINDS)('a gateway without a key on %s', (kind) => {
  it('says what to do about it', async () => {
    const store = await startedStore(kind)
    const origin = await originOf(store)
    const gateway = await serveQuick(store)
    const { audit } = createClient({ url: gateway.origin })
    for (const ask of [() => audit.checkpoint(), () => audit.proof(0)])
      await expect(ask()).rejects.toMatchObject({
        code: 'audit_not_signed',
        problems: [{ expected: expect.stringContaining(`audit keygen --origin '${origin}'`) }],
      })
  })
})
