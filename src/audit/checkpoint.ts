import { isKeyName, isNoteText, readDecimal, readHash } from '../contract/note-text.ts'
import { HASH_BYTES } from './tree.ts'

/** State of a log: how many leaves its tree has, and their root. The text that the log signs. */
export interface Checkpoint {
  /** Name of the log. */
  readonly origin: string
  /** Leaves in the tree. */
  readonly size: number
  /** Root of the tree of that size. */
  readonly root: Buffer
  /** Further lines, which only the log that wrote them understands. This program writes none. */
  readonly extensions: readonly string[]
}

/** Thrown for a text that is not a checkpoint. */
export class InvalidCheckpoint extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidCheckpoint'
  }
}

/**
 * Writes the text of a checkpoint (c2sp.org/tlog-checkpoint), which `signNote` signs.
 *
 * @throws InvalidCheckpoint if the origin can not be a key's name, as a log's key has the name of its origin
 */
export function formatCheckpoint({ origin, size, root }: Omit<Checkpoint, 'extensions'>): string {
  if (!isKeyName(origin)) throw new InvalidCheckpoint('an origin has no spaces, no "+" and no control characters')
  if (!Number.isSafeInteger(size) || size < 0) throw new InvalidCheckpoint('a tree size is an integer of at least 0')
  if (root.length !== HASH_BYTES) throw new InvalidCheckpoint('a root has 32 bytes')
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/**
 * Reads the text of a checkpoint, which is the text of a note without its signatures. Numbers and hashes have one spelling
 * only.
 *
 * @throws InvalidCheckpoint
 */
export function readCheckpoint(text: string): Checkpoint {
  if (!isNoteText(text) || !text.endsWith('\n')) {
    throw new InvalidCheckpoint('a checkpoint is lines that end with a line feed, without other control characters')
  }
  const lines = text.slice(0, -1).split('\n')
  const [origin = '', sizeText = '', rootText = '', ...extensions] = lines
  if (lines.length < 3 || lines.includes('')) {
    throw new InvalidCheckpoint('a checkpoint has three lines or more, none of them empty: origin, size, root')
  }
  const size = readDecimal(sizeText)
  if (size === undefined) {
    throw new InvalidCheckpoint('line 2 is the tree size: decimal digits without leading zeros, at most 2^53 - 1')
  }
  const root = readHash(rootText)
  if (root === undefined) throw new InvalidCheckpoint('line 3 is the root: base64 of 32 bytes')
  return { origin, size, root, extensions }
}
