import type { Kysely } from 'kysely'
import { ESCALATION_DECISION } from '../../audit/configuration.ts'
import { readFingerprints } from '../../audit/fingerprints.ts'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { escalationIsOn } from '../../settings/escalation-settings.ts'
import type { Settings } from '../../settings/table.ts'
import { readBaseline } from '../../store/audit-baseline.ts'
import { saltedHash } from '../../store/entry-sql.ts'
import type { Tables } from '../../store/tables.ts'
import { type Finding, fine, noted } from './finding.ts'

/** Says whether events climb that a process with these settings accepts, and whether the last gateway to start decided otherwise. */
export async function checkEscalation(settings: Settings, kysely: Kysely<Tables>): Promise<Finding> {
  const climbs = escalationIsOn(settings)
  const detail = climbs ? 'events that nobody acknowledges climb' : `events do not climb: ${whyNot(settings)}`
  const recorded = await readDecision(kysely)
  if (recorded === undefined || recorded === climbs) return fine('escalation', detail)
  return noted(
    'escalation',
    `${detail}; by the settings of the gateway that started last they ${recorded ? 'do' : 'do not'}`,
    'Set TEAMS_ESCALATION to on or to off, the same in every process that accepts events, and restart those whose settings changed.',
  )
}

function whyNot({ TEAMS_ESCALATION: setting }: Settings): string {
  return setting === 'off'
    ? 'TEAMS_ESCALATION is off'
    : 'TEAMS_ESCALATION is auto, with neither TEAMS_PUBLIC_URL nor a token with the scope act'
}

/** The decision of the last start, of any replica; undefined where none is recorded. Its record has hashes alone. */
async function readDecision(kysely: Kysely<Tables>): Promise<boolean | undefined> {
  const fingerprints = readFingerprints((await readBaseline(kysely, 'configuration'))?.value)
  if (fingerprints === undefined) return undefined
  const { salt, hashes } = fingerprints
  return [true, false].find((climbs) => hashes[ESCALATION_DECISION] === saltedHash(salt, canonicalJson(climbs)))
}
