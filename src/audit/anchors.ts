import type { Kysely } from 'kysely'
import type { Signer } from '../contract/note-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { readSignedCheckpoint } from '../store/audit-tree.ts'
import type { Tables } from '../store/tables.ts'
import { type Anchor, readNewestAnchor, writeAnchor } from './anchor-folder.ts'
import { anchorError, compareAnchor, readStoredTree } from './compare-anchor.ts'

/** Milliseconds between two looks at whether a checkpoint is due, and after which a failure is tried again. */
const LOOK_INTERVAL_MS = 60_000
/** Milliseconds between two files. */
const FILE_INTERVAL_MS = 3_600_000

/** A signed checkpoint that is to be kept outside the database. */
export interface SignedCheckpoint {
  readonly origin: string
  readonly size: number
  readonly note: string
  readonly sealedAt: Date
}

/** A place outside the database where signed checkpoints are kept. */
export type AnchorPlace = 'folder' | 'card'

/** Parts of {@link startAnchors}. */
export interface AnchorParts {
  readonly kysely: Kysely<Tables>
  /** Asked at each look; without a key there is nothing to keep. */
  readonly signers: () => readonly Signer[]
  /** TEAMS_AUDIT_ANCHOR_FOLDER. */
  readonly folder: string | undefined
  /** Sends a card where one is due today; returns whether it did. Undefined where cards are switched off. */
  readonly sendCard: ((checkpoint: SignedCheckpoint) => Promise<boolean>) | undefined
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Keeps signed checkpoints outside the database, where who can change the database can not change them: a file every hour
 * and at the stop, and a card a day. A failure is logged and counted, and stops nothing.
 *
 * @returns stops it, after a last file; resolves when nothing is being written
 */
export function startAnchors(parts: AnchorParts): () => Promise<void> {
  const { kysely, signers, folder, sendCard, clock, log, metrics } = parts
  if (folder === undefined && sendCard === undefined) return async () => {}
  const failing = new Set<AnchorPlace>()
  let written = Number.NEGATIVE_INFINITY
  let ahead = false
  let stopped = false
  let cancelTimer = () => {}
  let running: Promise<void> = Promise.resolve()

  async function keep(place: AnchorPlace, run: () => Promise<boolean>): Promise<void> {
    try {
      if (await run()) metrics.count('teams_audit_anchors_total', { place })
      failing.delete(place)
    } catch (error) {
      metrics.count('teams_audit_anchor_failures_total', { place })
      if (!failing.has(place)) log.write('audit_anchor_failed', { place, err: error })
      failing.add(place)
    }
  }

  async function writeFile(inFolder: string): Promise<boolean> {
    const checkpoint = await newestCheckpoint(kysely)
    if (checkpoint === undefined) return false
    const { anchor } = await readNewestAnchor(inFolder, checkpoint.origin)
    if (anchor !== undefined && !(await agrees(anchor))) return false
    const isNew = await writeAnchor(inFolder, checkpoint.note)
    written = clock.now().getTime()
    return isNew
  }

  /** False, and logged, where a fail-over or a person changed the database while this gateway runs. */
  async function agrees(anchor: Anchor): Promise<boolean> {
    const tree = await readStoredTree(kysely)
    const result = await compareAnchor(kysely, tree, anchor)
    if (result !== 'consistent' && !ahead) {
      const { code } = anchorError(result, anchor, tree)
      log.write('audit_anchor_ahead', { at: anchor.file, code, tree: anchor.checkpoint.origin, tree_size: tree.size })
    }
    ahead = result !== 'consistent'
    return !ahead
  }

  async function look(): Promise<void> {
    if (signers().length === 0) return
    const fileDue = Math.abs(clock.now().getTime() - written) >= FILE_INTERVAL_MS
    if (folder !== undefined && (fileDue || stopped)) await keep('folder', () => writeFile(folder))
    if (sendCard === undefined || stopped) return
    await keep('card', async () => {
      const checkpoint = await newestCheckpoint(kysely)
      return checkpoint !== undefined && (await sendCard(checkpoint))
    })
  }

  async function run(): Promise<void> {
    await look()
    if (!stopped)
      cancelTimer = clock.after(LOOK_INTERVAL_MS, () => {
        running = run()
      })
  }
  running = run()

  return async () => {
    stopped = true
    cancelTimer()
    await running
    await look()
  }
}

async function newestCheckpoint(db: Kysely<Tables>): Promise<SignedCheckpoint | undefined> {
  const { origin } = await readStoredTree(db)
  const signed = origin && (await readSignedCheckpoint(db, origin.id))
  return signed && { origin: origin.name, size: signed.size, note: signed.note, sealedAt: signed.sealedAt }
}
