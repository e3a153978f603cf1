import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** Reads the result of a statement piece by piece. */
export interface Cursor<Row> {
  /** The next rows; fewer than `count` at the end. */
  fetch(count: number): Promise<readonly Row[]>
  close(): Promise<void>
}

/**
 * Opens a cursor, which ends with its transaction. The statement is planned to read its tables in the order of an index:
 * PostgreSQL would rather sort a table of millions of rows, which writes all of it to disk before the first row comes.
 *
 * @param name must be unused in the transaction
 * @param statement has no parameters
 */
export async function openCursor<Row>(
  transaction: Kysely<Tables>,
  name: string,
  statement: RawBuilder<Row>,
): Promise<Cursor<Row>> {
  // The compilation of statements (jit) takes seconds where costs are forbidden and not estimated.
  for (const setting of PLANNER) await sql`SET LOCAL ${sql.raw(setting)} = off`.execute(transaction)
  await sql`DECLARE ${sql.raw(name)} NO SCROLL CURSOR FOR ${statement}`.execute(transaction)
  for (const setting of PLANNER) await sql`SET LOCAL ${sql.raw(setting)} TO DEFAULT`.execute(transaction)
  return {
    async fetch(count) {
      const { rows } = await sql<Row>`FETCH ${sql.raw(String(count))} FROM ${sql.raw(name)}`.execute(transaction)
      return rows
    },
    async close() {
      await sql`CLOSE ${sql.raw(name)}`.execute(transaction)
    },
  }
}

const PLANNER = ['enable_sort', 'enable_seqscan', 'jit']
