import type { Language } from '../../catalogue/language.ts'
import type { ActionName } from '../../contract/actions.ts'
import type { FormProof } from './form-proof.ts'
import { type Html, html } from './html.ts'
import { textsOf } from './language.ts'
import type { Frame } from './layout.ts'
import type { Person } from './session.ts'

/** What the pages of one link share. */
export interface PageContext {
  readonly token: string
  readonly language: Language
  readonly action: ActionName
  readonly person: Person | undefined
  readonly proof: FormProof
  /** When the page was asked for. */
  readonly now: Date
  /** Title of an event type in a language. */
  readonly titleOf: (eventType: string, language: Language) => string
  readonly time: (at: Date, language: Language) => string
}

/** Address of a link's page in a language. */
export function pageUrl(token: string, language: Language): string {
  return `/act/${token}?lang=${language}`
}

/** The frame of a link's page: the other language, and at the end a form that signs the person out. */
export function frameOf(context: PageContext, title: string): Frame {
  const { language, token, person } = context
  return {
    language,
    title,
    otherLanguageUrl: pageUrl(token, language === 'ar' ? 'en' : 'ar'),
    footer: person && signOutForm(context, person),
  }
}

function signOutForm(context: PageContext, person: Person): Html {
  const texts = textsOf(context.language)
  return html`<form method="post" action="${pageUrl(context.token, context.language)}">${proofInputs(context.proof)}
<p>${texts.signedInAs} <bdi>${person.name}</bdi></p>
<button class="quiet" name="do" value="sign_out">${texts.signOut}</button></form>`
}

/** The inputs of a form that nobody sees: the action that it makes, and what binds it to the session and the link. */
export function proofInputs({ actionId, mac }: FormProof): Html {
  return html`<input type="hidden" name="action_id" value="${actionId}"><input type="hidden" name="proof" value="${mac}">`
}
