import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { createMonths, type Months } from '../../src/store/months.ts'
import type { Tables } from '../../src/store/tables.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

const WHOLE = { events: '"teams_events"', notifications: '"teams_notifications"', attempts: '"teams_attempts"' }

describe.each(KINDS)('the partitions of a month on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  const run = (text: string, db: Kysely<Tables> = database.kysely) => sql.raw(text).execute(db)
  /** Names of the tables that are given for these times. */
  async function tables(months: Months, ...times: readonly Date[]) {
    const found = await months.tablesFor(times)
    const named = Object.entries(found).map(([name, table]) => [name, table.compile(database.kysely).sql])
    return Object.fromEntries(named) as typeof WHOLE
  }
  async function thisMonth() {
    const { rows } = await sql<{ suffix: string; first: Date; last: Date; next: Date }>`
      SELECT to_char(m, '_YYYY_MM') AS suffix, m AT TIME ZONE 'UTC' AS first,
             (m + interval '1 month') AT TIME ZONE 'UTC' - interval '1 millisecond' AS last,
             (m + interval '1 month') AT TIME ZONE 'UTC' AS next
        FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AS m) AS month`.execute(database.kysely)
    return rows[0] as (typeof rows)[number]
  }
  const own = (suffix: string) => ({
    events: `"teams_events${suffix}"`,
    notifications: `"teams_notifications${suffix}"`,
    attempts: `"teams_attempts${suffix}"`,
  })

  it('are returned where all times lie in it, from its first millisecond to its last', async () => {
    const { suffix, first, last } = await thisMonth()
    expect(await tables(createMonths(database.kysely), first, last)).toEqual(own(suffix))
  })

  it('are not returned for times in two months, or without a time', async () => {
    const { last, next } = await thisMonth()
    const months = createMonths(database.kysely)
    expect(await tables(months, last, next)).toEqual(WHOLE)
    expect(await tables(months)).toEqual(WHOLE)
  })

  it('are not returned for a month without any, which is cached until it is forgotten', async () => {
    const { suffix, first } = await thisMonth()
    const months = createMonths(database.kysely)
    expect(await tables(months, new Date('2001-02-03T04:05:06Z'))).toEqual(WHOLE)
    await run(`ALTER TABLE teams_attempts DETACH PARTITION teams_attempts${suffix}`)
    try {
      expect(await tables(months, first)).toEqual(WHOLE)
    } finally {
      const { rows } = await sql<{ bounds: string }>`
        SELECT format('FOR VALUES FROM (%L) TO (%L)', ${first}::timestamptz, ${(await thisMonth()).next}::timestamptz) AS bounds`.execute(
        database.kysely,
      )
      await run(`ALTER TABLE teams_attempts ATTACH PARTITION teams_attempts${suffix} ${rows[0]?.bounds}`)
    }
    expect(await tables(months, first)).toEqual(WHOLE)
    months.forget()
    expect(await tables(months, first)).toEqual(own(suffix))
  })

  it('are not returned to a user with rights on the parent tables only', async () => {
    const { first } = await thisMonth()
    const user = `t_${randomBytes(6).toString('hex')}`
    await run(`CREATE ROLE ${user}`)
    await run(`GRANT SELECT, INSERT, UPDATE ON teams_events, teams_notifications, teams_attempts TO ${user}`)
    try {
      await database.kysely.transaction().execute(async (transaction) => {
        await run(`SET LOCAL ROLE ${user}`, transaction)
        expect(await tables(createMonths(transaction), first)).toEqual(WHOLE)
      })
    } finally {
      await run(`DROP OWNED BY ${user}`)
      await run(`DROP ROLE ${user}`)
    }
  })
})
