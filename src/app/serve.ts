import type * as commandLine from '../cli/own-gateways.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { pagerDutyWebhook } from '../http/pagerduty-webhook.ts'
import { createHttpServer } from '../http/server.ts'
import { packageVersion } from '../kernel/version.ts'
import { reportSandbox } from './sandbox-addresses.ts'
import { type Wired, wire } from './wiring.ts'

/** A gateway that is served over HTTP, with all its parts. */
export interface ServedGateway extends commandLine.ServedGateway {
  readonly wired: Wired
}

/**
 * Makes a gateway, serves it over HTTP, and starts delivering. Its `stop` goes in reverse order: first the HTTP server, then
 * posts in flight, then the database.
 *
 * @throws GatewayError as {@link wire} does, and `port_in_use`
 */
export async function serveGateway(options: GatewayOptions): Promise<ServedGateway> {
  const wired = await wire(options)
  const { settings, log, service, metrics, catalogue, sandbox } = wired
  metrics.watchProcess()
  const http = createHttpServer({
    service,
    settings,
    log,
    metrics,
    version: packageVersion(),
    eventTypes: [...catalogue.eventTypes.values()],
    aliases: catalogue.aliases,
    plugins: [
      pagerDutyWebhook(service, log),
      ...(sandbox ? [(await import('../stand-ins/teams/routes.ts')).sandboxRoutes(sandbox.model)] : []),
    ],
  })
  async function stop(): Promise<void> {
    await http.stop()
    await wired.stop()
  }
  try {
    const { origin } = await http.start()
    if (sandbox) {
      sandbox.attach(origin)
      reportSandbox(log, settings, origin)
    }
    await wired.deliver()
    wired.database.announce?.(origin)
    log.write('gateway_listening', { origin })
    return { origin, sandboxUrl: sandbox ? `${origin}/sandbox` : undefined, settings, catalogue, service, wired, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
