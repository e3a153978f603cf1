import type { FastifyInstance } from 'fastify'
import { LINK_REFUSALS } from '../../contract/link-refusals.ts'
import { checkToken } from '../../contract/link-token.ts'
import { findFlow, SIGN_IN_SECONDS } from './flow-cookies.ts'
import { html } from './html.ts'
import { browserLanguage, refusalText, textsOf } from './language.ts'
import { messagePage } from './layout.ts'
import type { LinkRouteOptions } from './link-routes.ts'
import { pageUrl } from './page-context.ts'
import { newSession, writeSession } from './session.ts'
import { CALLBACK_PATH, type EntraError, type SignInRefusal } from './sign-in.ts'

/** Sign-ins that are remembered as ended; with more, the oldest are forgotten, and Entra refuses their codes. */
const MAX_ENDED = 10_000

/**
 * Adds the end of a sign-in. Only the browser that began it can end it, and only once: state and nonce are in a sealed cookie.
 * The way on is the link from which it began, so that nothing in the address can lead anywhere else (open redirect).
 */
export function addSignInRoute(app: FastifyInstance, options: LinkRouteOptions): void {
  const { signIn, cookies, keys, now, log, refusals } = options
  if (signIn === undefined) return
  const ended = new Map<string, number>()

  /** False for a state that was seen before, within the lifetime of a sign-in. */
  function endOnce(state: string): boolean {
    const at = now().getTime()
    for (const [old, endedAt] of ended) {
      if (ended.size < MAX_ENDED && at - endedAt < SIGN_IN_SECONDS * 1000) break
      ended.delete(old)
    }
    if (ended.has(state)) return false
    ended.set(state, at)
    return true
  }

  app.get(CALLBACK_PATH, async (request, reply) => {
    const search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''
    const states = new URLSearchParams(search).getAll('state')
    const [state = ''] = states
    const begun = await findFlow(cookies, request.headers.cookie, state)
    const flow = begun?.flow
    const language = flow?.language ?? browserLanguage(request.headers['accept-language'])
    const checked = flow && checkToken(flow.token, keys(), now())
    const link = checked?.link

    async function refuse(code: SignInRefusal, cause?: unknown, entra?: EntraError) {
      if (cause !== undefined) log.write('sign_in_failed', { err: cause, code, ...entra })
      await refusals.record(code, link)
      const texts = textsOf(language)
      const again = flow && html`<p><a href="${pageUrl(flow.token, language)}">${texts.again}</a></p>`
      const page = messagePage({ language }, refusalText(texts, code), { code, more: again })
      return reply.code(LINK_REFUSALS[code].status).type('text/html; charset=utf-8').send(page)
    }

    if (begun === undefined || flow === undefined || states.length !== 1 || !endOnce(state))
      return refuse('sign_in_state')
    const signedIn = await signIn.finish(search, flow)
    reply.header('set-cookie', begun.removal)
    if (!signedIn.ok) return refuse(signedIn.code, signedIn.cause, signedIn.entra)
    if (signedIn.groupsMissing) log.write('sign_in_groups_missing')
    reply.header('set-cookie', await writeSession(cookies, newSession(signedIn.person), options.signedInHours))
    return reply.code(303).header('location', pageUrl(flow.token, language)).send()
  })
}
