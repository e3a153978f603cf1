import { type Kysely, sql } from 'kysely'
import { shortIdleTimeout } from './session.ts'
import { changeRows } from './state-changes.ts'
import type { HeartbeatColumns, Tables } from './tables.ts'

/** A heartbeat as its row has it. */
export type HeartbeatRow = { readonly [C in keyof HeartbeatColumns]: HeartbeatColumns[C] }

/** Rows, and the time on the database's clock when they were read. */
export interface ReadHeartbeats {
  readonly now: Date
  readonly rows: ReadonlyMap<string, HeartbeatRow>
}

/** A heartbeat that no replica has watched yet, as its row will be. */
export function newHeartbeat(name: string, at: Date): HeartbeatRow {
  return {
    name,
    version: 0,
    waiting_since: at,
    watched_at: at,
    unwatched_since: null,
    resumed_at: null,
    seen_at: null,
    succeeded_at: null,
    failed_at: null,
    started_at: null,
    run_id: null,
    unfinished_since: null,
    last_run_id: null,
    last_signal: null,
    exit_code: null,
    duration_ms: null,
    open: [],
    open_since: null,
    end_type: null,
  }
}

const now = sql<Date>`clock_timestamp()::timestamptz(3)`

/** Adds the rows that are missing: these heartbeats are watched from now on. */
export async function addHeartbeats(db: Kysely<Tables>, names: readonly string[]): Promise<void> {
  await sql`
    WITH ${changeRows(
      'heartbeat.added',
      'added',
      sql`
      INSERT INTO teams_heartbeats AS w (name)
      SELECT unnest(${names}::text[]) ORDER BY 1
      ON CONFLICT (name) DO NOTHING`,
    )} SELECT 1`.execute(db)
}

/** Reads all heartbeats, also those that the configuration has no more. */
export async function readHeartbeats(db: Kysely<Tables>): Promise<ReadHeartbeats> {
  const rows = await db.selectFrom('teams_heartbeats').selectAll().select(now.as('now')).execute()
  return { now: rows[0]?.now ?? new Date(), rows: new Map(rows.map(({ now: _, ...row }) => [row.name, toRow(row)])) }
}

/** Reads one heartbeat; undefined where it has no row. */
export async function readHeartbeat(
  db: Kysely<Tables>,
  name: string,
): Promise<{ readonly now: Date; readonly row: HeartbeatRow } | undefined> {
  const row = await db
    .selectFrom('teams_heartbeats')
    .selectAll()
    .select(now.as('now'))
    .where('name', '=', name)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { now: readAt, ...columns } = row
  return { now: readAt, row: toRow(columns) }
}

/** PGlite gives a bigint as a number, `pg` as text. */
function toRow(row: HeartbeatRow): HeartbeatRow {
  return { ...row, duration_ms: row.duration_ms === null ? null : Number(row.duration_ms) }
}

/**
 * Writes a heartbeat and locks its row until the transaction ends.
 *
 * @param row with the version that was read
 * @returns false where another replica has changed it since, and nothing was written
 */
export async function saveHeartbeat(transaction: Kysely<Tables>, row: HeartbeatRow): Promise<boolean> {
  const { rows } = await sql`
    WITH ${changeRows(
      'heartbeat.saved',
      'saved',
      sql`
      UPDATE teams_heartbeats w
         SET version = w.version + 1, waiting_since = ${row.waiting_since}::timestamptz,
             watched_at = greatest(w.watched_at, ${row.watched_at}::timestamptz),
             unwatched_since = ${row.unwatched_since}::timestamptz, resumed_at = ${row.resumed_at}::timestamptz,
             seen_at = ${row.seen_at}::timestamptz, succeeded_at = ${row.succeeded_at}::timestamptz,
             failed_at = ${row.failed_at}::timestamptz, started_at = ${row.started_at}::timestamptz,
             run_id = ${row.run_id}::text, unfinished_since = ${row.unfinished_since}::timestamptz,
             last_run_id = ${row.last_run_id}::text, last_signal = ${row.last_signal}::text,
             exit_code = ${row.exit_code}::int, duration_ms = ${row.duration_ms}::bigint,
             open = ${row.open}::text[], open_since = ${row.open_since}::timestamptz, end_type = ${row.end_type}::text
       WHERE w.name = ${row.name}::text AND w.version = ${row.version}::int`,
    )} SELECT ${shortIdleTimeout} FROM saved`.execute(transaction)
  return rows.length > 0
}

/** Notes that a replica has looked at these heartbeats, unless another one has just done so. */
export async function noteWatched(db: Kysely<Tables>, names: readonly string[], everyMs: number): Promise<void> {
  await sql`
    WITH ${changeRows(
      'heartbeat.watched',
      'watched',
      sql`
      UPDATE teams_heartbeats w SET watched_at = clock_timestamp()
       WHERE w.name = ANY (${names}::text[])
         AND (w.watched_at <= clock_timestamp() - make_interval(secs => ${everyMs / 1000}::float8)
              OR w.watched_at > clock_timestamp())`,
    )} SELECT 1`.execute(db)
}
