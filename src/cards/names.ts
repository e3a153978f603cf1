import type { Json, JsonObject } from '../kernel/json.ts'
import { type NamePath, namesIn, type ParsedTexts } from './expressions.ts'

/** One name in a template's expressions. */
export interface NameUse {
  /** JSON pointer to the string that names it. */
  readonly at: string
  /** The full path from the root: `amount` inside a repeated service is `data`, `services`, `*`, `amount`. */
  readonly path: NamePath
}

/** An expression of a template that can not be parsed. */
export interface BadExpression {
  readonly at: string
  readonly found: string
}

/** All names in a template's expressions, and its bad expressions. */
export interface Names {
  readonly uses: readonly NameUse[]
  readonly bad: readonly BadExpression[]
}

/** Name of the item's position inside a repeated element. */
const INDEX = '$index'

/** Collects the names in a template, with `$data` scopes resolved to paths from the root. */
export function namesOf(template: JsonObject, parsed: ParsedTexts = new Map()): Names {
  const uses: NameUse[] = []
  const bad: BadExpression[] = []
  visit(template, '', undefined, { uses, bad, parsed })
  return { uses, bad }
}

/** The names found so far, and the strings that have been parsed. */
interface Found {
  readonly uses: NameUse[]
  readonly bad: BadExpression[]
  readonly parsed: ParsedTexts
}

function visit(node: Json, at: string, scope: NamePath | undefined, into: Found) {
  if (typeof node === 'string') read(node, at, scope, into)
  else if (Array.isArray(node)) for (const [i, item] of node.entries()) visit(item, `${at}/${i}`, scope, into)
  else if (typeof node === 'object' && node !== null) {
    const object = node as JsonObject
    const data = object.$data
    const innerScope = data === undefined ? scope : scopeOf(data, `${at}/$data`, scope, into)
    for (const [name, value] of Object.entries(object)) {
      if (name !== '$data') visit(value, `${at}/${name}`, innerScope, into)
    }
  }
}

/** The path of one item of the list that `$data` names. */
function scopeOf(data: Json, at: string, scope: NamePath | undefined, into: Found): NamePath {
  const paths = typeof data === 'string' ? read(data, at, scope, into) : []
  const [first] = paths
  if (first === undefined) into.bad.push({ at, found: 'something other than an expression that names data' })
  return [...(first ?? ['$unknown']), '*']
}

function read(text: string, at: string, scope: NamePath | undefined, into: Found): NamePath[] {
  try {
    const paths = namesIn(text, into.parsed)
      .filter((path) => path[0] !== INDEX || scope === undefined)
      .map((path) => fromRoot(path, scope))
    into.uses.push(...paths.map((path) => ({ at, path })))
    return paths
  } catch (error) {
    into.bad.push({
      at,
      found: error instanceof Error ? firstLine(error.message) : 'an expression that does not parse',
    })
    return []
  }
}

function fromRoot([head = '', ...rest]: NamePath, scope: NamePath | undefined): NamePath {
  if (head === '$root') return rest
  if (head === '$data') return [...(scope ?? []), ...rest]
  return scope === undefined ? [head, ...rest] : [...scope, head, ...rest]
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200)
}

/** The parts of an event's data that a template shows; no others are prepared. */
export interface Uses {
  /** Fields by namespace: `data`, `code`, `raw`, `has`, `more`. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>
  /** Names that a repeated element uses of a list's items, by list. */
  readonly items: ReadonlyMap<string, ReadonlySet<string>>
}

/** Groups the names of a template by namespace and list. */
export function usesOf(names: readonly NameUse[]): Uses {
  const fields = new Map<string, Set<string>>()
  const items = new Map<string, Set<string>>()
  const add = (to: Map<string, Set<string>>, key: string, value: string) => {
    const set = to.get(key) ?? new Set()
    to.set(key, set.add(value))
  }
  for (const { path } of names) {
    const [space, field, star, item] = path
    if (space === undefined || field === undefined) continue
    add(fields, space, field)
    if (space === 'data' && star === '*' && item !== undefined) add(items, field, item)
  }
  return { fields, items }
}
