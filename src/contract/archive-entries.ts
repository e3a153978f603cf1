import type { EntryDefinition, EntryFieldType } from './entry-fields.ts'

/** An archived record after the change. `verify` compares the last entry of one with its row. */
const ARCHIVED_FIELDS = {
  archived: 'id',
  type: 'code',
  source: 'code',
  subject: 'hash',
  event: 'id',
  action: 'id',
  state: 'code',
  key: 'code',
  data_key: 'code',
  content: 'code',
  size: 'count',
  archived_at: 'time',
  restored_at: 'time',
} as const satisfies Readonly<Record<string, EntryFieldType>>

/** The kinds of entries about records of the archive. */
export const ARCHIVE_ENTRIES = {
  'archive.kept': {
    fields: { ...ARCHIVED_FIELDS, about: 'hash' },
    means:
      'Something of another system was kept in the archive, encrypted. `content` and `data_key` are the SHA-256 of the encrypted bytes, `about` the hash of what lists show of it, as canonical JSON',
  },
  'archive.changed': {
    fields: ARCHIVED_FIELDS,
    means: 'An archived record is being put back (`restoring`), was put back (`restored`), or was not (`kept`)',
  },
  'archive.rewrapped': {
    fields: ARCHIVED_FIELDS,
    means: 'The archive key `key` wraps the data key of an archived record now; its content is the same',
  },
} as const satisfies Readonly<Record<string, EntryDefinition>>
