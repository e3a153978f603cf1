import { hash, randomUUID } from 'node:crypto'
import { createQueryId, PostgresQueryCompiler, type RawBuilder, sql } from 'kysely'
import { AUDIT_ENTRIES, type EntryFields, type EntryKind } from '../contract/audit-entries.ts'
import type { EntryFieldType } from '../contract/entry-fields.ts'
import type { Json } from '../kernel/json.ts'

/** The values of an entry's fields, as SQL. `NULL` is written as null. */
export type EntryValues<K extends EntryKind> = { readonly [F in EntryFields<K>]: RawBuilder<unknown> }

/** The SQL of each field type, as JSON; null for NULL. */
const JSON_OF: { readonly [T in EntryFieldType]: (value: RawBuilder<unknown>) => RawBuilder<unknown> } = {
  id: (value) => sql`'"' || ${value} || '"'`,
  code: (value) => sql`to_json(${value}::text)`,
  count: (value) => sql`${value}`,
  flag: (value) => sql`CASE WHEN ${value} THEN 'true' ELSE 'false' END`,
  time: (value) => sql`to_char((${value}) AT TIME ZONE 'UTC', '"\\""YYYY-MM-DD"T"HH24:MI:SS.MS"Z\\""')`,
  hash: (value) => sql`'"' || ${value} || '"'`,
  list: (value) => sql`${value}`,
}

/**
 * SQL of a CTE that adds an audit entry for each row of `from`: in the statement of the change itself, so that neither is
 * ever without the other, and no round trip is added.
 *
 * The bytes are made here, and not by a trigger: a change that somebody makes with SQL of their own has no entry, which is
 * how `audit verify` finds it.
 *
 * @param subject SQL of the id of the event, notification or silence that the entry is about; NULL for others
 * @param fields SQL of the entry's own fields: {@link fieldsSql}, or what {@link entryFields} returned
 * @param from SQL of the rows, with WHERE where not all of them get an entry
 * @param nonce SQL of what {@link makeNonce} returned; PostgreSQL makes the nonce if absent
 */
export function entriesSql(
  kind: EntryKind,
  cte: string,
  subject: RawBuilder<unknown>,
  fields: RawBuilder<unknown>,
  from: RawBuilder<unknown>,
  nonce?: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`${sql.raw(cte)} AS (
      INSERT INTO teams_audit_entries (subject, body)
      SELECT ${subject}, teams_audit_body(${sql.lit(kind)}, ${nonce === undefined ? sql`` : sql`${nonce}, `}${fields})
        FROM ${from}
    )`
}

/**
 * Makes the nonce of an entry whose fields come from the gateway: for the two kinds that every event has. PostgreSQL takes 1.5 to
 * 2 µs of CPU for one, Node 0.3.
 */
export function makeNonce(): string {
  return randomUUID().replaceAll('-', '')
}

/** SQL of an entry's own fields as the text of a JSON object without its opening brace. */
export function fieldsSql<K extends EntryKind>(kind: K, values: EntryValues<K>): RawBuilder<unknown> {
  const fields = Object.entries(AUDIT_ENTRIES[kind].fields) as [EntryFields<K> & string, EntryFieldType][]
  const pieces = fields.map(
    ([name, type], index) =>
      sql`${sql.lit(`${index === 0 ? '' : ','}"${name}":`)}, coalesce((${JSON_OF[type](values[name])})::text, 'null')`,
  )
  return sql`concat(${sql.join(pieces)}, '}')`
}

/**
 * The same SQL as one text, for a fragment without parameters in the statement of every step. Kysely compiles each piece of a
 * fragment at each execution; for the fields of one entry that took a fifth of the time in which a step's statement is made.
 *
 * @throws Error for SQL with parameters
 */
export function fixedSql(fragment: RawBuilder<unknown>): RawBuilder<unknown> {
  const { sql: text, parameters } = new PostgresQueryCompiler().compileQuery(
    fragment.toOperationNode(),
    createQueryId(),
  )
  if (parameters.length > 0) throw new Error(`SQL with ${parameters.length} parameters is not fixed`)
  return sql.raw(text)
}

/** A field's value in TypeScript. */
type EntryValue<T> = T extends 'count'
  ? number | null
  : T extends 'flag'
    ? boolean
    : T extends 'time'
      ? Date | null
      : T extends 'list'
        ? readonly Json[]
        : string | null

/** The values of an entry's fields in TypeScript. */
export type EntryFieldValues<K extends EntryKind> = {
  readonly [F in EntryFields<K>]: EntryValue<(typeof AUDIT_ENTRIES)[K]['fields'][F]>
}

/** As {@link fieldsSql}, for values that are known before the statement runs. */
export function entryFields<K extends EntryKind>(kind: K, values: EntryFieldValues<K>): string {
  const names = Object.keys(AUDIT_ENTRIES[kind].fields) as (EntryFields<K> & string)[]
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, values[name]]))).slice(1)
}

/** SQL of the hash of a text with its salt, in hex; NULL for NULL. {@link saltedHash} gives the same. */
export function hashSql(salt: RawBuilder<unknown>, value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`encode(sha256(uuid_send(${salt}) || convert_to(${value}, 'UTF8')), 'hex')`
}

/** A text's hash, and the salt to be stored beside the text. */
export interface SaltedText {
  readonly salt: string | null
  readonly hash: string | null
}

/** Salts and hashes a text; both are null for null. */
export function salted(text: string | null): SaltedText {
  if (text === null) return { salt: null, hash: null }
  const salt = randomUUID()
  return { salt, hash: saltedHash(salt, text) }
}

/** SHA-256 of a salt (a UUID, as its 16 bytes) and a text, in hex. */
export function saltedHash(salt: string, value: string): string {
  const bytes = Buffer.allocUnsafe(SALT_BYTES + Buffer.byteLength(value))
  bytes.write(salt.replaceAll('-', ''), 'hex')
  bytes.write(value, SALT_BYTES)
  return hash('sha256', bytes, 'hex')
}

const SALT_BYTES = 16
