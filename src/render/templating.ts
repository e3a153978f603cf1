import expressions, { type Expression } from 'adaptive-expressions'
import templating from 'adaptivecards-templating'
import type { Json, JsonObject } from '../kernel/json.ts'
import { type Strings, textAt } from './strings.ts'
import { CLOSE, OPEN } from './text.ts'

/**
 * The one file that knows the templating engine, so that it can be replaced: its expression language comes from an
 * archived repository. What it gets wrong is kept from it: null and absent values by whoever
 * prepares the data, unknown names and bad syntax by `check.ts` before anything is sent.
 */
export interface Template {
  /**
   * The card for one set of data. What expressions yield in texts stands between the marks of `text.ts`.
   * Throws the engine's own error where an expression can not be evaluated.
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
 * Throws the engine's own error for an expression that it can not parse.
 */
export function compile(template: JsonObject, strings: Strings): Template {
  const engine = new templating.Template(marked(template, '', strings))
  return {
    expand: (data) => engine.expand({ $root: data }) as JsonObject,
  }
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

/** Where the `${…}` of a string begin and end; quotes and braces inside them are skipped over. */
function spans(text: string): [number, number][] {
  const found: [number, number][] = []
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1
    else if (text[i] === '$' && text[i + 1] === '{') {
      const start = i
      let depth = 0
      let quote = ''
      for (i += 1; i < text.length; i += 1) {
        const char = text.charAt(i)
        if (quote !== '') quote = char === quote ? '' : quote
        else if (char === "'" || char === '"') quote = char
        else if (char === '{') depth += 1
        else if (char === '}') depth -= 1
        if (depth === 0) break
      }
      found.push([start, i + 1])
    }
  }
  return found
}

/** The names in the expressions of a string, each as its path: `data.services[0].amount` is `data`, `services`, `*`, `amount`. */
export type NamePath = readonly string[]

/** What the expressions in a string name. Throws an Error that says what is wrong where one does not parse. */
export function namesIn(text: string): NamePath[] {
  if (!text.includes('${')) return []
  if (text.includes('`')) throw new Error('a backtick beside an expression, which the expression language can not read')
  if (spans(text).some(([, end]) => end > text.length)) throw new Error('an expression without its closing brace')
  const unknown = new Set<string>()
  const parsed = expressions.Expression.parse(`\`${text}\``, (name) => {
    const known = expressions.ExpressionFunctions.standardFunctions.get(name)
    if (known) return known
    unknown.add(name)
    return new expressions.ExpressionEvaluator(name, () => ({ value: undefined, error: '' }))
  })
  if (unknown.size > 0) throw new Error(`the function ${[...unknown].join(', ')}, which there is not`)
  const names: NamePath[] = []
  collect(parsed, new Set(), names)
  return names
}

/** Functions whose second argument names the item that the third one is about. */
const WITH_ITEM = new Set(['foreach', 'select', 'where'])

function collect(node: Expression, own: ReadonlySet<string>, names: NamePath[]): void {
  if (node.type === 'Accessor' || node.type === 'Element') {
    const path = pathOf(node, own, names)
    if (path !== undefined && !own.has(path[0] ?? '')) names.push(path)
    return
  }
  const item = WITH_ITEM.has(node.type) ? node.children[1] : undefined
  const inner = item ? new Set([...own, ...(pathOf(item, own, []) ?? [])]) : own
  for (const child of node.children) if (child !== item) collect(child, inner, names)
}

/** The path that a chain of accessors spells; undefined where it starts at a function's result. */
function pathOf(node: Expression, own: ReadonlySet<string>, names: NamePath[]): string[] | undefined {
  const [first, second] = node.children
  if (node.type === 'Accessor') {
    const base = second === undefined ? [] : pathOf(second, own, names)
    if (base === undefined || !(first instanceof expressions.Constant)) return undefined
    return [...base, String(first.value)]
  }
  if (node.type === 'Element' && first !== undefined && second !== undefined) {
    const base = pathOf(first, own, names)
    if (!(second instanceof expressions.Constant)) collect(second, own, names)
    const key = second instanceof expressions.Constant && typeof second.value === 'string' ? second.value : '*'
    return base === undefined ? undefined : [...base, key]
  }
  collect(node, own, names)
  return undefined
}
