import type { Kysely } from 'kysely'
import type { Signer } from '../contract/note-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Tables } from '../store/tables.ts'
import { leftToSigner } from './left-to-signer.ts'
import { type Sealing, type SeenCheckpoint, seal } from './seal.ts'

/** Milliseconds between two sealings: an entry is sealed within two seconds. */
const SEALING_INTERVAL_MS = 1_000

/**
 * Starts sealing once a second. Every replica does; one at a time seals. One without a key seals only while none has a key.
 *
 * @param signers asked before each sealing, because keys are rotated while the gateway runs
 * @returns stops it, after a last sealing; resolves when none is running
 */
export function startSealer(options: {
  readonly kysely: Kysely<Tables>
  readonly signers: () => readonly Signer[]
  readonly clock: Clock
  readonly log: Log
}): () => Promise<void> {
  const { kysely, signers, clock, log } = options
  let stopped = false
  let failing = false
  let inconsistent = false
  let lost = false
  /** Stays the same while the database lacks it: entries that a fail-over lost may come back with the right server. */
  let seen: SeenCheckpoint | undefined
  let foreign = ''
  let cancelTimer = () => {}
  let running: Promise<void> = Promise.resolve()

  async function run(): Promise<void> {
    let more = false
    try {
      const keys = signers()
      const left = keys.length === 0 && (await leftToSigner(kysely))
      const sealing: Sealing = left ? { kind: 'busy' } : await seal(kysely, keys, { seen })
      more = sealing.kind === 'sealed' && sealing.more
      report(sealing)
      if (failing) log.write('audit_sealing_recovered')
      failing = false
    } catch (error) {
      if (!failing) log.write('audit_sealing_failed', { err: error })
      failing = true
    }
    if (!stopped) next(more ? 0 : SEALING_INTERVAL_MS)
  }

  function report(sealing: Sealing): void {
    if (sealing.kind === 'busy') return
    const isInconsistent = sealing.kind === 'inconsistent'
    if (isInconsistent && !inconsistent)
      log.write('audit_tree_inconsistent', { tree: sealing.origin, tree_size: sealing.size })
    inconsistent = isInconsistent
    const isLost = sealing.kind === 'lost'
    if (isLost && !lost) log.write('audit_entries_lost', { tree: sealing.origin, tree_size: sealing.size })
    lost = isLost
    if (sealing.kind !== 'sealed') return
    seen = sealing.newest
    const found = sealing.foreignKeys.join()
    if (found !== '' && found !== foreign) log.write('audit_key_of_another_tree', { tree: sealing.origin })
    foreign = found
  }

  function next(afterMs: number): void {
    cancelTimer = clock.after(afterMs, () => {
      running = run()
    })
  }
  running = run()

  return async () => {
    stopped = true
    cancelTimer()
    await running
    // Seals what the stop has recorded. Not where the last sealing failed: the database may be away, and a stop is not to wait for it.
    if (!failing) await run()
  }
}
