import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Signer } from '../contract/note-keys.ts'
import {
  insertCheckpoint,
  insertNodes,
  insertOrigin,
  type Origin,
  readCheckpoint,
  readOrigin,
  readTile,
  type StoredCheckpoint,
  type TreeNode,
} from '../store/audit-tree.ts'
import { insertEntry } from '../store/insert-entry.ts'
import { numberEntries, takeSealingLock } from '../store/seal-entries.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { formatCheckpoint } from './checkpoint.ts'
import { signNote } from './signed-note.ts'
import { frontierFromTiles, type TileReader } from './tiles.ts'
import { appendLeaves } from './tree.ts'

/** Most entries of one sealing: a second of work, in which other statements go on. */
const MAX_PER_SEALING = 20_000
/** Milliseconds after which a checkpoint is made although nothing happened, so that silence is asserted and not assumed. */
export const HEARTBEAT_MS = 3_600_000

/** What a sealing did. */
export type Sealing =
  /** Another process is sealing. */
  | { readonly kind: 'busy' }
  /** Sealed so many entries; `more` where others wait. */
  | {
      readonly kind: 'sealed'
      readonly origin: string
      readonly entries: number
      readonly more: boolean
      readonly signed: boolean
      /** Names of given keys that did not sign, because this tree has another name. */
      readonly foreignKeys: readonly string[]
    }
  /** The stored tree is not the one of its last checkpoint: it was edited, and nothing is signed until that is explained. */
  | { readonly kind: 'inconsistent'; readonly origin: string; readonly size: number }

/**
 * Seals entries: numbers those that have become visible, adds them to the tree, and signs the new root. One transaction, so
 * a process that is killed between any two statements leaves nothing half done.
 *
 * Makes no checkpoint where there is nothing new, except once an hour, and when the keys that sign have changed.
 *
 * @param signers the keys that sign, the current one first; none where no key is configured. A key whose name is not the
 *   tree's origin signs nothing: no tool would take its checkpoints for those of this tree
 * @param options.limit most entries of one sealing
 */
export async function seal(
  db: Kysely<Tables>,
  signers: readonly Signer[],
  { limit = MAX_PER_SEALING } = {},
): Promise<Sealing> {
  try {
    return await inTransaction(db, (transaction) => sealOnce(transaction, signers, limit))
  } catch (error) {
    if (error instanceof InconsistentTree) return { kind: 'inconsistent', origin: error.origin, size: error.size }
    throw error
  }
}

/** Thrown, so that the transaction is rolled back. */
class InconsistentTree extends Error {
  readonly origin: string
  readonly size: number

  constructor(origin: string, size: number) {
    super('the stored tree does not have the root of its last checkpoint')
    this.origin = origin
    this.size = size
  }
}

async function sealOnce(db: Kysely<Tables>, given: readonly Signer[], limit: number): Promise<Sealing> {
  if (!(await takeSealingLock(db))) return { kind: 'busy' }
  const origin = (await readOrigin(db)) ?? (await beginOrigin(db, given))
  const signers = given.filter(({ name }) => name === origin.name)
  const foreignKeys = given.filter(({ name }) => name !== origin.name).map(({ name }) => name)
  const result = { kind: 'sealed', origin: origin.name, foreignKeys } as const
  const last = await readCheckpoint(db, origin.id)
  const keyIds = signers.map(({ keyId }) => keyId)
  const keysChanged = last !== undefined && signedBy(last) !== keyIds.join()
  // Before entries are numbered: it must not be newer than the snapshot of this sealing.
  if (keysChanged) await insertEntry(db, 'audit.keys_changed', { keys: keyIds })
  const { leaves, ...seen } = await numberEntries(db, origin.id, last, limit)
  const due = last === undefined || last.ageMs >= HEARTBEAT_MS || last.ageMs < 0
  if (leaves.length === 0 && !due) return { ...result, entries: 0, more: false, signed: last.note !== null }
  const frontier = await frontierFromTiles(last?.size ?? 0, tilesOf(db, origin.id))
  if (last !== undefined && !frontier.root().equals(last.root)) throw new InconsistentTree(origin.name, last.size)
  const nodes: TreeNode[] = []
  appendLeaves(frontier, leaves, (level, index, hash) => nodes.push({ level, index, hash }))
  await insertNodes(db, origin.id, nodes)
  const { size } = frontier
  const root = frontier.root()
  const note = signers.length > 0 ? signNote(formatCheckpoint({ origin: origin.name, size, root }), signers) : null
  await insertCheckpoint(db, origin.id, { size, root, note, ...seen })
  return { ...result, entries: leaves.length, more: !seen.complete, signed: note !== null }
}

/**
 * Begins the first tree. Its name is that of the key, as C2SP's tools expect; without a key it is made up, and `audit keygen`
 * takes it as the name of a key.
 */
async function beginOrigin(transaction: Kysely<Tables>, [signer]: readonly Signer[]): Promise<Origin> {
  const origin = { id: 1, name: signer?.name ?? `claimlinc-teams/${randomUUID()}` }
  await insertOrigin(transaction, origin)
  return origin
}

/** The key IDs of a checkpoint's signatures, in the form in which {@link seal} compares them. */
function signedBy({ note }: StoredCheckpoint): string {
  const lines = (note ?? '').split('\n').filter((line) => line.startsWith('— '))
  return lines.map((line) => Buffer.from(line.split(' ')[2] ?? '', 'base64').toString('hex', 0, 4)).join()
}

/** The stored tiles of a tree. */
export function tilesOf(db: Kysely<Tables>, originId: number): TileReader {
  return { read: (level, index, width) => readTile(db, originId, level, index, width) }
}
