import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from 'kysely'

/** Sends one statement and gives what comes back. */
export type SendStatement = <R>(text: string, parameters: readonly unknown[]) => Promise<PostgresQueryResult<R>>

/** A connection as Kysely uses it, whose statements go through `send`. Cursors go past it. */
export function clientThrough(
  client: PostgresPoolClient,
  send: SendStatement,
  release: PostgresPoolClient['release'] = (destroy) => client.release(destroy),
): PostgresPoolClient {
  function query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query<R>(given: string | PostgresCursor<R>, parameters: readonly unknown[] = []) {
    return typeof given === 'string' ? send<R>(given, parameters) : client.query(given)
  }
  return { ...(client.processID === undefined ? {} : { processID: client.processID }), query, release }
}
