import { join } from 'node:path'
import { LANGUAGES, type Language } from '../catalogue/language.ts'
import type { AddProblem, Problem } from '../kernel/errors.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { BUTTON_NAMES } from './buttons.ts'
import { BOT_ACTIONS, ELEMENT_TYPES, LINK_ACTIONS, TEAMS_TYPES } from './elements.ts'
import type { NamePath } from './expressions.ts'
import type { FieldKind, Fields } from './fields.ts'
import type { NameUse } from './names.ts'
import { DATA_NAMESPACES, EVENT_NAMES } from './prepare.ts'
import { fieldsInTitle, type Strings, textAt } from './strings.ts'

/** Checks the root, the elements, the actions and the buttons of a template file. */
export function checkShape(template: JsonObject, addProblem: AddProblem): void {
  if (template.type !== 'AdaptiveCard') addProblem('/type', 'something else', '"AdaptiveCard"')
  if (typeof template.version !== 'string' || !/^1\.[0-5]$/.test(template.version))
    addProblem('/version', 'something else', '"1.5", the newest that Teams takes')
  if (typeof template.fallbackText !== 'string' || template.fallbackText === '')
    addProblem('/fallbackText', 'nothing', 'a text, for clients that can not show the card')
  if (!Array.isArray(template.body)) addProblem('/body', 'no list', 'a list of elements')
  const buttons = template.$buttons ?? []
  for (const [i, name] of (Array.isArray(buttons) ? buttons : [buttons]).entries())
    if (typeof name !== 'string' || !BUTTON_NAMES.includes(name))
      addProblem(`/$buttons/${i}`, 'a button that there is not', `one of: ${BUTTON_NAMES.join(', ')}`)
  checkElements(template, '', addProblem)
}

function checkElements(node: unknown, at: string, addProblem: AddProblem): void {
  if (Array.isArray(node)) for (const [i, item] of node.entries()) checkElements(item, `${at}/${i}`, addProblem)
  if (!isObject(node)) return
  const { type } = node
  if (typeof type === 'string' && !('$include' in node)) checkType(type, node, at, addProblem)
  for (const [key, value] of Object.entries(node)) {
    if (['body', 'items', 'columns', 'inlines'].includes(key)) checkTyped(value, `${at}/${key}`, addProblem)
    // `data` of an action and `msteams` contain no elements.
    if (key !== 'data' && key !== 'msteams' && !key.startsWith('$')) checkElements(value, `${at}/${key}`, addProblem)
  }
}

function checkTyped(list: unknown, at: string, addProblem: AddProblem): void {
  if (!Array.isArray(list)) return
  for (const [i, item] of list.entries())
    if (isObject(item) && typeof item.type !== 'string' && !('$include' in item) && !at.endsWith('/columns'))
      addProblem(`${at}/${i}/type`, 'nothing', 'the type of the element')
}

function checkType(type: string, node: Record<string, unknown>, at: string, addProblem: AddProblem): void {
  if (BOT_ACTIONS.has(type)) {
    addProblem(`${at}/type`, type, 'a name under "$buttons": a card from a webhook has no bot that could answer')
  } else if (TEAMS_TYPES.has(type)) {
    if (node.fallback === undefined)
      addProblem(`${at}/fallback`, 'nothing', `an element for clients that do not know ${type}, or "drop"`)
  } else if (!ELEMENT_TYPES.has(type) && !LINK_ACTIONS.has(type) && node.type !== 'mention') {
    addProblem(`${at}/type`, `the unknown type ${type}`, 'an element or action of Adaptive Cards 1.5')
  }
}

/** Checks that every name in a template's expressions exists, for the data of one event type. */
export function checkNames(
  uses: readonly NameUse[],
  fields: Fields,
  strings: Readonly<Record<Language, Strings>>,
  addProblem: AddProblem,
): void {
  for (const { at, path } of uses) {
    const expected = wrongName(path, fields, strings)
    if (expected !== undefined) addProblem(at, path.join('.'), expected)
  }
}

/** Checks that every field in a title's braces is a scalar field of the type's data. */
export function checkTitles(
  types: ReadonlyMap<string, { readonly fields: Fields }>,
  strings: Readonly<Record<Language, Strings>>,
): Problem[] {
  return LANGUAGES.flatMap((language) =>
    [...types].flatMap(([type, { fields }]) => {
      const texts = [...fields]
        .filter(([, { kind }]) => !['list', 'map', 'object'].includes(kind))
        .map(([name]) => name)
      return fieldsInTitle(textAt(strings[language], 'events', type, 'title') ?? '')
        .filter((name) => !texts.includes(name))
        .map((name) => ({
          at: `strings/${language}.json#/events/${type}/title`,
          found: `{${name}}`,
          expected: `one of: ${texts.map((text) => `{${text}}`).join(', ')}`,
        }))
    }),
  )
}

/** A problem for each event type without a title in any language: its cards show its name as heading. */
export function missingTitles(
  types: Iterable<string>,
  strings: Readonly<Record<Language, Strings>>,
  templatesDir: string | undefined,
): Problem[] {
  // A title that only one language lacks is reported by `missingStrings`, as every other text.
  const untitled = (type: string) =>
    LANGUAGES.every((language) => textAt(strings[language], 'events', type, 'title') === undefined)
  const files = LANGUAGES.map((language) => join(templatesDir ?? '', 'strings', `${language}.json`)).join(' and ')
  const folder = templatesDir === undefined ? ' of a folder that "templates" in the configuration file names' : ''
  return [...types].filter(untitled).map((type) => ({
    at: `event type ${type}`,
    found: 'no title, so that its cards have this name for a heading',
    expected: `{"events": {"${type}": {"title": "…", "meaning": "…"}}} in ${files}${folder}`,
  }))
}

/** The expected names for an unknown name; undefined for a known one. */
function wrongName(
  [space = '', ...rest]: NamePath,
  fields: Fields,
  strings: Readonly<Record<Language, Strings>>,
): string | undefined {
  const [name = ''] = rest
  if (space === 'event') return EVENT_NAMES.has(name) ? undefined : `one of: ${qualified(EVENT_NAMES, 'event')}`
  if (space === 't') {
    const missing = LANGUAGES.filter((language) => !pathExists(strings[language], rest))
    return missing.length === 0 ? undefined : `a key of strings/${missing.join('.json and strings/')}.json`
  }
  if (!Object.hasOwn(DATA_NAMESPACES, space))
    return `a name that starts with ${['event', 't', ...Object.keys(DATA_NAMESPACES)].join(', ')}; inside a repeated element, $root goes before it`
  const field = fields.get(name)
  if (field === undefined) return `one of: ${qualified(fields.keys(), space)}`
  if (space === 'data') return wrongInside(field, rest.slice(1))
  if (space === 'more' && field.kind !== 'list' && field.kind !== 'map') return 'the name of a list'
  return space === 'raw' || rest.length === 1 ? undefined : 'nothing after the name of the field'
}

/** `data` holds texts, and lists of texts or of flat objects. */
function wrongInside(field: FieldKind, path: NamePath): string | undefined {
  const [head, ...rest] = path
  if (head === undefined) return undefined
  if (field.kind === 'map' && head === '*') return wrongKey(new Set(['name', 'value']), rest)
  if (field.kind === 'object') return wrongKey(field.fields, path)
  if (field.kind !== 'list' || head !== '*') return 'nothing after the name of the field: it is a text'
  if (field.item === undefined) return rest.length <= 1 ? undefined : 'one name after the list'
  if (field.item.kind === 'object') return wrongKey(field.item.fields, rest)
  return rest.length === 0 ? undefined : '$data: the items are texts'
}

function wrongKey(known: { has(name: string): boolean; keys(): Iterable<string> }, path: NamePath): string | undefined {
  const [name, ...rest] = path
  if (name === undefined || (known.has(name) && rest.length === 0)) return undefined
  return `one of: ${[...known.keys()].join(', ')}`
}

function pathExists(node: Json | undefined, path: NamePath): boolean {
  const [key, ...rest] = path
  if (key === undefined || key === '*') return node !== undefined
  return isObject(node) && Object.hasOwn(node, key) && pathExists((node as JsonObject)[key], rest)
}

function qualified(names: Iterable<string>, space: string): string {
  return [...names].map((name) => `${space}.${name}`).join(', ')
}
