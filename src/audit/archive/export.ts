import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Kysely } from 'kysely'
import { packageVersion } from '../../kernel/version.ts'
import type { Origin } from '../../store/audit-tree.ts'
import type { Tables } from '../../store/tables.ts'
import { formatProofFile } from '../proof-file.ts'
import { createRangeRoot, formatRangeProof, type RangeRoot, rangeProof } from '../range-proof.ts'
import { tilesOf } from '../seal.ts'
import { IncompleteTile, inclusionProof, type TileReader } from '../tiles.ts'
import { leafHash } from '../tree.ts'
import { rootFromInclusion } from '../verify-proof.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { type ExportedEntry, fieldsOf, formatEntryLine } from './entry-line.ts'
import {
  ARCHIVE_VERSION,
  FILES,
  formatManifest,
  type ManifestFilter,
  type ManifestTree,
  proofFile,
  treeFile,
} from './manifest.ts'
import { rememberTiles } from './remember-tiles.ts'
import { entriesAbout, entriesInRange } from './select-entries.ts'
import { createSpool, type Spool } from './spool.ts'
import { type ArchiveWriter, createArchive } from './write-archive.ts'

/** A tree of which entries are exported, with the checkpoint that they are proved against. */
export interface ExportedTree {
  readonly origin: Origin
  readonly size: number
  readonly root: Buffer
  /** The signed note, or the text of a checkpoint that nobody signed. */
  readonly checkpoint: string
  /** The leaves of a period; undefined where entries are selected by their subjects. */
  readonly range: { readonly start: number; readonly end: number } | undefined
}

/** What to export. */
export interface ExportRequest {
  readonly trees: readonly ExportedTree[]
  readonly filter: ManifestFilter
  /** Ids of the events and notifications whose entries are exported, where no period is. */
  readonly subjects: readonly string[]
  /** True: also the values whose hashes entries have. */
  readonly values: boolean
  readonly signed: boolean
  /** Entries to expect, for `onProgress`; 0 where it is not known. */
  readonly onProgress?: (done: number) => void
}

/** An archive that is complete and not yet handed out. */
export interface FinishedExport {
  /** Where it lies. */
  readonly path: string
  readonly trees: readonly ManifestTree[]
  /** SHA-256 of the manifest in hex, which depends on every byte of every file. */
  readonly manifest: string
}

/** Thrown where the stored entries do not lead to the root of the checkpoint: the archive would prove nothing. */
export class NotIntact extends Error {
  readonly origin: string
  /** The entry; undefined where it is not known. */
  readonly index: number | undefined

  constructor(origin: string, index: number | undefined) {
    super('the stored entries are not those of the checkpoint')
    this.origin = origin
    this.index = index
  }
}

/**
 * Writes an archive into a temporary folder beside `out`, and gives its path to `handOut`, which may move it. The folder is
 * removed afterwards, whatever happened.
 *
 * @throws NotIntact
 * @throws an error of the file system or the database
 */
export async function exportEntries<T>(
  db: Kysely<Tables>,
  out: string,
  request: ExportRequest,
  handOut: (finished: FinishedExport) => Promise<T>,
): Promise<T> {
  // Beside `out`, because a file can be renamed only within its file system.
  const folder = await mkdtemp(join(dirname(out), '.audit-export-'))
  const spools: Spool[] = []
  try {
    const path = join(folder, 'archive')
    const archive = createArchive(path, new Date())
    try {
      const openSpool = async (name: string) => {
        const spool = await createSpool(join(folder, name))
        spools.push(spool)
        return spool
      }
      const finished = await writeAll(db, archive, openSpool, request)
      await archive.end()
      return await handOut({ path, ...finished })
    } catch (error) {
      await archive.abort(error)
      throw error
    }
  } catch (error) {
    throw error instanceof IncompleteTile ? new NotIntact(request.trees[0]?.origin.name ?? '', undefined) : error
  } finally {
    await Promise.all(spools.map((spool) => spool.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeAll(
  db: Kysely<Tables>,
  archive: ArchiveWriter,
  openSpool: (name: string) => Promise<Spool>,
  { trees, filter, subjects, values, signed, onProgress }: ExportRequest,
): Promise<Omit<FinishedExport, 'path'>> {
  const lines = await openSpool('lines')
  const table = await openSpool('table')
  await table.write(CSV_HEADER)
  const described: ManifestTree[] = []
  const proofs: (() => Promise<void>)[] = []
  let done = 0
  for (const [number, tree] of trees.entries()) {
    const { origin, size, root, checkpoint, range } = tree
    const tiles = rememberTiles(tilesOf(db, origin.id))
    const file = { checkpoint: treeFile('checkpoint', '.txt', number), range: treeFile('range', '.json', number) }
    await archive.addText(file.checkpoint, checkpoint)
    let rangeRoot: RangeRoot | undefined
    if (range !== undefined) {
      const proof = await rangeProof(range.start, range.end, size, tiles)
      rangeRoot = createRangeRoot(proof)
      await archive.addText(file.range, formatRangeProof(proof))
    }
    const counts = { first: null as number | null, last: null as number | null, entries: 0, gone: 0 }
    const indexes: number[] = []
    const batches = range
      ? entriesInRange(db, origin, range)
      : entriesAbout(db, origin, { subjects, end: size, values })
    for await (const batch of batches) {
      for (const entry of batch) {
        requireLeaf(entry)
        rangeRoot?.append(entry.leaf)
        const fields = fieldsOf(entry.body)
        await lines.write(`${formatEntryLine(entry, fields)}\n`)
        await table.write(csvRow(entry, fields))
        counts.first ??= entry.index
        counts.last = entry.index
        counts.entries += 1
        if (entry.body === undefined) counts.gone += 1
        if (range === undefined) indexes.push(entry.index)
      }
      done += batch.length
      onProgress?.(done)
    }
    if (range !== undefined && !rangeRoot?.root()?.equals(root)) throw new NotIntact(origin.name, undefined)
    proofs.push(() => addProofs(archive, tree, number, indexes, tiles))
    described.push({
      origin: origin.name,
      checkpoint: file.checkpoint,
      size,
      root: root.toString('base64'),
      ...counts,
      range: range === undefined ? null : file.range,
    })
  }
  await archive.addFile(FILES.entries, await lines.end())
  await archive.addFile(FILES.table, await table.end())
  for (const add of proofs) await add()
  const manifest = formatManifest({
    format: 'claimlinc-teams audit export',
    version: ARCHIVE_VERSION,
    id: randomUUID(),
    made_at: new Date().toISOString(),
    made_by: `claimlinc-teams ${packageVersion()}`,
    filter,
    signed,
    values,
    trees: described,
    files: { ...archive.hashes },
  })
  await archive.addText(FILES.manifest, manifest)
  return { trees: described, manifest: archive.hashes[FILES.manifest] ?? '' }
}

async function addProofs(
  archive: ArchiveWriter,
  { origin, size, root, checkpoint }: ExportedTree,
  number: number,
  indexes: readonly number[],
  tiles: TileReader,
): Promise<void> {
  for (const index of indexes) {
    const proof = await inclusionProof(index, size, tiles)
    const [leaf] = (await tiles.read(0, Math.floor(index / 256), (index % 256) + 1)).slice(-1)
    if (!leaf || !rootFromInclusion(leaf, index, size, proof)?.equals(root)) throw new NotIntact(origin.name, index)
    await archive.addText(proofFile(number, index), formatProofFile({ index, proof, checkpoint }))
  }
}

function requireLeaf({ origin, index, leaf, body }: ExportedEntry): void {
  if (body !== undefined && !leafHash(body).equals(leaf)) throw new NotIntact(origin, index)
}
