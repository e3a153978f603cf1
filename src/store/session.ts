import type { ClientBase } from 'pg'

/**
 * Milliseconds between two statements of a transaction after which PostgreSQL ends it. Long enough to check a full request
 * on a slow machine; while a channel is locked, `lockChannel` makes it shorter.
 */
const LONGEST_PAUSE = 60_000

/**
 * What every statement here is written for, whatever a database or a role has as its default. Under `serializable` three
 * of four events that came at the same time failed with 40001: each statement already takes the locks that it needs.
 */
const ISOLATION = "SET default_transaction_isolation = 'read committed'"

/**
 * A replica whose host vanishes in the middle of a transaction would keep its locks for two hours, which is when PostgreSQL
 * looks whether it is still there. And `pg` reads times of the style ISO only.
 */
const SESSION = `SET idle_in_transaction_session_timeout = ${LONGEST_PAUSE}; SET datestyle = 'ISO'; ${ISOLATION}`

/**
 * Prepares a new connection of a pool of ours. As a statement, because poolers refuse these settings as parameters of the
 * connection; not awaited, because `pg` sends it before whatever comes next. A connection on which it fails fails at that.
 */
export function prepareSession(client: ClientBase): void {
  client.query(SESSION).catch(() => undefined)
}

/** Prepares a new connection of the job engine, whose transactions are its own. */
export async function prepareEngineSession(client: ClientBase): Promise<void> {
  await client.query(ISOLATION)
}
