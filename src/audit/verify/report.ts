import type { Finding, FindingCode, Note } from './findings.ts'

/** Most findings that are kept; of all others only their number is. */
const MAX_KEPT = 10_000
/** Most findings of a result. */
const MAX_REPORTED = 100

/** Collects what a verification finds. */
export interface Report {
  add(item: Finding | Note): void
  /** Findings per code, without those that are 0. */
  totals(): ReadonlyMap<FindingCode, number>
  /** The first findings: in the order of the trees, of their entries, and then those that name none. */
  findings(): readonly Finding[]
  notes(): readonly string[]
}

/** Makes an empty report. */
export function createReport(): Report {
  const kept: Finding[] = []
  const counts = new Map<FindingCode, number>()
  const notes = new Set<string>()
  return {
    add(item) {
      if ('note' in item) {
        notes.add(item.note)
        return
      }
      counts.set(item.code, (counts.get(item.code) ?? 0) + 1)
      if (kept.length < MAX_KEPT) kept.push(item)
    },
    totals: () => counts,
    findings() {
      const origins = [...new Set(kept.map(({ origin }) => origin))]
      const place = ({ origin, index }: Finding): readonly [number, number] => [
        origin === undefined ? origins.length : origins.indexOf(origin),
        index ?? Number.MAX_SAFE_INTEGER,
      ]
      return kept
        .map((finding) => ({ finding, place: place(finding) }))
        .sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1])
        .slice(0, MAX_REPORTED)
        .map(({ finding }) => finding)
    },
    notes: () => [...notes],
  }
}
