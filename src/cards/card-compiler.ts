import type { Catalogue } from '../catalogue/catalogue.ts'
import { type GroupDefinition, STAKEHOLDER_GROUPS } from '../catalogue/stakeholder-groups.ts'
import type { AddProblem, Problem } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ActionLink } from './buttons.ts'
import type { CardSet, CompiledCard, Drawable } from './card.ts'
import { checkNames, checkShape, checkTitles, missingTitles } from './check.ts'
import { compose } from './compose.ts'
import type { ParsedTexts } from './expressions.ts'
import { fieldsOf } from './fields.ts'
import { createFormatter } from './format.ts'
import type { LinkBases } from './links.ts'
import { checkLists, listRules } from './lists.ts'
import { loadTemplates, type TemplateFile, type TemplateFiles } from './load.ts'
import { namesOf, usesOf } from './names.ts'
import { type Inspect, renderSamples } from './sample-cards.ts'
import { type Strings, textAt } from './strings.ts'
import { compile } from './templating.ts'

/** Options of the renderer. */
export interface RendererOptions {
  readonly catalogue: Pick<Catalogue, 'eventTypes' | 'groups' | 'templatesDir'>
  /** The settings TEAMS_LINK_*. */
  readonly links: LinkBases
  /** IANA time zone of the times on cards: TEAMS_TIME_ZONE. */
  readonly timeZone: string
  /** Maximum card size in bytes, as Teams counts them: TEAMS_CARD_MAX_BYTES. */
  readonly maxBytes: number
  /** Makes the URLs of action buttons on cards without a bot. Absent: such buttons are left out. */
  readonly actionLink?: ActionLink
}

/** The compiled templates and their problems. */
export interface CompiledTemplates {
  readonly cardSet: CardSet
  /** Event types by name. */
  readonly types: ReadonlyMap<string, Drawable>
  /** Names of all templates. */
  readonly cards: readonly string[]
  readonly problems: readonly Problem[]
  /** Event types without a title. Their cards can be drawn, so the gateway starts all the same. */
  readonly untitled: readonly Problem[]
}

/**
 * Reads, composes and compiles every template and renders sample cards.
 *
 * @param inspect a further check of each sample card; absent where all templates are the package's
 * @throws GatewayError `invalid_settings` for an unknown time zone. Problems of templates are returned.
 */
export function compileTemplates(options: RendererOptions, inspect?: Inspect): CompiledTemplates {
  const { files, problems } = loadTemplates(options.catalogue.templatesDir)
  const { eventTypes, groups } = options.catalogue
  const types = new Map([...eventTypes].map(([name, type]) => [name, drawable(type.schema, type.phiFields)]))
  const cards = new Map<string, CompiledCard>()
  const parsed: ParsedTexts = new Map()
  for (const [name, file] of files.cards) {
    const users = [...eventTypes.values()].filter((type) => type.card === name)
    const fields = distinct(users.map((type) => types.get(type.name)?.fields ?? new Map()))
    const card = compileCard(file, files, fields, problems, parsed)
    if (card !== undefined) cards.set(name, card)
  }
  for (const { name, card } of eventTypes.values()) {
    if (files.cards.has(card)) continue
    problems.push({
      at: `event type ${name}`,
      found: `the card ${card}, which has no template`,
      expected: `${card}.json`,
    })
  }
  problems.push(...checkTitles(types, files.strings))
  const languagePack = (language: 'en' | 'ar') => ({
    language,
    strings: files.strings[language],
    formatter: createFormatter(language, options.timeZone),
    groupNames: new Map(
      [...groups].map(([key, { names }]) => [key, groupName(key, names[0], files.strings[language])]),
    ),
  })
  const cardSet: CardSet = {
    cards,
    minimal: {
      templates: inBoth(files.minimal.template, files, parsed),
      uses: usesOf([]),
      lists: new Map(),
      buttons: [],
    },
    languagePacks: { en: languagePack('en'), ar: languagePack('ar') },
    links: options.links,
    actionLink: options.actionLink,
  }
  const untitled = missingTitles(eventTypes.keys(), files.strings, options.catalogue.templatesDir)
  // Rendering a template with known problems would only report them again.
  if (problems.length === 0) problems.push(...renderSamples(cardSet, types, eventTypes, files.cards, inspect))
  return { cardSet, types, cards: [...files.cards.keys()], problems: unique(problems), untitled }
}

/** A group's name in a language: the translation, unless the configuration renames a built-in group. */
function groupName(key: string, name: string | undefined, strings: Strings): string {
  const builtIn = new Map<string, GroupDefinition>(Object.entries(STAKEHOLDER_GROUPS)).get(key)?.names[0]
  const translated = textAt(strings, 'group', key)
  return (name === builtIn || builtIn === undefined ? translated : undefined) ?? name ?? translated ?? key
}

function drawable(schema: Parameters<typeof fieldsOf>[0], phiFields: ReadonlySet<string>): Drawable {
  return { fields: fieldsOf(schema), phiFields }
}

function compileCard(
  file: TemplateFile,
  files: TemplateFiles,
  fieldSets: readonly Drawable['fields'][],
  problems: Problem[],
  parsed: ParsedTexts,
): CompiledCard | undefined {
  const before = problems.length
  const addProblem: AddProblem = (at, found, expected) => problems.push({ at: `${file.file}#${at}`, found, expected })
  checkShape(file.template, addProblem)
  const { template, framed, problems: wrong } = compose(file.template, files.frame.template, files.components)
  for (const { at, found, expected } of wrong) addProblem(at, found, expected)
  const { uses, bad } = namesOf(template, parsed)
  for (const { at, found } of bad) addProblem(at, found, 'an expression of Adaptive Card Templating')
  for (const fields of fieldSets) {
    checkNames(uses, fields, files.strings, addProblem)
    checkLists(template, fields, addProblem)
  }
  if (problems.length > before) return undefined
  const buttons = Array.isArray(template.$buttons) ? template.$buttons.map(String) : []
  return { templates: inBoth(framed, files, parsed), uses: usesOf(uses), lists: listRules(template), buttons }
}

function inBoth(template: JsonObject, { strings }: TemplateFiles, parsed: ParsedTexts): CompiledCard['templates'] {
  return { en: compile(template, strings.en, parsed), ar: compile(template, strings.ar, parsed) }
}

/** The field sets with distinct names; most types of one card share their schema. */
function distinct(sets: readonly Drawable['fields'][]): Drawable['fields'][] {
  return [...new Map(sets.map((fields) => [[...fields.keys()].sort().join(), fields])).values()]
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.at} ${problem.found}`, problem])).values()]
}
