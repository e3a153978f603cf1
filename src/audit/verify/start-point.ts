import type { Kysely } from 'kysely'
import { readTile } from '../../store/audit-tree.ts'
import { type NumberedCheckpoint, readCheckpointBefore } from '../../store/read-checkpoints.ts'
import type { StoredTree } from '../../store/read-trees.ts'
import type { Tables } from '../../store/tables.ts'
import { frontierFromTiles, IncompleteTile } from '../tiles.ts'
import { createFrontier, type Frontier } from '../tree.ts'
import type { Finding } from './findings.ts'

/** Where the verification of a tree begins. */
export interface StartPoint {
  readonly frontier: Frontier
  /** The checkpoint of that size; undefined for the beginning of the tree. */
  readonly checkpoint: NumberedCheckpoint | undefined
}

/** From when on to verify: a time, or a number of entries of the newest tree. */
export type Since = { readonly time: Date } | { readonly size: number }

/** The beginning of a tree. */
export function treeStart(): StartPoint {
  return { frontier: createFrontier(0, []), checkpoint: undefined }
}

/**
 * The last checkpoint at or before a point, whose root is taken on its word: what it covers is not verified. The beginning of the
 * tree where there is none. A finding where the stored hashes do not give the checkpoint's root.
 */
export async function startSince(
  db: Kysely<Tables>,
  tree: StoredTree,
  since: Since,
): Promise<{ readonly start: StartPoint; readonly finding?: Finding }> {
  const checkpoint = await readCheckpointBefore(db, tree.id, since)
  if (checkpoint === undefined) return { start: treeStart() }
  const frontier = await storedFrontier(db, tree, checkpoint.size)
  if (frontier?.root().equals(checkpoint.root)) return { start: { frontier, checkpoint } }
  return {
    start: treeStart(),
    finding: {
      code: 'checkpoint_differs',
      origin: tree.name,
      detail: `checkpoint of ${checkpoint.size} entries, at which the verification would begin: its root is not that of the stored hashes; everything was verified`,
    },
  }
}

/** The tree of a size from its stored hashes; undefined where some are missing. */
export async function storedFrontier(
  db: Kysely<Tables>,
  tree: StoredTree,
  size: number,
): Promise<Frontier | undefined> {
  try {
    return await frontierFromTiles(size, {
      read: (level, index, width) => readTile(db, tree.id, level, index, width),
    })
  } catch (error) {
    if (error instanceof IncompleteTile || error instanceof RangeError) return undefined
    throw error
  }
}
