import { createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto'

const PREFIX = 'ARCHIVE+KEY+'
const KEY_BYTES = 32
const ID_LENGTH = 8

/** A key that wraps the data keys of archived records. Its bytes can not be printed. */
export interface ArchiveKey {
  /** First 4 bytes of the SHA-256 of the key, in hex. It stands beside each data key that the key wraps. */
  readonly id: string
  readonly key: KeyObject
}

/** Makes the text of a new key, `ARCHIVE+KEY+<id>+<base64 of 32 bytes>`. */
export function generateArchiveKey(): { readonly id: string; readonly text: string } {
  const bytes = randomBytes(KEY_BYTES)
  const id = idOf(bytes)
  return { id, text: `${PREFIX}${id}+${bytes.toString('base64')}` }
}

/** A key, or what a text is instead; never quotes it. */
export type ReadArchiveKey = { readonly key: ArchiveKey } | { readonly found: string; readonly expected: string }

/** Reads the text of a key. The id in it finds a typing error. */
export function readArchiveKey(text: string): ReadArchiveKey {
  const expected = `a key of "claimlinc-teams archive keygen", ${PREFIX}<id>+<base64>`
  const [, id = '', encoded = ''] = /^ARCHIVE\+KEY\+([0-9a-f]{8})\+([A-Za-z0-9+/]{43}=)$/.exec(text) ?? []
  if (encoded === '') return { found: 'a text of another form', expected }
  const bytes = Buffer.from(encoded, 'base64')
  if (idOf(bytes) !== id) return { found: 'an id that belongs to another key', expected }
  return { key: { id, key: createSecretKey(bytes) } }
}

function idOf(bytes: Buffer): string {
  return hash('sha256', bytes, 'hex').slice(0, ID_LENGTH)
}
