import { LANGUAGES, type Language } from '../catalogue/language.ts'
import type { Problem } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'

/** The texts of one language: the files `templates/strings/<language>.json`. */
export type Strings = JsonObject

/** The text under a path of keys; undefined where there is none. */
export function textAt(strings: Strings, ...path: readonly string[]): string | undefined {
  let node: unknown = strings
  for (const key of path) node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
  return typeof node === 'string' ? node : undefined
}

const TITLE_FIELD = /\{(\w+)\}/g

/** The data fields that an event type's title names, in braces: `Digest: {count} notifications`. */
export function fieldsInTitle(title: string): string[] {
  return [...title.matchAll(TITLE_FIELD)].map(([, field = '']) => field)
}

/** A title with its fields filled in. */
export function filledTitle(title: string, shown: (field: string) => string): string {
  return title.replace(TITLE_FIELD, (_, field: string) => shown(field))
}

/** The title of an event type without an event; undefined without a title, or for one that names data fields. */
export function titleOfType(strings: Strings, eventType: string): string | undefined {
  const title = textAt(strings, 'events', eventType, 'title')
  return title === undefined || fieldsInTitle(title).length > 0 ? undefined : title
}

/** Merges the texts of two files; `over` wins where both have a key. */
export function overlay(base: Strings, over: Strings): Strings {
  const merged: Record<string, JsonObject[string]> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    merged[key] = isObject(below) && isObject(value) ? overlay(below as Strings, value as Strings) : value
  }
  return merged
}

/** A problem for each key that only some languages have: cards in the others would lack the text. */
export function missingStrings(strings: Readonly<Record<Language, Strings>>): Problem[] {
  const keys = LANGUAGES.map((language) => new Set(pathsOf(strings[language])))
  const all = new Set(keys.flatMap((set) => [...set]))
  return LANGUAGES.flatMap((language, i) =>
    [...all]
      .filter((path) => !keys[i]?.has(path))
      .map((path) => ({
        at: `strings/${language}.json#/${path}`,
        found: 'nothing',
        expected: 'a text, since another language has one',
      })),
  )
}

function pathsOf(node: unknown, prefix = ''): string[] {
  if (!isObject(node)) return [prefix]
  return Object.entries(node).flatMap(([key, value]) => pathsOf(value, prefix === '' ? key : `${prefix}/${key}`))
}
