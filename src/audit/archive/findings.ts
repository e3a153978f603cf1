/** What an archive that was changed looks like. `audit verify --archive` and docs/reference/audit-findings.md share this table. */
export const ARCHIVE_FINDINGS = {
  archive_unreadable: 'The file is no whole archive: no `.tar.gz`, cut off, or with a line longer than any entry',
  manifest_invalid: 'There is no manifest, or it is not one that `audit export` of this version writes',
  manifest_differs:
    'The manifest says something else than the files: a count, an index, the size or the root of a tree',
  file_changed: 'The content of a file does not have the hash that the manifest names',
  file_missing: 'A file of the manifest is not in the archive',
  file_unexpected: 'A file that the manifest does not name, that is there twice, or that stands in another place',
  checkpoint_invalid: 'A file `checkpoint.txt` is no checkpoint',
  checkpoint_unsigned: 'A key was given, and the checkpoint is not signed',
  signature_wrong:
    'A given key did not sign this checkpoint, although the signature bears its name: the checkpoint was changed',
  key_unknown: 'The checkpoint is signed by none of the given keys',
  entry_edited: 'The bytes of an entry do not have the hash of its leaf, or its JSON is not that of its bytes',
  entry_missing: 'The line of an entry is not there',
  entry_moved: 'The line of an entry stands in the place of another one',
  range_differs: 'The leaves of a period do not lead to the root of the checkpoint',
  proof_wrong:
    'The proof of an entry does not lead from its bytes to the root of the checkpoint, or is of another checkpoint',
  proof_missing: 'An entry has no proof',
  value_differs:
    'A value does not have the hash that stands in its entry, or is not of the correlation id of the manifest',
  table_differs: 'A row of `entries.csv` is not the one that follows from `entries.jsonl`',
} as const satisfies Readonly<Record<string, string>>

/** The name of a finding. It never changes its meaning. */
export type ArchiveFindingCode = keyof typeof ARCHIVE_FINDINGS

/** Something in an archive that `audit export` did not write so. */
export interface ArchiveFinding {
  readonly code: ArchiveFindingCode
  readonly file?: string
  /** The tree and the index of the first entry concerned, as far as it is known. */
  readonly origin?: string
  readonly index?: number
  /** One sentence for a person, without a value. */
  readonly detail: string
}
