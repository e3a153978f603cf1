import type { Kysely } from 'kysely'
import { codeOf, GatewayError, isGatewayError } from '../kernel/errors.ts'
import { databaseError } from './database-error.ts'
import type { Tables } from './tables.ts'

/** An SQLSTATE. */
const SQLSTATE = /^[0-9A-Z]{5}$/
/** SQLSTATEs of a connection that broke, and of a server that was ended or failed: they say nothing of a commit. */
const NOTHING_OF_A_COMMIT = /^(08|57|58|XX)/

/**
 * Runs a transaction. Where its COMMIT got no answer, because the connection was cut or the database hung, it may have been
 * carried out all the same: then it says so instead of promising that nothing was written.
 *
 * @throws GatewayError `commit_unknown`; else whatever `run` or the database throws, and nothing was written
 */
export async function inTransaction<T>(
  kysely: Kysely<Tables>,
  run: (transaction: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  let committing = false
  try {
    return await kysely
      .transaction()
      // Not whatever a database that the host program shares has as its default.
      .setIsolationLevel('read committed')
      .execute(async (transaction) => {
        const result = await run(transaction)
        committing = true
        return result
      })
  } catch (error) {
    throw committing && saysNothing(error) ? new GatewayError('commit_unknown', [], { cause: error }) : error
  }
}

/**
 * Runs statements that commit by themselves, one after the other.
 *
 * @throws GatewayError `commit_unknown` where the database was lost under them; else whatever `run` throws
 */
export async function committingEach<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isGatewayError(error) || databaseError(error).code !== 'database_unreachable' || !saysNothing(error))
      throw error
    throw new GatewayError('commit_unknown', [], { cause: error })
  }
}

/** A database that refuses a COMMIT has rolled it back, and says why. */
function saysNothing(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  return !SQLSTATE.test(code) || NOTHING_OF_A_COMMIT.test(code)
}
