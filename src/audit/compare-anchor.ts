import type { Kysely } from 'kysely'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { type Origin, readCheckpoint, readOrigin } from '../store/audit-tree.ts'
import type { Tables } from '../store/tables.ts'
import { type Anchor, readNewestAnchor } from './anchor-folder.ts'
import { tilesOf } from './seal.ts'
import { frontierFromTiles, IncompleteTile } from './tiles.ts'
import { createFrontier } from './tree.ts'

/** The tree that a database has: its newest origin, undefined before the first sealing, with its last checkpoint. */
export interface StoredTree {
  readonly origin: Origin | undefined
  readonly size: number
  readonly root: Buffer
}

/** Reads the tree that entries are added to. */
export async function readStoredTree(db: Kysely<Tables>): Promise<StoredTree> {
  const origin = await readOrigin(db)
  const last = origin && (await readCheckpoint(db, origin.id))
  return { origin, size: last?.size ?? 0, root: last?.root ?? createFrontier(0, []).root() }
}

/**
 * Compares a tree with an anchor of it. `behind`: the database has fewer entries, as after an old backup was restored.
 * `differs`: the first entries of the tree are others than those that were signed.
 */
export async function compareAnchor(
  db: Kysely<Tables>,
  tree: StoredTree,
  { checkpoint }: Pick<Anchor, 'checkpoint'>,
): Promise<'consistent' | 'behind' | 'differs'> {
  if (checkpoint.size > tree.size) return 'behind'
  return (await rootAt(db, tree, checkpoint.size))?.equals(checkpoint.root) ? 'consistent' : 'differs'
}

async function rootAt(db: Kysely<Tables>, { origin, size, root }: StoredTree, at: number): Promise<Buffer | undefined> {
  if (at === size || origin === undefined) return root
  try {
    return (await frontierFromTiles(at, tilesOf(db, origin.id))).root()
  } catch (error) {
    if (error instanceof IncompleteTile) return undefined
    throw error
  }
}

/**
 * Refuses a database that lacks entries which were anchored, or that has others in their place: new entries would hide the
 * loss. Trees that `audit continue` ended are not compared; `audit verify` does. A folder or a file that can not be read is only
 * logged: a share that is away must not stop alarms.
 *
 * @param keyName the name of the configured key, which the tree gets where the database has none yet
 * @throws GatewayError `audit_behind_anchor`, `audit_differs_from_anchor`
 */
export async function checkAnchors(
  db: Kysely<Tables>,
  folder: string,
  keyName: string | undefined,
  log: Log,
): Promise<void> {
  const origin = await readOrigin(db)
  const anchor = await newestAnchor(folder, origin?.name ?? keyName, log)
  if (anchor === undefined) return
  // After the folder: another replica may seal and write an anchor meanwhile, which an earlier read of the tree lacks.
  const tree = await readStoredTree(db)
  const result = await compareAnchor(db, tree, anchor)
  if (result !== 'consistent') throw anchorError(result, anchor, tree)
}

async function newestAnchor(folder: string, origin: string | undefined, log: Log): Promise<Anchor | undefined> {
  try {
    const { anchor, unreadable } = await readNewestAnchor(folder, origin)
    for (const at of unreadable) log.write('audit_anchor_unreadable', { at })
    return anchor
  } catch (error) {
    log.write('audit_anchor_unreadable', { at: folder, err: error })
    return undefined
  }
}

/** The error of a database that does not agree with an anchor. */
export function anchorError(
  result: 'behind' | 'differs',
  { file, checkpoint }: Anchor,
  tree: StoredTree,
): GatewayError {
  const { origin, size, root } = checkpoint
  return result === 'behind'
    ? new GatewayError('audit_behind_anchor', [
        {
          at: file,
          found: `a signed checkpoint of ${size} entries of ${origin}, and a database with ${tree.size}`,
          expected: `a database with at least ${size} entries`,
        },
      ])
    : new GatewayError('audit_differs_from_anchor', [
        {
          at: file,
          found: `a database whose first ${size} entries of ${origin} have another root than the one that was signed`,
          expected: `the root ${root.toString('base64')}`,
        },
      ])
}
