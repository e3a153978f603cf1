import { hash } from 'node:crypto'
import type { StoredAction } from '../../store/record-in-order.ts'
import { isHashed, isHashedJson } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_actions'

/** Whether each column of an action is as its last entry says. */
export const ACTION_COLUMNS: Readonly<Record<string, (row: StoredAction, entry: Entry) => boolean>> = {
  action: (row, { fields }) => row.action === fields.type,
  state: (row, { fields }) => row.state === fields.state,
  code: (row, { fields }) => row.code === fields.code,
  event_id: (row, { fields }) => row.event_id === fields.event,
  notification_id: (row, { fields }) => row.notification_id === fields.notification,
  event_ids: (row, { fields }) => hash('sha256', row.event_ids, 'hex') === fields.event_ids,
  via: (row, { fields }) => row.via === fields.via,
  actor_id: (row, { fields }) => isHashed(fields.person, row.salt, row.actor_id),
  actor_name: (row, { fields }) => isHashed(fields.who, row.salt, row.actor_name),
  verified: (row, { fields }) => row.verified === fields.verified,
  relayed_by: (row, { fields }) => isHashed(fields.relay, row.salt, row.relayed_by),
  reason: (row, { fields }) => isHashed(fields.reason, row.salt, row.reason),
  note: (row, { fields }) => isHashed(fields.note, row.salt, row.note),
  tier: (row, { fields }) => row.tier === fields.tier,
  quiet_until: (row, { fields }) => row.quiet_until === fields.quiet_until,
  result: (row, { fields }) => isHashedJson(fields.result, row.salt, row.result),
  requested_at: (row, { fields }) => row.requested_at === fields.requested_at,
  started_at: (row, { fields }) => row.started_at === fields.started_at,
  finished_at: (row, { fields }) => row.finished_at === fields.finished_at,
  confirms: (row, { fields }) => row.confirms === fields.confirms,
  salt: (row) => row.salt !== null,
}

/** Kinds of entries with which an action begins. */
const BEGINNINGS: ReadonlySet<string> = new Set(['action.requested', 'action.done', 'action.refused'])

/** Compares an action with the last of its entries. */
export function checkAction(
  id: string,
  [row]: readonly StoredAction[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const own = entries.filter(({ kind }) => kind.startsWith('action.'))
  const [, ...again] = own.filter(({ kind }) => BEGINNINGS.has(kind))
  for (const entry of again) findings.add(notBacked(TABLE, id, entry, 'second row'))
  const last = own.at(-1)
  if (row === undefined) {
    if (last && last.createdAt >= trail.removedBefore(TABLE)) findings.add(notBacked(TABLE, id, last))
    return
  }
  if (last === undefined) {
    // The entries of a month leave with its record, the rows of actions by their own time.
    if (row.requested_at >= trail.removedBefore('teams_notifications'))
      addRowWithoutEntry(findings, trail, { table: TABLE, id, at: row.requested_at, salted: row.salt !== null })
    return
  }
  for (const [column, holds] of Object.entries(ACTION_COLUMNS))
    if (!holds(row, last)) findings.add(differs(TABLE, id, column, last))
}
