import { sql } from 'kysely'
import type { ClientBase } from 'pg'

/**
 * `idle_in_transaction_session_timeout` in milliseconds. Long enough to check a full request on a slow machine;
 * {@link shortIdleTimeout} makes it shorter while a row is locked for which others wait.
 */
const IDLE_IN_TRANSACTION_MS = 60_000

/**
 * The isolation level that every statement here is written for, whatever the default of the database or role. Under
 * `serializable`, three of four events that came at the same time failed with 40001: each statement already takes the
 * locks that it needs.
 */
const ISOLATION = "SET default_transaction_isolation = 'read committed'"

/**
 * Settings of each session. Without the timeout, a replica whose host vanishes inside a transaction would keep its
 * locks for two hours, until PostgreSQL probes the connection. DateStyle, because `pg` reads only ISO.
 */
const SESSION = `SET idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}; SET datestyle = 'ISO'; ${ISOLATION}`

/**
 * Sets the timeout to that of a turn's lease until the transaction ends, where the connection has one: a process that vanishes must
 * not keep a lock for longer. The embedded database has none: it has no other process, and would not survive one.
 */
export const shortIdleTimeout = sql`set_config('idle_in_transaction_session_timeout',
  CASE current_setting('idle_in_transaction_session_timeout') WHEN '0' THEN '0' ELSE '8s' END, true)`

/**
 * Prepares a new connection of the gateway's pools. As a statement, because poolers refuse these settings as connection
 * parameters. Not awaited, because `pg` sends it before the next statement; where it fails, so does the connection.
 */
export function prepareSession(client: ClientBase): void {
  client.query(SESSION).catch(() => undefined)
}

/** Prepares a new connection of the job engine, whose transactions are pg-boss's own. */
export async function prepareEngineSession(client: ClientBase): Promise<void> {
  await client.query(ISOLATION)
}
