import type { Kysely } from 'kysely'
import { readUnsealedSeconds } from '../store/audit-lag.ts'
import { readCheckpoint, readOrigin } from '../store/audit-tree.ts'
import type { Tables } from '../store/tables.ts'
import { HEARTBEAT_MS } from './seal.ts'

/** Milliseconds that a process without a key gives one with a key for its work. */
const LEFT_MS = 60_000

/**
 * Whether a process without a key leaves sealing to another one, because the tree is signed and the process that signs it is
 * not late.
 *
 * Otherwise a replica that has not got its key yet, because Vault does not answer or the settings are being rolled out, would
 * take turns with the others: checkpoints without a signature between signed ones, and an entry for each change.
 */
export async function leftToSigner(db: Kysely<Tables>): Promise<boolean> {
  const origin = await readOrigin(db)
  const last = origin && (await readCheckpoint(db, origin.id))
  if (!last?.note || last.ageMs >= HEARTBEAT_MS + LEFT_MS) return false
  // It may be at work on a backlog, whose entries are older.
  if (last.ageMs >= 0 && last.ageMs < LEFT_MS) return true
  return (await readUnsealedSeconds(db)) * 1000 < LEFT_MS
}
