import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Language } from '../../catalogue/language.ts'
import type { Actor } from '../../contract/actions.ts'
import { LINK_REFUSALS, type LinkRefusalCode } from '../../contract/link-refusals.ts'
import { checkToken, type LinkKeys, type LinkPayload } from '../../contract/link-token.ts'
import type { GatewayService } from '../../contract/service.ts'
import type { FindFirstAction } from '../../gateway/actions.ts'
import type { RecordLinkRefusal } from '../../gateway/link-refusals.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Filled } from './action-form.ts'
import { actionPage, firstResultPage, resultPage, signInPage } from './action-page.ts'
import type { Cookies } from './cookies.ts'
import { keepFlow } from './flow-cookies.ts'
import { inputProblems, readInputs } from './form-inputs.ts'
import { checkForm, proveForm } from './form-proof.ts'
import { html } from './html.ts'
import { browserLanguage, chosenLanguage, refusalText, textsOf } from './language.ts'
import { messagePage } from './layout.ts'
import { type PageContext, pageUrl } from './page-context.ts'
import { readTypedName } from './person-name.ts'
import { createRateLimit } from './rate-limits.ts'
import type { Refusals } from './refusals.ts'
import { newSession, readSession, type Session, writeSession } from './session.ts'
import type { SignIn } from './sign-in.ts'

/** The use cases that the public listener calls. */
export interface ActingService
  extends Pick<GatewayService, 'act' | 'getActionPage'>,
    FindFirstAction,
    RecordLinkRefusal {}

/** Options of {@link addLinkRoutes}. */
export interface LinkRouteOptions {
  readonly service: ActingService
  /** Origin at which people reach the listener; undefined before it is known. */
  readonly publicUrl: () => string | undefined
  readonly keys: LinkKeys
  readonly now: () => Date
  readonly log: Log
  readonly refusals: Refusals
  readonly cookies: Cookies
  /** Sign-in with Entra; undefined where it is not set up. */
  readonly signIn: SignIn | undefined
  readonly typedNames: boolean
  /** Hours for which a person stays signed in. */
  readonly signedInHours: number
  /** Title of an event type in a language. */
  readonly titleOf: (eventType: string, language: Language) => string
  readonly time: (at: Date, language: Language) => string
}

/**
 * Requests per minute: pages and forms of one link by people who did not sign in, pages and forms of one person. People who signed
 * in are limited as themselves alone: everybody in the channel has the link, and one of them could keep all others out.
 */
const LIMITS = { pages: 300, forms: 120, personPages: 300, person: 20 }

interface Query {
  readonly lang?: unknown
  readonly sign_in?: unknown
}

/**
 * Adds the pages of links. GET shows and changes nothing, however often a scanner fetches it. POST acts, once for each page that
 * was fetched: the form names the action that it makes.
 */
export function addLinkRoutes(app: FastifyInstance, options: LinkRouteOptions): void {
  const { service, keys, now, log, refusals, cookies, signIn } = options
  const limits = {
    pages: createRateLimit(LIMITS.pages, now),
    forms: createRateLimit(LIMITS.forms, now),
    personPages: createRateLimit(LIMITS.personPages, now),
    person: createRateLimit(LIMITS.person, now),
  }

  type LinkRequest = FastifyRequest<{ Params: { token: string } }>

  function languageOf(request: LinkRequest, card?: Language): Language {
    return chosenLanguage((request.query as Query).lang) ?? card ?? browserLanguage(request.headers['accept-language'])
  }

  async function refuse(
    reply: FastifyReply,
    language: Language,
    code: LinkRefusalCode,
    about: { readonly link?: LinkPayload | undefined; readonly actor?: Actor | undefined; readonly url?: string } = {},
  ): Promise<FastifyReply> {
    await refusals.record(code, about.link, about.actor)
    const texts = textsOf(language)
    const again = about.url !== undefined && html`<p><a href="${about.url}">${texts.again}</a></p>`
    const page = messagePage({ language }, refusalText(texts, code), { code, more: again })
    return send(reply, LINK_REFUSALS[code].status, page)
  }

  function actorOf(session: Session, name: string | null): Actor {
    const { person } = session
    return person
      ? { via: 'entra', id: person.id, name: person.name, verified: true, roles: person.roles, relayedBy: null }
      : { via: 'typed', id: null, name, verified: false, roles: [], relayedBy: null }
  }

  function contextOf(token: string, link: LinkPayload, language: Language, session: Session): PageContext {
    return {
      token,
      language,
      action: link.action,
      person: session.person,
      proof: proveForm(keys()[0], session.id, token),
      now: now(),
      titleOf: options.titleOf,
      time: options.time,
    }
  }

  async function showPage(
    request: LinkRequest,
    reply: FastifyReply,
    link: LinkPayload,
    session: Session,
    { filled, status = 200 }: { filled?: Filled; status?: number } = {},
  ): Promise<FastifyReply> {
    const page = await service.getActionPage(link.notificationId, link.action, actorOf(session, null))
    const language = languageOf(request, page.notification.language)
    const context = contextOf(request.params.token, link, language, session)
    if (signIn !== undefined && session.person === undefined)
      return send(reply, 200, signInPage(context, signIn.tenants))
    if (signIn === undefined && !options.typedNames) return refuse(reply, language, 'typed_names_off', { link })
    return send(reply, status, actionPage(context, page, filled))
  }

  app.get<{ Params: { token: string } }>('/act/:token', async (request, reply) => {
    const { token } = request.params
    const language = languageOf(request)
    const checked = checkToken(token, keys(), now())
    if (!checked.ok) return refuse(reply, language, checked.code, { link: checked.link })
    const { link } = checked
    const tenantId = (request.query as Query).sign_in
    if (signIn?.tenants.some(({ id }) => id === tenantId))
      return startSignIn(reply, signIn, String(tenantId), { token, language }, link, request.headers.cookie)
    const known = await readSession(cookies, request.headers.cookie, signIn?.tenants ?? [])
    const session = known ?? newSession()
    const { person } = session
    if (person ? !limits.personPages.take(person.id) : !limits.pages.take(keyOf(link)))
      return tooManyPages(reply, language, token, link, session)
    if (known === undefined) reply.header('set-cookie', await writeSession(cookies, session, options.signedInHours))
    return gone(reply, language, () => showPage(request, reply, link, session))
  })

  /** Past the limit of people who did not sign in, they can still do so: the page reads nothing of the event. */
  async function tooManyPages(
    reply: FastifyReply,
    language: Language,
    token: string,
    link: LinkPayload,
    session: Session,
  ): Promise<FastifyReply> {
    if (signIn === undefined || session.person)
      return refuse(reply, language, 'too_many', { link, actor: actorOf(session, null) })
    return send(reply, 200, signInPage(contextOf(token, link, language, session), signIn.tenants))
  }

  async function startSignIn(
    reply: FastifyReply,
    through: SignIn,
    tenantId: string,
    from: { readonly token: string; readonly language: Language },
    link: LinkPayload,
    header: string | undefined,
  ): Promise<FastifyReply> {
    try {
      const { url, flow } = await through.begin(tenantId, from)
      for (const line of await keepFlow(cookies, header, flow)) reply.header('set-cookie', line)
      return reply.code(303).header('location', url).send()
    } catch (error) {
      log.write('sign_in_failed', { err: error, code: 'sign_in_unreachable' })
      return refuse(reply, from.language, 'sign_in_unreachable', { link, url: pageUrl(from.token, from.language) })
    }
  }

  app.post<{ Params: { token: string } }>('/act/:token', async (request, reply) => {
    const { token } = request.params
    const language = languageOf(request)
    const checked = checkToken(token, keys(), now())
    if (!checked.ok) return refuse(reply, language, checked.code, { link: checked.link })
    const { link } = checked
    const url = pageUrl(token, language)
    if (request.headers.origin !== options.publicUrl()) return refuse(reply, language, 'cross_site', { link, url })
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
    const session = await readSession(cookies, request.headers.cookie, signIn?.tenants ?? [])
    const actor = session && actorOf(session, null)
    const proof = { actionId: form.get('action_id') ?? '', mac: form.get('proof') ?? '' }
    const proven =
      session === undefined
        ? 'form_forged'
        : checkForm(proof, { key: keys()[0], sessionId: session.id, token, now: now() })
    if (session === undefined || proven !== 'ok')
      return refuse(reply, language, proven === 'ok' ? 'form_forged' : proven, { link, actor, url })
    const isWithin =
      limits.person.take(session.person?.id ?? session.id) && (session.person || limits.forms.take(keyOf(link)))
    if (!isWithin) return refuse(reply, language, 'too_many', { link, actor, url })
    if (form.get('do') === 'sign_out') return signOut(reply, language)
    return gone(reply, language, () => act(request, reply, link, session, form, proof.actionId))
  })

  async function signOut(reply: FastifyReply, language: Language): Promise<FastifyReply> {
    reply.header('set-cookie', cookies.remove('session'))
    return send(reply, 200, messagePage({ language }, textsOf(language).signedOut, { kind: 'done' }))
  }

  async function act(
    request: LinkRequest,
    reply: FastifyReply,
    link: LinkPayload,
    session: Session,
    form: URLSearchParams,
    actionId: string,
  ): Promise<FastifyReply> {
    const language = languageOf(request)
    const texts = textsOf(language)
    if (signIn !== undefined && session.person === undefined) return showPage(request, reply, link, session)
    if (signIn === undefined && !options.typedNames) return refuse(reply, language, 'typed_names_off', { link })
    const { values, inputs } = readInputs(form)
    const name = session.person ? null : readTypedName(values.name ?? '')
    if (name === undefined) {
      await refusals.record('name_invalid', link, actorOf(session, null))
      const { title, todo } = refusalText(texts, 'name_invalid')
      const filled = { values, problems: { name: `${title}: ${todo}` } }
      return showPage(request, reply, link, session, { filled, status: LINK_REFUSALS.name_invalid.status })
    }
    const actor = actorOf(session, name)
    const idempotencyKey = `form:${session.id}:${actionId}`
    const context = contextOf(request.params.token, link, language, session)
    try {
      const { action, notificationId } = link
      const answer = await service.act({ ...inputs, action, notificationId, idempotencyKey }, actor)
      return send(reply, answer.state === 'refused' ? 403 : 200, resultPage(context, answer))
    } catch (error) {
      // The browser's Back button led to a form that was sent before, and the person changed its inputs.
      const isUsed = isGatewayError(error, 'action_key_reused')
      const first = isUsed ? await service.findFirstAction(idempotencyKey, actor) : undefined
      if (first) return send(reply, first.state === 'refused' ? 403 : 200, firstResultPage(context, first))
      if (!isGatewayError(error) || error.status !== 422) throw error
      const filled = { values, problems: inputProblems(error.problems, values, texts) }
      return showPage(request, reply, link, session, { filled, status: 422 })
    }
  }
}

/** Shows a page of its own where the notification is no longer in the record. */
async function gone(reply: FastifyReply, language: Language, show: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await show()
  } catch (error) {
    if (!isGatewayError(error, 'not_found')) throw error
    return send(reply, 410, messagePage({ language }, refusalText(textsOf(language), 'gone'), { code: 'gone' }))
  }
}

function keyOf({ notificationId, action }: LinkPayload): string {
  return `${notificationId} ${action}`
}

function send(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page)
}
