import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../src/kernel/log.ts'
import { PREPARED } from '../../src/store/kysely-pool.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { freshDatabase } from '../services/database.ts'

async function open() {
  const { url } = await freshDatabase()
  // One connection, so that what it keeps can be asked for.
  const database = await openPostgres({ url, pool: 1, log: createLog('silent') })
  onTestFinished(() => database.close())
  const { kysely } = database
  return {
    run: async (n: number) => (await sql<{ n: number }>`${PREPARED} SELECT ${n}::int AS n`.execute(kysely)).rows[0]?.n,
    plain: (text: string) => sql.raw(text).execute(kysely),
    kept: async () =>
      (await sql<{ statement: string }>`SELECT statement FROM pg_prepared_statements`.execute(kysely)).rows,
  }
}

it('keeps a marked statement once, whatever its values, and no other', async () => {
  const { run, plain, kept } = await open()
  await plain('SELECT 1')
  expect(await run(1)).toBe(1)
  expect(await run(2)).toBe(2)
  expect(await kept()).toEqual([{ statement: '/* prepared */ SELECT $1::int AS n' }])
})

it('does without where a pooler gives each statement another connection', async () => {
  const { run, plain, kept } = await open()
  expect(await run(1)).toBe(1)
  // What the next connection of a pooler knows: nothing.
  await plain('DEALLOCATE ALL')
  await expect(run(2)).rejects.toMatchObject({ code: '26000' })
  expect(await run(3)).toBe(3)
  expect(await kept()).toEqual([])
})
