import { z } from 'zod'
import type { PostgresDefinition } from '../../catalogue/source-definitions.ts'
import { SourceProblem } from '../source.ts'

const number = z.number()
const transactions = z
  .object({
    count: number,
    seconds: number,
    pid: number,
    user: z.string().nullable(),
    application: z.string().nullable(),
    database: z.string().nullable(),
  })
  .nullable()

/** What a look reads. */
const figures = z.object({
  version: z.string(),
  /** False where the user lacks the rights of `pg_monitor`: the figures would look like those of a quiet server. */
  may: z.boolean(),
  recovery: z.boolean(),
  /** Connections that are not reserved for administrators. */
  max: number,
  used: number,
  /** What streams from the server. */
  replicas: z
    .array(
      z.object({
        name: z.string(),
        address: z.string().nullable(),
        physical: z.boolean(),
        streaming: z.boolean(),
        /** WAL that it has not replayed; null for one that replays nothing, as a backup. */
        bytes: number.nullable(),
        seconds: number.nullable(),
      }),
    )
    .max(10_000),
  slots: z
    .array(z.object({ name: z.string(), active: z.boolean(), status: z.string().nullable(), bytes: number.nullable() }))
    .max(10_000),
  /** Of a server that is a replica itself. */
  standby: z.object({ streaming: z.boolean(), bytes: number.nullable(), seconds: number.nullable() }).nullable(),
  long: transactions,
  idle: transactions,
})

/** The figures of one look. */
export type Figures = z.output<typeof figures>

/** @throws SourceProblem `answer_unreadable`, `rights_missing` */
export function readFigures(answer: unknown): Figures {
  const read = figures.safeParse(answer)
  if (!read.success) throw new SourceProblem('answer_unreadable')
  if (!read.data.may) throw new SourceProblem('rights_missing')
  return read.data
}

const MAY = "pg_has_role(current_user, 'pg_monitor', 'USAGE')"
/** The end of the WAL that the server has, as a primary or as a replica. */
const END_OF_WAL = `CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                         ELSE pg_current_wal_lsn() END`

/**
 * The statements of one look, in a read-only transaction of their own: they leave nothing behind in a connection of a pooler, and an
 * answer that waits for a lock is given up.
 *
 * A replica that is fed from an archive receives nothing: how late it is, only the time of the last transaction says.
 *
 * The times of transactions are differences by the server's clock. No query text is read: it may name patients.
 */
export function statementsOf({ transactionSeconds, idleSeconds }: PostgresDefinition): string {
  return `BEGIN READ ONLY; SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '2s';
SELECT json_build_object(
  'version', current_setting('server_version'), 'may', ${MAY}, 'recovery', pg_is_in_recovery(),
  'max', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0),
  'used', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  'replicas', (SELECT coalesce(json_agg(json_build_object(
      'name', r.application_name, 'address', host(r.client_addr), 'physical', coalesce(s.slot_type, 'physical') = 'physical',
      'streaming', r.state = 'streaming', 'bytes', pg_wal_lsn_diff(w.lsn, r.replay_lsn),
      'seconds', extract(epoch FROM r.replay_lag)) ORDER BY r.application_name, r.pid), '[]')
    FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE ${MAY} AND r.state <> 'backup'),
  'slots', (SELECT coalesce(json_agg(json_build_object(
      'name', slot_name, 'active', active, 'status', wal_status, 'bytes', pg_wal_lsn_diff(w.lsn, restart_lsn))
      ORDER BY slot_name), '[]')
    FROM pg_replication_slots WHERE NOT temporary),
  'standby', CASE WHEN pg_is_in_recovery() AND ${MAY} THEN json_build_object(
      'streaming', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
                   OR coalesce(current_setting('primary_conninfo', true), '') = '',
      'bytes', pg_wal_lsn_diff(w.lsn, pg_last_wal_replay_lsn()),
      'seconds', CASE WHEN pg_last_wal_receive_lsn() IS NOT NULL AND w.lsn = pg_last_wal_replay_lsn() THEN 0
                      ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END) END,
  'long', (${oldest('xact_start', transactionSeconds)}),
  'idle', (${oldest('state_change', idleSeconds, "state LIKE 'idle in transaction%'")}))
  FROM (SELECT ${END_OF_WAL} AS lsn) w;
COMMIT`
}

/** The number of transactions that are older than `seconds`, and the oldest of them. */
function oldest(since: 'xact_start' | 'state_change', seconds: number, which = 'true'): string {
  return `SELECT json_build_object('count', count(*) OVER (), 'pid', pid, 'user', usename, 'application', application_name,
             'database', datname, 'seconds', round(extract(epoch FROM clock_timestamp() - ${since})))
    FROM pg_stat_activity
   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND ${which}
     AND ${since} < clock_timestamp() - make_interval(secs => ${Number(seconds)})
   ORDER BY ${since} LIMIT 1`
}
