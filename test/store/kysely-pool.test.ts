import { connect, createServer, type Socket } from 'node:net'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { createLog } from '../../src/kernel/log.ts'
import { kyselyPool, PREPARED } from '../../src/store/kysely-pool.ts'
import { applyRetention, movePastMonths } from '../../src/store/maintenance.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { shareDatabase } from '../../src/store/shared.ts'
import { changeTables } from '../../src/store/state-changes.ts'
import type { Tables } from '../../src/store/tables.ts'
import { freshDatabase } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

const ANSWER_TIMEOUT_MS = 300

/** A TCP proxy to PostgreSQL. `vanish` silences its open connections: no byte, no reset. Later connections work. */
async function vanishingRoute(url: string) {
  const { hostname, port } = new URL(url)
  const open = new Set<{ vanished: boolean; readonly near: Socket; readonly far: Socket }>()
  const server = createServer((near) => {
    const pair = { vanished: false, near, far: connect(Number(port), hostname) }
    open.add(pair)
    for (const [from, to] of [
      [near, pair.far],
      [pair.far, near],
    ] as const) {
      from.on('data', (bytes) => pair.vanished || to.write(bytes))
      from.on('error', () => {})
      from.on('close', () => pair.vanished || to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const { near, far } of open) for (const socket of [near, far]) socket.destroy()
  })
  const address = server.address()
  const target = new URL(url)
  target.port = String(typeof address === 'object' ? address?.port : '')
  return {
    url: target.href,
    vanish: () => {
      for (const pair of open) pair.vanished = true
    },
  }
}

async function openThroughProxy(url?: string) {
  const route = await vanishingRoute(url ?? (await freshDatabase()).url)
  const pool = new pg.Pool({ connectionString: route.url, max: 1 })
  pool.on('error', () => {})
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: kyselyPool(pool, ANSWER_TIMEOUT_MS) }) })
  onTestFinished(() => kysely.destroy())
  return { route, kysely, ask: () => sql`SELECT 1`.execute(kysely) }
}

describe('an answer time-out', () => {
  it('rejects a statement with ETIMEDOUT, and runs the next one on a new connection', async () => {
    const { route, ask } = await openThroughProxy()
    await ask()
    route.vanish()
    await expect(ask()).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect((await ask()).rows).toHaveLength(1)
  })

  it('rejects a transaction with ETIMEDOUT, without a second time-out for its ROLLBACK', async () => {
    const { route, kysely, ask } = await openThroughProxy()
    let since = 0
    const broken = kysely.transaction().execute(async (transaction) => {
      await sql`SELECT 1`.execute(transaction)
      route.vanish()
      since = Date.now()
      await sql`SELECT 2`.execute(transaction)
    })
    await expect(broken).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(Date.now() - since).toBeLessThan(2 * ANSWER_TIMEOUT_MS)
    expect((await ask()).rows).toHaveLength(1)
  })

  it('does not time out for a DO block', async () => {
    const { kysely } = await openThroughProxy()
    const long = sql`DO 'BEGIN PERFORM pg_sleep(0.6); END'`.execute(kysely)
    await expect(long).resolves.toBeDefined()
  })

  it('ends a sealing, none of which looks at more than its own entries, and the next one seals', async () => {
    const { DATABASE_URL } = await startedStore('postgres')
    const [{ kysely: other }, { kysely }] = [await openThroughProxy(DATABASE_URL), await openThroughProxy(DATABASE_URL)]
    // Numbering waits for this lock; reading the tree does not.
    await other.transaction().execute(async (transaction) => {
      await sql`LOCK TABLE teams_audit_leaves IN EXCLUSIVE MODE`.execute(transaction)
      await expect(seal(kysely, [])).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    })
    // The server ends the transaction of the closed connection when it notices.
    await expect.poll(async () => (await seal(kysely, [])).kind, { timeout: 20_000 }).toBe('sealed')
  })

  it('does not time out for a statement of a migration', async () => {
    const { kysely } = await openThroughProxy()
    const long = changeTables('schema.migrated', sql`CREATE TABLE slow AS SELECT 1 AS n FROM pg_sleep(0.6)`).execute(
      kysely,
    )
    await expect(long).resolves.toBeDefined()
  })

  it('does not time out while applyRetention drops months', async () => {
    const { kysely } = await openThroughProxy((await startedStore('postgres')).DATABASE_URL)
    await sql`CREATE OR REPLACE PROCEDURE teams_apply_retention(audit_days integer, card_days integer)
      LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.6); END'`.execute(kysely)
    await expect(applyRetention(kysely, 30, 7)).resolves.toBeUndefined()
  })

  it('does not time out while movePastMonths moves rows', async () => {
    const { kysely } = await openThroughProxy((await startedStore('postgres')).DATABASE_URL)
    // Slow as a month of many rows: the move takes longer than the time-out.
    await sql`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.6); RETURN OLD; END'`.execute(kysely)
    await sql`CREATE TRIGGER slow BEFORE DELETE ON teams_attempts_default FOR EACH ROW EXECUTE FUNCTION slow()`.execute(
      kysely,
    )
    await sql`
    INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
    VALUES (gen_random_uuid(), 1, now(), now(), 'accepted', gen_random_uuid(), '2015-03-07')`.execute(kysely)
    await expect(movePastMonths(kysely)).resolves.toBe(1)
  })

  it('resolves with an answer that arrived while the event loop was blocked for longer than the time-out', async () => {
    const { ask } = await openThroughProxy()
    await ask()
    const answer = ask()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ANSWER_TIMEOUT_MS + 100)
    await expect(answer).resolves.toBeDefined()
  })
})

async function openPostgresPool() {
  const { url } = await freshDatabase()
  // One connection, so that the test can list its prepared statements.
  const database = await openPostgres({ url, pool: 1, log: createLog('silent') })
  onTestFinished(() => database.close())
  const { kysely } = database
  return {
    runPrepared: async (n: number) =>
      (await sql<{ n: number }>`${PREPARED} SELECT ${n}::int AS n`.execute(kysely)).rows[0]?.n,
    run: (text: string) => sql.raw(text).execute(kysely),
    preparedStatements: async () =>
      (await sql<{ statement: string }>`SELECT statement FROM pg_prepared_statements`.execute(kysely)).rows,
  }
}

describe('prepared statements', () => {
  it('are made once for a marked statement with any values, and for no other statement', async () => {
    const { runPrepared, run, preparedStatements } = await openPostgresPool()
    await run('SELECT 1')
    expect(await runPrepared(1)).toBe(1)
    expect(await runPrepared(2)).toBe(2)
    expect(await preparedStatements()).toEqual([{ statement: '/* prepared */ SELECT $1::int AS n' }])
  })

  it('are given up after one error 26000, as behind a pooler that gives each statement another connection', async () => {
    const { runPrepared, run, preparedStatements } = await openPostgresPool()
    expect(await runPrepared(1)).toBe(1)
    // The next connection of a pooler has no prepared statement.
    await run('DEALLOCATE ALL')
    await expect(runPrepared(2)).rejects.toMatchObject({ code: '26000' })
    expect(await runPrepared(3)).toBe(3)
    expect(await preparedStatements()).toEqual([])
  })
})

describe('a connection', () => {
  it.each(['our own', "the host's"] as const)(
    'terminated in a transaction of %s pool rejects that transaction, and the pool still answers',
    async (whose) => {
      const { url } = await freshDatabase()
      const hosts = new pg.Pool({ connectionString: url })
      hosts.on('error', () => {})
      onTestFinished(() => hosts.end())
      const log = createLog('silent')
      const database = whose === 'our own' ? await openPostgres({ url, pool: 5, log }) : shareDatabase(hosts, log)
      onTestFinished(() => database.close())
      const killer = new pg.Client({ connectionString: url })
      await killer.connect()
      onTestFinished(() => killer.end())
      const cut = (pid: number) => killer.query('SELECT pg_terminate_backend($1)', [pid])
      const pidOf = sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`

      // An "error" event without a listener would end this process, and Vitest reports it.
      const idle = database.kysely.transaction().execute(async (transaction) => {
        const { rows } = await pidOf.execute(transaction)
        await cut(rows[0]?.pid ?? 0)
        await pidOf.execute(transaction)
      })
      await expect(idle).rejects.toThrow()
      const working = database.kysely.transaction().execute(async (transaction) => {
        const { rows } = await pidOf.execute(transaction)
        await Promise.all([sql`SELECT pg_sleep(60)`.execute(transaction), cut(rows[0]?.pid ?? 0)])
      })
      await expect(working).rejects.toThrow()
      expect((await pidOf.execute(database.kysely)).rows).toHaveLength(1)
    },
  )
})
