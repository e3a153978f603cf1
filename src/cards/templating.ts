import { withSortedKeys } from '../kernel/canonical-json.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { compileCondition, compileText, type Evaluate, type ParsedTexts, type Scope, spans } from './expressions.ts'
import { type Strings, textAt } from './strings.ts'
import { CLOSE, OPEN } from './text.ts'

/** A template in one language, compiled. */
export interface Template {
  /**
   * Expands the template to a card. Values of expressions in texts are put between the marks of `text.ts`.
   * Throws where an expression can not be evaluated; the message may quote data.
   */
  expand(data: JsonObject): JsonObject
}

/** Properties without text: an expression there keeps its type (number, boolean) and gets no marks. */
const NOT_TEXT = new Set(
  `$when $data $schema type version id lang rtl style color size weight spacing separator bleed wrap isSubtle isVisible
  isEnabled maxLines fontType width height minHeight horizontalAlignment verticalContentAlignment
  horizontalCellContentAlignment verticalCellContentAlignment url iconUrl role mode verb startLine endLine language
  italic strikethrough highlight underline firstRowAsHeader showGridLines gridStyle targetElements`.split(/\s+/),
)

/**
 * Compiles a template for one language. Texts of the language are inserted now, since they never change: half of all
 * expressions are such texts, and evaluating them for each card would take half of the time. Keys are sorted now, so that a
 * card is canonical JSON but for what is added to it.
 * Throws an Error for an expression that does not parse.
 */
export function compile(template: JsonObject, strings: Strings, parsed: ParsedTexts = new Map()): Template {
  return { expand: compileTemplate(withSortedKeys(marked(template, '', strings) as JsonObject), parsed) }
}

function marked(node: Json, key: string, strings: Strings): Json {
  if (typeof node === 'string') return NOT_TEXT.has(key) ? node : mark(node, strings)
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map((item) => marked(item, key, strings))
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, marked(value, name, strings)]))
}

/** Expressions of the gateway's own texts, which have no data and may be Markdown. */
const TRUSTED = /^\$\{\s*(?:\$root\.)?(t\.[\w.]+|event\.mentions)\s*\}$/
/** Characters that the expression language would interpret. */
const NOT_LITERAL = /[`\\]|\$\{/

function mark(text: string, strings: Strings): string {
  let result = ''
  let from = 0
  for (const [start, end] of spans(text)) {
    const span = text.slice(start, end)
    const trusted = TRUSTED.exec(span)?.[1]
    result +=
      text.slice(from, start) + (trusted === undefined ? OPEN + span + CLOSE : trustedText(span, trusted, strings))
    from = end
  }
  return result + text.slice(from)
}

function trustedText(span: string, path: string, strings: Strings): string {
  const text = textAt(strings, ...path.split('.').slice(1))
  return text === undefined || NOT_LITERAL.test(text) ? span : text
}

/**
 * Compiles a template of the Adaptive Card Templating language into a function that expands it. An element with `$data`
 * is repeated for each item, an element whose `$when` is not true is left out, and each string with expressions is
 * evaluated. Parts without expressions are made once, frozen, and shared by all cards.
 *
 * A test compares it with the official `adaptivecards-templating`. Rejected: using that package, which took half of a
 * card's time. It walks the whole template for each card, and logs a warning with the text of each false condition.
 *
 * Throws an Error for an expression that does not parse; the function throws where one can not be evaluated.
 */
export function compileTemplate(
  template: JsonObject,
  parsed: ParsedTexts = new Map(),
): (data: JsonObject) => JsonObject {
  const node = nodeOf(template, parsed)
  return (data) => {
    const card = typeof node === 'function' ? node({ $root: data, $data: data, $index: undefined }) : node
    if (!isObject(card)) throw new Error('a template that gives no card')
    return card as JsonObject
  }
}

/** A part of a template: the same JSON in every card, or a function that makes it. */
type Node = Json | Evaluate

/** Names of the templating language, which are no properties of the card. */
const RESERVED = new Set(['$data', '$when', '$root', '$index', '$host', '$_acTemplateVersion'])

function nodeOf(node: Json, parsed: ParsedTexts): Node {
  if (typeof node === 'string') return compileText(node, parsed)
  if (Array.isArray(node)) return listOf(node.map((item) => nodeOf(item, parsed)))
  return isObject(node) ? elementOf(node as JsonObject, parsed) : node
}

function listOf(nodes: readonly Node[]): Node {
  const expand = (scope: Scope) => {
    const list: unknown[] = []
    for (const node of nodes) {
      const item = typeof node === 'function' ? node(scope) : node
      // An element that is repeated gives a list; one that is left out gives null.
      if (Array.isArray(item)) for (const element of item) list.push(element)
      else if (item !== null) list.push(item)
    }
    return list
  }
  return nodes.some((node) => typeof node === 'function') ? expand : (Object.freeze(expand(NO_SCOPE)) as Json)
}

/** Scope of parts without expressions. */
const NO_SCOPE: Scope = { $root: undefined, $data: undefined, $index: undefined }

function elementOf(element: JsonObject, parsed: ParsedTexts): Node {
  const { $data, $when } = element
  const properties = Object.entries(element)
    .filter(([name]) => !RESERVED.has(name))
    .map(([name, value]) => [name, nodeOf(value, parsed)] as const)
  const made = properties.flatMap(([name, node]) => (typeof node === 'function' ? [[name, node] as const] : []))
  // All properties in their order: an element is copied in one piece, then its evaluated properties are filled in.
  const blank: Record<string, unknown> = Object.fromEntries(
    properties.map(([name, node]) => [name, typeof node === 'function' ? null : node]),
  )
  const fill = (scope: Scope) => {
    const filled = { ...blank }
    for (const [name, make] of made) {
      const value = make(scope)
      if (value === undefined) delete filled[name]
      else filled[name] = value
    }
    return filled
  }
  const shown = whenOf($when, parsed)
  if ($data !== undefined) return repeated(nodeOf($data, parsed), shown, fill)
  if ($when !== undefined) return (scope) => (shown(scope) ? fill(scope) : null)
  return made.length > 0 ? fill : (Object.freeze(blank) as Json)
}

function whenOf($when: Json | undefined, parsed: ParsedTexts): (scope: Scope) => boolean {
  if (typeof $when === 'string' && $when.includes('${')) return compileCondition($when, parsed)
  // As the official engine: an element whose truthy `$when` is no expression is left out.
  return () => !$when
}

/** An element for each item of a list, or for the single value of `$data`. */
function repeated(data: Node, shown: (scope: Scope) => boolean, fill: Evaluate): Evaluate {
  return (scope) => {
    const items = typeof data === 'function' ? data(scope) : data
    const scopes = Array.isArray(items)
      ? items.map(($data, $index) => ({ ...scope, $data, $index }))
      : [items === undefined ? scope : { ...scope, $data: items }]
    const elements = scopes.filter(shown).map(fill)
    return elements.length > 1 ? elements : (elements[0] ?? null)
  }
}
