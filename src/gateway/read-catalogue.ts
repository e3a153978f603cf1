import type { Catalogue } from '../catalogue/catalogue.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import type { Settings } from '../settings/table.ts'

/**
 * All that can be named, as the settings and their configuration file have it.
 *
 * @throws GatewayError `invalid_config_file`
 */
export function readCatalogue(settings: Settings, configFile = settings.TEAMS_CONFIG_FILE): Catalogue {
  return loadCatalogue({
    configFile,
    language: settings.TEAMS_LANGUAGE,
    muteAll: !settings.TEAMS_WEBHOOK_ENABLED,
    budget: {
      requests: settings.TEAMS_RATE_LIMIT_REQUESTS,
      period: settings.TEAMS_RATE_LIMIT_PERIOD,
      burst: settings.TEAMS_RATE_LIMIT_BURST,
    },
  })
}
