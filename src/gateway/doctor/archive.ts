import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { SecretsReport } from '../../secrets/check.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

/**
 * Compares the archive keys with the records that they wrap. Wrong key texts are problems of the secrets.
 *
 * @param sources the configured sources: without dead-letter queues, nothing is archived and no key is needed
 * @param archived how many records each key wraps; undefined where they could not be read
 */
export function checkArchiveKeys(
  { archiveKeys, archiveKeysAt: at }: Pick<SecretsReport, 'archiveKeys' | 'archiveKeysAt'>,
  sources: Catalogue['sources'],
  archived: ReadonlyMap<string, number> | undefined,
): readonly Finding[] {
  const known = new Set(archiveKeys.map(({ id }) => id))
  const lost = [...(archived ?? [])].filter(([id]) => !known.has(id))
  const findings = lost.map(([id, count]) =>
    wrong(
      'archive key',
      `the key ${id} is not set: nobody can read the ${count} archived records that it wraps`,
      'Add it to TEAMS_ARCHIVE_KEYS after the newest one. If it is lost, so are these records.',
    ),
  )
  const [newest] = archiveKeys
  if (newest === undefined) {
    const isNeeded = [...sources.values()].some(
      (source) => source.kind === 'celery' && source.deadLetterQueues.length > 0,
    )
    if (at !== undefined || findings.length > 0 || !isNeeded) return findings
    return [
      noted(
        'archive key',
        'no key is set: no dead-lettered message can be discarded',
        'Run "claimlinc-teams archive keygen --out archive.key" and set TEAMS_ARCHIVE_KEYS_FILE to that file.',
      ),
    ]
  }
  const older = [...(archived ?? [])].filter(([id]) => id !== newest.id && known.has(id))
  const left = older.reduce((sum, [, count]) => sum + count, 0)
  const state = `${newest.id} of ${at} wraps what is archived`
  return [
    left === 0
      ? fine('archive key', state)
      : noted(
          'archive key',
          `${state}; older keys still wrap ${left} records`,
          'Run "claimlinc-teams archive rewrap".',
        ),
    ...findings,
  ]
}
