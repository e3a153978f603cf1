import type { Language } from '../catalogue/language.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { finishText, isMarked, keepIndentation, type Place } from './text.ts'

/** Elements with a property `rtl`. */
const DIRECTED = new Set(['AdaptiveCard', 'Container', 'Column', 'TableCell'])
/** Elements whose text Teams shows without parsing Markdown. */
const PLAIN_TEXT = new Set(['TextRun', 'Badge'])
/** Properties that are plain text on every element. */
const PLAIN_KEYS = new Set(['fallbackText', 'altText', 'inlines', 'tooltip', 'speak', 'placeholder'])
const VERBATIM_KEYS = new Set(['codeSnippet', 'url', 'iconUrl', 'id', 'data', 'verb'])

/**
 * Finishes an expanded card: escapes marked pieces for their place (`text.ts`), removes empty rows and elements, and keeps
 * at most `facts` rows of a fact set. Sets `rtl` on an Arabic card and its nested containers, except where the template
 * has `"rtl": false`: text there gets no bidi isolates, as in an English card, so that a command or an id can be copied.
 *
 * Changes the card in place, except frozen elements, which all cards of a template share. Copying everything took a tenth
 * of the memory that a card allocates.
 */
export function finish(card: JsonObject, language: Language, facts: number): JsonObject {
  const finished = element(card, language, facts) ?? {}
  return { ...finished, lang: language }
}

function element(node: JsonObject, language: Language, facts: number): JsonObject | undefined {
  const type = typeof node.type === 'string' ? node.type : ''
  const inside = node.rtl === false ? 'en' : language
  let result = node
  for (const key in node) {
    const value = node[key] as Json
    const finished = property(value, type, key, inside, facts)
    if (finished !== value) result = withProperty(result, key, finished)
  }
  if (type === 'FactSet' && Array.isArray(result.facts))
    result = withProperty(result, 'facts', (result.facts as readonly Json[]).filter(hasValue).slice(0, facts))
  if (isEmpty(type, result)) return undefined
  if (type === 'TextRun' && result.fontType === 'Monospace' && typeof result.text === 'string')
    return withProperty(result, 'text', keepIndentation(result.text))
  return language === 'ar' && DIRECTED.has(type) && result.rtl === undefined
    ? withProperty(result, 'rtl', true)
    : result
}

/** Sets or removes one property of an element; copies a frozen element first. */
function withProperty(node: JsonObject, key: string, value: Json | undefined): JsonObject {
  const writable = (Object.isFrozen(node) ? { ...node } : node) as Record<string, Json>
  if (value === undefined) delete writable[key]
  else writable[key] = value
  return writable
}

function property(value: Json, type: string, key: string, language: Language, facts: number): Json | undefined {
  if (typeof value === 'string') return isMarked(value) ? finishText(value, placeOf(type, key), language) : value
  if (!Array.isArray(value)) return isObject(value) ? element(value as JsonObject, language, facts) : value
  const items = value as readonly Json[]
  let list: Json[] | undefined
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as Json
    const finished = property(item, type, key, language, facts)
    if (finished === item && item !== null && !Array.isArray(item)) list?.push(item)
    else {
      list ??= items.slice(0, index)
      if (Array.isArray(finished)) for (const part of finished) list.push(part)
      else if (finished !== undefined && finished !== null) list.push(finished)
    }
  }
  return list ?? value
}

function placeOf(type: string, key: string): Place {
  if (VERBATIM_KEYS.has(key)) return 'verbatim'
  if (PLAIN_KEYS.has(key) || PLAIN_TEXT.has(type) || type.startsWith('Action.')) return 'plain'
  return 'markdown'
}

function hasValue(fact: Json): boolean {
  return isObject(fact) && fact.value !== ''
}

/** True for an element that would show nothing, or leave a gap. */
function isEmpty(type: string, node: Readonly<Record<string, Json>>): boolean {
  const none = (list: Json | undefined) => list === undefined || (Array.isArray(list) && list.length === 0)
  switch (type) {
    case 'TextBlock':
    case 'TextRun':
      return node.text === '' || node.text === undefined
    case 'FactSet':
      return none(node.facts)
    case 'RichTextBlock':
      return none(node.inlines)
    case 'Container':
      return none(node.items)
    case 'Action.OpenUrl':
      // A URL from data that is invalid, a script, or has a misleading name before an @.
      return typeof node.url !== 'string' || !/^https?:\/\/[^/?#\\@]*([/?#]|$)/i.test(node.url)
    default:
      return false
  }
}
