import type { Json, JsonObject } from '../kernel/json.ts'
import { compileTemplate } from './expand.ts'
import { spans } from './expressions.ts'
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
