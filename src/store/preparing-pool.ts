import { createHash } from 'node:crypto'
import { type PostgresPool, type PostgresPoolClient, type PostgresQueryResult, sql } from 'kysely'
import type { PoolClient } from 'pg'
import { clientThrough } from './client-through.ts'
import type { SurvivingPool } from './surviving-pool.ts'

const MARK = '/* prepared */'

/**
 * Begins a statement that each connection shall keep as it was once planned: over the months' tables, to plan a step
 * costs as much as to carry it out. Only for what has few texts, since they are kept for as long as the connection lives.
 */
export const PREPARED = sql.raw(MARK)

/**
 * What PostgreSQL answers where statements can not be kept: a pooler gave this transaction another connection (26000,
 * 42P05), or a migration changed what the statement gives (0A000).
 */
const CAN_NOT_KEEP: readonly unknown[] = ['26000', '42P05', '0A000']

/**
 * The pool as Kysely uses it, where statements that begin with {@link PREPARED} are sent under a name of their own. Once
 * one was refused for that, none is any more: whoever sent it tries again, as after every fault of the database.
 */
export function preparingPool(pool: SurvivingPool): PostgresPool {
  const names = new Map<string, string>()
  let refused = false

  const named = (text: string): string => {
    const known = names.get(text)
    if (known) return known
    // PostgreSQL cuts names after 63 bytes.
    const name = `claimlinc_teams_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }

  function preparing(client: PoolClient): PostgresPoolClient {
    const plain: PostgresPoolClient = client

    async function keep<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
      try {
        const { command, rowCount, rows } = await client.query({ name: named(text), text, values: [...parameters] })
        return { command: command as PostgresQueryResult<R>['command'], rowCount: rowCount ?? 0, rows }
      } catch (error) {
        if (CAN_NOT_KEEP.includes((error as { code?: unknown }).code)) refused = true
        throw error
      }
    }

    return clientThrough(plain, <R>(text: string, parameters: readonly unknown[]) =>
      refused || !text.startsWith(MARK) ? plain.query<R>(text, parameters) : keep<R>(text, parameters),
    )
  }

  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => preparing(await pool.connect()),
  }
}
