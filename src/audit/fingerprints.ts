import { randomUUID } from 'node:crypto'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { isObject } from '../kernel/json.ts'

/**
 * Salted hashes of named values, from which a later start sees which of them changed. They hold no value, and two equal ones
 * with different salts look different.
 */
export interface Fingerprints {
  readonly salt: string
  readonly hashes: Readonly<Record<string, string>>
}

/** Hashes one value. */
export type Fingerprint = (salt: string, value: string) => string | Promise<string>

/** The fingerprints of now, and the names whose values differ from those of before, in alphabetical order. */
export interface Compared {
  readonly fingerprints: Fingerprints
  readonly changed: readonly string[]
}

/**
 * Compares values with earlier fingerprints. With their salt, if there are any, so that equal values give equal hashes; where
 * one differs, all are made again with a new salt.
 *
 * @param values by name; a name that is missing on one side counts as changed
 */
export async function compareFingerprints(
  values: ReadonlyMap<string, string>,
  earlier: Fingerprints | undefined,
  fingerprint: Fingerprint,
): Promise<Compared> {
  const known = earlier ?? { salt: randomUUID(), hashes: {} }
  const now = await fingerprintsOf(values, known.salt, fingerprint)
  const names = [...new Set([...Object.keys(known.hashes), ...values.keys()])].sort()
  const changed = names.filter((name) => known.hashes[name] !== now.hashes[name])
  if (earlier === undefined || changed.length === 0) return { fingerprints: now, changed }
  return { fingerprints: await fingerprintsOf(values, randomUUID(), fingerprint), changed }
}

async function fingerprintsOf(
  values: ReadonlyMap<string, string>,
  salt: string,
  fingerprint: Fingerprint,
): Promise<Fingerprints> {
  const made = [...values].map(async ([name, value]) => [name, await fingerprint(salt, value)] as const)
  return { salt, hashes: Object.fromEntries(await Promise.all(made)) }
}

/** Writes fingerprints as text, equal for equal ones. */
export function formatFingerprints({ salt, hashes }: Fingerprints): string {
  return canonicalJson({ salt, hashes })
}

/** Reads {@link formatFingerprints}; undefined for another text, such as of a later version. */
export function readFingerprints(text: string | undefined): Fingerprints | undefined {
  if (text === undefined) return undefined
  const value: unknown = JSON.parse(text)
  if (!isObject(value) || typeof value.salt !== 'string' || !isObject(value.hashes)) return undefined
  const hashes = Object.entries(value.hashes).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { salt: value.salt, hashes: Object.fromEntries(hashes) }
}
