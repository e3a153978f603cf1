import { hash } from 'node:crypto'
import type { StoredAction } from '../../store/record-in-order.ts'
import { type ChangingTable, checkChanging } from './changing-rows.ts'
import { isHashed, isHashedJson } from './compare.ts'
import type { Findings } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

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

const TABLE: ChangingTable<StoredAction> = {
  table: 'teams_actions',
  prefix: 'action.',
  beginnings: new Set(['action.requested', 'action.done', 'action.refused']),
  columns: ACTION_COLUMNS,
  removedBy: 'last',
  at: (row) => row.requested_at,
}

/** Compares an action with the last of its entries. */
export function checkAction(
  id: string,
  [row]: readonly StoredAction[],
  entries: readonly Entry[],
  context: { readonly trail: Trail; readonly findings: Findings },
): void {
  checkChanging(TABLE, id, row, entries, context)
}
