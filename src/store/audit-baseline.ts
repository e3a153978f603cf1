import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** The fields of entries whose last value the next entry of that kind is compared with. */
export type BaselineField = 'configuration' | 'fingerprints'

/** The last value of a field, and the salt with which its entry has its hash. */
export interface Baseline {
  readonly salt: string
  readonly value: string
}

/** Lets one process at a time compare with a baseline and write the next, until its transaction ends. Waits for it. */
export async function lockBaselines(transaction: Kysely<Tables>): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtext('teams_audit_baseline'))`.execute(transaction)
}

/** The newest value of a field; undefined where no entry has one. */
export async function readBaseline(db: Kysely<Tables>, field: BaselineField): Promise<Baseline | undefined> {
  // The field as a literal, without which PostgreSQL does not use the partial index.
  const { rows } = await sql<Baseline>`
    SELECT salt, value FROM teams_audit_values WHERE field = ${sql.lit(field)}
     ORDER BY entry_id DESC LIMIT 1`.execute(db)
  return rows[0]
}
