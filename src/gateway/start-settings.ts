import type { Catalogue } from '../catalogue/catalogue.ts'
import type { ConfigInput } from '../catalogue/config-input.ts'
import { catalogueOf } from '../catalogue/load.ts'
import { sourceSecretNames } from '../catalogue/source-definitions.ts'
import { systemClock } from '../kernel/clock.ts'
import { GatewayError, isGatewayError, type Problem } from '../kernel/errors.ts'
import { checkSecrets } from '../secrets/check.ts'
import { type ReadEnvironment, type UsableSettings, usableSettings } from '../settings/load.ts'
import type { Settings } from '../settings/table.ts'

/** Settings that decide which webhook URLs are valid. While one of them is wrong, a URL's problem may only follow from it. */
const DECIDES_URLS = /^TEAMS_(CONFIG_FILE|WEBHOOK_HOST_SUFFIXES|SANDBOX_ORIGIN|ENTRA_)/

/**
 * Returns the settings of a gateway that is about to start. If one is wrong, the error also has the problems of the
 * configuration file, or of webhook URLs and secrets in the environment and in files. Vault is not asked: an error about settings
 * should not wait for a connection.
 *
 * @throws GatewayError `invalid_settings`, with all of these problems at once
 */
export async function startSettings(environment: ReadEnvironment, config?: ConfigInput): Promise<Settings> {
  const usable = usableSettings(environment.env)
  const problems = [...environment.problems, ...usable.problems]
  if (problems.length === 0) return usable.settings
  const further = problems.some(({ at }) => DECIDES_URLS.test(at)) ? [] : await furtherProblems(usable, config)
  throw new GatewayError('invalid_settings', [...problems, ...further])
}

async function furtherProblems({ env, settings }: UsableSettings, config: ConfigInput | undefined): Promise<Problem[]> {
  let catalogue: Catalogue
  try {
    catalogue = catalogueOf(settings, config)
  } catch (error) {
    if (!isGatewayError(error)) throw error
    return [...error.problems]
  }
  const { problems } = await checkSecrets({
    settings: { ...settings, VAULT_ADDR: undefined },
    env,
    channels: [...catalogue.channels.values()],
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    clock: systemClock,
  })
  return problems.map(({ at, found, expected }) => ({ at, found, expected }))
}
