import { readVerifier, type Verifier } from '../../contract/note-keys.ts'
import { InvalidNote, openNote, readUnverified } from '../signed-note.ts'

/** What the given keys say about a signed checkpoint. */
export type NoteCheck =
  /** Signed by these of the given keys, by their names and IDs. */
  | { readonly kind: 'signed'; readonly text: string; readonly by: readonly string[] }
  /** No keys are given. */
  | { readonly kind: 'unchecked'; readonly text: string }
  /** Signed by keys that are not given, or by a witness alone. */
  | { readonly kind: 'unknown'; readonly text: string; readonly by: readonly string[] }
  /** A given key's signature is not for this text. */
  | { readonly kind: 'wrong' }
  | { readonly kind: 'malformed' }

/** Checks notes with the keys of the one who verifies; they never come from the database under test. */
export interface GivenKeys {
  readonly given: boolean
  /** @param origin the tree: a key of another name, and a witness, say nothing about it */
  check(note: string, origin: string): NoteCheck
}

/** Keys by which notes are checked; without any, notes are read and their signatures are not looked at. */
export function createGivenKeys(verifiers: readonly Verifier[]): GivenKeys {
  return {
    given: verifiers.length > 0,
    check(note, origin) {
      try {
        const { text, keys } = readUnverified(note)
        if (verifiers.length === 0) return { kind: 'unchecked', text }
        const claimed = keys.map(({ name, keyId }) => `${name}+${keyId}`)
        const known = verifiers.filter(({ name, keyId }) => claimed.includes(`${name}+${keyId}`))
        if (known.length === 0) return { kind: 'unknown', text, by: claimed }
        const by = openNote(note, known).verifiedBy.filter(({ kind, name }) => kind === 'signature' && name === origin)
        return by.length > 0
          ? { kind: 'signed', text, by: by.map(({ name, keyId }) => `${name}+${keyId}`) }
          : { kind: 'unknown', text, by: claimed }
      } catch (error) {
        if (!(error instanceof InvalidNote)) throw error
        return { kind: error.code === 'wrong_signature' ? 'wrong' : 'malformed' }
      }
    },
  }
}

/**
 * Reads the log keys of a policy file (C2SP's tlog-policy, also Sigsum's): its lines `log <verifier key> [<url>]`. Lines
 * about witnesses and quorums are not used.
 *
 * @throws InvalidKey for a key that can not be read
 */
export function readPolicy(text: string): readonly Verifier[] {
  return text
    .split('\n')
    .map((line) => /^\s*log\s+(\S+)/.exec(line)?.[1])
    .filter((key) => key !== undefined)
    .map(readVerifier)
}
