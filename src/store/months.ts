import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** The names of the record's three tables for SQL: those of one month, or the partitioned ones. */
export interface RecordTables {
  readonly events: RawBuilder<unknown>
  readonly notifications: RawBuilder<unknown>
  readonly attempts: RawBuilder<unknown>
}

/** The partitioned tables, with all months. */
export const WHOLE_RECORD: RecordTables = named('')

/** Finds the tables of single months. */
export interface Months {
  /** The tables that have all rows accepted at these times. */
  tablesFor(times: readonly Date[]): Promise<RecordTables>
  /** Forgets what is known, after a failed statement: a month's tables may have been dropped. */
  forget(): void
}

/** Milliseconds after which a month without tables is looked up again: they may have been made meanwhile. */
const LOOK_AGAIN_MS = 60_000

/**
 * Lets frequent statements name one month's tables: PostgreSQL then plans them once per connection. A statement over
 * the partitioned table is planned at each call, to exclude months; for a step of a turn that is a fifth of
 * PostgreSQL's work.
 *
 * The partitioned tables are used for times in two months, for a month without tables of its own, and where this user
 * has no rights on the month's tables.
 */
export function createMonths(db: Kysely<Tables>): Months {
  const known = new Map<string, { readonly tables: RecordTables | undefined; readonly at: number }>()

  async function look(suffix: string): Promise<RecordTables | undefined> {
    const { rows } = await sql<{ usable: boolean }>`
      SELECT count(*) = 3 AS usable
        FROM (VALUES ('teams_events'), ('teams_notifications'), ('teams_attempts')) AS record (name)
        JOIN pg_inherits i ON i.inhparent = to_regclass(record.name)
                          AND i.inhrelid = to_regclass(record.name || ${suffix}::text) AND NOT i.inhdetachpending
       WHERE has_table_privilege(i.inhrelid, 'SELECT') AND has_table_privilege(i.inhrelid, 'INSERT')
         AND has_table_privilege(i.inhrelid, 'UPDATE')`.execute(db)
    return rows[0]?.usable ? named(suffix) : undefined
  }

  return {
    async tablesFor(times) {
      const suffixes = new Set(times.map(suffixOf))
      const [suffix] = suffixes
      if (suffix === undefined || suffixes.size > 1) return WHOLE_RECORD
      const found = known.get(suffix)
      if (found && (found.tables || performance.now() - found.at < LOOK_AGAIN_MS)) return found.tables ?? WHOLE_RECORD
      const tables = await look(suffix)
      known.set(suffix, { tables, at: performance.now() })
      return tables ?? WHOLE_RECORD
    },
    forget: () => known.clear(),
  }
}

/** `_2026_11`, as `teams_ensure_partitions` names a month, in UTC. */
function suffixOf(time: Date): string {
  return `_${time.getUTCFullYear()}_${String(time.getUTCMonth() + 1).padStart(2, '0')}`
}

function named(suffix: string): RecordTables {
  return {
    events: sql.table(`teams_events${suffix}`),
    notifications: sql.table(`teams_notifications${suffix}`),
    attempts: sql.table(`teams_attempts${suffix}`),
  }
}
