import type { Kysely } from 'kysely'
import { codeOf, GatewayError, isGatewayError } from '../kernel/errors.ts'
import { databaseError } from './database-error.ts'
import type { Tables } from './tables.ts'

/** An SQLSTATE. */
const SQLSTATE = /^[0-9A-Z]{5}$/
/**
 * SQLSTATE classes of a broken connection and of a stopped or failed server: after them it is unknown whether a COMMIT
 * was carried out.
 */
const NOTHING_OF_A_COMMIT = /^(08|57|58|XX)/

/**
 * Runs a transaction. Where its COMMIT got no answer, because the connection was cut or the database hung, it may have
 * been carried out: then the error is `commit_unknown`, which does not promise that nothing was written.
 *
 * @throws GatewayError `commit_unknown`; otherwise whatever `run` or the database throws, and nothing was written
 */
export async function inTransaction<T>(
  kysely: Kysely<Tables>,
  run: (transaction: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  let committing = false
  try {
    return await kysely
      .transaction()
      // Not the default of a database that the host program shares.
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
 * Runs statements that each commit by themselves.
 *
 * @throws GatewayError `commit_unknown` where the database was lost meanwhile; otherwise whatever `run` throws
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

/**
 * True where an error leaves it unknown whether the COMMIT was carried out. A database that refuses a COMMIT has rolled
 * it back, and answers with an SQLSTATE.
 */
function saysNothing(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  return !SQLSTATE.test(code) || NOTHING_OF_A_COMMIT.test(code)
}
