import type { Catalogue } from '../../catalogue/catalogue.ts'
import {
  type SecretPart,
  type SourceDefinition,
  secretNameOf,
  sourceSecretNames,
} from '../../catalogue/source-definitions.ts'
import { SOURCE_CODES, type SourceCode } from '../../contract/sources.ts'
import { systemClock } from '../../kernel/clock.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT } from '../../kernel/exit-codes.ts'
import { nearestName } from '../../kernel/nearest.ts'
import { checkSecrets, type SecretsReport } from '../../secrets/check.ts'
import { sourceSecretSetting } from '../../secrets/source-secrets.ts'
import type { Environment } from '../../settings/env-file.ts'
import type { Settings } from '../../settings/table.ts'
import { createSource } from '../../sources/kinds.ts'
import { type Finding, fine, wrong } from './finding.ts'

/** Longest time for all checks of one source. */
const DEADLINE_MS = 30_000
/** The system may be there and right, and can not be asked now. */
const AWAY: ReadonlySet<SourceCode> = new Set(['not_reached', 'no_answer', 'busy'])

/** Tries each source with its credentials, and changes nothing. */
export async function checkSources(
  sources: readonly SourceDefinition[],
  { sourceSecrets }: Pick<SecretsReport, 'sourceSecrets'>,
): Promise<readonly Finding[]> {
  const findings = sources.map(async (definition) => {
    const secret = (part?: SecretPart) => sourceSecrets.secrets.get(secretNameOf(definition.name, part))?.secret
    const source = await createSource(definition, { secret, clock: systemClock })
    const checks = await source.check(AbortSignal.timeout(DEADLINE_MS))
    return checks.map(({ what, found, ok, part, code = 'failed' }) => {
      const check = `source ${definition.name}`
      if (ok) return fine(check, `${what}: ${found}`)
      const setting = sourceSecretSetting(secretNameOf(definition.name, part))
      const todo = SOURCE_CODES[code].todo.replace('TEAMS_SOURCE_SECRET_<NAME>', setting)
      return wrong(check, `${what}: ${found} (${code})`, todo, AWAY.has(code) ? EXIT.unreachable : EXIT.no)
    })
  })
  return (await Promise.all(findings)).flat()
}

/**
 * Tries sources of the configuration, with the secrets of the settings.
 *
 * @param names all of the configuration if empty
 * @throws GatewayError `invalid_request` for a name that the configuration does not have
 */
export async function checkNamedSources(
  settings: Settings,
  env: Environment,
  catalogue: Catalogue,
  names: readonly string[],
): Promise<readonly Finding[]> {
  const known = [...catalogue.sources.keys()]
  const problems = names
    .filter((name) => !catalogue.sources.has(name))
    .map((name) => {
      const near = nearestName(known, name)
      const expected =
        known.length === 0 ? 'a source in the section "sources" of TEAMS_CONFIG_FILE' : `one of: ${known.join(', ')}`
      return { at: 'source', found: 'a name that no source has', expected: near ? `perhaps ${near}` : expected }
    })
  if (problems.length > 0) throw new GatewayError('invalid_request', problems)
  const report = await checkSecrets({
    settings,
    env,
    channels: [...catalogue.channels.values()],
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    clock: systemClock,
  })
  const chosen = [...catalogue.sources.values()].filter(({ name }) => names.length === 0 || names.includes(name))
  return checkSources(chosen, report)
}
