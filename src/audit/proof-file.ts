import type { Verifier } from '../contract/note-keys.ts'
import { readBase64, readDecimal, readHash } from '../contract/note-text.ts'
import { type Checkpoint, InvalidCheckpoint, readCheckpoint } from './checkpoint.ts'
import { InvalidNote, type InvalidNoteCode, type OpenedNote, openNote } from './signed-note.ts'
import { leafHash } from './tree.ts'
import { rootFromInclusion } from './verify-proof.ts'

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'

/** What a `.tlog-proof` file says: that the entry with this index is in the tree of this checkpoint. */
export interface ProofFile {
  readonly index: number
  /** Inclusion proof, from the leaf's sibling up to the root's child. */
  readonly proof: readonly Buffer[]
  /** The checkpoint's note with its signatures, as the log published it. */
  readonly checkpoint: string
  /** Further data of the application. No signature covers it. */
  readonly extra?: Buffer
}

/** Thrown for a text that is not a proof file. */
export class InvalidProofFile extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidProofFile'
  }
}

/**
 * Why a proof file was refused, beside the reasons for which a note is. `malformed`: the file, its note or its checkpoint
 * is not in the format. `not_the_log`: only witnesses or other logs signed. `index_outside`: the tree is too small for
 * the index. `wrong_proof`: the hashes do not lead from this entry to the signed root.
 */
export type ProofRefusal = InvalidNoteCode | 'not_the_log' | 'index_outside' | 'wrong_proof'

/** Result of {@link checkProofFile}. */
export type ProofCheck =
  | {
      readonly included: true
      readonly index: number
      readonly checkpoint: Checkpoint
      /** Who signed the checkpoint. */
      readonly note: OpenedNote
    }
  | {
      readonly included: false
      readonly refusal: ProofRefusal
      /** One sentence for a person. Names no value of the entry. */
      readonly reason: string
    }

/** Writes a proof file (c2sp.org/tlog-proof). */
export function formatProofFile({ index, proof, checkpoint, extra }: ProofFile): string {
  const lines = [
    FIRST_LINE,
    ...(extra === undefined ? [] : [`extra ${extra.toString('base64')}`]),
    `index ${index}`,
    ...proof.map((hash) => hash.toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/**
 * Reads a proof file without believing it: neither its proof nor its signatures are checked.
 *
 * @throws InvalidProofFile
 */
export function readProofFile(text: string): ProofFile {
  const end = text.indexOf('\n\n')
  if (end < 0) throw new InvalidProofFile('a proof file has an empty line between its proof and its checkpoint')
  const [first, ...lines] = text.slice(0, end).split('\n')
  if (first !== FIRST_LINE) throw new InvalidProofFile(`the first line of a proof file is ${FIRST_LINE}`)
  const extraText = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined
  const extra = extraText === undefined ? undefined : readBase64(extraText)
  if (extraText !== undefined && extra === undefined) {
    throw new InvalidProofFile('the line "extra" has base64 after it')
  }
  const [indexLine = '', ...hashLines] = lines
  const index = indexLine.startsWith('index ') ? readDecimal(indexLine.slice('index '.length)) : undefined
  if (index === undefined) {
    throw new InvalidProofFile('the line "index" has decimal digits without leading zeros after it')
  }
  const proof = hashLines.map((line, i) => {
    const hash = readHash(line)
    if (hash === undefined) throw new InvalidProofFile(`hash ${i + 1} of the proof is not base64 of 32 bytes`)
    return hash
  })
  return { index, proof, checkpoint: text.slice(end + 2), ...(extra === undefined ? {} : { extra }) }
}

/**
 * Checks that an entry is in a log, with nothing but the entry's bytes, a proof file and the keys that the reader trusts.
 * The log itself has to have signed, with a key of type 0x01 whose name is the origin; a witness's cosignature alone does
 * not do.
 */
export function checkProofFile(text: string, entry: Uint8Array, verifiers: readonly Verifier[]): ProofCheck {
  try {
    const file = readProofFile(text)
    const note = openNote(file.checkpoint, verifiers)
    const checkpoint = readCheckpoint(note.text)
    if (!note.verifiedBy.some(({ kind, name }) => kind === 'signature' && name === checkpoint.origin)) {
      return refuse('not_the_log', `no given key of the log ${checkpoint.origin} signed the checkpoint`)
    }
    if (file.index >= checkpoint.size) {
      return refuse('index_outside', `the tree has ${checkpoint.size} entries, and none with index ${file.index}`)
    }
    const root = rootFromInclusion(leafHash(entry), file.index, checkpoint.size, file.proof)
    if (root === undefined || !root.equals(checkpoint.root)) {
      return refuse(
        'wrong_proof',
        `this is not the entry ${file.index} that the log signed: the entry or the hashes of the proof were changed`,
      )
    }
    return { included: true, index: file.index, checkpoint, note }
  } catch (error) {
    if (error instanceof InvalidNote) return refuse(error.code, error.message)
    if (error instanceof InvalidProofFile || error instanceof InvalidCheckpoint) {
      return refuse('malformed', error.message)
    }
    throw error
  }
}

function refuse(refusal: ProofRefusal, reason: string): ProofCheck {
  return { included: false, refusal, reason }
}
