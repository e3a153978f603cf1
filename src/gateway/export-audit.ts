import { rename, stat } from 'node:fs/promises'
import type { Kysely } from 'kysely'
import { type ExportedTree, exportEntries, NotIntact } from '../audit/archive/export.ts'
import type { ManifestFilter, ManifestTree } from '../audit/archive/manifest.ts'
import { formatCheckpoint } from '../audit/checkpoint.ts'
import { plainMoment, readTime, TIME_EXPECTED } from '../catalogue/moment.ts'
import { actorVia } from '../contract/audit-entries.ts'
import { codeOf, GatewayError, type Problem } from '../kernel/errors.ts'
import { keptId } from '../kernel/ids.ts'
import { type Origin, readCheckpoint, readOrigins, readSignedCheckpoint } from '../store/audit-tree.ts'
import { hasAuditTrail, insertEntry } from '../store/insert-entry.ts'
import { readCheckpointBefore } from '../store/read-checkpoints.ts'
import { readSubjects } from '../store/read-entries.ts'
import type { Tables } from '../store/tables.ts'

/** What to export, as texts from outside. */
export interface ExportOptions {
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly correlationId?: string | undefined
  /** True: the values whose hashes entries have go out too. */
  readonly withValues?: boolean | undefined
  /** True: also where no checkpoint is signed. */
  readonly unsigned?: boolean | undefined
}

/** What to export, checked. */
export interface ExportSelection {
  readonly by: { readonly since: Date | null; readonly until: Date | null } | { readonly correlationId: string }
  readonly values: boolean
  readonly unsigned: boolean
}

/** An archive that was handed out. */
export interface ExportedArchive {
  readonly entries: number
  /** Entries among these that retention removed. */
  readonly gone: number
  readonly trees: readonly ManifestTree[]
  readonly signed: boolean
  /** SHA-256 of the manifest in hex, which the entry `audit.exported` has too. */
  readonly manifest: string
}

/**
 * Reads what to export.
 *
 * @throws GatewayError `invalid_request` with every problem
 */
export function readExportSelection(options: ExportOptions): ExportSelection {
  const { since, until, correlationId, withValues = false, unsigned = false } = options
  const problems: Problem[] = []
  const isPeriod = since !== undefined || until !== undefined
  if (isPeriod === (correlationId !== undefined))
    problems.push({
      at: 'audit export',
      found: isPeriod ? 'a period and a correlation id' : 'neither a period nor a correlation id',
      expected: '--since, --until or both, or else --correlation-id',
    })
  if (correlationId === '' || correlationId?.includes('\0'))
    problems.push({ at: '--correlation-id', found: 'no correlation id', expected: 'the correlation id of events' })
  if (withValues && correlationId === undefined)
    problems.push({ at: '--with-values', found: 'no correlation id', expected: '--correlation-id beside it' })
  const [from, to] = [readMoment('--since', since), readMoment('--until', until)]
  if (from !== null && to !== null && from >= to)
    problems.push({ at: '--until', found: 'a time that is not after --since', expected: 'a later time' })
  if (problems.length > 0) throw new GatewayError('invalid_request', problems)
  const by = correlationId === undefined ? { since: from, until: to } : { correlationId: keptId(correlationId) }
  return { by, values: withValues, unsigned }

  function readMoment(at: string, text: string | undefined): Date | null {
    if (text === undefined) return null
    const time = readTime(plainMoment(text))
    if (time === undefined) problems.push({ at, found: 'a text of another form', expected: TIME_EXPECTED })
    return time ?? null
  }
}

/**
 * Exports entries into an archive, adds the entry `audit.exported`, and only then moves the archive to `out`.
 *
 * @param by the name that the record has for the caller, such as `cli:sara`
 * @throws GatewayError `audit_not_signed`, `audit_not_intact`, `database_not_migrated`, `not_found`; `invalid_request` where
 *   `out` is there already or can not be written
 */
export async function exportAudit(
  db: Kysely<Tables>,
  out: string,
  selection: ExportSelection,
  { by, onProgress }: { readonly by: string; readonly onProgress?: (done: number, total: number) => void },
): Promise<ExportedArchive> {
  await requireNew(out)
  if (!(await hasAuditTrail(db)))
    throw new GatewayError('database_not_migrated', [
      { at: 'the audit trail', found: 'no table teams_audit_entries', expected: 'a database with migration 0005' },
    ])
  const found = await findTrees(db, selection)
  const trees = found.map(({ tree }) => tree)
  const signed = found.every((one) => one.signed)
  const subjects = 'correlationId' in selection.by ? await readSubjects(db, selection.by) : []
  const total = trees.reduce((sum, { range }) => sum + (range ? range.end - range.start : 0), 0)
  try {
    return await exportEntries(
      db,
      out,
      {
        trees,
        filter: filterOf(selection),
        subjects,
        values: selection.values,
        signed,
        onProgress: (done) => onProgress?.(done, total),
      },
      async ({ path, manifest, trees: described }) => {
        const entries = described.reduce((sum, tree) => sum + tree.entries, 0)
        const gone = described.reduce((sum, tree) => sum + tree.gone, 0)
        if (entries === 0 && 'correlationId' in selection.by) throw noneFound()
        await addEntry(db, selection, { by, manifest, trees: described, count: entries })
        await rename(path, out)
        return { entries, gone, trees: described, signed, manifest }
      },
    )
  } catch (error) {
    throw exportError(error)
  }
}

async function addEntry(
  db: Kysely<Tables>,
  { by: what, values }: ExportSelection,
  {
    by,
    manifest,
    trees,
    count,
  }: {
    readonly by: string
    readonly manifest: string
    readonly trees: readonly ManifestTree[]
    readonly count: number
  },
): Promise<void> {
  const isPeriod = 'since' in what
  await insertEntry(
    db,
    'audit.exported',
    {
      since: isPeriod ? what.since : null,
      until: isPeriod ? what.until : null,
      filter: null,
      values,
      count,
      trees: trees.map(({ origin, first, last, entries }) => ({ origin, first, last, count: entries })),
      manifest,
      via: actorVia(by),
      who: null,
    },
    { hashed: { who: by, ...(isPeriod ? {} : { filter: what.correlationId }) } },
  )
}

/** The trees with entries of the selection; the newest one where a period has none. */
async function findTrees(
  db: Kysely<Tables>,
  { by, unsigned }: ExportSelection,
): Promise<readonly { readonly tree: ExportedTree; readonly signed: boolean }[]> {
  const origins = await readOrigins(db)
  const all: { tree: ExportedTree; signed: boolean }[] = []
  for (const [place, origin] of origins.entries()) {
    const { checkpoint, signed, size, root } = await findCheckpoint(db, origin, unsigned)
    const range = 'since' in by ? await rangeOf(db, origin, by, size) : undefined
    const isWanted = range === undefined || range.start < range.end || place === origins.length - 1
    if (isWanted) all.push({ tree: { origin, size, root, checkpoint, range }, signed })
  }
  const filled = all.filter(({ tree: { range } }) => range === undefined || range.start < range.end)
  const wanted = filled.length > 0 ? filled : all
  if (wanted.length === 0) throw new GatewayError('audit_not_signed')
  return wanted
}

async function findCheckpoint(db: Kysely<Tables>, origin: Origin, unsigned: boolean) {
  const signed = await readSignedCheckpoint(db, origin.id)
  if (signed !== undefined) return { size: signed.size, root: signed.root, checkpoint: signed.note, signed: true }
  const last = unsigned ? await readCheckpoint(db, origin.id) : undefined
  if (last === undefined)
    throw new GatewayError('audit_not_signed', [
      {
        at: origin.name,
        found: 'no signed checkpoint',
        expected: 'a key, or --unsigned for an archive that shows no more than that it agrees with itself',
      },
    ])
  const { size, root } = last
  return { size, root, checkpoint: formatCheckpoint({ origin: origin.name, size, root }), signed: false }
}

/** The leaves that were sealed after `since` and up to `until`, and that the checkpoint covers. */
async function rangeOf(
  db: Kysely<Tables>,
  origin: Origin,
  { since, until }: { readonly since: Date | null; readonly until: Date | null },
  size: number,
): Promise<{ readonly start: number; readonly end: number }> {
  const sizeAt = async (time: Date) => (await readCheckpointBefore(db, origin.id, { time }))?.size ?? 0
  const end = Math.min(size, until === null ? size : await sizeAt(until))
  const start = Math.min(end, since === null ? 0 : await sizeAt(since))
  return { start, end }
}

function filterOf({ by }: ExportSelection): ManifestFilter {
  if ('correlationId' in by) return { correlation_id: by.correlationId }
  return { since: by.since?.toISOString() ?? null, until: by.until?.toISOString() ?? null }
}

async function requireNew(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined)
  if (found === undefined) return
  throw new GatewayError('invalid_request', [
    found.isDirectory()
      ? { at: '--out', found: 'a folder', expected: 'the path of a new file, such as one in this folder' }
      : {
          at: '--out',
          found: 'a file that is there already',
          expected: 'the path of a new file: move that one away, or name another',
        },
  ])
}

function noneFound(): GatewayError {
  return new GatewayError('not_found', [
    {
      at: '--correlation-id',
      found: 'no sealed entry about an event with it',
      expected: 'the correlation id of an event that retention has not removed; entries are sealed within 2 s',
    },
  ])
}

function exportError(error: unknown): unknown {
  if (error instanceof NotIntact)
    return new GatewayError('audit_not_intact', [
      {
        at: error.origin,
        found:
          error.index === undefined ? 'entries that are not those of its checkpoint' : `entry ${error.index} changed`,
        expected: 'the entries that were sealed; no archive was written',
      },
    ])
  const code = codeOf(error) ?? ''
  if (!FILE_ERRORS.has(code)) return error
  return new GatewayError('invalid_request', [
    { at: '--out', found: `a place that can not be written (${code})`, expected: 'a path in a folder of yours' },
  ])
}

const FILE_ERRORS: ReadonlySet<string> = new Set([
  'EACCES',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EISDIR',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
])
