import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '../../client/client.ts'
import { tokenFor } from '../../gateway/local-gateway.ts'
import {
  type AuditVerdict,
  readVerifyRequest,
  type VerifyAuditOptions,
  verifyAudit,
  verifyAuditOver,
} from '../../gateway/verify-audit.ts'
import { codeOf, GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { shownPath } from '../../kernel/secret.ts'
import { loadSettings } from '../../settings/load.ts'
import type { Settings } from '../../settings/table.ts'
import { databaseError } from '../../store/database-error.ts'
import { folderHolder } from '../../store/folder-lock.ts'
import { openDatabase } from '../../store/open-database.ts'
import { readEnvironment } from '../environment.ts'
import type { Output } from '../output.ts'
import { reportError } from '../report-error.ts'

/** The options of `audit verify`. */
export interface VerifyCommandOptions {
  readonly key?: readonly string[]
  readonly policy?: readonly string[]
  readonly anchor?: readonly string[]
  readonly since?: string
  readonly archive?: string
}

/** Most bytes of an anchor or a policy. */
const MAX_FILE_BYTES = 1_000_000
/** How the name of a checkpoint in a folder of them ends, as in TEAMS_AUDIT_ANCHOR_FOLDER. */
const ANCHOR_ENDING = '.checkpoint'
/** Findings that are printed for people. */
const MAX_PRINTED = 20

/** `audit verify`: of the database, or of an archive. A failure is never "not intact", which nothing has shown then. */
export async function verifyCommand(
  archive: string | undefined,
  options: VerifyCommandOptions,
  output: Output,
): Promise<ExitCode> {
  try {
    return await verify(archive, options, output)
  } catch (error) {
    const code = await reportError(error, output)
    return code === EXIT.no ? EXIT.unreachable : code
  }
}

async function verify(archive: string | undefined, options: VerifyCommandOptions, output: Output): Promise<ExitCode> {
  const { key = [], policy = [], anchor = [], since } = options
  const request = readVerifyRequest({
    keys: key,
    policies: policy.map((path) => ({ path, text: readText('--policy', path) })),
    anchors: anchor.flatMap(anchorFiles).map((path) => ({ path, text: readText('--anchor', path) })),
    since,
  })
  const file = archivePath(archive, options)
  if (file !== undefined)
    return (await import('./audit-verify-archive.ts')).verifyArchiveCommand(file, request.keys, output)
  const settings = loadSettings(readEnvironment('error'))
  const started = performance.now()
  const onProgress = (done: number, total: number) =>
    output.progress(progressLine(done, total, performance.now() - started))
  // Only the gateway that has this folder open: one at TEAMS_HTTP_PORT may have another trail.
  const holder = settings.DATABASE_URL === undefined ? await folderHolder(settings.TEAMS_DATA_DIR) : undefined
  const local = holder?.url
  const verdict =
    local === undefined
      ? await verifyDatabase(settings, { ...request, onProgress }, output)
      : await verifyGateway(local, tokenFor(settings, 'read'), { ...request, onProgress })
  output.answer(jsonOf(verdict))
  for (const line of described(verdict, output)) output.print(line)
  return verdict.intact ? EXIT.ok : EXIT.no
}

async function verifyDatabase(settings: Settings, options: VerifyAuditOptions, output: Output): Promise<AuditVerdict> {
  output.progress('Opening the database …')
  const database = await openDatabase(settings)
  try {
    return await verifyAudit(database.kysely, {
      ...options,
      onRows: () => output.progress('Comparing the rows of the record with their entries …'),
    })
  } catch (error) {
    throw databaseError(error)
  } finally {
    await database.close()
  }
}

/** @throws GatewayError `invalid_request` for two archives, and for options that an archive has no use for */
function archivePath(
  argument: string | undefined,
  { archive, anchor, since }: VerifyCommandOptions,
): string | undefined {
  const file = argument ?? archive
  if (file === undefined) return undefined
  const unused = [
    ...(argument !== undefined && archive !== undefined ? ['--archive'] : []),
    ...(anchor === undefined ? [] : ['--anchor']),
    ...(since === undefined ? [] : ['--since']),
  ]
  if (unused.length === 0) return file
  throw new GatewayError(
    'invalid_request',
    unused.map((at) => ({
      at,
      found: 'the option beside an archive',
      expected: 'an archive, --key and --policy alone',
    })),
  )
}

/** A gateway that runs has the embedded database for itself. */
async function verifyGateway(
  url: string,
  token: string | undefined,
  options: VerifyAuditOptions,
): Promise<AuditVerdict> {
  if (options.since !== undefined)
    throw new GatewayError('invalid_request', [
      {
        at: '--since',
        found: 'a gateway that runs on the embedded database',
        expected: 'a verification of everything',
      },
    ])
  const { audit } = createClient({ url, ...(token === undefined ? {} : { token }) })
  return verifyAuditOver(
    {
      entries: (cursor) => audit.entries({ raw: true, ...(cursor === undefined ? {} : { cursor }) }),
      checkpoint: (origin) =>
        audit.checkpoint(origin).catch((error: unknown) => {
          if (isGatewayError(error, 'audit_not_signed')) return undefined
          throw error
        }),
    },
    options,
  )
}

/**
 * The checkpoints in a folder, without those that are not fully written; a file itself.
 *
 * @throws GatewayError `invalid_request`, also for a folder without any: nothing would be compared with an anchor
 */
function anchorFiles(path: string): readonly string[] {
  const names = readable('--anchor', path, () => (statSync(path).isDirectory() ? readdirSync(path) : undefined))
  if (names === undefined) return [path]
  const files = names.filter((name) => name.endsWith(ANCHOR_ENDING) && !name.startsWith('.')).sort()
  if (files.length > 0) return files.map((name) => join(path, name))
  const found = `${path}, a folder without a file whose name ends in ${ANCHOR_ENDING}`
  throw new GatewayError('invalid_request', [{ at: '--anchor', found, expected: 'a checkpoint or a folder of them' }])
}

function readText(at: string, path: string): string {
  const text = readable(at, path, () => (statSync(path).size > MAX_FILE_BYTES ? undefined : readFileSync(path, 'utf8')))
  if (text !== undefined) return text
  const found = `${path}, a file of more than ${count(MAX_FILE_BYTES)} bytes`
  throw new GatewayError('invalid_request', [{ at, found, expected: 'a smaller file' }])
}

/** @throws GatewayError `invalid_request` for an error of the file system */
function readable<T>(at: string, path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const found = `${shownPath(path)}, which can not be read (${codeOf(error) ?? 'unknown'})`
    throw new GatewayError('invalid_request', [{ at, found, expected: 'the path of a file' }])
  }
}

function progressLine(done: number, total: number, ms: number): string {
  const percent = total > 0 ? Math.floor((done / total) * 100) : 100
  return `Verifying ${count(done)} of ${count(total)} entries (${percent} %), ${count(Math.round((done / ms) * 1000))} a second`
}

function jsonOf({ origins, findings, ...verdict }: AuditVerdict): unknown {
  return {
    ...verdict,
    seconds: Math.round(verdict.seconds * 1000) / 1000,
    origins: origins.map(({ signedBy, root, ...origin }) => ({
      ...origin,
      root: root.toString('base64'),
      signed_by: signedBy,
    })),
    findings: findings.map(({ entryId, ...finding }) => ({
      ...finding,
      ...(entryId === undefined ? {} : { entry_id: entryId }),
    })),
  }
}

function* described(verdict: AuditVerdict, output: Output): Iterable<string> {
  const { intact, origins, findings, codes, notes, seconds } = verdict
  const entries = origins.reduce((sum, origin) => sum + origin.entries, 0)
  const found = codes.reduce((sum, { total }) => sum + total, 0)
  yield intact
    ? `${output.paint('green', 'intact')}: ${count(entries)} entries in ${seconds.toFixed(1)} s`
    : `${output.paint('red', 'not intact')}: ${count(found)} ${found === 1 ? 'finding' : 'findings'} in ${count(entries)} entries`
  for (const { origin, size, root, checkpoints, signedBy } of origins) {
    const signed = signedBy.length > 0 ? `signed by ${signedBy.join(', ')}` : 'no signature verified'
    yield `  ${origin}: size ${count(size)}, root ${root.toString('base64')}, ${count(checkpoints)} checkpoints, ${signed}`
  }
  for (const note of notes) yield `  ${note}`
  for (const finding of findings.slice(0, MAX_PRINTED)) {
    const { code, origin, index, entryId, subject, kind, row, detail } = finding
    const place = [
      origin,
      index === undefined ? undefined : `number ${index}`,
      entryId && `entry ${entryId}`,
      kind,
      row && `${row.table} ${row.id}`,
      subject,
    ]
    yield ''
    yield `${output.paint('bold', code)}  ${place.filter((part) => part !== undefined).join('  ')}`
    yield `  ${detail}`
  }
  if (found > MAX_PRINTED)
    yield `\n… and ${count(found - Math.min(MAX_PRINTED, findings.length))} more; --json has the first hundred.`
  if (codes.length > 0) yield `\n${output.paint('bold', 'What to do')}`
  for (const { code, total, means, todo } of codes) yield `  ${code} (${count(total)}): ${means}. ${todo}`
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
