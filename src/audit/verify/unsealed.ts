import { setTimeout as delay } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { readCheckpoint, readOrigin, type StoredCheckpoint } from '../../store/audit-tree.ts'
import { readUnsealed, readWithoutLeaf, type UnsealedEntry } from '../../store/read-unsealed.ts'
import type { Tables } from '../../store/tables.ts'
import { readCluster } from '../../store/unsealed-entries.ts'
import { readHead } from './entry-head.ts'
import type { Finding, Note } from './findings.ts'

/** Entries of a page; a page takes about a tenth of a second. */
const PAGE_ENTRIES = 50_000
/** Age in milliseconds from which on an entry should have a leaf. */
const SEALED_AFTER_MS = 60_000
/** Milliseconds in which a gateway seals an entry whose transaction has just ended, unless the caller says how many. */
const NEXT_SEALING_MS = 2_500
/** Longest time in milliseconds between an entry and the end of its transaction, after which a gateway's statements time out. */
const LONGEST_TRANSACTION_MS = 30_000

/**
 * Finds entries without a leaf that are older than a minute.
 *
 * The age of an entry counts from the beginning of its transaction, which may have ended a moment ago. So those that the newest
 * checkpoint could not see are looked at again, after a gateway would have sealed them. Where none has sealed since, those from
 * after the newest checkpoint are a note: after its last sealing a gateway was killed, or a command added an entry.
 *
 * @param afterId ids of the entries that are not looked at
 * @param nextSealingMs milliseconds after which late entries are looked at again
 */
export async function* findUnsealed(
  db: Kysely<Tables>,
  afterId: string,
  nextSealingMs = NEXT_SEALING_MS,
): AsyncGenerator<Finding | Note> {
  const { newest, snapshot } = await readNewest(db)
  const late: string[] = []
  for (let from: string | undefined = afterId; from !== undefined; ) {
    const page = await readUnsealed(db, { afterId: from, limit: PAGE_ENTRIES, snapshot })
    for (const entry of page.unsealed)
      if (entry.seen) yield findingOf(entry)
      else if (entry.ageMs > SEALED_AFTER_MS) late.push(entry.id)
    from = page.lastId
  }
  if (late.length === 0) return
  await delay(nextSealingMs)
  const now = await readNewest(db)
  const sealing = now.newest?.sealedAt.getTime() !== newest?.sealedAt.getTime()
  let waiting = false
  for (const entry of await readWithoutLeaf(db, late, now.snapshot))
    if (!sealing && isAfter(entry, now.newest)) waiting = true
    else yield findingOf(entry)
  if (waiting)
    yield {
      note: `The newest entries are not sealed: no gateway has sealed since ${now.newest?.sealedAt.toISOString()}. The next one to start seals them.`,
    }
}

/** Whether a checkpoint could not see an entry, because it was made before the entry's transaction ended. */
function isAfter({ ageMs, seen, isAhead }: UnsealedEntry, checkpoint: StoredCheckpoint | undefined): boolean {
  return checkpoint !== undefined && !seen && !isAhead && ageMs <= checkpoint.ageMs + LONGEST_TRANSACTION_MS
}

/** The newest checkpoint, and its snapshot if the transactions in that are those of this server and database. */
async function readNewest(
  db: Kysely<Tables>,
): Promise<{ readonly newest: StoredCheckpoint | undefined; readonly snapshot: string | undefined }> {
  const origin = await readOrigin(db)
  const newest = origin && (await readCheckpoint(db, origin.id))
  const known = newest !== undefined && newest.cluster === (await readCluster(db))
  return { newest, snapshot: known ? newest.snapshot : undefined }
}

function findingOf({ id, ageMs, seen, subject, body }: UnsealedEntry): Finding {
  const kind = readHead(body, 0, body.length)?.kind
  return {
    code: 'entry_unsealed',
    entryId: id,
    ...(kind === undefined ? {} : { kind }),
    ...(subject === null ? {} : { subject }),
    detail: seen
      ? 'its transaction number is older than the newest checkpoint, which does not have it: no gateway will seal it'
      : `${Math.round(ageMs / 1000)} seconds old, and no gateway has sealed it`,
  }
}
