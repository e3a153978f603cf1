import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { verifyAudit } from '../../src/gateway/verify-audit.ts'
import { createLog } from '../../src/kernel/log.ts'
import type { Database } from '../../src/store/database.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { addEntries, expectSound, leaves, unsealed } from '../audit/trail.ts'
import { nodeEnvironment } from '../services/node-environment.ts'
import { startPgBouncer } from '../services/pgbouncer.ts'
import { type Postgres, startPostgres } from '../services/postgres.ts'
import { startedStore } from '../services/stores.ts'

const open = async (url: string): Promise<Database> => {
  const database = await openPostgres({ url, pool: 3, log: createLog('silent') })
  onTestFinished(() => database.close())
  return database
}

describe('a forgotten prepared transaction', () => {
  it('delays its own entries alone, through a restart of PostgreSQL, until it is committed', async () => {
    const postgres: Postgres = await startPostgres({ settings: { max_prepared_transactions: 2 } })
    onTestFinished(() => postgres.stop())
    const before = await open(postgres.url)
    await createMigrations(before.kysely).up()
    await seal(before.kysely, [])
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(
      "BEGIN; INSERT INTO teams_audit_entries (body) VALUES (teams_audit_body('record.month_moved', '\"month\":\"forgotten\"}')); PREPARE TRANSACTION 'forgotten'",
    )
    await client.end()
    await addEntries(before.kysely, 1_000)
    expect(await seal(before.kysely, [])).toMatchObject({ entries: 1_000, more: false })
    await before.close()
    await postgres.restart()
    const { kysely: db } = await open(postgres.url)
    await addEntries(db, 10)
    expect(await seal(db, [])).toMatchObject({ entries: 10, more: false })
    const size = (await leaves(db)).length
    const late = new pg.Client({ connectionString: postgres.url })
    await late.connect()
    await late.query("COMMIT PREPARED 'forgotten'")
    await late.end()
    expect(await seal(db, [])).toMatchObject({ entries: 1 })
    expect(Buffer.from((await leaves(db)).at(size)?.body ?? []).toString()).toContain('"month":"forgotten"')
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
    expect((await verifyAudit(db, { keys: [], anchors: [] })).findings).toEqual([])
  })
})

describe('PgBouncer in transaction mode', () => {
  it('is no obstacle to delivering and sealing', async () => {
    const { DATABASE_URL } = await startedStore('postgres')
    const bouncer = await startPgBouncer(DATABASE_URL)
    onTestFinished(() => bouncer.stop())
    const gateway = await serveQuick({ DATABASE_URL: bouncer.url })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        gateway.wired.service.accept(
          [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'] }],
          'test',
        ),
      ),
    )
    const ids = answers.flatMap(([answer]) => answer?.notifications.map(({ id }) => id) ?? [])
    expect(ids).toHaveLength(20)
    for (const id of ids)
      await expect
        .poll(async () => (await gateway.wired.service.getNotification(id, 'test')).state, { timeout: 30_000 })
        .toBe('accepted')
    const { kysely: db } = await open(DATABASE_URL)
    await expect.poll(() => unsealed(db), { timeout: 10_000 }).toBe(0)
    const kinds = (await leaves(db)).map(({ body }) => JSON.parse(Buffer.from(body).toString()).kind)
    expect(kinds.filter((kind) => kind === 'event.accepted')).toHaveLength(20)
    expect(kinds.filter((kind) => kind === 'attempt.finished')).toHaveLength(20)
    await gateway.stop()
    await expectSound(db)
    expect((await verifyAudit(db, { keys: [], anchors: [] })).findings).toEqual([])
  })
})

describe('a process that seals, killed again and again', () => {
  it('leaves a sound tree each time', async () => {
    const { DATABASE_URL } = await startedStore('postgres')
    const { kysely: db } = await open(DATABASE_URL)
    const program = fileURLToPath(new URL('audit/seal-process.ts', import.meta.url))
    let sizes: number[] = []
    for (let kill = 0; kill < 6; kill += 1) {
      const child = spawn(process.execPath, [program], {
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...nodeEnvironment(), DATABASE_URL },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      await setTimeout(20 + Math.random() * 300)
      child.kill('SIGKILL')
      await ended
      // The server ends the transaction when it notices; until then nobody else seals.
      const next = async () => (await seal(db, [])).kind
      await expect.poll(next, { timeout: 20_000 }).toBe('sealed')
      expect(await unsealed(db)).toBe(0)
      const checkpoint = await expectSound(db)
      sizes = [...sizes, checkpoint?.size ?? 0]
    }
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b))
    const { rows } = await sql<{ count: number }>`SELECT count(*)::int AS count FROM teams_audit_checkpoints`.execute(
      db,
    )
    expect(rows[0]?.count).toBeGreaterThan(20)
  })
})
