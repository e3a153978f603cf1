import { createHash } from 'node:crypto'
import { type PostgresCursor, type PostgresPool, type PostgresPoolClient, type PostgresQueryResult, sql } from 'kysely'
import type { PoolClient } from 'pg'
import { codeOf } from '../kernel/errors.ts'

/** A pool whose connections are `pg`'s own. */
export interface PgPool extends Omit<PostgresPool, 'connect'> {
  connect(): Promise<PoolClient>
}

/**
 * Milliseconds after which a statement without an answer counts as lost. Together with a turn's lease (8 s) and the
 * sweep (1 s) this stays below the 20 s within which another process takes over.
 */
const ANSWER_TIMEOUT_MS = 10_000
/** Milliseconds that a process which was suspended gets to read an answer that has arrived meanwhile. */
const TO_READ_MS = 100

/**
 * Statements without a timeout: schema changes and the wait for another process that makes them, retention (a CALL),
 * the move of a past month, which copies all its rows in one statement, and the next rows of a cursor, for which all of a
 * table may have to be read. Before the first word there may be the name
 * of a state change, as a comment (`state-changes.ts`).
 */
const MAY_TAKE_LONG =
  /^\s*(\/\*.*?\*\/\s*)?(call|create|alter|drop|do|vacuum|fetch)\b|\b(pg_advisory_lock|teams_move_past_month)\b/i

const MARK = '/* prepared */'

/**
 * Marks a prepared statement, which each connection plans once: over the months' tables, planning a step costs as much
 * as executing it. Only for statements with few different texts, because each stays prepared as long as its connection
 * lives.
 */
export const PREPARED = sql.raw(MARK)

/**
 * SQLSTATEs where prepared statements do not work: a pooler gave this transaction another connection (26000, 42P05), or
 * a migration changed the statement's result (0A000).
 */
const CAN_NOT_KEEP: readonly unknown[] = ['26000', '42P05', '0A000']

/**
 * A pool of `pg` for Kysely, which adds three things to each connection:
 *
 * - **An error listener.** When PostgreSQL restarts, `pg` reports it twice: the query in flight rejects, and the
 *   connection emits "error", which ends the process where nothing listens. The pool of `pg` listens only to idle
 *   connections.
 * - **Prepared statements.** A statement that begins with {@link PREPARED} is sent under a name. After the first
 *   refusal none is prepared any more; the caller retries the refused one as after any database error.
 * - **A timeout.** Where a host or a route vanishes there is no reset and no error: `pg` would wait as long as TCP
 *   does, a quarter of an hour or for ever, and block the sweep, a turn, a caller or the graceful stop. A connection
 *   that did not answer is closed.
 *
 * Rejected: TCP keepalive alone, which sends nothing while sent data is not acknowledged; and `query_timeout` of `pg`,
 * which returns the connection to the pool, where the next statement waits.
 */
export function kyselyPool(pool: PgPool, answerTimeoutMs = ANSWER_TIMEOUT_MS): PostgresPool {
  const known = new WeakSet<PoolClient>()
  const prepared = createPreparedStatements()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      if (!known.has(client)) client.on('error', () => {})
      known.add(client)
      return connectionOver(client, prepared, answerTimeoutMs)
    },
  }
}

/** A connection while Kysely uses it. Cursors bypass the additions. */
function connectionOver(client: PoolClient, prepared: PreparedStatements, answerTimeoutMs: number): PostgresPoolClient {
  const plain: PostgresPoolClient = client
  let lost: Error | undefined

  function query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query<R>(given: string | PostgresCursor<R>, parameters: readonly unknown[] = []) {
    if (typeof given !== 'string') return plain.query(given)
    if (lost) return Promise.reject(lost)
    const answer = prepared.has(given)
      ? prepared.query<R>(client, given, parameters)
      : plain.query<R>(given, parameters)
    return MAY_TAKE_LONG.test(given) ? answer : orGiveUp(answer)
  }

  function orGiveUp<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        lost = Object.assign(new Error('the database did not answer'), { code: 'ETIMEDOUT' })
        reject(lost)
      }
      // In two steps: in a process that was suspended, the timer fires before the answer that has arrived is read.
      let timer = setTimeout(() => {
        timer = setTimeout(giveUp, TO_READ_MS)
      }, answerTimeoutMs)
      answer.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  return {
    ...(plain.processID === undefined ? {} : { processID: plain.processID }),
    query,
    release: (destroy = false) => client.release(destroy || lost !== undefined),
  }
}

interface PreparedStatements {
  /** True for a statement that is sent under a name. */
  has(text: string): boolean
  query<R>(client: PoolClient, text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
}

/** The names of one pool's prepared statements. */
function createPreparedStatements(): PreparedStatements {
  const names = new Map<string, string>()
  let refused = false

  function nameOf(text: string): string {
    const known = names.get(text)
    if (known) return known
    // PostgreSQL truncates names to 63 bytes.
    const name = `claimlinc_teams_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }

  return {
    has: (text) => !refused && text.startsWith(MARK),
    async query<R>(client: PoolClient, text: string, parameters: readonly unknown[]) {
      try {
        const { command, rowCount, rows } = await client.query({ name: nameOf(text), text, values: [...parameters] })
        return { command: command as PostgresQueryResult<R>['command'], rowCount: rowCount ?? 0, rows }
      } catch (error) {
        if (CAN_NOT_KEEP.includes(codeOf(error))) refused = true
        throw error
      }
    },
  }
}
