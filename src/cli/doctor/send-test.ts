import { rendererOptions } from '../../app/renderer-options.ts'
import type { AcceptedEvent } from '../../events/event.ts'
import { systemClock } from '../../kernel/clock.ts'
import { correlationIdFor, newId } from '../../kernel/ids.ts'
import { createLog } from '../../kernel/log.ts'
import { Secret } from '../../kernel/secret.ts'
import { createMetrics } from '../../metrics/metrics.ts'
import type { Channel, Registry } from '../../registry/registry.ts'
import type { Renderer } from '../../render/port.ts'
import { createRenderer } from '../../render/renderer.ts'
import type { Secrets } from '../../secrets/port.ts'
import { proxyRulesOf } from '../../secrets/proxy.ts'
import { createSecrets } from '../../secrets/secrets.ts'
import { OUTCOMES } from '../../send/outcomes.ts'
import type { Transport } from '../../send/port.ts'
import { createWorkflowsTransport } from '../../send/workflows/transport.ts'
import type { Environment } from '../../settings/load.ts'
import type { Settings } from '../../settings/table.ts'
import { EXIT } from '../exit-codes.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

/**
 * Posts a test card to every channel that has a webhook URL, past the database and the channel's budget: what shows here is
 * the way to Teams and nothing else. One channel after the other; none twice.
 *
 * @throws GatewayError where secrets or templates are not as they should be, which the other checks tell
 */
export async function* sendTests(settings: Settings, env: Environment, registry: Registry): AsyncGenerator<Finding> {
  const channels = [...registry.channels.values()].filter((channel) => !channel.muted)
  const renderer = createRenderer(rendererOptions(registry, settings))
  const secrets = await createSecrets({
    settings,
    env,
    channels,
    log: createLog('silent'),
    metrics: createMetrics(),
    clock: systemClock,
    allowSandbox: settings.TEAMS_SANDBOX_ORIGIN,
  })
  const transport = transportOf(settings, secrets)
  try {
    for (const channel of channels) yield await sendTest(channel, secrets.webhook(channel.key), renderer, transport)
  } finally {
    await transport.close()
    await secrets.close()
  }
}

async function sendTest(
  channel: Channel,
  address: Secret | undefined,
  renderer: Renderer,
  transport: Transport,
): Promise<Finding> {
  const check = `test card ${channel.key}`
  if (address === undefined) return noted(check, 'not sent: the channel has no webhook URL')
  const event = testEvent(channel)
  const { signal } = new AbortController()
  const { json } = renderer.render({ event, card: 'system_alert', channel, language: channel.language, repeat: false })
  const { name, message, statusCode } = await transport.send({
    channel,
    address,
    card: () => json,
    notificationId: event.id,
    correlationId: event.correlationId,
    priority: event.priority,
    attempt: 1,
    repeat: false,
    signal,
    callOff: signal,
    mayPost: () => true,
  })
  const { consequence, todo } = OUTCOMES[name]
  if (consequence === 'accepted')
    return fine(check, `taken with status ${statusCode}; now look whether ${channel.name} shows it`)
  return wrong(check, `${name}: ${message}`, todo, statusCode === undefined ? EXIT.unreachable : EXIT.no)
}

function testEvent(channel: Channel): AcceptedEvent {
  const id = newId()
  const now = new Date()
  return {
    id,
    eventType: 'gateway.test',
    correlationId: correlationIdFor(id),
    priority: 'INFO',
    stakeholders: [],
    data: {
      component: 'claimlinc-teams',
      summary: `This is a test card from "claimlinc-teams doctor --send-test" for ${channel.name}. Nothing has happened, and nothing needs to be done.`,
    },
    occurredAt: now,
    acceptedAt: now,
    language: undefined,
  }
}

function transportOf(settings: Settings, secrets: Secrets): Transport {
  const {
    TEAMS_ENTRA_TENANT_ID: tenantId,
    TEAMS_ENTRA_CLIENT_ID: clientId,
    TEAMS_ENTRA_CLIENT_SECRET: clientSecret,
  } = settings
  return createWorkflowsTransport({
    signingSecrets: () => secrets.signingSecrets(),
    totalConnections: settings.TEAMS_TOTAL_CONNECTIONS,
    connectionsPerHost: settings.TEAMS_CONNECTIONS_PER_HOST,
    timeoutMs: settings.TEAMS_CONNECTION_TIMEOUT * 1000,
    maxRetryAfterMs: settings.TEAMS_MAX_RETRY_AFTER * 1000,
    tls: { minVersion: settings.TEAMS_TLS_MIN_VERSION },
    proxyFor: proxyRulesOf(settings),
    extraHostSuffixes: settings.TEAMS_WEBHOOK_HOST_SUFFIXES ?? [],
    sandboxOrigin: () => settings.TEAMS_SANDBOX_ORIGIN,
    entra:
      tenantId && clientId && clientSecret
        ? {
            tenantId,
            clientId,
            clientSecret: new Secret(clientSecret),
            scope: settings.TEAMS_ENTRA_SCOPE,
            authority: settings.TEAMS_ENTRA_AUTHORITY,
          }
        : undefined,
  })
}
