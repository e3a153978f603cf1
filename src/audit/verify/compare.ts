import { canonicalJson } from '../../kernel/canonical-json.ts'
import type { Json } from '../../kernel/json.ts'
import { saltedHash } from '../../store/entry-sql.ts'

/**
 * Whether a text is the one whose hash an entry has. True without a salt, because then nothing can be known: a salt that is
 * gone is a finding of its own.
 */
export function isHashed(hash: Json | undefined, salt: string | null, text: string | null): boolean {
  if (salt === null) return true
  return text === null ? hash === null : saltedHash(salt, text) === hash
}

/** The same for a JSON value, which entries hash as canonical JSON. */
export function isHashedJson(hash: Json | undefined, salt: string | null, json: string | null): boolean {
  return isHashed(hash, salt, json === null ? null : canonicalJson(JSON.parse(json)))
}

/** Whether a list of texts, as JSON from PostgreSQL, is the list of an entry. */
export function isSameList(list: Json | undefined, json: string): boolean {
  const expected = JSON.stringify(list)
  return expected === json || expected === JSON.stringify(JSON.parse(json))
}
