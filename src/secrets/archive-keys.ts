import { type ArchiveKey, readArchiveKey } from '../contract/archive-keys.ts'
import { describeValue } from '../kernel/errors.ts'
import type { CodedProblem, Found } from './secret-source.ts'

/** Keys that are set at once. A rewrap makes older ones needless. */
const MOST_KEYS = 10

const EXPECTED = `keys as "claimlinc-teams archive keygen" prints them, each in a line of its own, the newest first, at most ${MOST_KEYS}`

/** Keys that can be used, the newest first; or why they can not. */
export interface CheckedArchiveKeys {
  /** Empty where there are problems: records of a key that was misspelt would seem to have lost theirs. */
  readonly keys: readonly ArchiveKey[]
  readonly problems: readonly CodedProblem[]
}

/** Reads the keys of the archive from the text of one source. Problems describe keys and quote none. */
export function checkArchiveKeys({ at, value }: Found): CheckedArchiveKeys {
  const problem = (found: string, expected: string): CodedProblem => ({ code: 'invalid_settings', at, found, expected })
  const texts = typeof value === 'string' ? value.split(/\s+/).filter((text) => text !== '') : []
  if (texts.length === 0) return { keys: [], problems: [problem(describeValue(value), EXPECTED)] }
  if (texts.length > MOST_KEYS) return { keys: [], problems: [problem(`${texts.length} keys`, EXPECTED)] }
  const keys: ArchiveKey[] = []
  const problems: CodedProblem[] = []
  for (const [index, text] of texts.entries()) {
    const read = readArchiveKey(text)
    const which = texts.length > 1 ? ` (key ${index + 1})` : ''
    if ('found' in read) problems.push(problem(`${read.found}${which}`, read.expected))
    else if (keys.some(({ id }) => id === read.key.id)) problems.push(problem(`one key twice${which}`, EXPECTED))
    else keys.push(read.key)
  }
  return { keys: problems.length > 0 ? [] : keys, problems }
}

/** Whether two lists are the same keys in the same order. */
export function sameArchiveKeys(one: readonly ArchiveKey[], other: readonly ArchiveKey[]): boolean {
  return one.length === other.length && one.every(({ key }, index) => other[index]?.key.equals(key) === true)
}
