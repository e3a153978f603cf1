import type { Kysely } from 'kysely'
import { actorVia } from '../contract/audit-entries.ts'
import type { Signer } from '../contract/note-keys.ts'
import { insertCheckpoint, insertOrigin, readCheckpoint } from '../store/audit-tree.ts'
import { insertFirstLeaf, lockSealing, sealedBefore } from '../store/begin-tree.ts'
import { insertEntry } from '../store/insert-entry.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import type { Checkpoint } from './checkpoint.ts'
import { formatCheckpoint } from './checkpoint.ts'
import { compareAnchor, readStoredTree, type StoredTree } from './compare-anchor.ts'
import { signNote } from './signed-note.ts'

/** What {@link continueTrail} needs to know. */
export interface Continuing {
  /** The last checkpoint from outside the database. */
  readonly anchor: Checkpoint
  /** Name of the new tree. */
  readonly origin: string
  readonly reason: string
  /** The name that the record has for who does it, such as `cli:sara`. */
  readonly by: string
  /** Keys that may sign; those of another name do not. */
  readonly signers: readonly Signer[]
}

/** What the database had, and whether the new tree is signed; undefined where nothing is lost. */
export interface Continued {
  readonly kept: StoredTree
  readonly signed: boolean
}

/**
 * Begins a new tree after entries were lost. Its first entry says which checkpoint is known from outside, and what the database
 * kept of that tree; entries that were not sealed go into the new tree, after it.
 *
 * The tree before stays as it is: to sign on in it would make two checkpoints of one name that contradict each other.
 */
export async function continueTrail(db: Kysely<Tables>, options: Continuing): Promise<Continued | undefined> {
  const { anchor, origin, reason, by } = options
  return inTransaction(db, async (transaction) => {
    await lockSealing(transaction)
    const kept = await readStoredTree(transaction)
    if ((await compareAnchor(transaction, kept, { checkpoint: anchor })) === 'consistent') return undefined
    const last = kept.origin && (await readCheckpoint(transaction, kept.origin.id))
    const id = (kept.origin?.id ?? 0) + 1
    await insertOrigin(transaction, { id, name: origin })
    const entryId = await insertEntry(
      transaction,
      'audit.continued',
      {
        old_origin: anchor.origin,
        anchor_size: anchor.size,
        anchor_root: anchor.root.toString('hex'),
        kept_size: kept.size,
        kept_root: kept.root.toString('hex'),
        reason: null,
        via: actorVia(by),
        who: null,
      },
      { hashed: { reason, who: by } },
    )
    const root = await insertFirstLeaf(transaction, id, entryId)
    const signers = options.signers.filter(({ name }) => name === origin)
    const note = signers.length > 0 ? signNote(formatCheckpoint({ origin, size: 1, root }), signers) : null
    // Not complete: entries from before it wait for the next sealing, which goes on from the snapshot of the tree before.
    const before = await sealedBefore(transaction, last)
    const checkpoint = { size: 1, root, note, complete: false, lastId: null, pass: undefined }
    await insertCheckpoint(transaction, id, { ...checkpoint, ...before })
    return { kept, signed: note !== null }
  })
}
