import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** Months for which partitions are made in advance; a gateway that is off for longer still accepts, into the default partition. */
const MONTHS_AHEAD = 3

/** Makes the partitions of this month and the next ones. */
export async function ensurePartitions(db: Kysely<Tables>): Promise<void> {
  await sql`SELECT teams_ensure_partitions(${MONTHS_AHEAD}::int)`.execute(db)
}

/** Drops months older than `auditDays` and forgets the cards of finished notifications older than `cardDays`. */
export async function applyRetention(db: Kysely<Tables>, auditDays: number, cardDays: number): Promise<void> {
  await sql`CALL teams_apply_retention(${auditDays}::int, ${cardDays}::int)`.execute(db)
  await sql`DELETE FROM teams_resolutions WHERE created_at < now() - make_interval(days => ${auditDays}::int)`.execute(
    db,
  )
}
