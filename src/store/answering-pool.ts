import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { clientThrough } from './client-through.ts'

/**
 * Milliseconds after which a statement without an answer counts as sent into nothing. With the lease of a turn (8 s) and the
 * sweep (1 s) it stays below the 20 s within which somebody else takes over.
 */
const PATIENCE = 10_000
/** Milliseconds in which a process that was held up reads what has come meanwhile. */
const TO_READ = 100

/**
 * Statements without an end to waiting: schema changes and the wait for another process that makes them, retention
 * (a CALL), and the move of a past month, which copies every row of it in one statement.
 */
const MAY_TAKE_LONG = /^\s*(call|create|alter|drop|do|vacuum)\b|\b(pg_advisory_lock|teams_move_past_month)\b/i

/**
 * The pool as Kysely uses it, with an end to waiting. Where a host or a route vanishes there is no reset and no error: `pg`
 * would wait for the answer for as long as TCP does, a quarter of an hour or for ever, and with it whoever asked: the
 * sweep, a turn, a caller, the graceful stop. A connection that did not answer is closed and not used again.
 *
 * TCP keepalive alone was rejected: it is silent while something that was sent is not acknowledged. So was `query_timeout` of `pg`:
 * it gives the connection back to the pool, where the next one waits.
 */
export function answeringPool(pool: PostgresPool, patience = PATIENCE): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => answering(await pool.connect(), patience),
  }
}

function answering(client: PostgresPoolClient, patience: number): PostgresPoolClient {
  let lost: Error | undefined

  function orGiveUp<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        lost = Object.assign(new Error('the database did not answer'), { code: 'ETIMEDOUT' })
        reject(lost)
      }
      // In two steps: after a process was held up for so long, the timer runs before the answer that lies there is read.
      let timer = setTimeout(() => {
        timer = setTimeout(giveUp, TO_READ)
      }, patience)
      answer.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  return clientThrough(
    client,
    <R>(text: string, parameters: readonly unknown[]) => {
      if (lost) return Promise.reject(lost)
      const answer = client.query<R>(text, parameters)
      return MAY_TAKE_LONG.test(text) ? answer : orGiveUp(answer)
    },
    (destroy = false) => client.release(destroy || lost !== undefined),
  )
}
