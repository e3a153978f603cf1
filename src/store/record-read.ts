import type { Kysely } from 'kysely'
import { actorVia } from '../contract/audit-entries.ts'
import { insertEntry } from './insert-entry.ts'
import type { Tables } from './tables.ts'

/**
 * Records that somebody reads notifications with data and card: one entry for all that one answer shows. Call it before they
 * are handed out; where it fails, they must not be.
 *
 * Not in a transaction with the read, which changes nothing that it could be undone with: two round trips more for each
 * read. The entry is committed when this resolves.
 *
 * @param ids in the order of the answer, one at least
 * @param by the name that the record has for the caller, such as `http:ops` or `cli:sara`
 */
export async function recordRead(db: Kysely<Tables>, ids: readonly string[], by: string): Promise<void> {
  const [first] = ids
  const last = ids.at(-1)
  if (first === undefined || last === undefined) return
  await insertEntry(
    db,
    'record.read',
    { what: 'notification', filter: null, count: ids.length, first, last, via: actorVia(by), who: null },
    { ...(first === last ? { subject: first } : {}), hashed: { who: by } },
  )
}
