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
  /** Event type that resolves its event: for a version, or a configuration, that does not know the finding. */
  readonly endType?: string
  /** Time that names the event which reported it together with others of its kind; absent for one with an event of its own. */
  readonly group?: string
}

/** A condition whose event is due. */
export interface OpenedFinding<E> {
  readonly finding: Finding
  readonly says: E
}

/** What one look changes. */
export interface FindingChanges<E> {
  readonly findings: readonly Finding[]
  readonly opened: readonly OpenedFinding<E>[]
  /** Findings that are over, and whose event is to be resolved. */
  readonly closed: readonly Finding[]
}

/** Findings of a source, also those that are about to close; more are counted in one that names none of them. */
export const MOST_FINDINGS = 50
/** How long a finding stays open whose subject the system does not list any more: it may have failed, or may have been removed. */
const ABSENT_MS = 86_400_000
/** Subject of the finding that stands for those beyond {@link MOST_FINDINGS}. */
export const MORE = '…'

/**
 * Compares a look with the findings of the checkpoint. A condition is opened once it has held for `openAfterMs`, and closed once it
 * has not held for `closeAfterMs`; one that comes and goes within these times makes no event.
 *
 * @param options.unknown findings about which this look says nothing; they stay as they are
 * @param options.undecided true for a finding of which this look does not say whether it is over; it stays as it is
 * @param options.absent true for a finding whose subject the system does not list: it stays open for a day
 */
export function changeFindings<E>(
  before: readonly Finding[],
  conditions: readonly Condition<E>[],
  now: Date,
  options: {
    readonly openAfterMs: number
    readonly closeAfterMs: number
    readonly unknown?: ReadonlySet<string>
    readonly undecided?: (finding: Finding) => boolean
    readonly absent?: (finding: Finding) => boolean
  },
): FindingChanges<E> {
  const { openAfterMs, closeAfterMs, unknown, undecided, absent } = options
  const holding = new Map(conditions.map((condition) => [keyOf(condition), condition]))
  const opened: OpenedFinding<E>[] = []
  const closed: Finding[] = []
  const findings: Finding[] = []
  const age = (since: string) => now.getTime() - Date.parse(since)
  // A time in the future is of a clock that was set back since: the holding time begins anew, and not only when the clock is there again.
  const past = (since: string) => (age(since) < 0 ? now.toISOString() : since)

  function holds(finding: Finding, says: E): void {
    const { clearSince: _, ...still } = finding
    const since = still.open ? still.since : past(still.since)
    const due = !still.open && age(since) >= openAfterMs
    const next = { ...still, since, open: still.open || due }
    findings.push(next)
    if (due) opened.push({ finding: next, says })
  }

  for (const finding of before) {
    const condition = holding.get(keyOf(finding))
    holding.delete(keyOf(finding))
    if (unknown?.has(finding.finding)) findings.push(finding)
    else if (condition) holds(finding, condition.says)
    else if (undecided?.(finding)) findings.push(finding)
    else if (finding.open) {
      const clearSince = past(finding.clearSince ?? now.toISOString())
      const holdMs = absent?.(finding) ? Math.max(ABSENT_MS, closeAfterMs) : closeAfterMs
      if (age(clearSince) >= holdMs) closed.push(finding)
      else findings.push({ ...finding, clearSince })
    }
  }
  for (const { finding, subject, says } of holding.values())
    holds({ finding, subject, since: now.toISOString(), open: false }, says)
  return { findings, opened, closed }
}

/**
 * Makes one group of the findings of a kind that a look opens, where they are more than `from`: a cause that they share is one event. What
 * belongs together is written in the findings, since the event that ends the group is due once the last of them is over.
 */
export function groupOpened<E>(changes: FindingChanges<E>, from: number): FindingChanges<E> {
  const groups = new Map<Finding, string>()
  for (const opened of Map.groupBy(changes.opened, ({ finding }) => finding.finding).values())
    if (opened.length > from) {
      const [group = ''] = opened.map(({ finding }) => finding.since).toSorted()
      for (const { finding } of opened) groups.set(finding, group)
    }
  const grouped = (finding: Finding): Finding => {
    const group = groups.get(finding)
    return group === undefined ? finding : { ...finding, group }
  }
  return {
    findings: changes.findings.map(grouped),
    opened: changes.opened.map(({ finding, says }) => ({ finding: grouped(finding), says })),
    closed: changes.closed,
  }
}

/**
 * Leaves conditions of at most {@link MOST_FINDINGS} findings, and `mostOfAKind` of each kind. Those that are findings already stay;
 * others take the room that is left, also by findings that are about to close: subjects that change at every look would fill the
 * checkpoint. The rest of each kind become one with the subject {@link MORE}, which `says` makes. While there is one, further conditions
 * of its kind count in it: each that took a place which becomes free would be an event about what was counted already.
 */
export function limitConditions<E>(
  conditions: readonly Condition<E>[],
  before: readonly Finding[],
  says: (finding: string, count: number) => E,
  mostOfAKind: number = MOST_FINDINGS,
): readonly Condition<E>[] {
  const holding = new Set(conditions.map(keyOf))
  const kept = before.filter((finding) => finding.subject !== MORE && (finding.open || holding.has(keyOf(finding))))
  const known = new Set(kept.slice(0, MOST_FINDINGS).map(keyOf))
  const full = new Set(before.flatMap(({ finding, subject }) => (subject === MORE ? [finding] : [])))
  const taken = new Map<string, number>()
  for (const { finding } of kept) taken.set(finding, (taken.get(finding) ?? 0) + 1)
  let room = MOST_FINDINGS - known.size
  const [fresh, beyond]: [Condition<E>[], Condition<E>[]] = [[], []]
  for (const condition of conditions) {
    const { finding } = condition
    const count = taken.get(finding) ?? 0
    if (known.has(keyOf(condition))) continue
    if (full.has(finding) || room <= 0 || count >= mostOfAKind) beyond.push(condition)
    else {
      fresh.push(condition)
      taken.set(finding, count + 1)
      room -= 1
    }
  }
  const rest = Map.groupBy(beyond, ({ finding }) => finding)
  return [
    ...conditions.filter((condition) => known.has(keyOf(condition))),
    ...fresh,
    ...[...rest].map(([finding, { length }]) => ({ finding, subject: MORE, says: says(finding, length) })),
  ]
}

/** Reads the findings of a checkpoint; entries that are none, as of another version, are left out. */
export function readFindings(written: Json | undefined): readonly Finding[] {
  return (Array.isArray(written) ? written : []).flatMap((entry: Json): readonly Finding[] => {
    if (!isObject(entry)) return []
    const { finding, subject, since, open, clearSince, endType, group } = entry
    if (typeof finding !== 'string' || typeof subject !== 'string' || !isTime(since)) return []
    return [
      {
        finding,
        subject,
        since,
        open: open === true,
        ...(isTime(clearSince) ? { clearSince } : {}),
        ...(typeof endType === 'string' ? { endType } : {}),
        ...(isTime(group) ? { group } : {}),
      },
    ]
  })
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function keyOf({ finding, subject }: { readonly finding: string; readonly subject: string }): string {
  return `${finding}\n${subject}`
}
