import type { LogEventRow } from './fields.ts'

/** Log events of the audit trail. */
export const AUDIT_EVENTS = {
  audit_key_of_another_tree: {
    level: 'error',
    message: 'audit key does not have the name of the audit tree; it signs no checkpoint',
    fields: ['tree'],
    todo: 'Set TEAMS_AUDIT_KEY to a key of this name: "claimlinc-teams audit keygen --origin <tree>" makes one.',
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
} as const satisfies Readonly<Record<string, LogEventRow>>
