import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Language } from '../catalogue/language.ts'
import { teamsBytes } from '../contract/card-size.ts'
import { isLink } from '../contract/link-token.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { finish } from './finish.ts'
import { createFormatter, type Formatter } from './format.ts'
import { loadTemplates } from './load.ts'
import { type Strings, textAt } from './strings.ts'
import { CLOSE, OPEN } from './text.ts'

/** An action that was done to a notification, as its card says it. */
export interface ShownAction {
  /** Name of the action, such as `acknowledge`. */
  readonly action: string
  readonly by: string
  /** True for a person for whom nobody vouches. */
  readonly unverified: boolean
  readonly at: Date
}

/** Makes the card of a notification after actions: the card that was posted, below its head who did what, without buttons that act. */
export type ActedCards = (card: JsonObject, language: Language, done: readonly ShownAction[]) => JsonObject

/**
 * Makes {@link ActedCards}. Their texts are read when the first card is made: the command line acts without a renderer, whose
 * templates take a quarter of a second to compile.
 *
 * The links of a stored card are not signed, so its buttons that act would be dead: they are left out. Links to elsewhere stay.
 * A card that would become too large for Teams only loses these buttons.
 */
export function createActedCards(options: {
  readonly catalogue: Pick<Catalogue, 'templatesDir'>
  readonly timeZone: string
  readonly maxBytes: number
}): ActedCards {
  let loaded: Readonly<Record<Language, Words>> | undefined
  function wordsOf(language: Language): Words {
    if (loaded === undefined) {
      const { strings } = loadTemplates(options.catalogue.templatesDir).files
      const words = (of: Language) => ({ strings: strings[of], formatter: createFormatter(of, options.timeZone) })
      loaded = { en: words('en'), ar: words('ar') }
    }
    return loaded[language]
  }

  return (card, language, done) => {
    const quiet = withoutLinks(card)
    if (done.length === 0) return quiet
    const items = done.map((action) => lineOf(action, wordsOf(language)))
    const banner = finish({ type: 'Container', style: 'good', spacing: 'Medium', items }, language, 0)
    const { lang: _lang, ...container } = banner
    const [head, ...rest] = listOf(quiet.body)
    const updated = { ...quiet, body: [...(head === undefined ? [] : [head]), container, ...rest] }
    return teamsBytes(updated) <= options.maxBytes ? updated : quiet
  }
}

interface Words {
  readonly strings: Strings
  readonly formatter: Formatter
}

function withoutLinks(card: JsonObject): JsonObject {
  const { actions, ...rest } = card
  const left = listOf(actions).filter((one) => !isObject(one) || typeof one.url !== 'string' || !isLink(one.url))
  return left.length === 0 ? rest : { ...rest, actions: left }
}

/** As runs of text, in which Teams parses no Markdown: people choose their names. */
function lineOf({ action, by, unverified, at }: ShownAction, { strings, formatter }: Words): JsonObject {
  const identity = unverified ? ` (${textAt(strings, 'value', 'identity', 'not_verified') ?? ''})` : ''
  return {
    type: 'RichTextBlock',
    spacing: 'Small',
    inlines: [
      { type: 'TextRun', text: textAt(strings, 'value', 'done', action) ?? action, weight: 'Bolder' },
      { type: 'TextRun', text: ` - ${OPEN}${by}${CLOSE}${identity} - ${OPEN}${formatter.time(at)}${CLOSE}` },
    ],
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
