import { type Checkpoint, InvalidCheckpoint, readCheckpoint } from '../checkpoint.ts'
import type { Finding } from './findings.ts'
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
  readonly keptSize: number
  readonly anchorSize: number
  /** In hex or base64. */
  readonly anchorRoot: string
}

/**
 * Judges an anchor with more entries than its tree.
 *
 * It is accepted where a later tree names it in its first entry as the last one known. An anchor between both, from before the
 * loss that the entry states, can not be compared: a note says so.
 */
export function judgeAhead(
  anchor: Anchor,
  treeSize: number,
  continuation: Continuation | undefined,
): Finding | string | undefined {
  const { origin, size, root, path } = anchor
  if (continuation !== undefined && size <= continuation.anchorSize) {
    if (size < continuation.anchorSize)
      return `${path} has ${size} entries, of which the tree kept ${treeSize}; \`audit.continued\` states a loss up to ${continuation.anchorSize}, so this anchor can not be compared`
    if ([root.toString('hex'), root.toString('base64')].includes(continuation.anchorRoot)) return undefined
    return {
      code: 'anchor_differs',
      origin,
      detail: `${path} has ${size} entries, and another root than the checkpoint of this size that \`audit.continued\` names`,
    }
  }
  return {
    code: 'anchor_ahead',
    origin,
    index: treeSize,
    detail: `${path} has ${size} entries, the tree has ${treeSize}: ${size - treeSize} are missing`,
  }
}
