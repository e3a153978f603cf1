import type { Finding } from './findings.ts'
import type { Mismatch } from './tree-check.ts'

/**
 * The findings of leaves whose hash is not that of their entry. Where the bytes of an entry are those of another leaf, both are
 * named.
 */
export function mismatchFindings(origin: string, mismatches: readonly Mismatch[]): readonly Finding[] {
  const byLeaf = new Map(mismatches.map((mismatch) => [mismatch.leafHash.toString('hex'), mismatch]))
  return mismatches.map(({ index, entryId, kind, subject, bodyHash, edited }) => {
    const entry = {
      origin,
      index,
      entryId,
      ...(kind === undefined ? {} : { kind }),
      ...(subject === undefined ? {} : { subject }),
    }
    const home = byLeaf.get(bodyHash.toString('hex'))
    if (home !== undefined)
      return {
        ...entry,
        code: 'entry_moved',
        detail: `it has the bytes that were sealed as entry ${home.entryId}, number ${home.index}`,
      }
    return edited === 'leaf'
      ? {
          ...entry,
          code: 'leaf_edited',
          detail: 'the hash of the leaf is another one; the bytes are those that were sealed',
        }
      : { ...entry, code: 'entry_edited', detail: 'its bytes are not those that were sealed' }
  })
}
