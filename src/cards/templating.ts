import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { compileCondition, compileText, type Evaluate, type Scope, spans } from './expressions.ts'
import { type Strings, textAt } from './strings.ts'
import { CLOSE, OPEN } from './text.ts'

/** A template in one language, compiled. */
export interface Template {
  /**
   * The card for one set of data. What expressions yield in texts stands between the marks of `text.ts`.
   * Throws where an expression can not be evaluated; the message may quote data.
   */
  expand(data: JsonObject): JsonObject
}

/** Properties that hold no text: an expression there keeps its type (number, boolean) and gets no marks. */
const NOT_TEXT = new Set(
  `$when $data $schema type version id lang rtl style color size weight spacing separator bleed wrap isSubtle isVisible
  isEnabled maxLines fontType width height minHeight horizontalAlignment verticalContentAlignment
  horizontalCellContentAlignment verticalCellContentAlignment url iconUrl role mode verb startLine endLine language
  italic strikethrough highlight underline firstRowAsHeader showGridLines gridStyle targetElements`.split(/\s+/),
)

/**
 * Compiles a template for one language. Its words are written in now, since they never change: half of all
 * expressions are words, and evaluating them with each card would take half of the time.
 * Throws an Error for an expression that does not parse.
 */
export function compile(template: JsonObject, strings: Strings): Template {
  return { expand: compileTemplate(marked(template, '', strings) as JsonObject) }
}

function marked(node: Json, key: string, strings: Strings): Json {
  if (typeof node === 'string') return NOT_TEXT.has(key) ? node : mark(node, strings)
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map((item) => marked(item, key, strings))
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, marked(value, name, strings)]))
}

/** Our own words, which hold no data and may be Markdown. */
const TRUSTED = /^\$\{\s*(?:\$root\.)?(t\.[\w.]+|event\.mentions)\s*\}$/
/** What the expression language would read something into. */
const NOT_LITERAL = /[`\\]|\$\{/

function mark(text: string, strings: Strings): string {
  let result = ''
  let from = 0
  for (const [start, end] of spans(text)) {
    const span = text.slice(start, end)
    const trusted = TRUSTED.exec(span)?.[1]
    result += text.slice(from, start) + (trusted === undefined ? OPEN + span + CLOSE : word(span, trusted, strings))
    from = end
  }
  return result + text.slice(from)
}

function word(span: string, path: string, strings: Strings): string {
  const text = textAt(strings, ...path.split('.').slice(1))
  return text === undefined || NOT_LITERAL.test(text) ? span : text
}

/**
 * Compiles a template of the Adaptive Card Templating language into a function that expands it: an element with `$data`
 * is repeated for each item, one whose `$when` is not true is left out, and each string with expressions becomes their
 * value. What holds no expression is made once, is the same object in every card, and is frozen.
 *
 * It does what the official `adaptivecards-templating` does, and a test compares the two. That one is not used
 * itself since it took half of the time that a card takes: it walks the whole template with each card, and writes a warning with
 * the text of each condition that is false.
 *
 * Throws an Error for an expression that does not parse; the function throws where one can not be evaluated.
 */
export function compileTemplate(template: JsonObject): (data: JsonObject) => JsonObject {
  const node = nodeOf(template)
  return (data) => {
    const card = typeof node === 'function' ? node({ $root: data, $data: data, $index: undefined }) : node
    if (!isObject(card)) throw new Error('a template that gives no card')
    return card as JsonObject
  }
}

/** A part of a template: what it is in every card, or how it is made. No JSON is a function. */
type Node = Json | Evaluate

/** What steers an element, or is a name of the language, and so is no property of the card. */
const RESERVED = new Set(['$data', '$when', '$root', '$index', '$host', '$_acTemplateVersion'])

function nodeOf(node: Json): Node {
  if (typeof node === 'string') return compileText(node)
  if (Array.isArray(node)) return listOf(node.map(nodeOf))
  return isObject(node) ? elementOf(node as JsonObject) : node
}

function listOf(nodes: readonly Node[]): Node {
  const expand = (scope: Scope) => {
    const list: unknown[] = []
    for (const node of nodes) {
      const item = typeof node === 'function' ? node(scope) : node
      // An element that is repeated gives a list; one that is left out gives null.
      if (Array.isArray(item)) for (const one of item) list.push(one)
      else if (item !== null) list.push(item)
    }
    return list
  }
  return nodes.some((node) => typeof node === 'function') ? expand : (Object.freeze(expand(NOWHERE)) as Json)
}

/** For what holds no expression. */
const NOWHERE: Scope = { $root: undefined, $data: undefined, $index: undefined }

function elementOf(element: JsonObject): Node {
  const { $data, $when } = element
  const properties = Object.entries(element)
    .filter(([name]) => !RESERVED.has(name))
    .map(([name, value]) => [name, nodeOf(value)] as const)
  const made = properties.flatMap(([name, node]) => (typeof node === 'function' ? [[name, node] as const] : []))
  // All properties in their order, so that an element is copied in one piece and only what differs is filled in.
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
  const shown = whenOf($when)
  if ($data !== undefined) return repeated(nodeOf($data), shown, fill)
  if ($when !== undefined) return (scope) => (shown(scope) ? fill(scope) : null)
  return made.length > 0 ? fill : (Object.freeze(blank) as Json)
}

function whenOf($when: Json | undefined): (scope: Scope) => boolean {
  if (typeof $when === 'string' && $when.includes('${')) return compileCondition($when)
  // The official engine leaves out an element whose condition is anything but an expression.
  return () => !$when
}

/** An element for each item of a list, or for the one thing that `$data` names. */
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
