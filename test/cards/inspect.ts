import { isObject, type JsonObject } from '../../src/kernel/json.ts'

/** One text of a card with where it stands. */
export interface CardText {
  readonly type: string
  readonly key: string
  readonly text: string
}

/** Every object of a card, the card itself first. */
export function elementsOf(node: unknown): JsonObject[] {
  if (Array.isArray(node)) return node.flatMap(elementsOf)
  if (!isObject(node)) return []
  return [node as JsonObject, ...Object.values(node).flatMap(elementsOf)]
}

/** Every string of a card. Facts, which have no type, count as `Fact`. */
export function textsOf(card: JsonObject): CardText[] {
  return elementsOf(card).flatMap((element) =>
    Object.entries(element).flatMap(([key, value]) =>
      [value]
        .flat()
        .flatMap((text) => (typeof text === 'string' ? [{ type: String(element.type ?? 'Fact'), key, text }] : [])),
    ),
  )
}

/** A card's text as a person reads it: escapes and everything invisible taken away. */
export function readable(card: JsonObject): string {
  return textsOf(card)
    .filter(({ key }) => ['text', 'title', 'value', 'codeSnippet', 'inlines'].includes(key))
    .map(({ type, text }) => (readsMarkdown(type) ? text.replace(/\\(.)/g, '$1') : text))
    .map((text) => text.replace(/[\u2060\u2066-\u2069]/g, ''))
    .join('\n')
}

/**
 * What of a card is more than text: Markdown, links, mentions and date functions, wherever Teams reads any. Written
 * from the rules of Teams and not from the code that escapes.
 */
export function activeContent(card: JsonObject): string[] {
  return textsOf(card).flatMap(({ type, key, text }) => {
    if (type === 'mention' || type === 'CodeBlock') return []
    const shown = ['text', 'title', 'value', 'fallbackText', 'altText', 'inlines'].includes(key)
    const found: string[] = []
    if (!shown) return found
    if (/\{\{\s*(DATE|TIME)/i.test(text)) found.push(`date function in ${type}.${key}: ${text}`)
    if (/<\/?at\b/i.test(text)) found.push(`mention in ${type}.${key}: ${text}`)
    if (readsMarkdown(type)) {
      // An address of the web may stand there as it is and leads where it says, unless there is a name before an @.
      const unescaped = text.replace(/\\./g, '·').replace(/\bhttps?:\/\/(?![^\s/?#]*@)/gi, '·')
      if (/[[\]*_`~\\]|<[a-z/!]|:\/\/|\n/i.test(unescaped)) found.push(`Markdown in ${type}.${key}: ${text}`)
    }
    return found
  })
}

/** Facts have no type. */
function readsMarkdown(type: string): boolean {
  return type === 'TextBlock' || type === 'Fact'
}
