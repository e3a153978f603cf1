import type { Renderer } from '../../cards/rendered-card.ts'
import { createRenderer, rendererOptions } from '../../cards/renderer.ts'
import type { Catalogue, Channel } from '../../catalogue/catalogue.ts'
import { sourceSecretNames } from '../../catalogue/source-definitions.ts'
import type { AcceptedEvent } from '../../contract/events.ts'
import { OUTCOMES } from '../../contract/outcomes.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EXIT } from '../../kernel/exit-codes.ts'
import { correlationIdFor, newId } from '../../kernel/ids.ts'
import { createLog } from '../../kernel/log.ts'
import { createMetrics } from '../../metrics/metrics.ts'
import { createSecrets } from '../../secrets/secrets.ts'
import type { Environment } from '../../settings/env-file.ts'
import type { Settings } from '../../settings/table.ts'
import type { Transport } from '../../transports/transport.ts'
import { workflowsTransportOf } from '../../transports/workflows/from-settings.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

/**
 * Posts one test card to each channel that has a webhook URL, one channel after the other. Uses neither the database nor the
 * channel's budget, so that only the connection to Teams is tested.
 *
 * @throws GatewayError for wrong secrets or templates, which the other checks report
 */
export async function* sendTests(settings: Settings, env: Environment, catalogue: Catalogue): AsyncGenerator<Finding> {
  const channels = [...catalogue.channels.values()].filter((channel) => !channel.muted)
  const renderer = createRenderer(rendererOptions(catalogue, settings))
  const secrets = await createSecrets({
    settings,
    env,
    channels,
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    log: createLog('silent'),
    metrics: createMetrics(),
    clock: systemClock,
  })
  const transport = workflowsTransportOf(settings, { secrets, clock: systemClock })
  try {
    for (const channel of channels) yield await sendTest(channel, renderer, transport)
  } finally {
    await transport.close()
    await secrets.close()
  }
}

async function sendTest(channel: Channel, renderer: Renderer, transport: Transport): Promise<Finding> {
  const check = `test card ${channel.key}`
  const destination = transport.destination(channel)
  if (!destination.ready) return noted(check, 'not sent: the channel has no webhook URL')
  const event = testEvent(channel)
  const { signal } = new AbortController()
  const { json } = renderer.render({ event, card: 'system_alert', channel, language: channel.language, repeat: false })
  const { name, message, statusCode } = await transport.send({
    channel,
    destination,
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
