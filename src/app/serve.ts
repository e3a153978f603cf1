import type * as commandLine from '../cli/own-gateways.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { pagerDutyWebhook } from '../http/pagerduty-webhook.ts'
import { createHttpServer } from '../http/server.ts'
import { packageVersion } from '../kernel/version.ts'
import { reportSandbox } from './sandbox-addresses.ts'
import type { Pages } from './serve-pages.ts'
import { type Wired, wire } from './wiring.ts'

/** A gateway that is served over HTTP, with all its parts. */
export interface ServedGateway extends commandLine.ServedGateway {
  readonly wired: Wired
}

/**
 * Makes a gateway, serves it over HTTP, and starts delivering. Its `stop` goes in reverse order: first the HTTP servers, then
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
  const { TEAMS_PUBLIC_PORT: port } = settings
  // The libraries of the pages are loaded only where there are pages.
  const pages = port === undefined ? undefined : await (await import('./serve-pages.ts')).createPages(wired, port)
  async function stop(): Promise<void> {
    await Promise.all([http.stop(), pages?.stop()])
    await wired.stop()
  }
  try {
    const { origin } = await http.start()
    if (sandbox) {
      sandbox.attach(origin)
      reportSandbox(log, settings, origin)
    }
    const pagesOrigin = pages ? await listen(pages, wired) : undefined
    await wired.deliver()
    wired.database.announce?.(origin)
    log.write('gateway_listening', { origin })
    return {
      origin,
      sandboxUrl: sandbox ? `${origin}/sandbox` : undefined,
      pagesOrigin,
      settings,
      catalogue,
      service,
      wired,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Starts the pages; those of a sandbox are found where they listen, as its people are on this machine. */
async function listen({ server }: Pages, { links, sandbox, log }: Wired): Promise<string> {
  const { origin } = await server.start()
  if (sandbox) links.attach(origin)
  log.write('pages_served', { origin })
  return origin
}
