/**
 * The notation of an entry's field:
 *
 * - `id`: a UUID
 * - `code`: a name of a closed set, such as a state, an outcome, or the key of a channel
 * - `count`: a whole number
 * - `flag`: true or false
 * - `time`: UTC with milliseconds, `2026-11-30T08:15:02.123Z`
 * - `hash`: SHA-256 in hex of 16 bytes of salt and the value in UTF-8; the salt stands beside the value and is erased with it
 * - `list`: a list of codes, or of objects with the fields above
 *
 * All but `list` may be null.
 */
export type EntryFieldType = 'id' | 'code' | 'count' | 'flag' | 'time' | 'hash' | 'list'

/** One kind of entry. */
export interface EntryDefinition {
  readonly fields: Readonly<Record<string, EntryFieldType>>
  readonly means: string
}
