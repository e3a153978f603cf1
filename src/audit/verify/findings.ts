/** A row of {@link FINDINGS}. */
interface FindingRow {
  readonly means: string
  readonly todo: string
}

const WHO_CHANGED =
  'Find out who could write to the database at that time. The values are in a backup or export from before; the entry named here stays as it is, as evidence.'
const WHO_REMOVED =
  'Find out who could write to the database at that time. Keep the database as evidence. The entry is gone from it: look in a backup or an export from before.'
const RESTORE_OR_REWRITE =
  'If a backup was restored or a replica took over, run `claimlinc-teams audit continue`, which records what is gone. If not, entries were removed: keep the database and the anchor as evidence.'

/** Every finding of `audit verify`. The command line and docs/reference/audit-findings.md share this table. */
export const FINDINGS = {
  entry_edited: {
    means: 'The bytes or columns of an entry are not those that were sealed',
    todo: WHO_CHANGED,
  },
  entry_missing: {
    means: 'A leaf of the tree has no entry, and retention did not remove it; or the numbering has a gap',
    todo: WHO_REMOVED,
  },
  entry_moved: {
    means: 'The entry is there, and stands in the place of another one',
    todo: WHO_CHANGED,
  },
  entry_added: {
    means: 'A leaf that no checkpoint covers, or an entry that two leaves name',
    todo: 'A sealing adds leaves and their checkpoint in one transaction, so this leaf was written by something else. Find out who could write to the database.',
  },
  leaf_edited: {
    means: "The hash of a leaf was changed; the entry's bytes are those that were sealed",
    todo: WHO_CHANGED,
  },
  node_edited: {
    means: 'A stored subtree hash is not that of its leaves, whose own hashes agree with the checkpoints',
    todo: 'Nothing is lost, but proofs made from this hash fail. Find out who could write to the database.',
  },
  entry_unsealed: {
    means: 'An entry older than 60 seconds has no leaf',
    todo: 'Start a gateway, which seals within two seconds, and verify again. If it stays, sealing fails (see the log event `audit_sealing_failed`), or the entry was inserted later under an old transaction number.',
  },
  entry_back_dated: {
    means:
      'The entry names a time from before the checkpoint before it, and its transaction was not open at that checkpoint',
    todo: 'The entry was written later than it says. Only if no gateway was sealing while the clock of the database was set back and forward again is this harmless.',
  },
  checkpoint_differs: {
    means:
      'A stored checkpoint is not that of the leaves, or of its own note. The entries that it covers and the one before does not were changed, or the checkpoint was',
    todo: WHO_CHANGED,
  },
  checkpoint_unsigned: {
    means: 'A checkpoint has no signature, although those before it have and no entry says that signing was given up',
    todo: 'Check the setting of the signing key (`claimlinc-teams doctor`). A checkpoint that somebody else wrote has no signature either.',
  },
  signature_wrong: {
    means: 'A given key did sign this origin, and its signature is not for this checkpoint',
    todo: 'The checkpoint was changed after it was signed, or was never signed by the gateway. Verify with an anchor from outside the database.',
  },
  key_unknown: {
    means: 'The newest checkpoint of a tree is signed, but by none of the given keys',
    todo: 'Give the verifier key of the period with `--key`, from the one who made the key and never from the database. If you gave it, the signing key was replaced.',
  },
  anchor_ahead: {
    means: 'An anchor from outside has more entries than the tree in the database',
    todo: RESTORE_OR_REWRITE,
  },
  anchor_differs: {
    means: 'At the size of an anchor from outside, the tree has another root: history was rewritten, and signed again',
    todo: 'The signing key was used by somebody who could write to the database. Replace it, and keep the database and the anchor as evidence.',
  },
  anchor_invalid: {
    means: 'A file given as an anchor is no checkpoint of a tree in this database, or is not signed by a given key',
    todo: 'Give the files as the gateway wrote them, and the key that signed them.',
  },
  entry_not_backed: {
    means: 'No row is as the last entry about it says: the row was removed',
    todo: WHO_CHANGED,
  },
  row_not_backed: {
    means: 'A row that no entry mentions',
    todo: 'It was written by something other than a gateway of this version. Find out who could write to the database.',
  },
  row_differs: {
    means: 'A row has other values than the last entry about it says, or than the hash in the entry',
    todo: WHO_CHANGED,
  },
  adopted_differs: {
    means:
      'Rows from before the audit trail are not those that its entry `record.adopted` counted and hashed after the upgrade',
    todo: WHO_CHANGED,
  },
} as const satisfies Readonly<Record<string, FindingRow>>

/** The name of a finding. It never changes its meaning. */
export type FindingCode = keyof typeof FINDINGS

/** Something that can not be so in a trail that was only added to. */
export interface Finding {
  readonly code: FindingCode
  /** The tree, by the name that its checkpoints bear. */
  readonly origin?: string
  /** Number of the leaf in that tree, from 0. */
  readonly index?: number
  /** `teams_audit_entries.id`, a bigint as text. */
  readonly entryId?: string
  /** The event, notification or silence that the entry is about. */
  readonly subject?: string
  /** The kind of the entry, as its bytes say. */
  readonly kind?: string
  /** A row of the record. `column` is the one that is not as the entry says. */
  readonly row?: { readonly table: string; readonly id: string; readonly column?: string }
  /** What was found and what was expected, without values. */
  readonly detail: string
}

/** Something that the reader of a result has to know, and that says nothing against the trail. */
export interface Note {
  readonly note: string
}
