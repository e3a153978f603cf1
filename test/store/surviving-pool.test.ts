import { sql } from 'kysely'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../src/kernel/log.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { shareDatabase } from '../../src/store/shared.ts'
import { freshDatabase } from '../services/database.ts'

it.each(['our own', "the host's"] as const)(
  'a connection of %s pool that is cut while it is taken fails its query and nothing else',
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

    // An "error" that nobody hears would end this process, and Vitest reports it.
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
