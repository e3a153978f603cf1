import { connect, createServer, type Socket } from 'node:net'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { kyselyPool } from '../../src/store/kysely-pool.ts'
import { movePastMonths } from '../../src/store/maintenance.ts'
import type { Tables } from '../../src/store/tables.ts'
import { freshDatabase } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

const PATIENCE = 300

/** A way to PostgreSQL on which everything that is open can vanish: no byte, no reset. What is opened after that works. */
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

async function database(url?: string) {
  const route = await vanishingRoute(url ?? (await freshDatabase()).url)
  const pool = new pg.Pool({ connectionString: route.url, max: 1 })
  pool.on('error', () => {})
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: kyselyPool(pool, PATIENCE) }) })
  onTestFinished(() => kysely.destroy())
  return { route, kysely, ask: () => sql`SELECT 1`.execute(kysely) }
}

it('gives up on a connection that vanished, and takes a new one for the next statement', async () => {
  const { route, ask } = await database()
  await ask()
  route.vanish()
  await expect(ask()).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect((await ask()).rows).toHaveLength(1)
})

it('does so in the middle of a transaction, without waiting again for the answer to its ROLLBACK', async () => {
  const { route, kysely, ask } = await database()
  let since = 0
  const broken = kysely.transaction().execute(async (transaction) => {
    await sql`SELECT 1`.execute(transaction)
    route.vanish()
    since = Date.now()
    await sql`SELECT 2`.execute(transaction)
  })
  await expect(broken).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect(Date.now() - since).toBeLessThan(2 * PATIENCE)
  expect((await ask()).rows).toHaveLength(1)
})

it('waits for what may take long', async () => {
  const { kysely } = await database()
  const long = sql`DO 'BEGIN PERFORM pg_sleep(0.6); END'`.execute(kysely)
  await expect(long).resolves.toBeDefined()
})

it('waits for a past month to be moved', async () => {
  const { kysely } = await database((await startedStore('postgres')).DATABASE_URL)
  // Stands for a month of many rows: the move takes longer than the patience.
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

it('reads the answer that came while the process was held up', async () => {
  const { ask } = await database()
  await ask()
  const answer = ask()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PATIENCE + 100)
  await expect(answer).resolves.toBeDefined()
})
