import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { ArchiveKey } from '../contract/archive-keys.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The record that a content belongs to. Both are bound to the encrypted bytes, so that those of one record do not open as another's. */
export interface RecordName {
  readonly id: string
  readonly kind: string
}

/** A content under a data key of its own, and that data key under an archive key. */
export interface Sealed {
  /** Id of the archive key that wraps the data key. */
  readonly keyId: string
  readonly dataKey: Buffer
  readonly content: Buffer
}

/** Why a content can not be read: the archive key is not known, or the stored bytes are not those that were written. */
export type Unreadable = 'archive_key_missing' | 'archive_damaged'

/** Encrypts a content for its record. Without the archive key nobody can read it again, the gateway included. */
export function sealContent(name: RecordName, content: Buffer, archiveKey: ArchiveKey): Sealed {
  const dataKey = randomBytes(KEY_BYTES)
  return {
    keyId: archiveKey.id,
    dataKey: encrypt(archiveKey.key, dataKey, boundTo(name, 'data key')),
    content: encrypt(createSecretKey(dataKey), content, boundTo(name, 'content')),
  }
}

/** Decrypts a content. */
export function openContent(
  name: RecordName,
  sealed: Sealed,
  keys: readonly ArchiveKey[],
): { readonly content: Buffer } | { readonly why: Unreadable } {
  const dataKey = unwrap(name, sealed, keys)
  if ('why' in dataKey) return dataKey
  const content = decrypt(dataKey.key, sealed.content, boundTo(name, 'content'))
  return content === undefined ? { why: 'archive_damaged' } : { content }
}

/** Wraps the data key of a record with another archive key. The content stays as it is. */
export function rewrapDataKey(
  name: RecordName,
  sealed: Pick<Sealed, 'keyId' | 'dataKey'>,
  keys: readonly ArchiveKey[],
  newest: ArchiveKey,
): { readonly dataKey: Buffer } | { readonly why: Unreadable } {
  const dataKey = unwrap(name, sealed, keys)
  if ('why' in dataKey) return dataKey
  return { dataKey: encrypt(newest.key, dataKey.key.export(), boundTo(name, 'data key')) }
}

function unwrap(
  name: RecordName,
  { keyId, dataKey }: Pick<Sealed, 'keyId' | 'dataKey'>,
  keys: readonly ArchiveKey[],
): { readonly key: KeyObject } | { readonly why: Unreadable } {
  const archiveKey = keys.find(({ id }) => id === keyId)
  if (archiveKey === undefined) return { why: 'archive_key_missing' }
  const bytes = decrypt(archiveKey.key, dataKey, boundTo(name, 'data key'))
  return bytes?.length === KEY_BYTES ? { key: createSecretKey(bytes) } : { why: 'archive_damaged' }
}

/** The associated data of AES-GCM. */
function boundTo({ id, kind }: RecordName, part: 'data key' | 'content'): Buffer {
  return Buffer.from(JSON.stringify(['claimlinc-teams archive', 1, kind, id, part]))
}

/** Nonce, encrypted bytes and tag. A data key encrypts once, an archive key far fewer than the 2³² times that random nonces allow. */
function encrypt(key: KeyObject, plain: Buffer, bound: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: KeyObject, stored: Buffer, bound: Buffer): Buffer | undefined {
  if (stored.length < NONCE_BYTES + TAG_BYTES) return undefined
  const nonce = stored.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound).setAuthTag(stored.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(stored.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}
