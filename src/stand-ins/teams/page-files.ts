import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { FastifyPluginAsync } from 'fastify'
import { TEAMS_MESSAGE_LIMIT } from '../../contract/card-size.ts'
import { TEAMS_DARK, TEAMS_LIGHT } from '../../contract/teams-host-config.ts'

/** Nothing from elsewhere, no inline script: a card's text can neither run nor load anything. */
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

/** Every file of the page. Only what stands here is served: no path from a request ever reaches the disk. */
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
  'words.js': SCRIPT,
  'icon.svg': 'image/svg+xml',
}

/** The page and its files. `gateway` says whether the page stands beside a gateway, to which events can be sent. */
export function pageFiles(options: { gateway: boolean }): FastifyPluginAsync {
  return async (app) => {
    const settings = {
      gateway: options.gateway,
      message_limit: TEAMS_MESSAGE_LIMIT,
      host_configs: { light: TEAMS_LIGHT, dark: TEAMS_DARK },
    }
    const own = (name: string) => readFile(new URL(`./page/${name}`, import.meta.url))
    // The official renderer, in the build for browsers that its package brings along.
    const renderer = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js')

    app.addHook('onSend', async (_request, reply) => {
      reply.headers(HEADERS)
    })
    app.get('/sandbox', { config: { scope: 'read', browser: true } }, async (_request, reply) =>
      reply.type('text/html; charset=utf-8').send(await own('index.html')),
    )
    app.get('/sandbox/page/settings.json', async () => settings)
    app.get('/sandbox/page/adaptivecards.js', async (_request, reply) =>
      reply.type(SCRIPT).send(await readFile(renderer)),
    )
    for (const [name, type] of Object.entries(FILES)) {
      app.get(`/sandbox/page/${name}`, async (_request, reply) => reply.type(type).send(await own(name)))
    }
  }
}
