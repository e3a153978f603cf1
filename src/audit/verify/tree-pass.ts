import type { Kysely } from 'kysely'
import { findEntries, findOpenIn } from '../../store/find-entries.ts'
import { type NumberedCheckpoint, readCheckpoints } from '../../store/read-checkpoints.ts'
import { type LeafBatch, readLeaves } from '../../store/read-leaves.ts'
import { readNodes, type StoredNodes, type StoredTree } from '../../store/read-trees.ts'
import type { Tables } from '../../store/tables.ts'
import type { LeafCheck } from './leaf-check.ts'
import type { StartPoint } from './start-point.ts'

/** Leaves of a batch. With 4,096 the process needs 40 MB more, and is as fast. */
const BATCH_LEAVES = 1_024

interface Batch {
  readonly leaves: LeafBatch
  readonly nodes: StoredNodes
  readonly checkpoints: readonly NumberedCheckpoint[]
}

/**
 * Reads a tree once, from the start point to its end, in the order of its leaves, and gives all of it to a check. The next batch
 * is read while one is checked.
 *
 * @param onLeaves gets the number of leaves of each batch
 */
export async function passOver(
  db: Kysely<Tables>,
  tree: StoredTree,
  start: StartPoint,
  check: LeafCheck,
  onLeaves: (count: number) => void,
): Promise<void> {
  let from = start.frontier.size
  let reading = readBatch(db, tree, from, start.checkpoint === undefined ? -1 : from - 1)
  for (;;) {
    const { leaves, nodes, checkpoints } = await reading
    const next = endOf(tree, from)
    const more = next < tree.end
    if (more) {
      reading = readBatch(db, tree, next, next)
      // Awaited in the next round; a check that throws before must not leave a rejection that nobody handles.
      reading.catch(() => undefined)
    }
    const firstId = start.checkpoint?.id ?? 0
    check.take(
      leaves,
      nodes,
      checkpoints.filter(({ id, size }) => size > start.frontier.size || id > firstId),
    )
    await judgeLater(db, check)
    onLeaves(leaves.count)
    from = next
    if (!more) break
  }
  for (const checkpoint of await readCheckpoints(db, tree.id, {
    after: from,
    until: Number.MAX_SAFE_INTEGER,
    lastId: tree.lastCheckpointId,
  }))
    check.beyond(checkpoint)
}

/** Where a batch ends, also where leaves of it are missing. */
function endOf(tree: StoredTree, from: number): number {
  return Math.min(tree.end, from + BATCH_LEAVES)
}

/** In one transaction, so that it needs one connection. */
function readBatch(db: Kysely<Tables>, tree: StoredTree, from: number, after: number): Promise<Batch> {
  return db.transaction().execute(async (transaction) => {
    const end = endOf(tree, from)
    const leaves = await readLeaves(transaction, tree.id, { from, end })
    const nodes = await readNodes(transaction, tree.id, { from, end })
    const lastId = tree.lastCheckpointId
    const checkpoints = await readCheckpoints(transaction, tree.id, { after, until: end, lastId })
    return { leaves, nodes, checkpoints }
  })
}

/** Looks up what a batch alone does not tell: few entries or none, in a trail that is intact. */
async function judgeLater(db: Kysely<Tables>, check: LeafCheck): Promise<void> {
  const { gone, suspected } = check.takeOpen()
  if (gone.length > 0)
    check.judgeGone(
      gone,
      await findEntries(
        db,
        gone.map(({ entryId }) => entryId),
      ),
    )
  for (const { entries, snapshot } of suspected) {
    const open = await findOpenIn(
      db,
      snapshot,
      entries.map(({ entryId }) => entryId),
    )
    check.judgeOld(entries.filter(({ entryId }) => !open.has(entryId)))
  }
}
