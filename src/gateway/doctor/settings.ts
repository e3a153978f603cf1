import { checkAsAtStart, rendererOptions } from '../../cards/renderer.ts'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { catalogueOf } from '../../catalogue/load.ts'
import { patientDataNotices } from '../../catalogue/patient-data-notices.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, exitCodeOf } from '../../kernel/exit-codes.ts'
import { webhookSetting } from '../../secrets/environment.ts'
import type { Environment } from '../../settings/env-file.ts'
import { usableSettings } from '../../settings/load.ts'
import { settingNotices } from '../../settings/notices.ts'
import { NAME_THE_DATABASE, otherDatabase } from '../../settings/other-database.ts'
import { SETTINGS, type Settings } from '../../settings/table.ts'
import { type Finding, fine, noted, wrong, wrongSetting } from './finding.ts'

/** Settings for the other checks, and findings about the given ones. */
export interface CheckedSettings {
  readonly env: Environment
  readonly settings: Settings
  /** Names of the settings that were given and can not be used. Findings must not call them unset. */
  readonly refused: ReadonlySet<string>
  readonly findings: readonly Finding[]
}

/** Checks all settings. Wrong ones have their defaults in the result, so that the other checks can run. */
export function checkSettings(given: Environment): CheckedSettings {
  const { env, settings, problems } = usableSettings(given)
  const set = Object.keys(SETTINGS).filter((name) => env[name]?.trim()).length
  const findings =
    problems.length === 0
      ? [fine('settings', `${set} of ${Object.keys(SETTINGS).length} are set, the others have their defaults`)]
      : problems.map((problem) => wrongSetting('settings', problem, EXIT.usage))
  const notices = settingNotices(env, settings).map(({ at, says }) => noted('settings', `${at}: ${says}`))
  const refused = new Set(Object.keys(given).filter((name) => given[name]?.trim() && env[name] === undefined))
  return { env, settings, refused, findings: [...findings, ...notices] }
}

/** Checks the configuration file. If it can not be used, the result is the built-in catalogue. */
export function checkCatalogue(settings: Settings): { catalogue: Catalogue; findings: readonly Finding[] } {
  const builtIn = catalogueOf({ ...settings, TEAMS_CONFIG_FILE: undefined })
  if (settings.TEAMS_CONFIG_FILE === undefined)
    return {
      catalogue: builtIn,
      findings: [fine('configuration', `no TEAMS_CONFIG_FILE: ${counts(builtIn)}, all built in`)],
    }
  try {
    const catalogue = catalogueOf(settings)
    const notices = patientDataNotices(catalogue)
    return {
      catalogue,
      findings: [
        fine('configuration', `${settings.TEAMS_CONFIG_FILE}: ${counts(catalogue)}`),
        ...checkRoles(catalogue, settings),
        ...notices.map(({ at }) =>
          noted(
            'patient data',
            `${at} is named like patient data and kept as it comes`,
            'Mark it phi: true, or phi: false.',
          ),
        ),
      ],
    }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const exit = exitCodeOf(error.code)
    return {
      catalogue: builtIn,
      findings: error.problems.map((problem) => wrongSetting('configuration', problem, exit)),
    }
  }
}

/** Finds roles that nobody can have. */
function* checkRoles({ roles }: Catalogue, { TEAMS_SIGN_IN_CLIENT_ID: signIn }: Settings): Iterable<Finding> {
  for (const [name, { entraGroups, entraAppRoles }] of roles)
    if (entraGroups.length + entraAppRoles.length === 0)
      yield noted(
        'roles',
        `nobody has the role ${name}: it names no group and no app role`,
        'Set its entra_groups or entra_app_roles.',
      )
  if (roles.size > 0 && signIn === undefined)
    yield noted(
      'roles',
      'nobody has a role: without a sign-in no groups are known',
      'Let people sign in with Entra ID: docs/guides/links.md.',
    )
}

function counts({ eventTypes, groups, channels }: Catalogue): string {
  return `${eventTypes.size} event types, ${groups.size} groups, ${channels.size} channels`
}

/** Reads and checks every template, as a gateway's start does. */
export function checkCards(catalogue: Catalogue, settings: Settings): readonly Finding[] {
  const { cards, problems, untitled } = checkAsAtStart(rendererOptions(catalogue, settings))
  const [first] = untitled
  const drawn = `${cards.length} cards can be drawn in every language`
  if (problems.length === 0 && first === undefined) return [fine('templates', drawn)]
  if (problems.length === 0)
    return [
      noted(
        'templates',
        `${drawn}; ${untitled.length} event types have no title, the first: ${first?.at}`,
        '"claimlinc-teams templates check" says where titles belong.',
      ),
    ]
  return [
    wrong(
      'templates',
      `${problems.length} problems, the first in ${problems[0]?.at}: ${problems[0]?.found}`,
      '"claimlinc-teams templates check" lists them all.',
      exitCodeOf('invalid_template'),
    ),
  ]
}

/** Finds variables of a PostgreSQL that the gateway does not read, so that it would use the embedded database instead. */
export function checkOtherNames(env: Environment, settings: Settings, catalogue: Catalogue): readonly Finding[] {
  const { addresses, hosts } = otherDatabase(env)
  const named = [...catalogue.channels.keys()].some((key) => env[webhookSetting(key)]?.trim())
  const real = named || settings.TEAMS_WEBHOOKS_FILE !== undefined || settings.TEAMS_WEBHOOK_VAULT_PATH !== undefined
  const found = (name: string) => `${name}: found a PostgreSQL under a name that the gateway does not read`
  const todo = `Set ${NAME_THE_DATABASE}.`
  return [
    ...addresses.map((name) =>
      real ? wrong('database', found(name), todo, EXIT.usage) : noted('database', found(name), todo),
    ),
    ...(real ? hosts.map((name) => noted('database', found(name), todo)) : []),
  ]
}
