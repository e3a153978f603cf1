import type { Verifier } from '../../contract/note-keys.ts'
import { createGivenKeys } from '../verify/keys.ts'
import { type ArchivedTree, createTreeFilesCheck, type TreeFilesCheck } from './check-tree.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { fieldsOf, formatEntryLine, readEntryLine } from './entry-line.ts'
import type { ArchiveFinding, ArchiveFindingCode } from './findings.ts'
import { FILES, type Manifest, readManifest, treeFile } from './manifest.ts'
import { type ArchivedFile, InvalidArchive, readArchive } from './read-archive.ts'
import { createRowDigests } from './row-digests.ts'

/** What the verification of an archive found. */
export interface ArchiveVerification {
  readonly intact: boolean
  readonly trees: readonly ArchivedTree[]
  /** The first hundred: those that name an entry or proof before those that can follow from them. */
  readonly findings: readonly ArchiveFinding[]
  readonly totalFindings: number
  readonly notes: readonly string[]
  /** SHA-256 of the manifest, which the entry `audit.exported` has too; undefined without a manifest. */
  readonly manifestHash: string | undefined
  readonly manifest: Manifest | undefined
}

const MAX_FINDINGS = 100
/** An entry that was changed leads to these too. */
const FOLLOWING: ReadonlySet<ArchiveFindingCode> = new Set(['table_differs', 'manifest_differs', 'file_changed'])
/** Most characters of a line: an entry has at most 65,535 bytes, and its values can be a card and an event's data. */
const MAX_LINE = 32 * 1024 * 1024
const MAX_SMALL_FILE_BYTES = 1024 * 1024
/** A manifest names each proof. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024
const PROOF = /^proofs\/(?:([1-9]\d{0,8})-)?(\d{1,16})\.tlog-proof$/

/**
 * Verifies an archive of `audit export` without a database: signatures, every entry up to the root of the checkpoint, the table,
 * and the manifest.
 *
 * @throws an error of the file system
 */
export async function verifyArchive(
  path: string,
  {
    keys: verifiers,
    onProgress,
  }: { readonly keys: readonly Verifier[]; readonly onProgress?: (entries: number) => void },
): Promise<ArchiveVerification> {
  const keys = createGivenKeys(verifiers)
  const findings: ArchiveFinding[] = []
  let totalFindings = 0
  const add = (finding: ArchiveFinding): void => {
    totalFindings += 1
    if (findings.length < MAX_FINDINGS) findings.push(finding)
  }
  const trees: (TreeFilesCheck & { readonly origin: string })[] = []
  const rows = createRowDigests()
  const hashes = new Map<string, string>()
  const correlations = new Map<string, number>()
  let manifest: Manifest | undefined
  let manifestHash: string | undefined

  async function takeCheckpoint(file: ArchivedFile): Promise<void> {
    const text = await file.text(MAX_SMALL_FILE_BYTES)
    const check = createTreeFilesCheck(file.name, text, keys, add)
    if (check) trees.push({ ...check, origin: text.slice(0, text.indexOf('\n')) })
  }

  async function takeEntries(file: ArchivedFile): Promise<void> {
    let number = 0
    let current = 0
    for await (const line of file.lines('\n', MAX_LINE)) {
      number += 1
      const entry = readEntryLine(line)
      const fields = fieldsOf(entry?.body)
      const tree = trees.findIndex(({ origin }, place) => place >= current && origin === entry?.origin)
      if (entry === undefined) add({ code: 'entry_edited', file: file.name, detail: `line ${number} is no entry` })
      else if (tree < 0)
        add({
          code: 'entry_moved',
          file: file.name,
          index: entry.index,
          detail: `line ${number} is of a tree without a checkpoint in the archive, or of an earlier one`,
        })
      else {
        current = tree
        trees[tree]?.entry(entry, fields)
        if (formatEntryLine(entry, fields) !== line)
          add({
            code: 'entry_edited',
            file: file.name,
            origin: entry.origin,
            index: entry.index,
            detail: `line ${number} is not what its bytes say`,
          })
        const correlation = entry.values?.correlation?.value
        if (correlation !== undefined && !correlations.has(correlation)) correlations.set(correlation, entry.index)
      }
      if (entry !== undefined) rows.add(csvRow(entry, fields).slice(0, -2), entry.index)
      if (number % 1_000 === 0) onProgress?.(number)
    }
  }

  async function takeTable(file: ArchivedFile): Promise<void> {
    let place = -1
    let differs = false
    for await (const row of file.lines('\r\n', MAX_LINE)) {
      // After the first row that differs, all others can stand in another place.
      if (!differs && !(place < 0 ? `${row}\r\n` === CSV_HEADER : rows.is(place, row))) {
        differs = true
        const index = rows.indexAt(place)
        const detail = place < 0 ? 'the header' : `row ${place + 1}`
        add({ code: 'table_differs', file: file.name, ...(index === undefined ? {} : { index }), detail })
      }
      place += 1
    }
    if (!differs && place !== rows.count)
      add({
        code: 'table_differs',
        file: file.name,
        detail: `it has ${Math.max(place, 0)} rows, and not ${rows.count}`,
      })
  }

  async function take(file: ArchivedFile): Promise<void> {
    const next = trees.length
    const proof = PROOF.exec(file.name)
    const known = !hashes.has(file.name) && manifest === undefined
    if (known && !hashes.has(FILES.entries) && file.name === treeFile('checkpoint', '.txt', next))
      await takeCheckpoint(file)
    else if (known && !hashes.has(FILES.entries) && next > 0 && file.name === treeFile('range', '.json', next - 1))
      trees[next - 1]?.range(file.name, await file.text(MAX_SMALL_FILE_BYTES))
    else if (known && file.name === FILES.entries) await takeEntries(file)
    else if (known && file.name === FILES.table && hashes.has(FILES.entries)) await takeTable(file)
    else if (known && proof && hashes.has(FILES.table)) {
      const tree = trees[Number(proof[1] ?? 1) - 1]
      const text = await file.text(MAX_SMALL_FILE_BYTES)
      if (tree === undefined) add({ code: 'file_unexpected', file: file.name, detail: 'of a tree that is not there' })
      else tree.proof(file.name, text)
    } else if (known && file.name === FILES.manifest) manifest = readManifest(await file.text(MAX_MANIFEST_BYTES))
    else add({ code: 'file_unexpected', file: file.name, detail: 'it is not one of an export, or not in its place' })
    const hash = await file.sha256()
    if (file.name === FILES.manifest) manifestHash ??= hash
    if (!hashes.has(file.name)) hashes.set(file.name, hash)
  }

  let whole = true
  try {
    for await (const file of readArchive(path)) await take(file)
  } catch (error) {
    if (!(error instanceof InvalidArchive)) throw error
    whole = false
    add({ code: 'archive_unreadable', detail: error.message })
  }
  const archived = whole ? trees.map((tree) => tree.end()) : []
  if (whole) {
    if (manifest === undefined)
      add({
        code: 'manifest_invalid',
        file: FILES.manifest,
        detail: hashes.has(FILES.manifest) ? 'not in the format of version 1' : 'it is not there',
      })
    else compareManifest(manifest, { trees: archived, hashes, correlations }, add)
  }
  return {
    intact: totalFindings === 0,
    trees: archived,
    findings: findings.toSorted((a, b) => Number(FOLLOWING.has(a.code)) - Number(FOLLOWING.has(b.code))),
    totalFindings,
    notes: notesOf(archived, keys.given, manifest),
    manifestHash,
    manifest,
  }
}

function compareManifest(
  manifest: Manifest,
  found: {
    readonly trees: readonly ArchivedTree[]
    readonly hashes: ReadonlyMap<string, string>
    readonly correlations: ReadonlyMap<string, number>
  },
  add: (finding: ArchiveFinding) => void,
): void {
  const named = new Map(Object.entries(manifest.files))
  for (const name of [FILES.entries, FILES.table, ...named.keys()])
    if (!found.hashes.has(name)) add({ code: 'file_missing', file: name, detail: 'it is not in the archive' })
  for (const [name, hash] of found.hashes) {
    if (name === FILES.manifest) continue
    if (!named.has(name)) add({ code: 'file_unexpected', file: name, detail: 'the manifest does not name it' })
    else if (named.get(name) !== hash)
      add({ code: 'file_changed', file: name, detail: 'it does not have the hash of the manifest' })
  }
  const described = found.trees.map(({ origin, size, root, first, last, entries, gone, hasRange }, number) => ({
    origin,
    checkpoint: treeFile('checkpoint', '.txt', number),
    size,
    root: root.toString('base64'),
    first,
    last,
    entries,
    gone,
    range: hasRange ? treeFile('range', '.json', number) : null,
  }))
  const differs = (detail: string) => add({ code: 'manifest_differs', file: FILES.manifest, detail })
  if (JSON.stringify(described) !== JSON.stringify(manifest.trees)) differs('`trees` is not as the files show it')
  if (manifest.signed !== found.trees.every(({ signed }) => signed)) differs('`signed` is not as the files show it')
  const byCorrelation = 'correlation_id' in manifest.filter
  if (found.trees.some(({ hasRange }) => hasRange === byCorrelation)) differs('`filter` is not as the files show it')
  if (!manifest.values && found.correlations.size > 0) differs('`values` is not as the files show it')
  for (const [correlation, index] of found.correlations)
    if (!('correlation_id' in manifest.filter) || manifest.filter.correlation_id !== correlation)
      add({
        code: 'value_differs',
        file: FILES.entries,
        index,
        detail: 'its correlation id is not that of the manifest',
      })
}

function notesOf(
  trees: readonly ArchivedTree[],
  keysGiven: boolean,
  manifest: Manifest | undefined,
): readonly string[] {
  const notes: string[] = []
  if (!keysGiven) notes.push('Signatures were not checked, because no key was given.')
  if (trees.some(({ signed }) => !signed))
    notes.push('A checkpoint is not signed: the archive agrees with itself, and anybody could have made it.')
  for (const { origin, gone } of trees)
    if (gone > 0) notes.push(`${origin}: retention removed ${gone} of the entries; their leaves were verified.`)
  if (manifest !== undefined && 'correlation_id' in manifest.filter)
    notes.push('That no entry about this correlation id was left out can not be proved; of a period it can.')
  return notes
}
