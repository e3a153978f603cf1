import type { ArchivedView } from '../contract/archive.ts'
import { actorVia } from '../contract/audit-entries.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import { timeOfId } from '../kernel/ids.ts'
import { listArchived, readArchived, type StoredArchived } from '../store/archive.ts'
import { insertEntry } from '../store/insert-entry.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'

/** Makes the use cases of the archive. */
export function createArchiveUse({
  database: { kysely },
  archive,
  log,
}: Pick<UseCaseParts, 'database' | 'archive' | 'log'>): Pick<
  GatewayService,
  'listArchive' | 'getArchived' | 'rewrapArchive'
> {
  return {
    async listArchive({ cursor, limit, ...filter }) {
      const before = cursorOf(cursor)
      if ([filter.kind, filter.source, filter.subject].some((given) => given?.includes('\0')))
        return { records: [], nextCursor: null }
      const found = (await listArchived(kysely, { ...filter, before, limit })).map(viewOf)
      const records = found.slice(0, limit)
      return { records, nextCursor: found.length > limit ? (records.at(-1)?.id ?? null) : null }
    },
    async getArchived(id, by) {
      const row = timeOfId(id) === undefined ? undefined : await readArchived(kysely, id)
      const opened = row && (await archive.open(kysely, row))
      if (row === undefined || opened === undefined)
        throw new GatewayError('not_found', [
          { at: 'id', found: 'an id that no archived record has', expected: 'the id of an archived record' },
        ])
      if ('why' in opened)
        throw new GatewayError(opened.why, [
          { at: 'id', found: `a record under the archive key ${row.key_id}`, expected: EXPECTED[opened.why] },
        ])
      // Before it is handed out: what can not be recorded is not read.
      await insertEntry(
        kysely,
        'record.read',
        { what: 'archived', filter: null, count: 1, first: row.id, last: row.id, via: actorVia(by), who: null },
        { subject: row.id, hashed: { who: by } },
      )
      return { ...viewOf(row), content: opened.content.toString('base64') }
    },
    async rewrapArchive(cursor, by) {
      const after = cursorOf(cursor)
      if (!archive.canKeep())
        throw new GatewayError('invalid_settings', [
          { at: 'TEAMS_ARCHIVE_KEYS', found: 'no key', expected: 'the new key first, and the old ones after it' },
        ])
      const { last, ...step } = await inTransaction(kysely, (transaction) => archive.rewrap(transaction, after))
      if (step.rewrapped > 0) log.write('archive_rewrapped', { records: step.rewrapped, by })
      return { ...step, nextCursor: last ?? null }
    },
  }
}

const EXPECTED = {
  archive_key_missing: 'that key among TEAMS_ARCHIVE_KEYS',
  archive_damaged: 'the bytes that the gateway wrote',
} as const

function cursorOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined || timeOfId(cursor) !== undefined) return cursor
  throw new GatewayError('invalid_request', [
    { at: 'cursor', found: 'text of another form', expected: 'the next_cursor of an earlier answer' },
  ])
}

function viewOf(row: StoredArchived): ArchivedView {
  return {
    id: row.id,
    kind: row.kind,
    source: row.source,
    subject: row.subject,
    eventId: row.event_id,
    actionId: row.action_id,
    about: row.about,
    state: row.state,
    keyId: row.key_id,
    size: row.size,
    archivedAt: row.archived_at,
    restoredAt: row.restored_at,
  }
}
