import type { JsonObject } from '../../kernel/json.ts'
import { saltedHash } from '../../store/entry-sql.ts'
import { type Checkpoint, InvalidCheckpoint, readCheckpoint } from '../checkpoint.ts'
import { InvalidProofFile, type ProofFile, readProofFile } from '../proof-file.ts'
import { createRangeRoot, readRangeProof } from '../range-proof.ts'
import { leafHash } from '../tree.ts'
import type { GivenKeys } from '../verify/keys.ts'
import { rootFromInclusion } from '../verify-proof.ts'
import { type ExportedEntry, hashesOf } from './entry-line.ts'
import type { ArchiveFinding, ArchiveFindingCode } from './findings.ts'

/** A tree as the files of an archive show it. */
export interface ArchivedTree {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly signed: boolean
  /** Given keys that signed the checkpoint, as `<name>+<key ID>`. */
  readonly signedBy: readonly string[]
  readonly first: number | null
  readonly last: number | null
  readonly entries: number
  readonly gone: number
  readonly hasRange: boolean
}

/** Checks the files about one tree, in the order in which an archive has them. */
export interface TreeFilesCheck {
  range(file: string, text: string): void
  entry(entry: ExportedEntry, fields: JsonObject | undefined): void
  proof(file: string, text: string): void
  /** Call it after the last file. */
  end(): ArchivedTree
}

/** Starts with the checkpoint; undefined for a text that is none. */
export function createTreeFilesCheck(
  file: string,
  text: string,
  keys: GivenKeys,
  add: (finding: ArchiveFinding) => void,
): TreeFilesCheck | undefined {
  const opened = openCheckpoint(file, text, keys, add)
  if (opened === undefined) return undefined
  const { checkpoint, signed, signedBy } = opened
  const { origin, size, root } = checkpoint
  let range:
    | { readonly root: ReturnType<typeof createRangeRoot>; readonly start: number; readonly end: number }
    | undefined
  let found = 0
  const counts = { first: null as number | null, last: null as number | null, entries: 0, gone: 0 }
  /** The leaves of entries that have a proof each, until it was checked. */
  const unproved = new Map<number, Buffer>()

  function report(code: ArchiveFindingCode, index: number | undefined, detail: string, at?: string): void {
    found += 1
    add({ code, origin, ...(index === undefined ? {} : { index }), ...(at === undefined ? {} : { file: at }), detail })
  }

  function place(index: number): void {
    const expected = counts.last === null ? range?.start : range && counts.last + 1
    if (counts.last !== null && index <= counts.last)
      report('entry_moved', index, `its line stands after that of entry ${counts.last}`)
    else if (expected !== undefined && index < expected) report('entry_moved', index, 'it is from before the period')
    else if (expected !== undefined && index > expected)
      report('entry_missing', expected, `the line after it is that of entry ${index}`)
    else if (index >= (range?.end ?? size))
      report('entry_moved', index, 'it is from after the period or the checkpoint')
  }

  return {
    range(at, content) {
      const proof = readRangeProof(content)
      const rangeRoot = proof && createRangeRoot(proof)
      if (proof === undefined || rangeRoot === undefined || proof.size !== size)
        report('range_differs', undefined, 'no range proof for the size of this checkpoint', at)
      range = { root: rangeRoot, start: proof?.start ?? 0, end: proof?.end ?? size }
    },
    entry({ index, leaf, body, values = {} }, fields = {}) {
      place(index)
      const own = body === undefined ? leaf : leafHash(body)
      if (!own.equals(leaf)) report('entry_edited', index, 'its bytes do not have the hash `leaf_hash`')
      const hashes = hashesOf(fields)
      for (const [name, { salt, value }] of Object.entries(values))
        if (saltedHash(salt, value) !== hashes.get(name))
          report('value_differs', index, `the value of ${name} does not have the hash in the entry`)
      if (range === undefined) unproved.set(index, own)
      else range.root?.append(own)
      counts.first ??= index
      counts.last = index
      counts.entries += 1
      if (body === undefined) counts.gone += 1
    },
    proof(at, content) {
      const proof = readProof(content)
      const index = proof?.index
      if (proof === undefined || index === undefined) report('proof_wrong', undefined, 'no proof file', at)
      else if (proof.checkpoint !== text) report('proof_wrong', index, 'its checkpoint is not that of the archive', at)
      else {
        const leaf = unproved.get(index)
        unproved.delete(index)
        if (leaf === undefined) report('entry_missing', index, 'it has a proof and no line', at)
        else if (!rootFromInclusion(leaf, index, size, proof.proof)?.equals(root))
          report('proof_wrong', index, 'it does not lead to the root of the checkpoint', at)
      }
    },
    end() {
      for (const index of unproved.keys()) report('proof_missing', index, 'the archive has no proof of it')
      if (range !== undefined) {
        const next = counts.last === null ? range.start : counts.last + 1
        if (next < range.end) report('entry_missing', next, `no line follows, and the period ends at ${range.end}`)
        // Where an entry was named, the root differs because of it.
        if (found === 0 && !range.root?.root()?.equals(root))
          report(
            'range_differs',
            undefined,
            `entries ${range.start} to ${range.end - 1}: one of them, or of the hashes beside them, is not the one that was sealed`,
          )
      }
      return { origin, size, root, signed, signedBy, ...counts, hasRange: range !== undefined }
    },
  }
}

interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly signed: boolean
  readonly signedBy: readonly string[]
}

function openCheckpoint(
  file: string,
  text: string,
  keys: GivenKeys,
  add: (finding: ArchiveFinding) => void,
): OpenedCheckpoint | undefined {
  const unsigned = readText(text)
  if (unsigned !== undefined) {
    if (keys.given)
      add({ code: 'checkpoint_unsigned', file, origin: unsigned.origin, detail: 'exported with --unsigned' })
    return { checkpoint: unsigned, signed: false, signedBy: [] }
  }
  const origin = text.slice(0, text.indexOf('\n'))
  const check = keys.check(text, origin)
  if (check.kind === 'wrong')
    add({ code: 'signature_wrong', file, origin, detail: 'the signature of a given key is not for this text' })
  if (check.kind === 'unknown') add({ code: 'key_unknown', file, origin, detail: `signed by ${check.by.join(', ')}` })
  // The rest is checked against a checkpoint that nobody vouches for too: what else was changed is of interest.
  const checkpoint = readText(text.slice(0, text.lastIndexOf('\n\n') + 1))
  if (checkpoint === undefined || check.kind === 'malformed') {
    add({ code: 'checkpoint_invalid', file, detail: 'not origin, size, root, an empty line and signatures' })
    return undefined
  }
  return { checkpoint, signed: true, signedBy: check.kind === 'signed' ? check.by : [] }
}

function readText(text: string): Checkpoint | undefined {
  try {
    return readCheckpoint(text)
  } catch (error) {
    if (error instanceof InvalidCheckpoint) return undefined
    throw error
  }
}

function readProof(text: string): ProofFile | undefined {
  try {
    return readProofFile(text)
  } catch (error) {
    if (error instanceof InvalidProofFile) return undefined
    throw error
  }
}
