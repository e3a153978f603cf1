import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../../src/store/tables.ts'
import type { Capture } from './capture.ts'

/** Captures every row of every table, those of the job engine among them. Resolves with the tables' names. */
export async function captureRows(capture: Capture, db: Kysely<Tables>): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ schema: string; name: string }>`
    SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`.execute(db)
  for (const { schema, name } of tables) {
    const { rows } = await sql<{
      row: string
    }>`SELECT row_to_json(t)::text AS row FROM ${sql.table(`${schema}.${name}`)} t`.execute(db)
    for (const { row } of rows) capture.add(`row of ${name}`, row)
  }
  return tables.map(({ name }) => name)
}

/** Captures every file below a folder: a database keeps what it has deleted, too. Resolves with how many there were. */
export function captureFiles(capture: Capture, folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  // As bytes in UTF-8: what is no text there becomes U+FFFD and matches nothing.
  for (const { parentPath, name } of files) capture.add(`file ${name}`, readFileSync(join(parentPath, name), 'utf8'))
  return files.length
}
