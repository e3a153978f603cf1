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
import { MAX_PER_SEALING } from '../store/unsealed-entries.ts'
import { formatCheckpoint } from './checkpoint.ts'
import { signNote } from './signed-note.ts'
import { frontierFromTiles, IncompleteTile, type TileReader } from './tiles.ts'
import { appendLeaves, type Frontier } from './tree.ts'

/** Milliseconds after which a checkpoint is made although nothing happened, so that silence is asserted and not assumed. */
export const HEARTBEAT_MS = 3_600_000

/** What a sealing did. */
export type Sealing =
  /** Another process is sealing. */
  | { readonly kind: 'busy' }
  /** Sealed so many entries; `more` where others may wait. */
  | {
      readonly kind: 'sealed'
      readonly origin: string
      readonly entries: number
      readonly more: boolean
      readonly signed: boolean
      /** Names of given keys that did not sign, because this tree has another name. */
      readonly foreignKeys: readonly string[]
      /** The newest checkpoint, for {@link SealOptions.seen} of the next sealing. */
      readonly newest: SeenCheckpoint
    }
  /** The tree does not go on from a checkpoint that was seen before: the database lost transactions. Nothing is signed. */
  | { readonly kind: 'lost'; readonly origin: string; readonly size: number }
  /** The stored tree is not the one of its last checkpoint: it was edited, and nothing is signed until that is explained. */
  | { readonly kind: 'inconsistent'; readonly origin: string; readonly size: number }

/** A checkpoint that a process has seen in the database. */
export interface SeenCheckpoint {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

/** Options of {@link seal}. */
export interface SealOptions {
  /** Most entries of one sealing. */
  readonly limit?: number
  /** The newest checkpoint that the caller knows; a tree that does not go on from it is not sealed. */
  readonly seen?: SeenCheckpoint | undefined
}

/**
 * Seals entries: numbers those that have become visible, adds them to the tree, and signs the new root. One transaction, so
 * a process that is killed between any two statements leaves nothing half done.
 *
 * Makes no checkpoint where there is nothing new, except once an hour, and when the keys that sign have changed.
 *
 * @param signers the keys that sign, the current one first; none where no key is configured. A key whose name is not the
 *   tree's origin signs nothing: no tool would take its checkpoints for those of this tree
 */
export async function seal(
  db: Kysely<Tables>,
  signers: readonly Signer[],
  { limit = MAX_PER_SEALING, seen }: SealOptions = {},
): Promise<Sealing> {
  try {
    return await inTransaction(db, (transaction) => sealOnce(transaction, signers, limit, seen))
  } catch (error) {
    if (error instanceof WrongTree) return { kind: error.kind, origin: error.origin, size: error.size }
    throw error
  }
}

/** Thrown, so that the transaction is rolled back. */
class WrongTree extends Error {
  readonly kind: 'inconsistent' | 'lost'
  readonly origin: string
  readonly size: number

  constructor(kind: 'inconsistent' | 'lost', origin: string, size: number) {
    super(`the stored tree is ${kind}`)
    this.kind = kind
    this.origin = origin
    this.size = size
  }
}

async function sealOnce(
  db: Kysely<Tables>,
  given: readonly Signer[],
  limit: number,
  known: SeenCheckpoint | undefined,
): Promise<Sealing> {
  if (!(await takeSealingLock(db))) return { kind: 'busy' }
  const found = await readOrigin(db)
  if (found === undefined && known !== undefined) throw new WrongTree('lost', known.origin, 0)
  const origin = found ?? (await beginOrigin(db, given))
  const signers = given.filter(({ name }) => name === origin.name)
  const foreignKeys = given.filter(({ name }) => name !== origin.name).map(({ name }) => name)
  const result = { kind: 'sealed', origin: origin.name, foreignKeys } as const
  const last = await readCheckpoint(db, origin.id)
  if (known !== undefined && known.origin === origin.name && !(await goesOn(db, origin, last, known)))
    throw new WrongTree('lost', origin.name, last?.size ?? 0)
  const keyIds = signers.map(({ keyId }) => keyId)
  const keysChanged = last !== undefined && signedBy(last) !== keyIds.join()
  // Before entries are numbered: it must not be newer than the snapshot of this sealing.
  if (keysChanged) await insertEntry(db, 'audit.keys_changed', { keys: keyIds })
  const { leaves, ...seen } = await numberEntries(db, origin.id, last, limit)
  const due = last === undefined || last.ageMs >= HEARTBEAT_MS || last.ageMs < 0
  // How far a pass has come is kept also where it looked at sealed entries only.
  const moved = last?.pass !== undefined || seen.pass !== undefined || last?.cluster !== seen.cluster
  if (leaves.length === 0 && !due && !moved) {
    const newest = { origin: origin.name, size: last.size, root: last.root }
    return { ...result, entries: 0, more: false, signed: last.note !== null, newest }
  }
  const frontier = await storedFrontier(db, origin, last?.size ?? 0)
  if (last !== undefined && !frontier?.root().equals(last.root))
    throw new WrongTree('inconsistent', origin.name, last.size)
  if (frontier === undefined) throw new WrongTree('inconsistent', origin.name, 0)
  const nodes: TreeNode[] = []
  appendLeaves(frontier, leaves, (level, index, hash) => nodes.push({ level, index, hash }))
  await insertNodes(db, origin.id, nodes)
  const { size } = frontier
  const root = frontier.root()
  const note = signers.length > 0 ? signNote(formatCheckpoint({ origin: origin.name, size, root }), signers) : null
  await insertCheckpoint(db, origin.id, { size, root, note, ...seen })
  const newest = { origin: origin.name, size, root }
  // After the end of a pass there are the entries that were written meanwhile.
  const more = !seen.complete || last?.pass !== undefined
  return { ...result, entries: leaves.length, more, signed: note !== null, newest }
}

/**
 * True where a tree begins with the one of a checkpoint that was seen before. Without that a gateway that stays connected through a
 * fail-over would sign checkpoints which contradict its earlier ones.
 */
async function goesOn(
  db: Kysely<Tables>,
  origin: Origin,
  last: StoredCheckpoint | undefined,
  { size, root }: SeenCheckpoint,
): Promise<boolean> {
  if (last === undefined || last.size < size) return false
  if (last.size === size) return last.root.equals(root)
  // Another replica has sealed since.
  return (await storedFrontier(db, origin, size))?.root().equals(root) ?? false
}

/** The right edge of the stored tree of this size; undefined where hashes are missing. */
async function storedFrontier(db: Kysely<Tables>, origin: Origin, size: number): Promise<Frontier | undefined> {
  try {
    return await frontierFromTiles(size, tilesOf(db, origin.id))
  } catch (error) {
    if (error instanceof IncompleteTile) return undefined
    throw error
  }
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
