import type { Kysely } from 'kysely'
import type { ArchiveKey } from '../contract/archive-keys.ts'
import { newId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { insertArchived, lockWrappedByOthers, readArchivedContent, saveRewrapped } from '../store/archive.ts'
import type { Tables } from '../store/tables.ts'
import { openContent, rewrapDataKey, sealContent, type Unreadable } from './envelope.ts'

/** Records that one step of a rewrap visits. */
const REWRAPPED_AT_ONCE = 500

/** Something that is kept. */
export interface Kept {
  readonly kind: string
  readonly source: string | null
  readonly subject: string
  readonly eventId: string | null
  readonly actionId: string | null
  /** What lists show of it. No patient data: it is not encrypted. */
  readonly about: JsonObject
  readonly content: Buffer
}

/** Keeps what other systems sent as it was, encrypted: a data key for each record, wrapped by the newest archive key. */
export interface Archive {
  /** False where no archive key is set: then nothing can be kept. */
  canKeep(): boolean
  /**
   * Keeps something, in the given transaction.
   *
   * @returns the id of the record; undefined where no archive key is set, and nothing is kept
   */
  keep(transaction: Kysely<Tables>, kept: Kept): Promise<string | undefined>
  /** Decrypts the content of a record; undefined where there is none, or its data key was erased. */
  open(
    db: Kysely<Tables>,
    name: { readonly id: string; readonly kind: string },
  ): Promise<{ readonly content: Buffer } | { readonly why: Unreadable } | undefined>
  /** Wraps data keys with the newest archive key, those of the next records after `after`. */
  rewrap(
    transaction: Kysely<Tables>,
    after: string | undefined,
  ): Promise<{
    readonly rewrapped: number
    readonly withoutKey: number
    readonly damaged: readonly string[]
    readonly last: string | undefined
  }>
}

/** Makes the archive of a database. */
export function createArchive(keys: () => readonly ArchiveKey[]): Archive {
  return {
    canKeep: () => keys().length > 0,
    async keep(transaction, kept) {
      const [newest] = keys()
      if (newest === undefined) return undefined
      const { content, ...about } = kept
      const id = newId()
      const sealed = sealContent({ id, kind: kept.kind }, content, newest)
      await insertArchived(transaction, { ...about, ...sealed, id, size: content.length })
      return id
    },
    async open(db, name) {
      const stored = await readArchivedContent(db, name.id)
      return stored && openContent(name, stored, keys())
    },
    async rewrap(transaction, after) {
      const known = keys()
      const [newest] = known
      if (newest === undefined) return { rewrapped: 0, withoutKey: 0, damaged: [], last: undefined }
      const page = { after, limit: REWRAPPED_AT_ONCE }
      const records = await lockWrappedByOthers(transaction, newest.id, page)
      const done: { id: string; dataKey: Buffer }[] = []
      const damaged: string[] = []
      let withoutKey = 0
      for (const record of records) {
        const wrapped = rewrapDataKey(record, record, known, newest)
        if ('dataKey' in wrapped) done.push({ id: record.id, dataKey: wrapped.dataKey })
        else if (wrapped.why === 'archive_damaged') damaged.push(record.id)
        else withoutKey += 1
      }
      if (done.length > 0) await saveRewrapped(transaction, newest.id, done)
      const last = records.length === REWRAPPED_AT_ONCE ? records.at(-1)?.id : undefined
      return { rewrapped: done.length, withoutKey, damaged, last }
    },
  }
}
