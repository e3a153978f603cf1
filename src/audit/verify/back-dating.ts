import type { NumberedCheckpoint } from '../../store/read-checkpoints.ts'

/** Difference between an entry's time and that of a checkpoint that is still taken for the delay of a transaction. */
const MARGIN_MS = 300_000

/** An entry whose time is older than the checkpoint before it. */
export interface OldEntry {
  readonly index: number
  readonly entryId: string
  readonly kind: string
  readonly subject: string | undefined
  readonly at: string
}

/** Entries that may be back-dated: those are, whose transactions were not open in the snapshot. */
export interface Suspected {
  readonly entries: readonly OldEntry[]
  readonly snapshot: string
}

/** Finds entries that name a time at which they would have been sealed earlier. */
export interface BackDating {
  /** Entries with a time before this one are to be given to {@link BackDating.add}; undefined where none can be judged. */
  readonly before: string | undefined
  add(entry: OldEntry): void
  /** The checkpoint of the entries since the last one. Returns those that need the transactions of a snapshot to be judged. */
  seal(checkpoint: NumberedCheckpoint): Suspected | undefined
}

/**
 * An entry is sealed by the first sealing that sees it. If it names a time from before a checkpoint that did not see it, its
 * transaction was open at that checkpoint, or the entry was made later than it says.
 *
 * An entry that was sealed while the database's clock was set back is not judged: the checkpoint of its own sealing is then
 * as old. Neither is one in a database to which a dump was restored, as transactions count anew there.
 *
 * @param from the complete checkpoint at which the verification begins
 */
export function createBackDating(from?: NumberedCheckpoint): BackDating {
  let base = from?.complete ? from : undefined
  let old: OldEntry[] = []
  const limit = (ms: number) => new Date(ms - MARGIN_MS).toISOString()
  let before = base && limit(base.sealedAt.getTime())

  return {
    get before() {
      return before
    },
    add: (entry) => void old.push(entry),
    seal(checkpoint) {
      const judged = base !== undefined && base.cluster === checkpoint.cluster
      const at = limit(Math.min(base?.sealedAt.getTime() ?? 0, checkpoint.sealedAt.getTime()))
      const entries = judged ? old.filter((entry) => entry.at < at) : []
      const suspected = entries.length > 0 && base !== undefined ? { entries, snapshot: base.snapshot } : undefined
      // An incomplete sealing left entries that the one before it would have seen: that one stays the base.
      if (checkpoint.complete) base = checkpoint
      else if (!judged) base = undefined
      before = base && limit(base.sealedAt.getTime())
      old = []
      return suspected
    },
  }
}
