import type { FastifyInstance, FastifyReply } from 'fastify'

/**
 * What a page of the public listener may do: show itself with its style sheet, and send its form back. No scripts, no frames,
 * no other origins. `form-action` has no address of Entra: sign-in is a link, as Chromium applies `form-action` to redirects too.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Not no-referrer, with which browsers send `Origin: null` with a form, so that its origin could not be checked.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'x-robots-tag': 'noindex, nofollow',
} as const

/** A year, in seconds. */
const HSTS_SECONDS = 31_536_000

/** Adds the headers of every answer to one of them; `cache-control: no-store` where the route sets none. */
export function setSecurityHeaders(reply: FastifyReply, publicUrl: string | undefined): void {
  reply.headers(HEADERS)
  if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store')
  if (publicUrl?.startsWith('https:')) reply.header('strict-transport-security', `max-age=${HSTS_SECONDS}`)
}

/** Adds the headers of every answer to those of routes. */
export function addSecurityHeaders(app: FastifyInstance, publicUrl: () => string | undefined): void {
  app.addHook('onSend', async (_request, reply) => setSecurityHeaders(reply, publicUrl()))
}
