import expressions, { type Expression } from 'adaptive-expressions'
import { isObject } from '../kernel/json.ts'

// The only file that imports `adaptive-expressions`, so that it can be replaced: its repository is archived. The engine
// mishandles null and absent values, so `prepare.ts` removes them; unknown names and bad syntax are refused by `check.ts`
// before a card is sent.

/** The values of the names in an expression. A name without `$` is a property of `$data`. */
export interface Scope {
  /** The root of the card's data. */
  readonly $root: unknown
  /** The item that an element is repeated for; outside of repeated elements, the root. */
  readonly $data: unknown
  /** The item's place in its list. */
  readonly $index: number | undefined
}

/** Returns an expression's value. Throws where it can not be evaluated. */
export type Evaluate = (scope: Scope) => unknown

/**
 * Compiles a string of a template; returns it unchanged where it has no expression. A string that is one expression yields
 * a value of the expression's type, any other string yields text. Inside text, an expression that can not be evaluated is
 * written out unchanged. Throws an Error with the reason for an expression that does not parse.
 */
export function compileText(text: string, parsed: ParsedTexts = new Map()): string | Evaluate {
  if (!text.includes('${')) return text
  const { only, children } = parse(text, parsed)
  if (only !== undefined) return evaluator(only)
  const pieces = children.map(pieceOf)
  return (scope) => {
    let whole = ''
    for (const piece of pieces) whole += typeof piece === 'string' ? piece : piece(scope)
    return whole
  }
}

/** Compiles a condition: true where it yields `true`; false for other values, and where it can not be evaluated. */
export function compileCondition(text: string, parsed: ParsedTexts = new Map()): (scope: Scope) => boolean {
  const { only, whole } = parse(text, parsed)
  const expression = only ?? whole
  const [left = expression, right] = expression.children
  const path = pathOfNames(expression)
  const compared = expression.type === '!=' ? pathOfNames(left) : undefined
  const other = right instanceof expressions.Constant ? right.value : undefined
  return (scope) => {
    const found = path && follow(scope, path)
    if (found !== undefined) return found === true
    // Most conditions compare a text with ''. Comparisons of other values follow the engine's rules.
    const text = compared && follow(scope, compared)
    if (typeof text === 'string' && typeof other === 'string') return text !== other
    const { value, error } = expression.tryEvaluate(memoryOf(scope))
    return !error && value === true
  }
}

/** A string of a template, parsed. */
interface ParsedText {
  readonly whole: Expression
  readonly children: readonly Expression[]
  /** The expression of a string that has nothing else. */
  readonly only: Expression | undefined
}

/**
 * Parsed strings by their text. Cards share components and languages share conditions, so most strings come several times. The
 * engine keeps parsed strings too and finds none of them again: its keys are new objects.
 */
export type ParsedTexts = Map<string, ParsedText>

function parse(text: string, parsed: ParsedTexts): ParsedText {
  const known = parsed.get(text)
  if (known) return known
  const whole = joinedPaths(text) ?? parseWithEngine(text)
  // The parser begins every text with an empty constant.
  const [, ...children] = whole.children
  const [first] = children
  const only = children.length === 1 && !(first instanceof expressions.Constant) ? first : undefined
  const result = { whole, children, only }
  parsed.set(text, result)
  return result
}

/** A plain path in a string, such as `${data.node}`. The first name is none that the engine reads as a constant. */
const PATH = /\$\{((?!(?:true|false|null|undefined)\b)[a-z_$]\w*(?:\.[a-z_]\w*)*)\}/i

/**
 * Makes what the engine's parser makes of a string with plain paths, nine of ten strings with an expression; undefined for
 * others. The parser takes a quarter of a millisecond for each when the process is new.
 */
function joinedPaths(text: string): Expression | undefined {
  // Literal text and the paths in turn.
  const parts = text.split(PATH)
  if (parts.some((part, index) => index % 2 === 0 && /[`\\$]/.test(part))) return undefined
  const children = parts.map((part, index) => (index % 2 === 0 ? new expressions.Constant(part) : pathExpression(part)))
  const full = children.filter((child) => !(child instanceof expressions.Constant && child.value === ''))
  return built('Concat', new expressions.Constant(''), ...full)
}

function pathExpression(path: string): Expression {
  const [first = '', ...rest] = path.split('.')
  return rest.reduce(
    (object, name) => built('Accessor', new expressions.Constant(name), object),
    built('Accessor', new expressions.Constant(first)),
  )
}

function built(type: 'Concat' | 'Accessor', ...children: readonly Expression[]): Expression {
  const name = expressions.ExpressionType[type]
  const known = expressions.ExpressionFunctions.standardFunctions.get(name)
  if (!known) throw new Error(`the engine lacks ${name}`)
  return expressions.Expression.makeExpression(name, known, ...children)
}

function parseWithEngine(text: string): Expression {
  const unknown = new Set<string>()
  const whole = expressions.Expression.parse(`\`${text}\``, (name) => {
    const known = expressions.ExpressionFunctions.standardFunctions.get(name)
    if (known) return known
    unknown.add(name)
    return new expressions.ExpressionEvaluator(name, () => ({ value: undefined, error: '' }))
  })
  if (unknown.size > 0) throw new Error(`the function ${[...unknown].join(', ')}, which there is not`)
  return whole
}

/** Writes an absent value as `${its.path}`, as the official templating engine does. */
const SUBSTITUTING = Object.assign(new expressions.Options(), {
  nullSubstitution: (path: string) => `\${${path}}`,
})

function evaluator(expression: Expression): Evaluate {
  const path = pathOfNames(expression)
  return (scope) => {
    const found = path && follow(scope, path)
    if (found !== undefined) return found
    const { value, error } = expression.tryEvaluate(memoryOf(scope), SUBSTITUTING)
    if (error) throw new Error(error)
    return value
  }
}

function pieceOf(expression: Expression): string | ((scope: Scope) => string) {
  if (expression instanceof expressions.Constant && typeof expression.value === 'string') return expression.value
  const evaluate = evaluator(expression)
  return (scope) => {
    let value: unknown
    try {
      value = evaluate(scope)
    } catch {
      return `\${${expression}}`
    }
    if (value === null || value === undefined) throw new Error(`nothing to write for ${expression}`)
    return String(value)
  }
}

/**
 * The names of an expression that is a plain path, starting at the scope; undefined for other expressions. Nine of ten
 * expressions are paths. Following one takes a hundredth of the engine's time, which splits the path and compares all
 * names, in lower case, each time.
 */
function pathOfNames(node: Expression): readonly string[] | undefined {
  const names: string[] = []
  for (let at: Expression | undefined = node; at !== undefined; at = at.children[1]) {
    const [name] = at.children
    if (at.type !== 'Accessor' || !(name instanceof expressions.Constant)) return undefined
    names.unshift(String(name.value))
  }
  return fromScope(names)
}

function fromScope(names: readonly string[]): readonly string[] {
  return names[0]?.startsWith('$') ? names : ['$data', ...names]
}

/** The value at a path; undefined where the engine has to evaluate it. */
function follow(scope: Scope, path: readonly string[]): unknown {
  let node: unknown = scope
  for (const name of path) {
    if (!isObject(node) || !Object.hasOwn(node, name)) return undefined
    node = node[name]
  }
  return node
}

/** Adapts a scope to the engine's memory interface. */
function memoryOf(scope: Scope) {
  const memory = new expressions.SimpleObjectMemory(scope)
  return {
    getValue: (path: string): unknown =>
      follow(scope, fromScope(path.split('.'))) ?? memory.getValue(path.startsWith('$') ? path : `$data.${path}`),
    // Only functions that no template needs set values; the official templating engine allows it.
    setValue: (path: string, value: unknown) => memory.setValue(path, value),
    version: () => memory.version(),
  }
}

/** A name in an expression as a path: `data.services[0].amount` is `data`, `services`, `*`, `amount`. */
export type NamePath = readonly string[]

/** The names in the expressions of a string. Throws an Error with the reason for an expression that does not parse. */
export function namesIn(text: string, parsed: ParsedTexts = new Map()): NamePath[] {
  if (!text.includes('${')) return []
  if (text.includes('`')) throw new Error('a backtick beside an expression, which the expression language can not read')
  if (spans(text).some(([, end]) => end > text.length)) throw new Error('an expression without its closing brace')
  const names: NamePath[] = []
  collect(parse(text, parsed).whole, new Set(), names)
  return names
}

/** Start and end of each `${…}` in a string; quotes and nested braces are skipped. */
export function spans(text: string): [number, number][] {
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

/** Functions whose second argument declares a name for use in the third. */
const WITH_ITEM = new Set(['foreach', 'select', 'where'])

function collect(node: Expression, localNames: ReadonlySet<string>, names: NamePath[]): void {
  if (node.type === 'Accessor' || node.type === 'Element') {
    const path = pathOf(node, localNames, names)
    if (path !== undefined && !localNames.has(path[0] ?? '')) names.push(path)
    return
  }
  const item = WITH_ITEM.has(node.type) ? node.children[1] : undefined
  const inner = item ? new Set([...localNames, ...(pathOf(item, localNames, []) ?? [])]) : localNames
  for (const child of node.children) if (child !== item) collect(child, inner, names)
}

/** The path of a chain of accessors; undefined where the chain starts at a function's result. */
function pathOf(node: Expression, localNames: ReadonlySet<string>, names: NamePath[]): string[] | undefined {
  const [first, second] = node.children
  if (node.type === 'Accessor') {
    const base = second === undefined ? [] : pathOf(second, localNames, names)
    if (base === undefined || !(first instanceof expressions.Constant)) return undefined
    return [...base, String(first.value)]
  }
  if (node.type === 'Element' && first !== undefined && second !== undefined) {
    const base = pathOf(first, localNames, names)
    if (!(second instanceof expressions.Constant)) collect(second, localNames, names)
    const key = second instanceof expressions.Constant && typeof second.value === 'string' ? second.value : '*'
    return base === undefined ? undefined : [...base, key]
  }
  collect(node, localNames, names)
  return undefined
}
