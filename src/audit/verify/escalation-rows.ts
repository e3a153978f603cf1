import { SILENCE_KINDS } from '../../contract/silences.ts'
import type { StoredEscalation } from '../../store/record-in-order.ts'
import { isHashedJson } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_escalations'

/** Whether each column of an escalation is as its last entry says. */
export const ESCALATION_COLUMNS: Readonly<Record<string, (row: StoredEscalation, entry: Entry) => boolean>> = {
  policy: (row, { fields }) => row.policy === fields.policy,
  state: (row, { fields }) => row.state === fields.state,
  reason: (row, { fields }) => row.reason === fields.reason,
  tier: (row, { fields }) => row.tier === fields.tier,
  round: (row, { fields }) => row.round === fields.round,
  since: (row, { fields }) => row.since === fields.since,
  next_at: (row, { fields }) => row.next_at === fields.next_at || isLookedAtAgain(row, fields),
  held_by: (row, { fields }) => row.held_by === fields.held_by,
  ack_expires_at: (row, { fields }) => row.ack_expires_at === fields.ack_expires_at,
  reminded_at: (row, { fields }) => row.reminded_at === fields.reminded_at,
  ended_at: (row, { fields }) => row.ended_at === fields.ended_at,
  salt: (row) => row.salt !== null,
}

/** A tier that a silence holds is looked at again and again, which has no entry: only later than the first time. */
function isLookedAtAgain(row: StoredEscalation, { held_by, next_at }: Entry['fields']): boolean {
  const bySilence = SILENCE_KINDS.some((kind) => kind === held_by)
  return bySilence && row.next_at !== null && typeof next_at === 'string' && row.next_at > next_at
}

/** Compares an escalation with the last of its entries, and its plan with the first. */
export function checkEscalation(
  id: string,
  [row]: readonly StoredEscalation[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const own = entries.filter(({ kind }) => kind.startsWith('escalation.'))
  const [started, ...again] = own.filter(({ kind }) => kind === 'escalation.started')
  for (const entry of again) findings.add(notBacked(TABLE, id, entry, 'second row'))
  const last = own.at(-1)
  if (row === undefined) {
    // They leave by the age of their event, which is that of their first entry.
    const [first] = own
    if (first && last && first.createdAt >= trail.removedBefore(TABLE)) findings.add(notBacked(TABLE, id, last))
    return
  }
  if (last === undefined) {
    // The entries of a month leave with its record, the rows of escalations by their own time.
    if (row.since >= trail.removedBefore('teams_notifications'))
      addRowWithoutEntry(findings, trail, { table: TABLE, id, at: row.since, salted: row.salt !== null })
    return
  }
  for (const [column, holds] of Object.entries(ESCALATION_COLUMNS))
    if (!holds(row, last)) findings.add(differs(TABLE, id, column, last))
  if (started && !isHashedJson(started.fields.plan, row.salt, row.plan))
    findings.add(differs(TABLE, id, 'plan', started))
}
