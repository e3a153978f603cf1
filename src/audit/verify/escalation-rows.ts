import { SILENCE_KINDS } from '../../contract/silences.ts'
import type { StoredEscalation } from '../../store/record-in-order.ts'
import { type ChangingTable, checkChanging } from './changing-rows.ts'
import { isHashedJson } from './compare.ts'
import { differs, type Findings } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

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

const TABLE: ChangingTable<StoredEscalation> = {
  table: 'teams_escalations',
  prefix: 'escalation.',
  beginnings: new Set(['escalation.started']),
  columns: ESCALATION_COLUMNS,
  // They leave by the age of their event, which is that of their first entry.
  removedBy: 'first',
  at: (row) => row.since,
}

/** Compares an escalation with the last of its entries, and its plan with the first. */
export function checkEscalation(
  id: string,
  [row]: readonly StoredEscalation[],
  entries: readonly Entry[],
  context: { readonly trail: Trail; readonly findings: Findings },
): void {
  const started = checkChanging(TABLE, id, row, entries, context)
  if (row && started && !isHashedJson(started.fields.plan, row.salt, row.plan))
    context.findings.add(differs(TABLE.table, id, 'plan', started))
}
