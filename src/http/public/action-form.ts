import type { ActionPage, InputNeed, PageTier } from '../../contract/actions.ts'
import { ACTION_LIMITS } from '../../contract/limits.ts'
import { NEXT_TIER } from './form-inputs.ts'
import { type Html, html, type Piece } from './html.ts'
import { textsOf, timeUntil } from './language.ts'
import { type PageContext, pageUrl, proofInputs } from './page-context.ts'
import { MAX_NAME_CHARACTERS } from './person-name.ts'
import type { Texts } from './texts.ts'

/** What a person filled in, to be shown again beside what is wrong with it. */
export interface Filled {
  readonly values: Readonly<Record<string, string>>
  /** Problems by the name of the input. */
  readonly problems: Readonly<Record<string, string>>
}

/** A form that nobody has filled in yet. */
export const NOTHING_FILLED: Filled = { values: {}, problems: {} }

interface Field {
  readonly name: string
  readonly label: string
  readonly need: InputNeed
  readonly hint?: string
}

type Control = (attributes: Html, value: string) => Html

/** The form that acts. Its inputs are checked on the server alone: a browser's own messages are in the browser's language. */
export function actionForm(context: PageContext, { inputs, tiers }: ActionPage, filled: Filled): Html {
  const { language, token, action, person, proof } = context
  const texts = textsOf(language)
  const show = (field: Field, control: Control) => field.need !== 'none' && fieldOf(filled, field, texts, control)
  const { reason, note, tier, quietFor } = inputs
  return html`<form method="post" action="${pageUrl(token, language)}" novalidate>${proofInputs(proof)}
${!person && show({ name: 'name', label: texts.yourName, need: 'required', hint: texts.yourNameHint }, nameInput)}
${tier !== 'none' && groupOf(filled, 'tier', texts.whoIsCalled, tierChoices(context, tiers, filled.values.tier))}
${show({ name: 'reason', label: texts.reason, need: reason, hint: texts.reasonHint }, textArea(ACTION_LIMITS.reason))}
${show({ name: 'note', label: texts.note, need: note, hint: texts.noteHint }, textArea(ACTION_LIMITS.note))}
${show({ name: 'quiet_for', label: texts.quiet, need: quietFor === 'none' ? 'none' : 'required' }, quietSelect(texts))}
<button class="primary" name="do" value="act">${texts.action[action].name}</button></form>`
}

/** The problems of a form, above it, each with a link to its input. */
export function problemSummary(texts: Texts, { problems }: Filled): Piece {
  const all = Object.entries(problems)
  if (all.length === 0) return undefined
  const lines = all.map(([name, problem]) => html`<li><a href="#${name}">${problem}</a></li>`)
  return html`<div class="message problem" role="alert"><h2>${texts.problems}</h2><ul>${lines}</ul></div>`
}

function fieldOf({ values, problems }: Filled, field: Field, texts: Texts, control: Control): Html {
  const { name, hint, need } = field
  const problem = problems[name]
  const label = need === 'optional' ? `${field.label} (${texts.optional})` : field.label
  const described = [hint === undefined ? [] : `${name}-hint`, problem === undefined ? [] : `${name}-problem`].flat()
  const attributes = html`id="${name}" name="${name}"${need === 'required' && html` required`}${
    described.length > 0 && html` aria-describedby="${described.join(' ')}"`
  }${problem !== undefined && html` aria-invalid="true"`}`
  return html`<div class="field"><label for="${name}">${label}</label>
${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
${problem !== undefined && html`<p class="wrong" id="${name}-problem">${problem}</p>`}
${control(attributes, values[name] ?? '')}</div>`
}

/** As {@link fieldOf}, for inputs of which one is chosen. */
function groupOf({ problems }: Filled, name: string, label: string, choices: readonly Html[]): Html {
  const problem = problems[name]
  return html`<fieldset class="field"${problem !== undefined && html` aria-describedby="${name}-problem"`}><legend>${label}</legend>
${problem !== undefined && html`<p class="wrong" id="${name}-problem">${problem}</p>`}
${choices}</fieldset>`
}

function nameInput(attributes: Html, value: string): Html {
  return html`<input type="text" ${attributes} value="${value}" maxlength="${MAX_NAME_CHARACTERS}" autocomplete="name" dir="auto">`
}

/**
 * The tiers by what they do, the next one first: a person at night knows channels and people, and no numbers. The first is chosen
 * until another one is.
 *
 * Not a closed list: on a phone it cuts a tier to its first words, and who is called comes last.
 */
function tierChoices({ language, now }: PageContext, tiers: readonly PageTier[], value?: string): readonly Html[] {
  const texts = textsOf(language)
  const ordered = [...tiers]
    .sort((a, b) => Number(b.isNext) - Number(a.isNext))
    .map((tier) => ({ ...tier, sent: tier.isNext ? NEXT_TIER : String(tier.tier) }))
  const chosen = ordered.find(({ sent }) => sent === value) ?? ordered[0]
  return ordered.map((each, index) => {
    const { tier, isNext, at, sent, ...target } = each
    const when = at === null ? '' : `${texts.comma} ${timeUntil(at, now, language)}`
    const name = isNext ? `${texts.nextTier}${when}` : texts.tierNumber(tier)
    // The link from a problem leads to the first.
    const attributes = html`name="tier" value="${sent}"${index === 0 && html` id="tier"`}${each === chosen && html` checked`}`
    return html`<label class="choice"><input type="radio" ${attributes}><span>${name}: ${whom(texts, target)}</span></label>`
  })
}

function whom(texts: Texts, { channels, people, pagers }: Pick<PageTier, 'channels' | 'people' | 'pagers'>): string {
  const parts = [
    ...channels.map(isolated),
    ...pagers.map((name) => texts.pager(isolated(name))),
    ...people.map((name) => texts.mention(isolated(name))),
  ]
  return parts.join(`${texts.comma} `)
}

/** Texts take no elements: isolates keep a name's direction apart from that of the text around it. */
function isolated(name: string): string {
  return `\u2068${name}\u2069`
}

function textArea(maxCharacters: number): Control {
  return (attributes, value) =>
    html`<textarea ${attributes} rows="3" maxlength="${maxCharacters}" dir="auto">${value}</textarea>`
}

function quietSelect({ quietFor }: Texts): Control {
  return (attributes, value) => {
    const options = quietFor.map(
      ({ seconds, name }) =>
        html`<option value="${seconds}"${value === String(seconds) && html` selected`}>${name}</option>`,
    )
    return html`<select ${attributes}>${options}</select>`
  }
}
