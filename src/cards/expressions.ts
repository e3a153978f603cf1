import expressions, { type Expression } from 'adaptive-expressions'
import { isObject } from '../kernel/json.ts'

/**
 * The one file that knows the expression language, so that it can be replaced: it comes from an archived repository. What
 * it gets wrong is kept from it: null and absent values by whoever prepares the data, unknown names and bad syntax by
 * `check.ts` before anything is sent.
 */

/** What the names in an expression stand for. A name without `$` is one of `$data`. */
export interface Scope {
  /** All that the card is made from. */
  readonly $root: unknown
  /** The item that an element is repeated for; outside of repeated elements, the root. */
  readonly $data: unknown
  /** The item's place in its list. */
  readonly $index: number | undefined
}

/** Gives an expression's value. Throws where it can not be evaluated. */
export type Evaluate = (scope: Scope) => unknown

/**
 * A string of a template: itself where it holds no expression. One expression and nothing around it gives its value with
 * its type, anything else text. Inside text an expression that can not be evaluated is written out as it stands.
 * Throws an Error that says what is wrong where an expression does not parse.
 */
export function compileText(text: string): string | Evaluate {
  if (!text.includes('${')) return text
  const { only, children } = parse(text)
  if (only !== undefined) return evaluator(only)
  const pieces = children.map(pieceOf)
  return (scope) => {
    let whole = ''
    for (const piece of pieces) whole += typeof piece === 'string' ? piece : piece(scope)
    return whole
  }
}

/** A condition: true where it yields just that, false also where it can not be evaluated. */
export function compileCondition(text: string): (scope: Scope) => boolean {
  const { only, whole } = parse(text)
  const expression = only ?? whole
  const [left = expression, right] = expression.children
  const path = pathOfNames(expression)
  const compared = expression.type === '!=' ? pathOfNames(left) : undefined
  const other = right instanceof expressions.Constant ? right.value : undefined
  return (scope) => {
    const found = path && follow(scope, path)
    if (found !== undefined) return found === true
    // What most conditions ask: whether there is a text. Other values have rules of the engine's own.
    const text = compared && follow(scope, compared)
    if (typeof text === 'string' && typeof other === 'string') return text !== other
    const { value, error } = expression.tryEvaluate(memoryOf(scope))
    return !error && value === true
  }
}

function parse(text: string): {
  readonly whole: Expression
  readonly children: readonly Expression[]
  readonly only: Expression | undefined
} {
  const unknown = new Set<string>()
  const whole = expressions.Expression.parse(`\`${text}\``, (name) => {
    const known = expressions.ExpressionFunctions.standardFunctions.get(name)
    if (known) return known
    unknown.add(name)
    return new expressions.ExpressionEvaluator(name, () => ({ value: undefined, error: '' }))
  })
  if (unknown.size > 0) throw new Error(`the function ${[...unknown].join(', ')}, which there is not`)
  // The parser begins every text with an empty constant.
  const [, ...children] = whole.children
  const [first] = children
  const only = children.length === 1 && !(first instanceof expressions.Constant) ? first : undefined
  return { whole, children, only }
}

/** An absent value is written out as `${its.path}`, as the official engine does. */
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
 * The names of an expression that is just a path, from the scope on. Nine of ten expressions are; following one takes a
 * hundredth of what the engine takes, which splits the path and compares all names, in lower case, each time.
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

/** What a path leads to; undefined where the engine has to say what that means. */
function follow(scope: Scope, path: readonly string[]): unknown {
  let node: unknown = scope
  for (const name of path) {
    if (!isObject(node) || !Object.hasOwn(node, name)) return undefined
    node = node[name]
  }
  return node
}

/** The scope as the engine reads it. */
function memoryOf(scope: Scope) {
  const memory = new expressions.SimpleObjectMemory(scope)
  return {
    getValue: (path: string): unknown =>
      follow(scope, fromScope(path.split('.'))) ?? memory.getValue(path.startsWith('$') ? path : `$data.${path}`),
    // Only functions that no template needs set anything; the official templating engine lets them.
    setValue: (path: string, value: unknown) => memory.setValue(path, value),
    version: () => memory.version(),
  }
}

/** The names in the expressions of a string, each as its path: `data.services[0].amount` is `data`, `services`, `*`, `amount`. */
export type NamePath = readonly string[]

/** What the expressions in a string name. Throws an Error that says what is wrong where one does not parse. */
export function namesIn(text: string): NamePath[] {
  if (!text.includes('${')) return []
  if (text.includes('`')) throw new Error('a backtick beside an expression, which the expression language can not read')
  if (spans(text).some(([, end]) => end > text.length)) throw new Error('an expression without its closing brace')
  const names: NamePath[] = []
  collect(parse(text).whole, new Set(), names)
  return names
}

/** Where the `${…}` of a string begin and end; quotes and braces inside them are skipped over. */
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
