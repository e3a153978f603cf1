import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { FastifyPluginAsync } from 'fastify'
import { TEAMS_MESSAGE_LIMIT } from '../../contract/card-size.ts'
import { TEAMS_DARK, TEAMS_LIGHT } from '../../contract/teams-host-config.ts'

/** No other origins and no inline scripts, so that a card's text can neither run scripts nor load resources. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

const STYLE = 'text/css; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'

/** All files of the page. Each has a route of its own: no path of a request is used as a file name (path traversal). */
const FILES: Readonly<Record<string, string>> = {
  'card.css': STYLE,
  'channel.css': STYLE,
  'message.css': STYLE,
  'page.css': STYLE,
  'phone.css': STYLE,
  'theme.css': STYLE,
  'page.js': SCRIPT,
  'card.js': SCRIPT,
  'channel.js': SCRIPT,
  'dom.js': SCRIPT,
  'markdown.js': SCRIPT,
  'message.js': SCRIPT,
  'texts.js': SCRIPT,
  'icon.svg': 'image/svg+xml',
}

/** Serves the page and its files. `gateway` is true where a gateway at the same origin accepts events. */
export function pageFiles(options: { gateway: boolean }): FastifyPluginAsync {
  return async (app) => {
    const settings = {
      gateway: options.gateway,
      message_limit: TEAMS_MESSAGE_LIMIT,
      host_configs: { light: TEAMS_LIGHT, dark: TEAMS_DARK },
    }
    const pageFile = (name: string) => readFile(new URL(`./page/${name}`, import.meta.url))
    // The official renderer's browser build.
    const renderer = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js')

    app.addHook('onSend', async (_request, reply) => {
      reply.headers(HEADERS)
    })
    app.get('/sandbox', { config: { scope: 'read', browser: true } }, async (_request, reply) =>
      reply.type('text/html; charset=utf-8').send(await pageFile('index.html')),
    )
    app.get('/sandbox/page/settings.json', async () => settings)
    app.get('/sandbox/page/adaptivecards.js', async (_request, reply) =>
      reply.type(SCRIPT).send(await readFile(renderer)),
    )
    for (const [name, type] of Object.entries(FILES)) {
      app.get(`/sandbox/page/${name}`, async (_request, reply) => reply.type(type).send(await pageFile(name)))
    }
  }
}
