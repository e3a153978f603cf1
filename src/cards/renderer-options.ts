import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Settings } from '../settings/table.ts'
import type { RendererOptions } from './card-compiler.ts'

/** What the settings say to the renderer; the command line's template commands make one too. */
export function rendererOptions(catalogue: Catalogue, settings: Settings): RendererOptions {
  return {
    catalogue,
    timeZone: settings.TEAMS_TIME_ZONE,
    maxBytes: settings.TEAMS_CARD_MAX_BYTES,
    links: {
      grafana: settings.TEAMS_LINK_GRAFANA,
      flower: settings.TEAMS_LINK_FLOWER,
      logs: settings.TEAMS_LINK_LOGS,
      claims: settings.TEAMS_LINK_CLAIMS,
      nphies: settings.TEAMS_LINK_NPHIES,
      nphiesStatus: settings.TEAMS_LINK_NPHIES_STATUS,
      nphiesDocs: settings.TEAMS_LINK_NPHIES_DOCS,
      runbooks: {
        vault: settings.TEAMS_LINK_VAULT_RUNBOOK,
        celery: settings.TEAMS_LINK_CELERY_RUNBOOK,
        nphies: settings.TEAMS_LINK_NPHIES_RUNBOOK,
      },
      notifications: settings.TEAMS_LINK_NOTIFICATIONS,
    },
  }
}
