import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import Fastify from 'fastify'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { addActionRoutes } from './action-routes.ts'
import { limitWork } from './admission.ts'
import { addAlertRoutes } from './alert-routes.ts'
import { addArchiveRoutes } from './archive-routes.ts'
import { addAuditRoutes } from './audit-routes.ts'
import { type AuthSettings, createAuthenticator, guardAccess } from './auth.ts'
import { answerErrors, answerMalformed, newRequestId, sendProblem } from './errors.ts'
import { addEscalationRoutes } from './escalation-routes.ts'
import { addEventsRoute } from './events-routes.ts'
import { addHeartbeatRoutes } from './heartbeat-routes.ts'
import { addNotificationRoutes } from './notification-routes.ts'
import { openApiDocument } from './openapi.ts'
import type { EventTypeForDocs } from './openapi-events.ts'
import { logRequests } from './request-log.ts'
import { addSilenceRoutes } from './silence-routes.ts'
import { addSourceRoutes } from './source-routes.ts'
import { addSystemRoutes } from './system-routes.ts'
import { trackRequests } from './track-requests.ts'
import { addWebhookHandshake } from './webhook-handshake.ts'

/** The settings that the HTTP service reads, a part of the gateway's. */
export interface HttpSettings extends AuthSettings {
  readonly TEAMS_HTTP_HOST: string
  readonly TEAMS_HTTP_PORT: number
  readonly TEAMS_MAX_BODY_BYTES: number
  /** Seconds that a stop waits for requests in flight. */
  readonly TEAMS_SHUTDOWN_TIMEOUT: number
}

/** Options of {@link createHttpServer}. */
export interface HttpServerOptions {
  readonly service: GatewayService
  readonly settings: HttpSettings
  readonly log: Log
  readonly metrics: Metrics
  /** Version of the gateway, for `/` and OpenAPI. */
  readonly version: string
  /** Every event type that is accepted, for OpenAPI; for example `[...catalogue.eventTypes.values()]`. */
  readonly eventTypes: readonly EventTypeForDocs[]
  /** Older names of event types: alias → name. */
  readonly aliases?: ReadonlyMap<string, string>
  /** Further Fastify plugins, for example the sandbox. */
  readonly plugins?: readonly FastifyPluginAsync[]
}

/** The HTTP service of one gateway. */
export interface HttpServer {
  /**
   * Listens; resolves with the address.
   *
   * @throws GatewayError `port_in_use`; `invalid_settings` for an interface that this machine does not have.
   */
  start(): Promise<{ readonly host: string; readonly port: number; readonly origin: string }>
  /** Refuses new requests, waits for those in flight, and closes. May be called more than once. */
  stop(): Promise<void>
  /** The Fastify application, for `inject` in tests. */
  readonly app: FastifyInstance
}

/** For a whole request to arrive. A slow client (slowloris) occupies a socket no longer than this. */
const REQUEST_TIMEOUT_MS = 30_000
/** For the headers of a request to arrive. */
const HEADERS_TIMEOUT_MS = 10_000
/**
 * For an idle connection to be closed. Longer than the 60 s of common load balancers, so that they close it first: a
 * request on a connection that this side just closed would fail.
 */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** Characters; an id has 36. */
const MAX_PARAMETER_LENGTH = 100

/** Makes the HTTP service; nothing listens until {@link HttpServer.start}. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { service, settings, log, metrics } = options
  const auth = createAuthenticator(settings)
  const app = Fastify({
    logger: false,
    bodyLimit: settings.TEAMS_MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: 16_384, connectionsCheckingInterval: 5_000 },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // trackRequests refuses with `gateway_stopped` instead, as application/problem+json.
    return503OnClosing: false,
    genReqId: newRequestId,
    clientErrorHandler: answerMalformed,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, log),
  })
  const requests = trackRequests(app)
  logRequests(app, log)
  answerErrors(app, log)
  limitWork(app, metrics, settings.TEAMS_MAX_BODY_BYTES)
  guardAccess(app, auth)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
  })
  app.register((api, _options, done) => {
    // Bodies are read as bytes: a signature covers bytes, and Fastify's parsers replace broken UTF-8.
    api.removeAllContentTypeParsers()
    api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    api.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })
    addEventsRoute(api, service, metrics)
    addWebhookHandshake(api)
    addAlertRoutes(api, service, metrics)
    addNotificationRoutes(api, service)
    addSilenceRoutes(api, service)
    addActionRoutes(api, service)
    addEscalationRoutes(api, service)
    addSourceRoutes(api, service)
    addArchiveRoutes(api, service)
    addHeartbeatRoutes(api, service)
    addAuditRoutes(api, service)
    done()
  })
  addSystemRoutes(app, { service, version: options.version, openApi: () => openApiDocument(options) })
  for (const plugin of options.plugins ?? []) app.register(plugin)

  let stopped: Promise<void> | undefined
  return {
    app,
    async start() {
      // "localhost" may mean 127.0.0.1 and ::1. One address, so that the printed one is the one it listens at.
      const host = settings.TEAMS_HTTP_HOST === 'localhost' ? '127.0.0.1' : settings.TEAMS_HTTP_HOST
      try {
        await app.listen({ host, port: settings.TEAMS_HTTP_PORT })
      } catch (error) {
        throw listenError(error, settings)
      }
      const address = app.server.address()
      const port = typeof address === 'object' && address ? address.port : settings.TEAMS_HTTP_PORT
      return { host, port, origin: originOf(host, port) }
    },
    stop() {
      stopped ??= requests.stop(settings.TEAMS_SHUTDOWN_TIMEOUT * 1_000)
      return stopped
    },
  }
}

/** The origin to open in a browser: for all interfaces (`0.0.0.0`, `::`) the loopback address. */
function originOf(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function listenError(error: unknown, { TEAMS_HTTP_HOST, TEAMS_HTTP_PORT }: HttpSettings): unknown {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  if (isGatewayError(error)) return error
  if (code === 'EADDRINUSE')
    return new GatewayError(
      'port_in_use',
      [{ at: 'TEAMS_HTTP_PORT', found: `port ${TEAMS_HTTP_PORT}, which another program has`, expected: 'a free port' }],
      { cause: error },
    )
  if (code === 'EACCES')
    return new GatewayError(
      'invalid_settings',
      [
        {
          at: 'TEAMS_HTTP_PORT',
          found: `port ${TEAMS_HTTP_PORT}, which this user may not take`,
          expected: 'a port from 1024',
        },
      ],
      { cause: error },
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL')
    return new GatewayError(
      'invalid_settings',
      [
        {
          at: 'TEAMS_HTTP_HOST',
          found: `${TEAMS_HTTP_HOST}, which this machine does not have`,
          expected: 'an address of this machine',
        },
      ],
      { cause: error },
    )
  return error
}
