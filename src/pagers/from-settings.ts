import { loadTemplates } from '../cards/load.ts'
import { titleOfType } from '../cards/strings.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { PagerDefinition } from '../catalogue/pagers.ts'
import { createPatientDataGuard } from '../intake/patient-data/patient-data.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Settings } from '../settings/table.ts'
import type { ClaimedPagerAlert } from '../store/claim-pager-alerts.ts'
import { proxyRulesOf } from '../transports/proxy.ts'
import { type AlertContent, createAlertContent } from './alert-content.ts'
import { createPagerHttp } from './http.ts'
import { createOpsgenie } from './opsgenie.ts'
import { createPagerDuty } from './pagerduty.ts'
import type { ReadyPager } from './sender.ts'

/** The pagers of a configuration, with their connections. */
export interface ReadyPagers {
  readonly pagers: readonly ReadyPager[]
  readonly contentOf: (pagerAlert: ClaimedPagerAlert, pager: PagerDefinition) => AlertContent
  readonly timeoutMs: number
  close(): Promise<void>
}

/** Makes the pagers of the configuration. Their requests use the proxy, TLS and time-outs of posts to Teams. */
export function createPagers(
  settings: Settings,
  catalogue: Catalogue,
  { secrets, clock }: { readonly secrets: Pick<Secrets, 'pagerKey'>; readonly clock: Clock },
): ReadyPagers {
  const timeoutMs = settings.TEAMS_CONNECTION_TIMEOUT * 1000
  const http = createPagerHttp({
    timeoutMs,
    maxRetryAfterMs: settings.TEAMS_MAX_RETRY_AFTER * 1000,
    tls: { minVersion: settings.TEAMS_TLS_MIN_VERSION },
    proxyFor: proxyRulesOf(settings),
    clock,
  })
  const strings = loadTemplates(catalogue.templatesDir).files.strings[settings.TEAMS_LANGUAGE]
  const makers = { pagerduty: createPagerDuty, opsgenie: createOpsgenie }
  return {
    pagers: [...catalogue.pagers.values()].map((definition) => ({
      definition,
      pager: makers[definition.kind](definition, { http, key: () => secrets.pagerKey(definition.name) }),
    })),
    contentOf: createAlertContent({
      eventTypes: catalogue.eventTypes,
      titleOf: (type) => titleOfType(strings, type) ?? type,
      guard: createPatientDataGuard(catalogue.eventTypes.values(), 'mask'),
    }),
    timeoutMs,
    close: http.close,
  }
}
