import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { createLines } from './history.ts'

/** One row of the database, as the checker reads it. */
export interface DumpLine {
  readonly table: string
  readonly row: Readonly<Record<string, unknown>>
}

/** Tables that the checker reads, and the order of their rows; those that a version does not have are left out. */
const TABLES = {
  teams_events: 'id',
  teams_notifications: 'id',
  teams_attempts: 'notification_id, attempt, held_by',
  teams_channels: 'key',
  teams_silences: 'id',
  teams_actions: 'id',
  teams_escalations: 'event_id',
  teams_pager_alerts: 'id',
} as const

/** Entries of escalations: only they say when a tier was called. With the number of each, and when its transaction began. */
const ESCALATION_ENTRIES = `
  SELECT f.fields || jsonb_build_object('id', x.id, 'written', x.created_at) AS row
    FROM teams_audit_entries x, LATERAL (SELECT convert_from(x.body, 'UTF8')::jsonb AS fields) f
   WHERE f.fields ->> 'kind' LIKE 'escalation.%' ORDER BY x.id`

type Query = (sql: string) => Promise<readonly { readonly row: Record<string, unknown> }[]>

/** Asks PostgreSQL once. */
export async function askPostgres<T>(url: string, sql: string): Promise<readonly T[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: 60_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows as readonly T[]
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Writes all rows to `file`, without cards. */
export async function dumpPostgres(url: string, file: string): Promise<void> {
  await dump((sql) => askPostgres(url, sql), file)
}

/** The same for a folder of the embedded database that no process has open. */
export async function dumpEmbedded(folder: string, file: string): Promise<void> {
  const path = join(folder, 'pglite')
  if (!existsSync(path)) throw new Error(`There is no embedded database in ${folder}.`)
  const pglite = await PGlite.create(path)
  try {
    await dump(async (sql) => (await pglite.query<{ row: Record<string, unknown> }>(sql)).rows, file)
  } finally {
    await pglite.close()
  }
}

async function dump(query: Query, file: string): Promise<void> {
  const lines = createLines<DumpLine>(file)
  /** A page at a time: a long run has more rows than one answer should hold. */
  async function writePages(table: string, select: string): Promise<void> {
    for (let from = 0, size = 5_000; ; from += size) {
      const rows = await query(`${select} LIMIT ${size} OFFSET ${from}`)
      for (const { row } of rows) lines.write({ table, row })
      if (rows.length < size) break
    }
  }
  try {
    const isThere = async (table: string) => {
      const [found] = await query(`SELECT jsonb_build_object('there', to_regclass('${table}') IS NOT NULL) AS row`)
      return found?.row.there === true
    }
    for (const [table, order] of Object.entries(TABLES)) {
      if (!(await isThere(table))) continue
      await writePages(table, `SELECT to_jsonb(t) - 'card_payload' AS row FROM ${table} t ORDER BY ${order}`)
    }
    if (await isThere('teams_audit_entries')) await writePages('escalation_entries', ESCALATION_ENTRIES)
  } finally {
    lines.close()
  }
}
