import type { Verifier } from '../../contract/note-keys.ts'
import { type ArchiveVerdict, verifyAuditArchive } from '../../gateway/verify-archive.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import type { Output } from '../output.ts'

/** Findings that are printed for people. */
const MAX_PRINTED = 20

/** `audit verify --archive`: verifies a file that `audit export` wrote. Opens no database. */
export async function verifyArchiveCommand(path: string, keys: readonly Verifier[], output: Output): Promise<ExitCode> {
  const verdict = await verifyAuditArchive(path, {
    keys,
    onProgress: (entries) => output.progress(`Verifying ${count(entries)} entries`),
  })
  output.answer(jsonOf(path, verdict))
  for (const line of described(path, verdict, output)) output.print(line)
  return verdict.intact ? EXIT.ok : EXIT.no
}

function jsonOf(
  archive: string,
  { intact, trees, findings, totalFindings, codes, ...verdict }: ArchiveVerdict,
): unknown {
  return {
    intact,
    archive,
    manifest_sha256: verdict.manifestHash ?? null,
    filter: verdict.manifest?.filter ?? null,
    made_at: verdict.manifest?.made_at ?? null,
    trees: trees.map(({ origin, size, root, first, last, entries, gone, signedBy }) => ({
      ...{ origin, size, root: root.toString('base64'), first, last, entries, gone, signed_by: signedBy },
    })),
    findings,
    total_findings: totalFindings,
    codes,
    notes: verdict.notes,
  }
}

function* described(path: string, verdict: ArchiveVerdict, output: Output): Iterable<string> {
  const { intact, trees, findings, totalFindings, codes, notes, manifestHash, manifest } = verdict
  const entries = trees.reduce((sum, tree) => sum + tree.entries, 0)
  yield intact
    ? `${output.paint('green', 'intact')}: ${count(entries)} entries in ${path}`
    : `${output.paint('red', 'not intact')}: ${count(totalFindings)} ${totalFindings === 1 ? 'finding' : 'findings'} in ${path}`
  if (manifest !== undefined) yield `  ${filterLine(manifest.filter)}, made at ${manifest.made_at}`
  for (const { origin, size, root, first, last, signedBy } of trees) {
    const signed = signedBy.length > 0 ? `signed by ${signedBy.join(', ')}` : 'no signature verified'
    const numbers = first === null ? 'no entry' : `numbers ${first} to ${last}`
    yield `  ${origin}: ${numbers} of ${count(size)}, root ${root.toString('base64')}, ${signed}`
  }
  if (manifestHash !== undefined) yield `  SHA-256 of the manifest: ${manifestHash}`
  for (const note of notes) yield `  ${note}`
  for (const { code, file, origin, index, detail } of findings.slice(0, MAX_PRINTED)) {
    const place = [origin, index === undefined ? undefined : `number ${index}`, file]
    yield ''
    yield `${output.paint('bold', code)}  ${place.filter((part) => part !== undefined).join('  ')}`
    yield `  ${detail}`
  }
  if (totalFindings > MAX_PRINTED) yield `\n… and ${count(totalFindings - MAX_PRINTED)} more.`
  if (codes.length > 0) yield `\n${output.paint('bold', 'What that means')}`
  for (const { code, means } of codes) yield `  ${code}: ${means}.`
}

function filterLine(filter: NonNullable<ArchiveVerdict['manifest']>['filter']): string {
  if ('correlation_id' in filter) return `Correlation id ${filter.correlation_id}`
  return `Sealed from ${filter.since ?? 'the beginning'} to ${filter.until ?? 'the checkpoint'}`
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
