import {
  ACTION_RESULTS,
  type ActionAnswer,
  type ActionPage,
  type ActionResult,
  type ActionView,
} from '../../contract/actions.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { actionForm, type Filled, NOTHING_FILLED, problemSummary } from './action-form.ts'
import { type Html, html, type Piece } from './html.ts'
import { resultText, textsOf } from './language.ts'
import { layout, messagePage } from './layout.ts'
import { frameOf, type PageContext, pageUrl } from './page-context.ts'
import type { Texts } from './texts.ts'

/** The page before an action: what happened, who acts, what will happen, and the form. */
export function actionPage(context: PageContext, page: ActionPage, filled: Filled = firstChoices(page)): string {
  const { language, action } = context
  const texts = textsOf(language)
  const { name } = texts.action[action]
  return layout(
    frameOf(context, name),
    html`<h1>${name}</h1>
${problemSummary(texts, filled)}
${happened(context, page)}
${page.possible ? whatWillHappen(context, page, filled) : refusal(context, page.result, page.data)}`,
  )
}

/** The page after a form that was sent again with other inputs: what came of it the first time, which counts. */
export function firstResultPage(context: PageContext, answer: ActionAnswer): string {
  const { language, time } = context
  const { firstSent } = textsOf(language)
  const at = time(answer.requestedAt, language)
  const note = html`<p>${firstSent.note(at)}</p>`
  return resultPage(context, answer, { title: firstSent.done(at), note })
}

/** The page after an action, also for a form that was sent again as it was. */
export function resultPage(
  context: PageContext,
  answer: ActionAnswer,
  first?: { /** Title where it was done. */ readonly title: string; readonly note: Html },
): string {
  const { language } = context
  const texts = textsOf(language)
  const frame = frameOf(context, texts.action[answer.action].name)
  const again = html`<p><a href="${pageUrl(context.token, language)}">${texts.again}</a></p>`
  const said = answer.result === null ? undefined : resultText(language, answer.result)
  const code = answer.result === null ? {} : { code: answer.result }
  if (answer.state === 'refused' || answer.state === 'failed') {
    const { data } = answer
    const more = [first?.note, before(context, data), firstInputs(texts, data), whom(texts, data), again]
    return messagePage(frame, said ?? texts.failed, { ...code, kind: kindOf(answer.result), more })
  }
  const isDone = answer.state === 'done'
  if (answer.result === 'second_person_needed' && said)
    return messagePage(frame, said, { ...code, kind: 'note', more: again })
  const { title, todo } = isDone ? texts.done : answer.state === 'unknown' ? texts.unknown : texts.running
  return messagePage(
    frame,
    { title: isDone && first ? first.title : title, todo: said ? `${said.title}. ${said.todo}` : todo },
    {
      ...code,
      kind: isDone ? 'done' : 'note',
      more: [first?.note, html`<ul class="actions">${actionLine(context, answer)}</ul>`, again],
    },
  )
}

/** The page of a person who has to sign in first. It says nothing about the event. */
export function signInPage(
  context: PageContext,
  tenants: readonly { readonly id: string; readonly name: string }[],
): string {
  const { language, token, action } = context
  const texts = textsOf(language)
  const links = tenants.map(({ id, name }) => {
    const url = `${pageUrl(token, language)}&sign_in=${encodeURIComponent(id)}`
    return html`<p><a class="button" href="${url}">${texts.signIn.with(tenants.length === 1 ? 'Microsoft' : name)}</a></p>`
  })
  return messagePage(
    frameOf(context, ''),
    { title: texts.signIn.title, todo: `${texts.action[action].name}: ${texts.signIn.todo}` },
    { kind: 'note', more: links },
  )
}

function happened(context: PageContext, page: ActionPage): Html {
  const { language, person, time } = context
  const texts = textsOf(language)
  const { notification, acknowledged, discarded } = page
  const own = notification.language === language ? page.heading : null
  const title = own ?? context.titleOf(notification.eventType, language)
  return html`<section><h2>${texts.happened}</h2>
<p class="event"><span class="priority ${notification.priority.toLowerCase()}">${texts.priority[notification.priority]}</span> <bdi>${title}</bdi></p>
<dl>
${fact(texts.occurred, moment(context, notification.createdAt))}
${fact(texts.channel, html`<bdi>${page.channelName}</bdi>`)}
${fact(texts.correlationId, html`<code dir="ltr">${notification.correlationId}</code>`)}
${acknowledged !== null && fact(texts.acknowledgedBy, html`<bdi>${acknowledged.by}</bdi>${texts.comma} ${moment(context, acknowledged.at)}${acknowledged.until !== null && html` (${texts.until} ${time(acknowledged.until, language)})`}`)}
${discarded !== null && fact(texts.discardedBy, html`<bdi>${discarded.by}</bdi>${texts.comma} ${moment(context, discarded.at)}`)}
${person !== undefined && fact(texts.askedBy, html`<bdi>${person.name}</bdi>`)}
</dl>
${page.resolved && html`<p class="note">${texts.over}</p>`}
${earlierActions(context, page.earlier)}
</section>`
}

function whatWillHappen(context: PageContext, page: ActionPage, filled: Filled): Html {
  const texts = textsOf(context.language)
  const said = page.result === null ? undefined : resultText(context.language, page.result)
  return html`<section><h2>${texts.willHappen}</h2><p>${texts.action[context.action].will}</p>
${page.events > 1 && html`<p>${texts.events(page.events)}</p>`}
${context.action === 'escalate' && page.acknowledged !== null && html`<p>${texts.climbsAgain}</p>`}
${askedFirst(context, page) ?? (said !== undefined && html`<p>${said.title}. ${said.todo}</p>`)}
</section>
${actionForm(context, page, filled)}`
}

function refusal(context: PageContext, result: ActionResult | null, data: JsonObject | null): Html {
  const texts = textsOf(context.language)
  const { title, todo } = result === null ? texts.failed : (texts.result[result] ?? ACTION_RESULTS[result])
  return html`<section class="message ${kindOf(result)}"><h2>${title}</h2><p>${todo}</p>${result === 'same_person' && before(context, data)}${whom(texts, data)}</section>
${result !== null && html`<p class="code">${texts.code}: <code dir="ltr">${result}</code></p>`}`
}

/** Who asked first for what this person confirms, when and with which time of quiet; undefined where nobody has asked. */
function askedFirst({ language, time }: PageContext, { result, data }: ActionPage): Html | undefined {
  const { by, at, quiet_for: seconds } = data ?? {}
  if (result !== 'second_person_needed' || typeof by !== 'string' || typeof at !== 'string') return undefined
  const texts = textsOf(language)
  const quiet = texts.quietFor.find((choice) => choice.seconds === seconds && seconds !== 0)?.name
  const choices = quiet === undefined ? '' : `${texts.comma} ${texts.quiet} ${quiet}`
  return html`<p>${texts.askedFirst(`\u2068${by}\u2069`, time(new Date(at), language), choices)}</p>`
}

/** The first person's choices, which the second has to make too. */
function firstChoices({ possible, data }: ActionPage): Filled {
  const { tier, quiet_for: seconds } = data ?? {}
  if (!possible || typeof seconds !== 'number') return NOTHING_FILLED
  const values = { quiet_for: String(seconds), ...(typeof tier === 'number' ? { tier: String(tier) } : {}) }
  return { ...NOTHING_FILLED, values }
}

/** Results after which nothing is left to do: no alarm. */
const CALM: ReadonlySet<ActionResult> = new Set<ActionResult>([
  'already_acknowledged',
  'already_discarded',
  'already_escalated',
  'already_running',
  'resolved',
])

function kindOf(result: ActionResult | null): 'note' | 'problem' {
  return result !== null && CALM.has(result) ? 'note' : 'problem'
}

/** Who did it before, of an answer `already_…`. */
function before(context: PageContext, data: JsonObject | null): Piece {
  const { by, at } = data ?? {}
  if (typeof by !== 'string') return undefined
  const when = typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? new Date(at) : undefined
  return html`<p><bdi>${by}</bdi>${when && html`${textsOf(context.language).comma} ${moment(context, when)}`}</p>`
}

/** The tier and the time of quiet that the first person gave, of an answer `other_inputs`. */
function firstInputs(texts: Texts, data: JsonObject | null): Piece {
  const { tier, quiet_for: seconds } = data ?? {}
  if (typeof seconds !== 'number') return undefined
  const quiet = texts.quietFor.find((time) => time.seconds === seconds)?.name ?? `${seconds} s`
  return html`<dl>${typeof tier === 'number' && fact(texts.tier, html`${tier}`)}${fact(texts.quiet, html`<bdi>${quiet}</bdi>`)}</dl>`
}

/** Whom to ask: the roles that may, of an answer `not_permitted`. */
function whom(texts: Texts, data: JsonObject | null): Piece {
  const names = Array.isArray(data?.ask) ? data.ask.filter((name) => typeof name === 'string') : []
  return names.length > 0 && html`<p>${texts.ask}</p><ul>${names.map((name) => html`<li><bdi>${name}</bdi></li>`)}</ul>`
}

function earlierActions(context: PageContext, earlier: readonly ActionView[]): Piece {
  if (earlier.length === 0) return undefined
  const lines = earlier.map((action) => actionLine(context, action))
  return html`<h3>${textsOf(context.language).earlier}</h3><ul class="actions">${lines}</ul>`
}

function actionLine(context: PageContext, action: ActionView): Html {
  const texts = textsOf(context.language)
  const written = [action.reason, action.note].filter((text) => text !== null)
  return html`<li><strong>${texts.action[action.action].name}</strong> – ${texts.state[action.state]}: <bdi>${action.by}</bdi>${
    !action.verified && html` (${texts.unverified})`
  }${texts.comma} ${moment(context, action.finishedAt ?? action.requestedAt)}${written.map((text) => html`<br><bdi>${text}</bdi>`)}</li>`
}

function moment({ language, time }: PageContext, at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${time(at, language)}</time>`
}

function fact(name: string, value: Html): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`
}
