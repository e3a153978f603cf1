import { type Checkpoint, InvalidCheckpoint, readCheckpoint } from '../checkpoint.ts'
import { readFields } from './entry-head.ts'
import type { Finding, Note } from './findings.ts'
import type { GivenKeys } from './keys.ts'

/** A file with a checkpoint, from outside the database. */
export interface AnchorFile {
  /** Its path, for messages. */
  readonly path: string
  readonly text: string
}

/** A checkpoint from outside the database. */
export interface Anchor extends Pick<Checkpoint, 'origin' | 'size' | 'root'> {
  readonly path: string
}

/** Reads a file and verifies its signature with the given keys, if there are any. */
export function readAnchor({ path, text }: AnchorFile, keys: GivenKeys): Anchor | Finding {
  const invalid = (why: string): Finding => ({ code: 'anchor_invalid', detail: `${path}: ${why}` })
  const origin = text.slice(0, text.indexOf('\n'))
  const check = keys.check(text, origin)
  switch (check.kind) {
    case 'malformed':
      return invalid('no signed checkpoint')
    case 'wrong':
      return { ...invalid('the signature of a given key is not for this checkpoint'), origin }
    case 'unknown':
      return { ...invalid(`signed by ${check.by.join(', ')}, and by none of the given keys of this tree`), origin }
    default:
  }
  try {
    return { ...readCheckpoint(check.text), path }
  } catch (error) {
    if (error instanceof InvalidCheckpoint) return invalid(`no checkpoint: ${error.message}`)
    throw error
  }
}

/** What the first entry of a tree says about the tree before it, part of which was lost. */
export interface Continuation {
  readonly oldOrigin: string
  /** What the database had of the tree before. */
  readonly keptSize: number
  readonly keptRoot: string
  /** The last checkpoint of it that is known from outside. Roots are in hex. */
  readonly anchorSize: number
  readonly anchorRoot: string
}

/** Reads an entry of `audit.continued`; undefined for any other. */
export function readContinuation(body: Buffer): Continuation | undefined {
  const { kind, old_origin, kept_size, kept_root, anchor_size, anchor_root } = readFields(body) ?? {}
  if (kind !== 'audit.continued' || typeof old_origin !== 'string') return undefined
  if (typeof kept_size !== 'number' || typeof kept_root !== 'string') return undefined
  if (typeof anchor_size !== 'number' || typeof anchor_root !== 'string') return undefined
  return {
    oldOrigin: old_origin,
    keptSize: kept_size,
    keptRoot: kept_root,
    anchorSize: anchor_size,
    anchorRoot: anchor_root,
  }
}

/** Whether an anchor is the one that `audit.continued` names: its loss is stated. */
export function isNamed({ size, root }: Anchor, continuation: Continuation | undefined): boolean {
  return continuation?.anchorSize === size && continuation.anchorRoot === root.toString('hex')
}

/**
 * Judges an anchor with more entries than its tree. Returns a finding, a note, or undefined where the loss is stated.
 *
 * An anchor with fewer entries than the named one, from before the stated loss, can not be compared: a note says so.
 */
export function judgeAhead(
  anchor: Anchor,
  treeSize: number,
  continuation: Continuation | undefined,
): Finding | Note | undefined {
  const { origin, size, path } = anchor
  if (isNamed(anchor, continuation)) return undefined
  if (continuation !== undefined && size < continuation.anchorSize)
    return {
      note: `${path} has ${size} entries, of which the tree kept ${treeSize}; \`audit.continued\` states a loss up to ${continuation.anchorSize}, so this anchor can not be compared.`,
    }
  if (size === continuation?.anchorSize)
    return {
      code: 'anchor_differs',
      origin,
      detail: `${path} has ${size} entries, and another root than the checkpoint of this size that \`audit.continued\` names`,
    }
  return {
    code: 'anchor_ahead',
    origin,
    index: treeSize,
    detail: `${path} has ${size} entries, the tree has ${treeSize}: ${size - treeSize} are missing`,
  }
}

/** Compares a tree with what the tree after it says that the database kept of it. */
export function judgeKept(
  origin: string,
  treeSize: number,
  root: Buffer | undefined,
  kept: Continuation,
): Finding | undefined {
  if (treeSize < kept.keptSize)
    return {
      code: 'entry_missing',
      origin,
      index: treeSize,
      detail: `the tree had ${kept.keptSize} entries when \`audit.continued\` was written, and has ${treeSize}`,
    }
  if (treeSize !== kept.keptSize || root === undefined || root.toString('hex') === kept.keptRoot) return undefined
  return {
    code: 'checkpoint_differs',
    origin,
    detail: `the tree of ${treeSize} entries had another root when \`audit.continued\` was written`,
  }
}
