import { LANGUAGES } from '../../src/events/language.ts'
import type { Problem } from '../../src/kernel/errors.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { EventTypeDefinition } from '../../src/registry/registry.ts'
import type { CompiledCard } from '../../src/render/card.ts'
import { checkNames, checkShape, type Tell } from '../../src/render/check.ts'
import { compose } from '../../src/render/compose.ts'
import { checkLists, listRules } from '../../src/render/lists.ts'
import type { TemplateFiles } from '../../src/render/load.ts'
import { namesOf } from '../../src/render/names.ts'
import { parserComplaints } from '../../src/render/parser-check.ts'
import type { Opened } from '../../src/render/studio.ts'
import { compile } from '../../src/render/templating.ts'
import { tryOut } from '../../src/render/try-out.ts'
import { usesOf } from '../../src/render/uses.ts'

/**
 * Checks and compiles one template as src/render/studio.ts does, which reads and compiles all of them each time and
 * takes 200 ms for that. Whether the two agree is the property `alike`.
 */
export function tryTemplate(
  template: JsonObject,
  definition: EventTypeDefinition,
  { files, studio, types }: Pick<Opened, 'studio' | 'types'> & { readonly files: TemplateFiles },
): { readonly card: CompiledCard | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const tell: Tell = (at, found, expected) => problems.push({ at, found, expected })
  checkShape(template, tell)
  const { own, framed, problems: wrong } = compose(template, files.frame.template, files.components)
  problems.push(...wrong)
  const { uses, bad } = namesOf(own)
  for (const { at, found } of bad) tell(at, found, 'an expression of Adaptive Card Templating')
  const fields = types.get(definition.name)?.fields ?? new Map()
  checkNames(uses, fields, files.strings, tell)
  checkLists(own, fields, tell)
  if (problems.length > 0) return { card: undefined, problems }
  const [en, ar] = LANGUAGES.map((language) => compile(framed, files.strings[language]))
  if (en === undefined || ar === undefined) throw new TypeError('a language is missing')
  const buttons = Array.isArray(own.$buttons) ? own.$buttons.map(String) : []
  const card: CompiledCard = { templates: { en, ar }, uses: usesOf(uses), lists: listRules(own), buttons }
  const tried = { ...studio, cards: new Map([[definition.card, card]]) }
  problems.push(...tryOut(tried, types, new Map([[definition.name, definition]]), files.cards, parserComplaints))
  return { card: problems.length === 0 ? card : undefined, problems }
}
