import { type Kysely, sql } from 'kysely'
import type { Priority } from '../catalogue/priority.ts'
import type { Tables } from './tables.ts'

/** A row of `teams_channels`, with the database's clock. */
export interface ChannelRow {
  readonly key: string
  readonly tokens: number
  readonly refilledAt: Date
  readonly pausedUntil: Date | null
  readonly breaker: 'closed' | 'open' | 'half_open'
  readonly lastOutcome: string | null
  readonly lastOutcomeAt: Date | null
  /** The database's clock. */
  readonly now: Date
}

/** All channels that were ever configured, by key. */
export async function readChannels(db: Kysely<Tables>): Promise<ReadonlyMap<string, ChannelRow>> {
  const rows = await db
    .selectFrom('teams_channels')
    .select(['key', 'tokens', 'refilled_at', 'paused_until', 'breaker', 'last_outcome', 'last_outcome_at'])
    .select(sql<Date>`clock_timestamp()`.as('now'))
    .execute()
  return new Map(
    rows.map((row) => [
      row.key,
      {
        key: row.key,
        tokens: row.tokens,
        refilledAt: row.refilled_at,
        pausedUntil: row.paused_until,
        breaker: row.breaker,
        lastOutcome: row.last_outcome,
        lastOutcomeAt: row.last_outcome_at,
        now: row.now,
      },
    ]),
  )
}

/** True where cards were sent to real channels, and not only to the sandbox. */
export async function hasSentToTeams(db: Kysely<Tables>): Promise<boolean> {
  const real = await db
    .selectFrom('teams_notifications')
    .select('id')
    .where('webhook_url', 'not like', '%/sandbox/channels/%')
    .limit(1)
    .executeTakeFirst()
  return real !== undefined
}

/** Counts the backlog by channel and priority, with the time at which the oldest was accepted. */
export async function readBacklog(db: Kysely<Tables>): Promise<
  readonly {
    readonly channel: string
    readonly priority: Priority
    readonly count: number
    readonly oldest: Date
  }[]
> {
  // One part per state: each has its own partial index, and IN would use neither but read every row of six years.
  const { rows } = await sql<{ channel: string; priority: Priority; count: number; oldest: Date }>`
    SELECT channel, priority, count(*)::int AS count, min(created_at) AS oldest
      FROM (SELECT channel, priority, created_at FROM teams_notifications WHERE state = 'pending'
            UNION ALL
            SELECT channel, priority, created_at FROM teams_notifications WHERE state = 'sending') waiting
     GROUP BY channel, priority`.execute(db)
  return rows
}
