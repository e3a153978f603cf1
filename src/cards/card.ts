import type { Mention } from '../catalogue/catalogue.ts'
import type { Language } from '../catalogue/language.ts'
import { cleanText } from '../kernel/characters.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type ActionLink, withButtons } from './buttons.ts'
import type { Fields } from './fields.ts'
import { finish } from './finish.ts'
import type { Draft } from './fit.ts'
import type { LinkBases } from './links.ts'
import type { ListRules } from './lists.ts'
import type { Uses } from './names.ts'
import { type LanguagePack, prepare } from './prepare.ts'
import type { CardRequest } from './rendered-card.ts'
import type { Template } from './templating.ts'
import { TooMuchText } from './values.ts'

/** A template, compiled in each language. */
export interface CompiledCard {
  readonly templates: Readonly<Record<Language, Template>>
  readonly uses: Uses
  readonly lists: ListRules
  /** Names of the template's buttons. */
  readonly buttons: readonly string[]
}

/** Compiled templates, texts and links for drawing cards, made once. */
export interface CardSet {
  readonly cards: ReadonlyMap<string, CompiledCard>
  readonly minimal: CompiledCard
  readonly languagePacks: Readonly<Record<Language, LanguagePack>>
  readonly links: LinkBases
  readonly actionLink: ActionLink | undefined
}

/** The parts of an event type that drawing its card needs. */
export interface Drawable {
  readonly fields: Fields
  readonly phiFields: ReadonlySet<string>
}

/** Draws one draft of a card; undefined where its text is certain to exceed the size limit. */
export function draw(
  request: CardRequest,
  card: CompiledCard,
  type: Drawable,
  cardSet: CardSet,
  draft: Draft,
): JsonObject | undefined {
  const { event, language } = request
  const languagePack = cardSet.languagePacks[language]
  const mentions = mentionsFor(draft.note ? mentionedOn(request) : [])
  const context = {
    languagePack,
    groups: event.stakeholders.map((key) => languagePack.groupNames.get(key) ?? key),
    mentions: mentions.text,
    shortened: draft.step !== 'whole',
    note: draft.note,
  }
  const { templates, uses, lists } = draft.step === 'minimal' ? cardSet.minimal : card
  let data: JsonObject
  try {
    data = prepare(request, type.fields, uses, lists, context, draft.limits)
  } catch (error) {
    if (error instanceof TooMuchText) return undefined
    throw error
  }
  const finished = finish(templates[language].expand(data), language, draft.limits.facts)
  const mentioning = mentions.entities.length === 0 ? finished : withEntities(finished, mentions.entities)
  if (!draft.buttons) return mentioning
  return withButtons(mentioning, request, {
    names: card.buttons,
    strings: languagePack.strings,
    links: cardSet.links,
    actionLink: cardSet.actionLink,
    phiFields: type.phiFields,
  })
}

function withEntities(card: JsonObject, entities: readonly JsonObject[]): JsonObject {
  const msteams = typeof card.msteams === 'object' && card.msteams !== null ? card.msteams : {}
  return { ...card, msteams: { ...msteams, entities } }
}

/** The mentions of a card. */
interface Mentioned {
  /** `<at>Name</at>` of each, for the card's text. */
  readonly text: string
  /** The entity of each mention, for `msteams.entities`. */
  readonly entities: readonly JsonObject[]
}

/** The people of the tier that the card calls, then those of the channel at this priority; each once. */
function mentionedOn({ event, channel, escalation }: CardRequest): readonly Pick<Mention, 'name' | 'id'>[] {
  const ofTier = escalation?.kind === 'tier' ? escalation.mentions : []
  const ofChannel = channel.mentions.filter(({ priorities }) => priorities.includes(event.priority))
  return [...new Map([...ofTier, ...ofChannel].map((person) => [person.id.toLowerCase(), person])).values()]
}

/**
 * Mentions of people. Teams matches the text of an entity with the text of the card, so a
 * number distinguishes two people of the same name.
 */
function mentionsFor(people: readonly Pick<Mention, 'name' | 'id'>[]): Mentioned {
  const taken = new Set<string>()
  const entities = people.map(({ name, id }) => {
    // Without characters that end the tag or are Markdown inside it.
    const plain = cleanText(name)
      .replace(/[<>[\]*_`\\{}\n]/g, ' ')
      .trim()
    let shown = plain
    for (let n = 2; taken.has(shown); n += 1) shown = `${plain} ${n}`
    taken.add(shown)
    return { type: 'mention', text: `<at>${shown}</at>`, mentioned: { id, name: shown } }
  })
  return { text: entities.map(({ text }) => text).join(' '), entities }
}
