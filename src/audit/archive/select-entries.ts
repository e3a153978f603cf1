import type { Kysely } from 'kysely'
import type { Origin } from '../../store/audit-tree.ts'
import { saltedHash } from '../../store/entry-sql.ts'
import { readEntries } from '../../store/read-entries.ts'
import { LEAF_HEAD_BYTES, readLeaves } from '../../store/read-leaves.ts'
import { readSaltedValues, type StoredValue } from '../../store/read-salted-values.ts'
import type { Tables } from '../../store/tables.ts'
import { bodyLengthAt, entryNumberAt, indexAt, leafHashAt } from '../verify/leaf-records.ts'
import { type ExportedEntry, type ExportedValue, fieldsOf, hashesOf } from './entry-line.ts'

/** Leaves of a batch; their entries take a few hundred kilobytes. Four times as many are no faster. */
const BATCH_LEAVES = 512
/** Entries of a batch about a correlation id. With values, which can be cards, fewer. */
const BATCH_ENTRIES = { plain: 500, values: 50 } as const

/** Reads the entries of a range of leaves in the order of the tree. */
export async function* entriesInRange(
  db: Kysely<Tables>,
  origin: Origin,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<readonly ExportedEntry[], void> {
  for (let from = start; from < end; from += BATCH_LEAVES) {
    const until = Math.min(end, from + BATCH_LEAVES)
    const { heads, bodies } = await db
      .transaction()
      .execute((transaction) => readLeaves(transaction, origin.id, { from, end: until }))
    const entries: ExportedEntry[] = []
    let body = 0
    for (let offset = 0; offset < heads.length; offset += LEAF_HEAD_BYTES) {
      const length = bodyLengthAt(heads, offset)
      entries.push({
        origin: origin.name,
        index: indexAt(heads, offset),
        id: entryNumberAt(heads, offset),
        leaf: leafHashAt(heads, offset),
        // After a zero byte.
        body: length < 0 ? undefined : bodies.subarray(body + 1, body + 1 + length),
      })
      body += length < 0 ? 0 : 1 + length
    }
    yield entries
  }
}

/** Reads the entries about events and notifications, in the order of the tree, up to its leaf `end`. */
export async function* entriesAbout(
  db: Kysely<Tables>,
  origin: Origin,
  { subjects, end, values }: { readonly subjects: readonly string[]; readonly end: number; readonly values: boolean },
): AsyncGenerator<readonly ExportedEntry[], void> {
  const limit = values ? BATCH_ENTRIES.values : BATCH_ENTRIES.plain
  for (let index = 0; index < end; ) {
    const found = await readEntries(
      db,
      { subjects, originId: origin.id },
      { originId: origin.id, index, afterId: 0 },
      { unsealed: false, limit },
    )
    const entries = found.flatMap(({ id, leaf, body }): ExportedEntry[] =>
      leaf !== undefined && leaf.index < end
        ? [{ origin: origin.name, index: leaf.index, id, leaf: leaf.hash, body }]
        : [],
    )
    if (entries.length > 0) yield values ? await withValues(db, entries) : entries
    if (found.length < limit || entries.length < found.length) return
    index = (entries.at(-1)?.index ?? end) + 1
  }
}

/** Adds the stored values whose hashes entries have. A value that was changed or erased since is not among them. */
async function withValues(db: Kysely<Tables>, entries: readonly ExportedEntry[]): Promise<readonly ExportedEntry[]> {
  const subjects = new Set(entries.flatMap(({ body }) => subjectsOf(body)))
  const stored = await readSaltedValues(
    db,
    [...subjects],
    entries.map(({ id }) => id),
  )
  const byKey = Map.groupBy(stored, ({ key }) => key)
  return entries.map((entry) => {
    const keys = [...subjectsOf(entry.body), String(entry.id)]
    const candidates = keys.flatMap((key) => byKey.get(key) ?? [])
    return { ...entry, values: valuesOf(entry.body, candidates) }
  })
}

function valuesOf(body: Buffer | undefined, candidates: readonly StoredValue[]): Record<string, ExportedValue> {
  const values: Record<string, ExportedValue> = {}
  for (const [name, hash] of hashesOf(fieldsOf(body) ?? {})) {
    const found = candidates.find(({ field, salt, value }) => field === name && saltedHash(salt, value) === hash)
    if (found !== undefined) values[name] = { salt: found.salt, value: found.value }
  }
  return values
}

/** The ids of the event, the notification and the action that an entry is about. */
function subjectsOf(body: Buffer | undefined): readonly string[] {
  const { event, notification, action } = fieldsOf(body) ?? {}
  return [event, notification, action].filter((id) => typeof id === 'string')
}
