import {
  type ExportedArchive,
  type ExportOptions,
  exportAudit,
  readExportSelection,
} from '../../gateway/export-audit.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { loadSettings } from '../../settings/load.ts'
import { databaseError } from '../../store/database-error.ts'
import { openDatabase } from '../../store/open-database.ts'
import { readEnvironment } from '../environment.ts'
import type { Output } from '../output.ts'
import { userName } from '../user-name.ts'

/** The options of `audit export`. */
export interface ExportCommandOptions extends ExportOptions {
  readonly out: string
  readonly url?: string
}

/** `audit export`: writes an archive with entries and their proofs. */
export async function exportCommand(options: ExportCommandOptions, output: Output): Promise<ExitCode> {
  if (options.url !== undefined)
    throw new GatewayError('invalid_request', [
      {
        at: '--url',
        found: 'the address of a gateway, whose HTTP service has no proof of a period',
        expected:
          'no --url: the export reads the database of DATABASE_URL, or an embedded one that no gateway has open',
      },
    ])
  const selection = readExportSelection(options)
  const settings = loadSettings(readEnvironment('error'))
  output.progress('Opening the database …')
  const database = await openDatabase(settings)
  try {
    const archive = await exportAudit(database.kysely, options.out, selection, {
      by: `cli:${userName()}`,
      onProgress: (done, total) => output.progress(progressLine(done, total)),
    })
    output.answer(jsonOf(options.out, archive))
    for (const line of described(options.out, archive)) output.print(line)
    return EXIT.ok
  } catch (error) {
    throw databaseError(error)
  } finally {
    await database.close()
  }
}

function progressLine(done: number, total: number): string {
  return total > 0 ? `Exporting ${count(done)} of ${count(total)} entries` : `Exporting ${count(done)} entries`
}

function jsonOf(file: string, { entries, gone, signed, manifest, trees }: ExportedArchive): unknown {
  return {
    file,
    entries,
    gone,
    signed,
    manifest_sha256: manifest,
    trees: trees.map(({ origin, size, first, last, ...tree }) => ({
      origin,
      size,
      first,
      last,
      entries: tree.entries,
    })),
  }
}

function* described(file: string, { entries, gone, signed, manifest, trees }: ExportedArchive): Iterable<string> {
  yield `${file} has ${count(entries)} ${entries === 1 ? 'entry' : 'entries'}.`
  for (const { origin, size, first, last } of trees)
    yield `  ${origin}: ${first === null ? 'none' : `numbers ${first} to ${last}`}, checkpoint of size ${count(size)}`
  if (gone > 0) yield `  Retention removed ${count(gone)} of them; the archive has their hashes.`
  if (!signed) yield '  No key signed the checkpoint: the archive shows no more than that it agrees with itself.'
  yield `  SHA-256 of its manifest, which the entry audit.exported has too: ${manifest}`
  yield `Check it with: claimlinc-teams audit verify --archive ${file} --key <verifier key>`
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
