import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import { GatewayError } from '../kernel/errors.ts'
import type { Tables } from './tables.ts'

/** The part of a Kysely transaction that writing inside it needs. */
export interface KyselyTransactionLike {
  readonly isTransaction: boolean
  executeQuery<R>(query: CompiledQuery<R>): Promise<{ readonly rows: R[]; readonly numAffectedRows?: bigint }>
}

/** The part of a `pg` client that writing inside its transaction needs. */
export interface PgClientLike {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null; command: string }>
}

/** A caller's open transaction: one of Kysely (over any schema), or a `pg` client after BEGIN. */
export type ForeignTransaction = KyselyTransactionLike | PgClientLike

/**
 * Gives a caller's transaction the types of our tables. Nothing is begun, committed or released: the caller decides
 * whether the rows are ever committed.
 *
 * @throws GatewayError `invalid_request` for a Kysely instance that is not a transaction
 */
export function adoptTransaction(transaction: ForeignTransaction): Kysely<Tables> {
  if ('isTransaction' in transaction && !transaction.isTransaction)
    throw new GatewayError('invalid_request', [
      {
        at: 'transaction',
        found: 'a Kysely instance',
        expected: 'a transaction, from kysely.transaction().execute(async (transaction) => ...)',
      },
    ])
  const run = 'isTransaction' in transaction ? throughKysely(transaction) : throughPg(transaction)
  const client = { query: run, release: () => undefined }
  // Kysely takes its connection from a pool; this pool has only the caller's and never releases it.
  const pool = { connect: async () => client, end: async () => undefined, options: {} }
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as never }) })
}

type Run = (text: string, values: readonly unknown[]) => Promise<{ rows: unknown[]; rowCount: number; command: string }>

function throughPg(client: PgClientLike): Run {
  return async (text, values) => {
    const { rows, rowCount, command } = await client.query(text, [...values])
    return { rows, rowCount: rowCount ?? 0, command }
  }
}

function throughKysely(transaction: KyselyTransactionLike): Run {
  return async (text, values) => {
    // A compiled query, because the caller's version of Kysely and ours may differ.
    const query = { sql: text, parameters: values, query: { kind: 'RawNode' }, queryId: { queryId: 'claimlinc-teams' } }
    const { rows, numAffectedRows } = await transaction.executeQuery(query as never)
    return { rows: [...rows], rowCount: Number(numAffectedRows ?? 0), command: 'SELECT' }
  }
}
