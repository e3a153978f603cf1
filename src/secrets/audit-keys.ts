import { InvalidKey, readSigner, type Signer } from '../contract/note-keys.ts'
import { describeValue } from '../kernel/errors.ts'
import type { CodedProblem, Found } from './secret-source.ts'

/** Keys that sign at once: the current one, and during a rotation the one before or after it. */
const MOST_KEYS = 2

const EXPECTED = 'a private key as "claimlinc-teams audit keygen" prints it, or two of them separated by a line break'

/** Keys that can be used, the current one first; or why they can not. */
export interface CheckedAuditKeys {
  /** Empty where there are problems: a key beside a wrong one would sign as if the rotation had not begun. */
  readonly signers: readonly Signer[]
  readonly problems: readonly CodedProblem[]
}

/** Reads the keys of the audit trail from the text of one source. Problems describe keys and quote none. */
export function checkAuditKeys({ at, value }: Found): CheckedAuditKeys {
  const problem = (found: string, expected: string): CodedProblem => ({ code: 'invalid_settings', at, found, expected })
  const texts = typeof value === 'string' ? value.split(/\s+/).filter((text) => text !== '') : []
  if (texts.length === 0) return { signers: [], problems: [problem(describeValue(value), EXPECTED)] }
  if (texts.length > MOST_KEYS) return { signers: [], problems: [problem(`${texts.length} keys`, EXPECTED)] }
  const signers: Signer[] = []
  const problems: CodedProblem[] = []
  for (const [index, text] of texts.entries()) {
    try {
      signers.push(readSigner(text))
    } catch (error) {
      if (!(error instanceof InvalidKey)) throw error
      problems.push(problem(texts.length > 1 ? `${error.found} (key ${index + 1})` : error.found, error.expected))
    }
  }
  const [first, second] = signers
  if (first !== undefined && second !== undefined) {
    if (first.name !== second.name)
      problems.push(problem(`keys of two names, ${first.name} and ${second.name}`, 'two keys with the same name'))
    else if (first.keyId === second.keyId) problems.push(problem('one key twice', 'two different keys, or one'))
  }
  return { signers: problems.length > 0 ? [] : signers, problems }
}
