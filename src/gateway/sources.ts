import type { GatewayService } from '../contract/service.ts'
import type { SourceView } from '../contract/sources.ts'
import { MOST_FINDINGS, readFindings } from '../sources/findings.ts'
import type { Database } from '../store/database.ts'
import { readSources } from '../store/sources.ts'
import type { UseCaseParts } from './calls.ts'

/** Makes the use case that lists the sources. */
export function createSources(parts: UseCaseParts): Pick<GatewayService, 'listSources'> {
  return { listSources: () => viewSources(parts, parts.database.kysely) }
}

/** Reads every watched system of the configuration, through the given connection; also one that no replica has run yet. */
export async function viewSources(
  { catalogue }: Pick<UseCaseParts, 'catalogue'>,
  kysely: Database['kysely'],
): Promise<readonly SourceView[]> {
  if (catalogue.sources.size === 0) return []
  const rows = await readSources(kysely)
  return [...catalogue.sources.values()].map(({ name, kind }): SourceView => {
    const row = rows.get(name)
    const known = row?.kind === kind ? row : undefined
    const open = readFindings(known?.checkpoint.findings).filter((finding) => finding.open)
    return {
      name,
      kind,
      runBy: known?.holder ?? null,
      seenAt: known?.seenAt ?? null,
      unseenSince: known?.unseenSince ?? null,
      blindSince: known?.blindSince ?? null,
      code: known?.code ?? null,
      open: open
        .slice(0, MOST_FINDINGS)
        .map(({ finding, subject, since }) => ({ finding, subject, since: new Date(since) })),
      more: Math.max(0, open.length - MOST_FINDINGS),
    }
  })
}
