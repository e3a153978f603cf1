import { isObject, type Json } from '../kernel/json.ts'

/** A condition of a watched system that holds now. */
export interface Condition<E> {
  /** What it is about, one of the source's own names. */
  readonly finding: string
  /** Name of the part of the system; empty for the system as a whole. */
  readonly subject: string
  /** What its event says. */
  readonly says: E
}

/** A condition that was seen, as it stands in the checkpoint. Times are in ISO 8601. */
export interface Finding {
  readonly finding: string
  readonly subject: string
  /** When it was seen first. */
  readonly since: string
  /** True once its event was made. */
  readonly open: boolean
  /** When it was first seen to be over, if it is. */
  readonly clearSince?: string
}

/** What one look changes. */
export interface FindingChanges<E> {
  readonly findings: readonly Finding[]
  /** Conditions whose event is due. */
  readonly opened: readonly { readonly finding: Finding; readonly says: E }[]
  /** Findings that are over, and whose event is to be resolved. */
  readonly closed: readonly Finding[]
}

/** Open and pending findings of a source; more are counted in one that names none of them. */
export const MOST_FINDINGS = 50
/** Subject of the finding that stands for those beyond {@link MOST_FINDINGS}. */
export const MORE = '…'

/**
 * Compares a look with the findings of the checkpoint. A condition is opened once it has held for `openAfterMs`, and closed once it
 * has not held for `closeAfterMs`; one that comes and goes within these times makes no event.
 *
 * @param unknown findings about which this look says nothing; they stay as they are
 */
export function changeFindings<E>(
  before: readonly Finding[],
  conditions: readonly Condition<E>[],
  now: Date,
  options: { readonly openAfterMs: number; readonly closeAfterMs: number; readonly unknown?: ReadonlySet<string> },
): FindingChanges<E> {
  const { openAfterMs, closeAfterMs, unknown } = options
  const holding = new Map(conditions.map((condition) => [keyOf(condition), condition]))
  const opened: { finding: Finding; says: E }[] = []
  const closed: Finding[] = []
  const findings: Finding[] = []
  // A time in the future is of a clock that was set back since.
  const age = (since: string) => Math.max(0, now.getTime() - Date.parse(since))

  function holds(finding: Finding, says: E): void {
    const { clearSince: _, ...still } = finding
    const due = !still.open && age(still.since) >= openAfterMs
    const next = due ? { ...still, open: true } : still
    findings.push(next)
    if (due) opened.push({ finding: next, says })
  }

  for (const finding of before) {
    const condition = holding.get(keyOf(finding))
    holding.delete(keyOf(finding))
    if (unknown?.has(finding.finding)) findings.push(finding)
    else if (condition) holds(finding, condition.says)
    else if (finding.open) {
      const clearSince = finding.clearSince ?? now.toISOString()
      if (age(clearSince) >= closeAfterMs) closed.push(finding)
      else findings.push({ ...finding, clearSince })
    }
  }
  for (const { finding, subject, says } of holding.values())
    holds({ finding, subject, since: now.toISOString(), open: false }, says)
  return { findings, opened, closed }
}

/**
 * Leaves at most {@link MOST_FINDINGS} conditions, those that are findings already first. The others of each kind become one with the
 * subject {@link MORE}, which `says` makes.
 */
export function limitConditions<E>(
  conditions: readonly Condition<E>[],
  before: readonly Finding[],
  says: (finding: string, count: number) => E,
): readonly Condition<E>[] {
  if (conditions.length <= MOST_FINDINGS) return conditions
  const known = new Set(before.map(keyOf))
  const isKnown = (condition: Condition<E>) => known.has(keyOf(condition))
  const ordered = [...conditions.filter(isKnown), ...conditions.filter((condition) => !isKnown(condition))]
  const rest = Map.groupBy(ordered.slice(MOST_FINDINGS), ({ finding }) => finding)
  return [
    ...ordered.slice(0, MOST_FINDINGS),
    ...[...rest].map(([finding, { length }]) => ({ finding, subject: MORE, says: says(finding, length) })),
  ]
}

/** Reads the findings of a checkpoint; entries that are none, as of another version, are left out. */
export function readFindings(written: Json | undefined): readonly Finding[] {
  return (Array.isArray(written) ? written : []).flatMap((entry: Json): readonly Finding[] => {
    if (!isObject(entry)) return []
    const { finding, subject, since, open, clearSince } = entry
    if (typeof finding !== 'string' || typeof subject !== 'string' || !isTime(since)) return []
    return [{ finding, subject, since, open: open === true, ...(isTime(clearSince) ? { clearSince } : {}) }]
  })
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function keyOf({ finding, subject }: { readonly finding: string; readonly subject: string }): string {
  return `${finding}\n${subject}`
}
