import type { LogEventRow } from './fields.ts'

/** Log events of the audit trail. */
export const AUDIT_EVENTS = {
  audit_entries_lost: {
    level: 'error',
    message: 'database lost audit entries that this gateway has seen sealed; nothing is sealed',
    fields: ['tree', 'tree_size'],
    todo: 'A fail-over lost transactions, or an older backup was restored. Bring the newer database back; if it is lost, stop the gateways and run "claimlinc-teams audit continue".',
  },
  audit_key_of_another_tree: {
    level: 'error',
    message: 'audit key does not have the name of the audit tree; it signs no checkpoint',
    fields: ['tree'],
    todo: 'Set TEAMS_AUDIT_KEY to a key of this name: "claimlinc-teams audit keygen --origin <tree>" makes one.',
  },
  audit_anchor_failed: {
    level: 'error',
    message: 'signed checkpoint could not be kept outside the database; it is tried again every minute',
    fields: ['place', 'err'],
    todo: 'folder: look whether TEAMS_AUDIT_ANCHOR_FOLDER is there and can be written. card: look at the error. While it lasts, a rewritten trail can be shown only up to the last anchor.',
  },
  audit_anchor_ahead: {
    level: 'error',
    message: 'database does not agree with a checkpoint that was kept outside it; no further checkpoint is kept there',
    fields: ['at', 'code', 'tree', 'tree_size'],
    todo: 'The database lost entries, such as in a fail-over, or they were rewritten. See the code in the reference of errors.',
  },
  audit_anchor_unreadable: {
    level: 'warn',
    message: 'anchor of the audit trail can not be read; the database is not compared with it',
    fields: ['at'],
    optional: ['err'],
    todo: 'Let the gateway read the folder or file, or move a file away that is no signed checkpoint.',
  },
  audit_sealing_failed: {
    level: 'error',
    message: 'audit entries could not be sealed; they are kept and sealed later',
    fields: ['err'],
    todo: 'Look at the error. While it lasts, teams_audit_unsealed_seconds grows and new entries are not yet in the tree.',
  },
  audit_sealing_recovered: {
    level: 'info',
    message: 'audit entries are sealed again',
    fields: [],
  },
  secrets_change_unrecorded: {
    level: 'error',
    message: 'the audit entry of a change of secrets could not be written; the next change or start records it',
    fields: ['err'],
    todo: 'Look at the error; usually the database was away for a moment.',
  },
  audit_tree_inconsistent: {
    level: 'error',
    message: 'the stored audit tree does not have the root of its last checkpoint; nothing is sealed',
    fields: ['tree', 'tree_size'],
    todo: 'Somebody changed leaves, nodes or checkpoints in the database. Run "claimlinc-teams audit verify"; restore the database, then run "claimlinc-teams audit continue".',
  },
  earlier_record_adopted: {
    level: 'info',
    message: 'audit trail got the counts and hashes of rows from before it',
    fields: ['months'],
  },
  earlier_record_not_adopted: {
    level: 'warn',
    message: 'rows from before the audit trail could not be hashed; it is tried again every 6 hours',
    fields: ['err'],
    todo: 'Look at the error. Until then, changes of rows from before the upgrade do not show in "audit verify".',
  },
  archive_rewrapped: {
    level: 'info',
    message: 'data keys of archived records are wrapped by the newest archive key now',
    fields: ['records', 'by'],
  },
} as const satisfies Readonly<Record<string, LogEventRow>>
