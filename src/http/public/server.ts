import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import Fastify from 'fastify'
import type { Language } from '../../catalogue/language.ts'
import { toGatewayError } from '../../contract/problem.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { GatewayError, isGatewayError } from '../../kernel/errors.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { answerMalformed, newRequestId } from '../errors.ts'
import { logRequests } from '../request-log.ts'
import { trackRequests } from '../track-requests.ts'
import { addAssets } from './assets.ts'
import { createCookies } from './cookies.ts'
import { addSecurityHeaders, setSecurityHeaders } from './headers.ts'
import { browserLanguage, createTimeFormat, refusalText, textsOf } from './language.ts'
import { messagePage } from './layout.ts'
import { limitRequests } from './limit-requests.ts'
import { type ActingService, addLinkRoutes, type LinkRouteOptions } from './link-routes.ts'
import { createRefusals } from './refusals.ts'
import { addSignInRoute } from './sign-in-route.ts'
import type { PageProblem } from './texts.ts'

/** Options of {@link createPublicServer}. */
export interface PublicServerOptions extends Omit<LinkRouteOptions, 'cookies' | 'time' | 'service' | 'refusals'> {
  readonly service: ActingService
  readonly metrics: Metrics
  /** The system's timers if absent. */
  readonly after?: Clock['after']
  readonly host: string
  readonly port: number
  readonly timeZone: string
  /** Further routes, for example the inbound webhooks of PagerDuty. They parse their own bodies. */
  readonly plugins?: readonly FastifyPluginAsync[]
  /** Seconds that a stop waits for requests in flight. */
  readonly shutdownTimeout: number
}

/** The listener that the public reaches. */
export interface PublicServer {
  /** Listens; resolves with the origin on this machine. @throws GatewayError `port_in_use`, `invalid_settings` */
  start(): Promise<{ readonly origin: string }>
  /** Refuses new requests, waits for those in flight, and closes. May be called more than once. */
  stop(): Promise<void>
  readonly app: FastifyInstance
}

/** A form has two short texts. */
const MAX_FORM_BYTES = 16_384

/**
 * Makes the public listener: pages of links, the end of a sign-in, files of the pages, and given plugins. Everything else is 404:
 * `/v1`, `/metrics` and the sandbox are on another port.
 */
export function createPublicServer(options: PublicServerOptions): PublicServer {
  const { log, host, port, publicUrl } = options
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_FORM_BYTES,
    requestTimeout: 10_000,
    http: { headersTimeout: 10_000, maxHeaderSize: 32_768, connectionsCheckingInterval: 5_000 },
    routerOptions: { maxParamLength: 200 },
    return503OnClosing: false,
    genReqId: newRequestId,
    clientErrorHandler: answerMalformed,
    frameworkErrors: (error, request, reply) => {
      // Fastify runs no hooks for these: a path that can not be decoded, or that is too long.
      setSecurityHeaders(reply, publicUrl())
      if (request.url.startsWith('/act/')) void refusals.record('link_forged')
      sendPage(error, languageOf(request.headers), reply)
    },
  })
  const refusals = createRefusals({ after: systemClock.after, ...options })
  const requests = trackRequests(app)
  logRequests(app, log)
  addSecurityHeaders(app, publicUrl)
  limitRequests(app)
  app.setNotFoundHandler((request, reply) =>
    sendPage(new GatewayError('not_found'), languageOf(request.headers), reply),
  )
  app.setErrorHandler((error, request, reply) => {
    const known = toGatewayError(error)
    if (known.status >= 500 && known.code !== 'gateway_busy' && known.code !== 'gateway_stopped')
      log.write('request_failed', { err: error, request_id: request.id, route: request.routeOptions.url ?? null })
    return sendPage(known, languageOf(request.headers), reply)
  })
  const parts = {
    ...options,
    refusals,
    cookies: createCookies({
      keys: options.keys,
      isSecure: () => publicUrl()?.startsWith('https:') ?? false,
      now: options.now,
    }),
    time: createTimeFormat(options.timeZone),
  }
  addAssets(app)
  app.register((pages, _options, done) => {
    pages.removeAllContentTypeParsers()
    pages.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, new URLSearchParams(String(body))),
    )
    addLinkRoutes(pages, parts)
    addSignInRoute(pages, parts)
    done()
  })
  for (const plugin of options.plugins ?? []) app.register(plugin)

  let stopped: Promise<void> | undefined
  return {
    app,
    async start() {
      try {
        await app.listen({ host, port })
      } catch (error) {
        throw listenError(error, host, port)
      }
      const address = app.server.address()
      const bound = typeof address === 'object' && address ? address.port : port
      const name = host === '0.0.0.0' || host === 'localhost' ? '127.0.0.1' : host === '::' ? '::1' : host
      return { origin: `http://${name.includes(':') ? `[${name}]` : name}:${bound}` }
    },
    stop() {
      stopped ??= requests.stop(options.shutdownTimeout * 1_000).then(() => refusals.flush())
      return stopped
    },
  }
}

function languageOf(headers: IncomingHttpHeaders): Language {
  return browserLanguage(headers['accept-language'])
}

function sendPage(thrown: unknown, language: Language, reply: FastifyReply): FastifyReply {
  const error = isGatewayError(thrown) ? thrown : toGatewayError(thrown)
  const code = PAGES[error.code] ?? 'unavailable'
  const page = messagePage({ language }, refusalText(textsOf(language), code), { code: error.code })
  return reply.code(error.status).type('text/html; charset=utf-8').send(page)
}

/** The words of a page for errors of the gateway. */
const PAGES: Readonly<Record<string, PageProblem>> = {
  not_found: 'not_found',
  method_not_allowed: 'not_found',
  gateway_busy: 'gateway_busy',
  action_key_reused: 'uncertain',
  commit_unknown: 'uncertain',
  internal: 'uncertain',
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  if (code === 'EADDRINUSE')
    return new GatewayError(
      'port_in_use',
      [{ at: 'TEAMS_PUBLIC_PORT', found: `port ${port}, which another program has`, expected: 'a free port' }],
      { cause: error },
    )
  if (code === 'EACCES')
    return new GatewayError(
      'invalid_settings',
      [{ at: 'TEAMS_PUBLIC_PORT', found: `port ${port}, which this user may not take`, expected: 'a port from 1024' }],
      { cause: error },
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new GatewayError(
      'invalid_settings',
      [
        {
          at: 'TEAMS_PUBLIC_HOST',
          found: `${host}, which this machine does not have`,
          expected: 'an address of this machine',
        },
      ],
      { cause: error },
    )
  return error
}
