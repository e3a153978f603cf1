import type { Signer, Verified, Verifier } from '../contract/note-keys.ts'
import { isKeyName, isNoteText, readBase64 } from '../contract/note-text.ts'

/** Most characters of a note that is read. Sixteen signatures, which every reader must accept, need about 110,000. */
const NOTE_LIMIT = 1_000_000

/** Most signature lines of a note that is read. */
const SIGNATURE_LIMIT = 100

const KEY_ID_BYTES = 4

/**
 * Why a note was refused. `malformed`: not in the format. `wrong_signature`: a key that the reader knows did not sign this
 * text. `unknown_keys`: no signature is by a key that the reader knows.
 */
export type InvalidNoteCode = 'malformed' | 'wrong_signature' | 'unknown_keys'

/** Thrown for a note that must not be believed. */
export class InvalidNote extends Error {
  readonly code: InvalidNoteCode

  constructor(code: InvalidNoteCode, message: string) {
    super(message)
    this.name = 'InvalidNote'
    this.code = code
  }
}

/** A right cosignature, and when its witness says that it made it. */
export interface Cosignature {
  readonly by: Verifier
  /** Seconds since 1970. */
  readonly atSeconds: number
}

/** A note with at least one right signature by a known key. */
export interface OpenedNote {
  /** The signed text, with its last line feed. */
  readonly text: string
  /** Known keys that signed the text, each once, in the order of the note. */
  readonly verifiedBy: readonly Verifier[]
  /** The cosignatures among these. */
  readonly cosignatures: readonly Cosignature[]
  /** Signature lines of unknown keys, which say nothing. */
  readonly unverified: number
}

interface SignatureLine {
  readonly name: string
  readonly keyId: string
  readonly signature: Buffer
}

/**
 * Signs a text (c2sp.org/signed-note) and returns the note: the text, an empty line and a line for each signature.
 *
 * @throws InvalidNote (`malformed`) if the text does not end with a line feed or has other control characters, or nobody
 *   signs
 */
export function signNote(text: string, signers: readonly Signer[]): string {
  if (!text.endsWith('\n') || !isNoteText(text)) {
    throw new InvalidNote('malformed', 'the text of a note ends with a line feed and has no other control character')
  }
  if (signers.length === 0) throw new InvalidNote('malformed', 'a note needs at least one signature')
  const lines = signers.map((signer) => {
    const signature = Buffer.concat([Buffer.from(signer.keyId, 'hex'), signer.sign(text)])
    return `— ${signer.name} ${signature.toString('base64')}\n`
  })
  return `${text}\n${lines.join('')}`
}

/**
 * Verifies a note with the keys that the reader trusts. A line by another key is ignored: this lets a log change its key,
 * and witnesses add their lines. Who signed still has to be looked at: a witness that signed says nothing about the log's
 * key.
 *
 * @throws InvalidNote
 */
export function openNote(note: string, verifiers: readonly Verifier[]): OpenedNote {
  const { text, lines } = splitNote(note)
  const verifiedBy = new Set<Verifier>()
  const cosignatures: Cosignature[] = []
  let unverified = 0
  for (const line of lines) {
    const verifier = verifiers.find(({ name, keyId }) => name === line.name && keyId === line.keyId)
    if (verifier === undefined) {
      unverified += 1
      continue
    }
    const verified: Verified | undefined = verifier.verify(text, line.signature)
    if (verified === undefined) {
      throw new InvalidNote('wrong_signature', `the signature of ${line.name} (key ${line.keyId}) is not for this text`)
    }
    verifiedBy.add(verifier)
    if (verified.cosignedAt !== undefined) cosignatures.push({ by: verifier, atSeconds: verified.cosignedAt })
  }
  if (verifiedBy.size === 0) throw new InvalidNote('unknown_keys', noKnownKey(lines))
  return { text, verifiedBy: [...verifiedBy], cosignatures, unverified }
}

/**
 * Reads a note without verifying it: its text, and the names and IDs of the keys that its lines claim. For readers who have no
 * key; nothing of it is to be believed.
 *
 * @throws InvalidNote (`malformed`)
 */
export function readUnverified(note: string): {
  readonly text: string
  readonly keys: readonly { readonly name: string; readonly keyId: string }[]
} {
  const { text, lines } = splitNote(note)
  return { text, keys: lines.map(({ name, keyId }) => ({ name, keyId })) }
}

function splitNote(note: string): { text: string; lines: readonly SignatureLine[] } {
  if (note.length > NOTE_LIMIT) throw new InvalidNote('malformed', `a note has at most ${NOTE_LIMIT} characters`)
  if (!isNoteText(note)) throw new InvalidNote('malformed', 'a note is UTF-8 without control characters')
  // The last empty line: the text may have some of its own.
  const end = note.lastIndexOf('\n\n')
  if (end < 0) throw new InvalidNote('malformed', 'a note has an empty line between its text and its signatures')
  const text = note.slice(0, end + 1)
  const signatures = note.slice(end + 2)
  if (!signatures.endsWith('\n'))
    throw new InvalidNote('malformed', 'a note ends with a signature line and a line feed')
  const lines = signatures.slice(0, -1).split('\n')
  if (lines.length > SIGNATURE_LIMIT) {
    throw new InvalidNote('malformed', `a note has at most ${SIGNATURE_LIMIT} signatures`)
  }
  return { text, lines: lines.map(readSignatureLine) }
}

function readSignatureLine(line: string, index: number): SignatureLine {
  const [, name = '', encoded = ''] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? []
  const bytes = readBase64(encoded)
  if (!isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
    throw new InvalidNote('malformed', `signature line ${index + 1} is not an em dash, a key name and base64`)
  }
  return {
    name,
    keyId: bytes.subarray(0, KEY_ID_BYTES).toString('hex'),
    signature: bytes.subarray(KEY_ID_BYTES),
  }
}

function noKnownKey(lines: readonly SignatureLine[]): string {
  const keys = lines.map(({ name, keyId }) => `${name} (key ${keyId})`)
  return `none of the given verifier keys signed this note; it is signed by ${keys.join(', ')}`
}
