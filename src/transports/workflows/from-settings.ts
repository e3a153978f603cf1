import type { Clock } from '../../kernel/clock.ts'
import { Secret } from '../../kernel/secret.ts'
import type { Settings } from '../../settings/table.ts'
import { proxyRulesOf } from '../proxy.ts'
import type { Transport } from '../transport.ts'
import type { EntraCredentials } from './entra.ts'
import { createWorkflowsTransport, type WorkflowsTransportOptions } from './transport.ts'

/** Inputs besides the settings: current secrets, and the origin of the sandbox. */
export interface WorkflowsTransportParts {
  readonly secrets: Pick<WorkflowsTransportOptions, 'webhook' | 'signingSecrets'>
  /** Origin of the sandbox while it is mounted; TEAMS_SANDBOX_ORIGIN counts where it is not. */
  readonly sandboxOrigin?: () => string | undefined
  readonly clock: Clock
}

/** The transport for workflow webhooks with the options of the settings, for a gateway and for `doctor --send-test`. */
export function workflowsTransportOf(
  settings: Settings,
  { secrets, sandboxOrigin, clock }: WorkflowsTransportParts,
): Transport {
  return createWorkflowsTransport({
    webhook: (channelKey) => secrets.webhook(channelKey),
    signingSecrets: () => secrets.signingSecrets(),
    totalConnections: settings.TEAMS_TOTAL_CONNECTIONS,
    connectionsPerHost: settings.TEAMS_CONNECTIONS_PER_HOST,
    timeoutMs: settings.TEAMS_CONNECTION_TIMEOUT * 1000,
    maxRetryAfterMs: settings.TEAMS_MAX_RETRY_AFTER * 1000,
    tls: { minVersion: settings.TEAMS_TLS_MIN_VERSION },
    proxyFor: proxyRulesOf(settings),
    extraHostSuffixes: settings.TEAMS_WEBHOOK_HOST_SUFFIXES ?? [],
    sandboxOrigin: () => sandboxOrigin?.() ?? settings.TEAMS_SANDBOX_ORIGIN,
    entra: entraOf(settings),
    clock,
  })
}

/** Credentials for channels with `auth: entra`; undefined unless all three settings are set. */
function entraOf(settings: Settings): EntraCredentials | undefined {
  const {
    TEAMS_ENTRA_TENANT_ID: tenantId,
    TEAMS_ENTRA_CLIENT_ID: clientId,
    TEAMS_ENTRA_CLIENT_SECRET: clientSecret,
  } = settings
  if (!tenantId || !clientId || !clientSecret) return undefined
  return {
    tenantId,
    clientId,
    clientSecret: new Secret(clientSecret),
    scope: settings.TEAMS_ENTRA_SCOPE,
    authority: settings.TEAMS_ENTRA_AUTHORITY,
  }
}
