import { readFields } from './entry-head.ts'
import type { Finding } from './findings.ts'

/** Leaves without an entry, of one month and one after the other. */
interface Run {
  readonly firstIndex: number
  readonly firstId: string
  lastIndex: number
  latestMs: number
  /** When the last entry before it was made, as its bytes say. */
  readonly afterMs: number
}

/** A transaction may be as long as this, and its entry then have a later place than its time says. */
const DAY_MS = 86_400_000

/** A leaf whose entry was not found by its id and time. */
export interface GoneLeaf {
  readonly index: number
  readonly entryId: string
  /** Its time in the leaf, which no hash covers. */
  readonly entryMs: number
  /** The time in the bytes of the last entry before it; undefined where there is none. */
  readonly after: string | undefined
}

/** Tells the entries that retention removed from those that are missing. */
export interface GoneEntries {
  readonly count: number
  add(leaf: GoneLeaf): void
  /** The bytes of an entry of the kind `record.removed`. Returns what it explains, for a note; undefined for other tables. */
  removal(entryId: string, body: Uint8Array): string | undefined
  /** Runs that no removal explains. */
  findings(origin: string): readonly Finding[]
}

/** Retention drops whole months, so leaves without an entry are kept as runs of a month: millions take no memory. */
export function createGoneEntries(): GoneEntries {
  const runs: Run[] = []
  let removedBefore = Number.NEGATIVE_INFINITY
  let count = 0
  const month = (ms: number) => (Math.abs(ms) < 8e15 ? new Date(ms).toISOString().slice(0, 7) : '')
  return {
    get count() {
      return count
    },
    add({ index, entryId, entryMs, after }) {
      count += 1
      const run = runs.at(-1)
      if (run?.lastIndex === index - 1 && month(run.latestMs) === month(entryMs)) {
        run.lastIndex = index
        run.latestMs = Math.max(run.latestMs, entryMs)
      } else
        runs.push({
          firstIndex: index,
          firstId: entryId,
          lastIndex: index,
          latestMs: entryMs,
          afterMs: after === undefined ? Number.NEGATIVE_INFINITY : Date.parse(after),
        })
    },
    removal(entryId, body) {
      const fields = readFields(body)
      if (fields?.table !== 'teams_notifications' || typeof fields.before !== 'string') return undefined
      const says = `entry ${entryId} (record.removed) says that retention removed ${fields.count} notifications and all entries from before ${fields.before}`
      const before = Date.parse(fields.before)
      // Retention removes months that are over.
      if (!(before <= Date.parse(String(fields.at))))
        return `${says}, which is later than the entry itself: it explains nothing.`
      if (before > removedBefore) removedBefore = before
      return `${says}.`
    },
    findings: (origin) =>
      runs
        .filter(({ latestMs, afterMs }) => latestMs >= removedBefore || afterMs > removedBefore + DAY_MS)
        .map(({ firstIndex, lastIndex, firstId }) => ({
          code: 'entry_missing',
          origin,
          index: firstIndex,
          entryId: firstId,
          detail:
            firstIndex === lastIndex
              ? 'the leaf is there; its entry is not, and no entry says that retention removed it'
              : `the leaves ${firstIndex} to ${lastIndex} are there; their ${lastIndex - firstIndex + 1} entries are not, and no entry says that retention removed them`,
        })),
  }
}
