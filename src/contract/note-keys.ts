import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { isKeyName, readBase64 } from './note-text.ts'

/** Type of an Ed25519 signature over the text of a note (c2sp.org/signed-note). */
const SIGNATURE_TYPE = 0x01

/** Type of an Ed25519 cosignature with a time over a checkpoint (c2sp.org/tlog-cosignature). */
const COSIGNATURE_TYPE = 0x04

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const TIME_BYTES = 8
const PRIVATE_PREFIX = 'PRIVATE+KEY+'

/** DER before the 32 bytes of a key (RFC 8410): Node takes no bare Ed25519 keys. */
const PKCS8_PREFIX = '302e020100300506032b657004220420'
const SPKI_PREFIX = '302a300506032b6570032100'

/** Thrown for a key text that can not be read. Its message never contains any part of a private key. */
export class InvalidKey extends Error {
  /** What the text is instead; never quotes it. */
  readonly found: string
  readonly expected: string

  constructor(found: string, expected: string) {
    super(`${found}; expected ${expected}`)
    this.name = 'InvalidKey'
    this.found = found
    this.expected = expected
  }
}

/** A private key that signs notes. The key itself can not be read from it. */
export interface Signer {
  readonly name: string
  /** First 4 bytes of a hash of name, type and public key, in hex. */
  readonly keyId: string
  /** Text of the public key, for those who verify. */
  readonly verifierKey: string
  /** Signs a note's text; returns the 64 bytes of an Ed25519 signature. */
  sign(text: string): Buffer
}

/** The result of a right signature: for a cosignature, when the cosigner says that it made it. */
export interface Verified {
  /** Seconds since 1970; undefined for a signature of type 0x01, which has no time. */
  readonly cosignedAt: number | undefined
}

/** A public key that verifies notes. */
export interface Verifier {
  readonly name: string
  /** First 4 bytes of a hash of name, type and public key, in hex. */
  readonly keyId: string
  /** `signature`: of a log or an author. `cosignature`: of a witness, which says only what it has seen of a log. */
  readonly kind: 'signature' | 'cosignature'
  /** Checks the bytes after the key ID in a signature line; undefined where they are not this key's for this text. */
  verify(text: string, signature: Buffer): Verified | undefined
}

/**
 * Makes an Ed25519 key. The private text has the format of Go's `golang.org/x/mod/sumdb/note`, the public one that of
 * c2sp.org/signed-note, so that other tools read both.
 *
 * @throws InvalidKey if the name is empty or has a space, a `+` or a control character
 */
export function generateKey(name: string): { privateKey: string; verifierKey: string } {
  requireName(name)
  const seed = randomBytes(KEY_BYTES)
  const publicKey = rawPublicKey(privateKeyOf(seed))
  const keyId = keyIdOf(name, SIGNATURE_TYPE, publicKey)
  return {
    privateKey: `${PRIVATE_PREFIX}${keyText(name, keyId, SIGNATURE_TYPE, seed)}`,
    verifierKey: keyText(name, keyId, SIGNATURE_TYPE, publicKey),
  }
}

/**
 * Reads a private key, `PRIVATE+KEY+<name>+<key ID>+<base64>`. Surrounding white space is ignored: it is the end of a
 * file's last line.
 *
 * @throws InvalidKey
 */
export function readSigner(text: string): Signer {
  const trimmed = text.trim()
  if (!trimmed.startsWith(PRIVATE_PREFIX)) {
    const found = isVerifierKey(trimmed) ? 'a verifier key' : 'a text of another form'
    throw new InvalidKey(found, `a private key, ${PRIVATE_PREFIX}<name>+<key ID>+<base64>`)
  }
  const { name, keyId, type, material } = splitKey(trimmed.slice(PRIVATE_PREFIX.length), 'private key')
  if (type !== SIGNATURE_TYPE) throw wrongType(type, 'type 01 (Ed25519)')
  const key = privateKeyOf(material)
  const publicKey = rawPublicKey(key)
  requireKeyId(keyId, keyIdOf(name, type, publicKey))
  return {
    name,
    keyId,
    verifierKey: keyText(name, keyId, type, publicKey),
    sign: (note) => sign(null, Buffer.from(note), key),
  }
}

/**
 * Reads a verifier key, `<name>+<key ID>+<base64>`, of type 0x01 (signatures) or 0x04 (cosignatures). Surrounding white
 * space is ignored.
 *
 * @throws InvalidKey
 */
export function readVerifier(text: string): Verifier {
  const trimmed = text.trim()
  if (trimmed.startsWith(PRIVATE_PREFIX)) throw new InvalidKey('a private key', 'a verifier key, which is public')
  const { name, keyId, type, material } = splitKey(trimmed, 'verifier key')
  if (type !== SIGNATURE_TYPE && type !== COSIGNATURE_TYPE) {
    throw wrongType(type, 'type 01 (Ed25519) or 04 (Ed25519 cosignature)')
  }
  requireKeyId(keyId, keyIdOf(name, type, material))
  const key = publicKeyOf(material)
  return type === SIGNATURE_TYPE
    ? { name, keyId, kind: 'signature', verify: (note, signature) => verifySignature(key, note, signature) }
    : { name, keyId, kind: 'cosignature', verify: (note, signature) => verifyCosignature(key, note, signature) }
}

function verifySignature(key: KeyObject, note: string, signature: Buffer): Verified | undefined {
  const right = signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(note), key, signature)
  return right ? { cosignedAt: undefined } : undefined
}

/** A cosignature is a time of 8 bytes and a signature, over a first line, a line with that time and the note's text. */
function verifyCosignature(key: KeyObject, note: string, signature: Buffer): Verified | undefined {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined
  const seconds = signature.readBigUInt64BE()
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${note}`)
  return verify(null, message, key, signature.subarray(TIME_BYTES)) ? { cosignedAt: Number(seconds) } : undefined
}

interface KeyParts {
  readonly name: string
  readonly keyId: string
  readonly type: number
  readonly material: Buffer
}

/** Splits at the first two `+`: a name has none, but the base64 may. */
function splitKey(text: string, kind: string): KeyParts {
  const [, name, keyId = '', encoded = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? []
  if (name === undefined)
    throw new InvalidKey(`a ${kind} without three parts`, 'name, key ID and base64 between plus signs')
  requireName(name)
  if (!/^[0-9a-f]{8}$/.test(keyId)) throw new InvalidKey(`a ${kind} with a wrong key ID`, '8 hexadecimal digits')
  const bytes = readBase64(encoded)
  if (bytes === undefined)
    throw new InvalidKey(`a ${kind} whose last part is not base64`, 'standard base64 with padding')
  if (bytes.length !== 1 + KEY_BYTES) {
    throw new InvalidKey(
      `a ${kind} of ${bytes.length} bytes`,
      `${1 + KEY_BYTES} bytes: a type and a key of ${KEY_BYTES}`,
    )
  }
  return { name, keyId, type: bytes[0] as number, material: bytes.subarray(1) }
}

function isVerifierKey(text: string): boolean {
  return /^[^+]+\+[0-9a-f]{8}\+/.test(text)
}

function requireName(name: string): void {
  if (!isKeyName(name))
    throw new InvalidKey('a key name that can not be used', 'a name without spaces, "+" and control characters')
}

function requireKeyId(found: string, expected: string): void {
  if (found !== expected)
    throw new InvalidKey('a key ID that belongs to another name or key', 'the key text as it was generated')
}

function wrongType(type: number, expected: string): InvalidKey {
  return new InvalidKey(`a key of type ${type.toString(16).padStart(2, '0')}`, expected)
}

function keyIdOf(name: string, type: number, publicKey: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), publicKey]), 'hex').slice(0, 8)
}

function keyText(name: string, keyId: string, type: number, material: Buffer): string {
  return `${name}+${keyId}+${Buffer.concat([Buffer.of(type), material]).toString('base64')}`
}

function privateKeyOf(seed: Buffer): KeyObject {
  const der = Buffer.concat([Buffer.from(PKCS8_PREFIX, 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function publicKeyOf(raw: Buffer): KeyObject {
  const der = Buffer.concat([Buffer.from(SPKI_PREFIX, 'hex'), raw])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES)
}
