import type { CompiledCard } from '../../src/cards/card.ts'
import type { CompiledTemplates } from '../../src/cards/card-compiler.ts'
import { checkNames, checkShape } from '../../src/cards/check.ts'
import { compose } from '../../src/cards/compose.ts'
import { parserProblems } from '../../src/cards/elements.ts'
import { checkLists, listRules } from '../../src/cards/lists.ts'
import type { TemplateFiles } from '../../src/cards/load.ts'
import { namesOf, usesOf } from '../../src/cards/names.ts'
import { renderSamples } from '../../src/cards/sample-cards.ts'
import { compile } from '../../src/cards/templating.ts'
import type { EventTypeDefinition } from '../../src/catalogue/catalogue.ts'
import { LANGUAGES } from '../../src/catalogue/language.ts'
import type { AddProblem, Problem } from '../../src/kernel/errors.ts'
import type { JsonObject } from '../../src/kernel/json.ts'

/**
 * Checks and compiles one template as src/cards/card-compiler.ts does, which reads and compiles all of them each time and
 * takes 200 ms for that. Whether the two agree is the property `alike`.
 */
export function tryTemplate(
  template: JsonObject,
  definition: EventTypeDefinition,
  { files, cardSet, types }: Pick<CompiledTemplates, 'cardSet' | 'types'> & { readonly files: TemplateFiles },
): { readonly card: CompiledCard | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const addProblem: AddProblem = (at, found, expected) => problems.push({ at, found, expected })
  checkShape(template, addProblem)
  const { template: composed, framed, problems: wrong } = compose(template, files.frame.template, files.components)
  problems.push(...wrong)
  const { uses, bad } = namesOf(composed)
  for (const { at, found } of bad) addProblem(at, found, 'an expression of Adaptive Card Templating')
  const fields = types.get(definition.name)?.fields ?? new Map()
  checkNames(uses, fields, files.strings, addProblem)
  checkLists(composed, fields, addProblem)
  if (problems.length > 0) return { card: undefined, problems }
  const [en, ar] = LANGUAGES.map((language) => compile(framed, files.strings[language]))
  if (en === undefined || ar === undefined) throw new TypeError('a language is missing')
  const buttons = Array.isArray(composed.$buttons) ? composed.$buttons.map(String) : []
  const card: CompiledCard = { templates: { en, ar }, uses: usesOf(uses), lists: listRules(composed), buttons }
  const tried = { ...cardSet, cards: new Map([[definition.card, card]]) }
  problems.push(...renderSamples(tried, types, new Map([[definition.name, definition]]), files.cards, parserProblems))
  return { card: problems.length === 0 ? card : undefined, problems }
}
