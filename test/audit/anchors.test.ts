import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anchorName, readNewestAnchor, writeAnchor } from '../../src/audit/anchor-folder.ts'
import { type SignedCheckpoint, startAnchors } from '../../src/audit/anchors.ts'
import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { checkAnchors } from '../../src/audit/compare-anchor.ts'
import { seal } from '../../src/audit/seal.ts'
import { signNote } from '../../src/audit/signed-note.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import { checkAnchorFolder } from '../../src/gateway/doctor/anchors.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Database } from '../../src/store/database.ts'
import { insertEntry } from '../../src/store/insert-entry.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS } from '../services/stores.ts'

const ORIGIN = 'claimlinc-teams/test'
const signer = readSigner(generateKey(ORIGIN).privateKey)
const noteOf = (size: number, root = Buffer.alloc(32, 7), origin = ORIGIN) =>
  signNote(formatCheckpoint({ origin, size, root }), [
    origin === ORIGIN ? signer : readSigner(generateKey(origin).privateKey),
  ])

/** A log that keeps its lines. */
function keptLog() {
  const lines: string[] = []
  const log = createLog('debug', { write: (line: string) => void lines.push(line) })
  return { log, events: () => lines.map((line): unknown => JSON.parse(line).event) }
}

/** A clock whose time the test sets. */
function manualClock() {
  let now = Date.parse('2026-11-30T10:00:00Z')
  const tasks = new Set<{ readonly at: number; readonly task: () => void }>()
  const clock: Clock = {
    now: () => new Date(now),
    after(ms, task) {
      const entry = { at: now + ms, task }
      tasks.add(entry)
      return () => tasks.delete(entry)
    },
  }
  const pass = (ms: number) => {
    now += ms
    for (const entry of tasks)
      if (entry.at <= now) {
        tasks.delete(entry)
        entry.task()
      }
  }
  return { clock, pass, waiting: () => tasks.size > 0 }
}

describe('a folder of anchors', () => {
  it('gets a file for each size, named after the tree, and overwrites none', async () => {
    const folder = join(embeddedFolder(), 'made', 'by the first')
    const note = noteOf(12)
    expect(await writeAnchor(folder, note)).toBe(true)
    expect(await writeAnchor(folder, noteOf(12, Buffer.alloc(32, 8)))).toBe(false)
    expect(await writeAnchor(folder, noteOf(13))).toBe(true)
    expect(readdirSync(folder).sort()).toEqual([
      'claimlinc-teams%2Ftest-12.checkpoint',
      'claimlinc-teams%2Ftest-13.checkpoint',
    ])
    expect(readFileSync(join(folder, anchorName({ origin: ORIGIN, size: 12 })), 'utf8')).toBe(note)
  })

  it('says which is the newest of a tree, also under another name, and which files are none', async () => {
    const folder = embeddedFolder()
    for (const size of [9, 10, 100]) await writeAnchor(folder, noteOf(size))
    await writeAnchor(folder, noteOf(5_000, undefined, 'example.com/other'))
    const size = async (origin?: string) => (await readNewestAnchor(folder, origin)).anchor?.checkpoint.size
    expect(await size(ORIGIN)).toBe(100)
    expect(await size()).toBe(5_000)
    expect(await size('example.com/none')).toBeUndefined()
    writeFileSync(join(folder, 'from the auditor.checkpoint'), noteOf(200))
    expect(await size(ORIGIN)).toBe(200)
    writeFileSync(join(folder, anchorName({ origin: ORIGIN, size: 300 })), 'cut')
    writeFileSync(join(folder, 'notes.txt'), 'not looked at')
    expect(await readNewestAnchor(folder, ORIGIN)).toMatchObject({
      anchor: { checkpoint: { size: 200 } },
      unreadable: [expect.stringMatching(/test-300\.checkpoint$/)],
    })
    expect(await readNewestAnchor(join(folder, 'none'), ORIGIN)).toEqual({ anchor: undefined, unreadable: [] })
  })
})

describe.each(KINDS)('anchors on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await insertEntry(db, 'record.month_moved', { month: '2020-01' })
    await seal(db, [signer])
  })
  afterAll(() => database.close())

  async function grow(): Promise<SignedCheckpoint> {
    await insertEntry(db, 'record.month_moved', { month: '2020-01' })
    await seal(db, [signer])
    const row = await db
      .selectFrom('teams_audit_checkpoints')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    return { origin: ORIGIN, size: Number(row.size), note: row.note ?? '', sealedAt: row.sealed_at }
  }

  it('refuse a start on a database with fewer or other entries, and name file and sizes', async () => {
    const { log, events } = keptLog()
    const check = (folder: string) => checkAnchors(db, folder, ORIGIN, log)
    const folder = embeddedFolder()
    await check(folder)
    const { size, note } = await grow()
    await writeAnchor(folder, note)
    await grow()
    await check(folder)
    expect(await checkAnchorFolder(db, folder)).toMatchObject([{ status: 'ok' }])
    await writeAnchor(folder, noteOf(9_999, undefined, 'example.com/other'))
    await check(folder)

    await writeAnchor(folder, noteOf(size + 100))
    const found = `a signed checkpoint of ${size + 100} entries of ${ORIGIN}, and a database with ${size + 1}`
    await expect(check(folder)).rejects.toMatchObject({
      code: 'audit_behind_anchor',
      problems: [{ at: expect.stringMatching(`test-${size + 100}.checkpoint$`), found }],
    })
    expect(await checkAnchorFolder(db, folder)).toMatchObject([
      { status: 'wrong', detail: expect.stringContaining(found), todo: expect.stringContaining('audit continue') },
    ])
    for (const at of [size, size + 1]) {
      const other = embeddedFolder()
      await writeAnchor(other, noteOf(at))
      await expect(check(other)).rejects.toMatchObject({ code: 'audit_differs_from_anchor' })
    }
    expect(events()).toEqual([])
  })

  it.each(['a start', 'doctor'])(
    'do not refuse %s while another replica seals and writes the next one',
    async (who) => {
      const { log } = keptLog()
      const folder = embeddedFolder()
      const before = await grow()
      await writeAnchor(folder, before.note)
      const newest = () =>
        db
          .selectFrom('teams_audit_checkpoints')
          .select(['size', 'root', 'note'])
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirstOrThrow()
      const earlier = await newest()
      const { note } = await grow()
      /** The other replica seals and writes its anchor just after this connection has read the newest checkpoint. */
      const sealedAfterRead = db.withPlugin({
        transformQuery: ({ node }) => node,
        async transformResult({ result }) {
          const [row] = result.rows
          if (row?.size === undefined || !(await writeAnchor(folder, note))) return result
          return { ...result, rows: [{ ...row, ...earlier }] }
        },
      })
      if (who === 'doctor') expect(await checkAnchorFolder(sealedAfterRead, folder)).toMatchObject([{ status: 'ok' }])
      else await expect(checkAnchors(sealedAfterRead, folder, ORIGIN, log)).resolves.toBeUndefined()
    },
  )

  it('do not stop a start where the folder or a file can not be read', async () => {
    const { log, events } = keptLog()
    const folder = embeddedFolder()
    writeFileSync(join(folder, 'x.checkpoint'), 'not one')
    await checkAnchors(db, folder, ORIGIN, log)
    await checkAnchors(db, join(folder, 'x.checkpoint'), ORIGIN, log)
    expect(events()).toEqual(['audit_anchor_unreadable', 'audit_anchor_unreadable'])
  })

  it('are reported by doctor where the folder is a file', async () => {
    const file = join(embeddedFolder(), 'anchors')
    writeFileSync(file, '')
    expect(await checkAnchorFolder(db, file)).toMatchObject([
      { check: 'audit anchors', status: 'wrong', detail: expect.stringContaining('ENOTDIR') },
    ])
  })

  it('are written at once, then every hour, and at the stop; without a key there is none', async () => {
    const { clock, pass, waiting } = manualClock()
    const { log, events } = keptLog()
    const folder = embeddedFolder()
    const metrics = createMetrics()
    const cards: SignedCheckpoint[] = []
    let signers: readonly (typeof signer)[] = []
    const stop = startAnchors({
      kysely: db,
      signers: () => signers,
      folder,
      sendCard: async (checkpoint) => cards.push(checkpoint) === 1,
      clock,
      log,
      metrics,
    })
    const look = async (ms: number) => {
      pass(ms)
      await expect.poll(waiting).toBe(true)
    }
    const sizes = () =>
      readdirSync(folder)
        .map((name) => Number(/-(\d+)\.checkpoint$/.exec(name)?.[1]))
        .sort((a, b) => a - b)
    await look(0)
    const first = await grow()
    expect([sizes(), cards]).toEqual([[], []])
    signers = [signer]
    await look(60_000)
    expect(sizes()).toEqual([first.size])
    expect(cards).toEqual([first])
    const second = await grow()
    await look(60_000)
    expect(sizes()).toEqual([first.size])
    await look(3_600_000)
    expect(sizes()).toEqual([first.size, second.size])
    const third = await grow()
    await stop()
    expect(sizes()).toEqual([first.size, second.size, third.size])
    expect(events()).toEqual([])
    const { body } = await metrics.expose()
    expect(body).toContain('teams_audit_anchors_total{place="folder"} 3')
    expect(body).toContain('teams_audit_anchors_total{place="card"} 1')
  })

  it('that fail are counted, logged once, and tried again a minute later', async () => {
    const { clock, pass, waiting } = manualClock()
    const { log, events } = keptLog()
    const folder = join(embeddedFolder(), 'in the way')
    writeFileSync(folder, 'a file')
    const metrics = createMetrics()
    const { size } = await grow()
    const stop = startAnchors({ kysely: db, signers: () => [signer], folder, sendCard: undefined, clock, log, metrics })
    await expect.poll(waiting).toBe(true)
    pass(60_000)
    await expect.poll(waiting).toBe(true)
    expect(events()).toEqual(['audit_anchor_failed'])
    expect((await metrics.expose()).body).toContain('teams_audit_anchor_failures_total{place="folder"} 2')
    rmSync(folder)
    mkdirSync(folder)
    pass(60_000)
    await expect.poll(() => existsSync(join(folder, anchorName({ origin: ORIGIN, size })))).toBe(true)
    await stop()
  })

  it('are not written by a gateway whose database lost entries while it ran; it says so', async () => {
    const { clock, waiting } = manualClock()
    const { log, events } = keptLog()
    const folder = embeddedFolder()
    const { size } = await grow()
    await writeAnchor(folder, noteOf(size + 50))
    const stop = startAnchors({
      kysely: db,
      signers: () => [signer],
      folder,
      sendCard: undefined,
      clock,
      log,
      metrics: createMetrics(),
    })
    await expect.poll(waiting).toBe(true)
    await stop()
    expect(events()).toEqual(['audit_anchor_ahead'])
    expect(readdirSync(folder)).toHaveLength(1)
  })
})
