import { readFields } from './entry-head.ts'
import type { Finding } from './findings.ts'

/** Leaves without an entry, of one month and one after the other. */
interface Run {
  readonly firstIndex: number
  readonly firstId: string
  lastIndex: number
  latestMs: number
}

/** Tells the entries that retention removed from those that are missing. */
export interface GoneEntries {
  readonly count: number
  add(index: number, entryId: string, entryMs: number): void
  /** The bytes of an entry of the kind `record.removed`. */
  removal(body: Uint8Array): void
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
    add(index, entryId, entryMs) {
      count += 1
      const run = runs.at(-1)
      if (run?.lastIndex === index - 1 && month(run.latestMs) === month(entryMs)) {
        run.lastIndex = index
        run.latestMs = Math.max(run.latestMs, entryMs)
      } else runs.push({ firstIndex: index, firstId: entryId, lastIndex: index, latestMs: entryMs })
    },
    removal(body) {
      const fields = readFields(body)
      if (fields?.table !== 'teams_notifications' || typeof fields.before !== 'string') return
      const before = Date.parse(fields.before)
      if (before > removedBefore) removedBefore = before
    },
    findings: (origin) =>
      runs
        .filter(({ latestMs }) => latestMs >= removedBefore)
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
