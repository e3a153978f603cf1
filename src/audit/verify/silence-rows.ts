import { actorVia } from '../../contract/audit-entries.ts'
import type { StoredSilence } from '../../store/record-in-order.ts'
import { isHashed, isHashedJson } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, mayBeEarlierVersion, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_silences'

/** Whether each column of a silence is as the entry of its making says. */
const SILENCE_COLUMNS: Readonly<Record<string, (row: StoredSilence, entry: Entry) => boolean>> = {
  kind: (row, { fields }) => row.kind === fields.type,
  matchers: (row, { fields }) => isHashedJson(fields.matchers, row.salt, row.matchers),
  starts_at: (row, { fields }) => row.starts_at === fields.starts_at,
  ends_at: (row, { fields }) => row.ends_at === fields.ends_at,
  every: (row, { fields }) => row.every === fields.every,
  reason: (row, { fields }) => isHashed(fields.reason, row.salt, row.reason),
  created_by: (row, { fields }) =>
    actorVia(row.created_by) === fields.via && isHashed(fields.who, row.salt, row.created_by),
  created_at: (row, entry) => row.created_at === entry.createdAt,
  salt: (row) => row.salt !== null,
}

/** Compares a silence with its entries. Silences are never removed, but their entries are, with the month in which they were made. */
export function checkSilence(
  id: string,
  [row]: readonly StoredSilence[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const [made, ...again] = entries.filter(({ kind }) => kind === 'silence.made')
  const [ended, ...endedAgain] = entries.filter(({ kind }) => kind === 'silence.ended')
  for (const entry of [...again, ...endedAgain]) findings.add(notBacked(TABLE, id, entry, 'second row'))
  if (row === undefined) {
    const entry = made ?? ended
    if (entry) findings.add(notBacked(TABLE, id, entry))
    return
  }
  if (made) {
    for (const [column, holds] of Object.entries(SILENCE_COLUMNS))
      if (!holds(row, made)) findings.add(differs(TABLE, id, column, made))
  } else if (row.created_at >= trail.removedBefore('teams_notifications'))
    addRowWithoutEntry(findings, trail, { table: TABLE, id, at: row.created_at, salted: row.salt !== null })
  checkEnd(id, row, ended, { trail, findings })
}

function checkEnd(
  id: string,
  row: StoredSilence,
  ended: Entry | undefined,
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  if (ended === undefined) {
    if (row.ended_at === null || (trail.beganAt !== undefined && row.ended_at < trail.beganAt)) return
    if (row.ended_at < trail.removedBefore('teams_notifications')) return
    if (mayBeEarlierVersion(trail, row.ended_at)) findings.addEarlierVersion(TABLE)
    else findings.add(differs(TABLE, id, 'ended_at', undefined))
    return
  }
  const { fields } = ended
  if (row.ended_at !== fields.ended_at) findings.add(differs(TABLE, id, 'ended_at', ended))
  const isNamed = row.ended_by !== null && actorVia(row.ended_by) === fields.via
  if (!isNamed || !isHashed(fields.who, row.salt, row.ended_by)) findings.add(differs(TABLE, id, 'ended_by', ended))
}
