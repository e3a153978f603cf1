import type { Kysely } from 'kysely'
import type { Clock } from '../kernel/clock.ts'
import { readSources, renewSource, type SourceRow, saveSource, takeSource } from '../store/sources.ts'
import type { Tables } from '../store/tables.ts'
import { unwatchedEvent } from './blindness.ts'
import { endedEvent, endedOnes, unwatchedEnd } from './finding-events.ts'
import { readFindings } from './findings.ts'
import { type RunnerParts, SOURCE_LEASE_MS } from './runner.ts'

/** Between two tries. */
const RETRY_MS = 60_000
/** Time without a replica that runs a source until it counts as removed: while replicas start again, some have the configuration before. */
const UNSEEN_MS = 600_000

/** Parts of {@link startEndingRemoved}. */
export interface RemovedParts extends Pick<RunnerParts, 'kysely' | 'accept' | 'clock' | 'log'> {
  /** Kinds of the configuration's sources, by name. */
  readonly sources: ReadonlyMap<string, { readonly kind: string }>
}

/**
 * Ends what is open of sources that the configuration has no more: nobody else would resolve those events, and they would climb on. Tries
 * until nothing is left, and then never again.
 *
 * @returns stops it
 */
export function startEndingRemoved({ sources, kysely, accept, clock, log }: RemovedParts): () => Promise<void> {
  let stopped = false
  let failing = false
  let cancelTimer = () => {}
  let trying = tryOnce()

  async function tryOnce(): Promise<void> {
    let left = true
    try {
      left = await endAll()
      failing = false
    } catch (error) {
      if (!stopped && !failing) log.write('source_removed_open', { err: error })
      failing = true
    }
    if (left && !stopped)
      cancelTimer = clock.after(RETRY_MS, () => {
        trying = tryOnce()
      })
  }

  /** Returns true where something is left. */
  async function endAll(): Promise<boolean> {
    const removed = [...(await readSources(kysely)).values()].filter((row) => isRemoved(row) && hasOpen(row))
    let left = removed.length
    for (const row of removed) if (isLeft(row, clock) && (await end(row, { kysely, accept, clock }))) left -= 1
    return left > 0
  }

  function isRemoved({ name, kind }: SourceRow): boolean {
    return sources.get(name)?.kind !== kind
  }

  return async () => {
    stopped = true
    cancelTimer()
    await trying
  }
}

function hasOpen({ checkpoint, blindSince }: SourceRow): boolean {
  return blindSince !== undefined || readFindings(checkpoint.findings).some(({ open }) => open)
}

function isLeft({ holder, seenAt }: SourceRow, clock: Clock): boolean {
  return holder === undefined && clock.now().getTime() - (seenAt?.getTime() ?? 0) > UNSEEN_MS
}

/** Ends what is open of one source, under its lease. False where another replica has taken it. */
async function end(
  { name, kind }: SourceRow,
  { kysely, accept, clock }: Pick<RemovedParts, 'accept' | 'clock'> & { readonly kysely: Kysely<Tables> },
): Promise<boolean> {
  const taken = await takeSource(kysely, { name, kind, holder: 'removed', leaseMs: SOURCE_LEASE_MS })
  if (taken === undefined) return false
  const { lease, checkpoint, sight, blindSince } = taken
  const now = clock.now()
  const open = readFindings(checkpoint.findings).filter((finding) => finding.open)
  const ends = endedOnes(open, []).flatMap((finding) => {
    const says = unwatchedEnd(finding)
    return says === undefined ? [] : [endedEvent(name, finding, says, now)]
  })
  const isHeld =
    (await accept(ends, name, (transaction) => saveSource(transaction, lease, { checkpoint: {} }))) &&
    (blindSince === undefined ||
      (await accept([unwatchedEvent({ name, kind, since: blindSince, now })], name, (transaction) =>
        saveSource(transaction, lease, { blindSince: null }),
      )))
  await renewSource(kysely, lease, 0, sight)
  return isHeld
}
