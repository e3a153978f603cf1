import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { fillFirstPosts } from '../../src/store/first-posts.ts'
import { ensurePartitions } from '../../src/store/maintenance.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'
import { PLATFORM_QUERIES, SEED_QUERIES } from './seed-queries.ts'

const OVER = '2015_03'

describe.each(KINDS)('sent_at and accepted_at on %s', (kind) => {
  let database: Database
  const run = (text: string) => sql.raw(text).execute(database.kysely)
  const ask = async (text: string) => (await run(text)).rows as Record<string, unknown>[]
  const missing = async () => (await ask('SELECT DISTINCT month::text AS month FROM teams_missing_indexes()')).length
  const rowOf = async (name: string) =>
    (
      await ask(
        `SELECT state, extract(epoch FROM sent_at - created_at)::float AS sent, extract(epoch FROM accepted_at - created_at)::float AS accepted,
                retry_count, extract(epoch FROM now() - updated_at) > 3600 AS untouched
           FROM teams_notifications WHERE correlation_id = '${name}'`,
      )
    )[0]

  /** A notification with its attempts, `[outcome, started after so many seconds]`, as a gateway of before 0003 wrote it. */
  async function wroteBefore(
    name: string,
    state: string,
    attempts: readonly (readonly [outcome: string, after: number])[],
    month = 'now()',
  ): Promise<void> {
    const taken = attempts.find(([outcome]) => outcome === 'accepted')
    await run(`
      WITH n AS (
        INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language,
          state, attempts, failures, sent_at, created_at, updated_at)
        SELECT gen_random_uuid(), gen_random_uuid(), '${name}', 't', '{sre}', 'HIGH', 'sre', 'en', '${state}', ${attempts.length},
          ${attempts.length}, ${taken ? `at + ${taken[1] + 1} * interval '1 second'` : 'NULL'}, at, now() - interval '2 hours'
          FROM (SELECT date_trunc('milliseconds', ${month}) AS at) AS moment RETURNING id, created_at
      )
      INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
      SELECT id, attempt, created_at + after * interval '1 second', created_at + (after + 1) * interval '1 second', outcome,
             gen_random_uuid(), created_at
        FROM n, (VALUES ${attempts.map(([outcome, after], i) => `(${i + 1}, '${outcome}', ${after})`).join(', ') || "(0, '', 0)"}) AS a (attempt, outcome, after)
       WHERE attempt > 0`)
  }

  beforeAll(async () => {
    database = await openMigrated(kind)
    const migrations = createMigrations(database.kysely)
    while ((await migrations.down()) !== '0003_first_posts') {}
    for (const table of ['teams_events', 'teams_notifications', 'teams_attempts'])
      await run(
        `CREATE TABLE ${table}_${OVER} PARTITION OF ${table} FOR VALUES FROM ('2015-03-01Z') TO ('2015-04-01Z')`,
      )
    await wroteBefore('taken at once', 'accepted', [['accepted', 2]])
    await wroteBefore('taken after a failure', 'accepted', [
      ['server_error', 2],
      ['accepted', 40],
    ])
    await wroteBefore('dead letter', 'failed', [['bad_request', 3]])
    await wroteBefore('tried', 'pending', [['rate_limited', 4]])
    await wroteBefore('untried', 'pending', [])
    await wroteBefore('years ago', 'accepted', [['accepted', 5]], "timestamptz '2015-03-07 12:00Z'")
    await migrations.up()
  })
  afterAll(() => database.close())

  it('are filled in from the attempts for rows of earlier versions, without a new updated_at', async () => {
    expect(await missing()).toBe(2)
    expect(await fillFirstPosts(database.kysely, () => false)).toMatchObject({ rows: 5, busy: false })
    expect(await rowOf('taken at once')).toMatchObject({ sent: 2, accepted: 3, untouched: true })
    expect(await rowOf('taken after a failure')).toMatchObject({ sent: 2, accepted: 41, untouched: true })
    expect(await rowOf('dead letter')).toMatchObject({ sent: 3, accepted: null, untouched: true })
    expect(await rowOf('tried')).toMatchObject({ sent: 4, accepted: null, untouched: true })
    expect(await rowOf('untried')).toMatchObject({ sent: null, accepted: null })
    expect(await rowOf('years ago')).toMatchObject({ sent: 5, accepted: 6, untouched: true })
    expect(await fillFirstPosts(database.kysely, () => false)).toMatchObject({ rows: 0, indexes: 0 })
  })

  it('lack their indexes only in the current month after fillFirstPosts', async () => {
    expect(
      await ask(
        "SELECT DISTINCT month::text ~ to_char(now() AT TIME ZONE 'UTC', '_YYYY_MM$') AS present, over FROM teams_missing_indexes()",
      ),
    ).toEqual([{ present: true, over: false }])
  })

  it('have indexes in a month created later, although the month before it has none', async () => {
    await run('SELECT teams_ensure_partitions(5)')
    await ensurePartitions(database.kysely)
    expect(await missing()).toBe(1)
  })

  /** What a gateway of version 0002 does with a notification that it claims, and then records. */
  async function oldGateway(name: string, recorded: string): Promise<void> {
    await run(`UPDATE teams_notifications SET state = 'sending', attempts = attempts + 1, retry_count = attempts, held_since = created_at + interval '7 seconds'
                WHERE correlation_id = '${name}'`)
    await run(`UPDATE teams_notifications SET ${recorded}, held_since = NULL WHERE correlation_id = '${name}'`)
  }

  it('are the same for rows of an older gateway on the same database', async () => {
    const failing = "state = 'pending', failures = failures + 1, retry_count = retry_count"
    await wroteBefore('beside', 'pending', [])
    await oldGateway('beside', failing)
    expect(await rowOf('beside')).toMatchObject({ sent: 7, accepted: null, retry_count: 0 })
    // Handed back: not posted, so not counted.
    await oldGateway('beside', "state = 'pending', attempts = attempts - 1, retry_count = greatest(attempts - 2, 0)")
    expect(await rowOf('beside')).toMatchObject({ sent: 7, retry_count: 0 })
    // A retry, that gets a 429 and uses up nothing; and the post after it, which is no further retry.
    await oldGateway('beside', "state = 'pending', retry_count = retry_count")
    expect(await rowOf('beside')).toMatchObject({ sent: 7, retry_count: 1 })
    await oldGateway('beside', "state = 'accepted', sent_at = coalesce(sent_at, clock_timestamp())")
    const row = await rowOf('beside')
    expect(row).toMatchObject({ state: 'accepted', sent: 7, retry_count: 1 })
    expect(Math.abs(Number(row?.accepted))).toBeLessThan(60)
  })

  it('survive down and up: no row is rewritten, and the older views list only accepted notifications', async () => {
    const migrations = createMigrations(database.kysely)
    const versions = () =>
      ask('SELECT tableoid::int AS part, ctid::text, xmin::text FROM teams_notifications ORDER BY 1, 2')
    const listed = async () =>
      (await ask('SELECT correlation_id AS name FROM teams_notifications_unacknowledged_critical ORDER BY 1')).map(
        ({ name }) => name,
      )
    const taken = ['beside', 'taken after a failure', 'taken at once', 'years ago']
    const before = await versions()
    expect(await listed()).toEqual([
      'beside',
      'dead letter',
      'taken after a failure',
      'taken at once',
      'tried',
      'years ago',
    ])
    for (const name of ['0003_first_posts', '0002_storms']) {
      while ((await migrations.down()) !== name) {}
      expect(await listed()).toEqual(taken)
      expect(await versions()).toEqual(before)
    }
    await migrations.up()
    await fillFirstPosts(database.kysely, () => false)
    expect(await rowOf('dead letter')).toMatchObject({ sent: 3, accepted: null })
    expect(await rowOf('taken after a failure')).toMatchObject({ sent: 2, accepted: 41 })
    expect(await listed()).toEqual([
      'beside',
      'dead letter',
      'taken after a failure',
      'taken at once',
      'tried',
      'years ago',
    ])
  })

  it('have an index in a past month for each query by time, order of time, status or acknowledgement', async () => {
    const queries = [...SEED_QUERIES, ...PLATFORM_QUERIES.values()].filter((query) =>
      /sent_at >|status_code (=|>=)|ORDER BY sent_at|acknowledged_at IS NOT NULL|acknowledged_at IS NULL|_critical/.test(
        query,
      ),
    )
    expect(queries).toHaveLength(13)
    // A month of six rows is read whole at no cost; what is asked is whether there is another way.
    const plans = () =>
      database.kysely.transaction().execute(async (transaction) => {
        await sql`SET LOCAL enable_seqscan = off`.execute(transaction)
        const all: string[] = []
        for (const query of queries) {
          const { rows } = await sql.raw<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`).execute(transaction)
          all.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
        }
        return all.join('\n')
      })
    // PostgreSQL uses no index that was built over updated rows (`indcheckxmin`) while an older transaction is open anywhere in
    // the server, and other tests have some.
    await expect.poll(plans, { timeout: 30_000 }).not.toMatch(new RegExp(`Seq Scan on teams_notifications_${OVER}`))
  })
})
