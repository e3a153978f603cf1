import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { TemplateFile } from './load.ts'

/**
 * Composes a card from its template, the included components and the frame of all cards. The templating language has no
 * includes, so composition works on the JSON, before compilation:
 *
 * - `{"$include": "prose", "$with": {"field": "impact"}}` becomes the component `prose`, in whose strings `@field`
 *   is now `impact`;
 * - the frame's element with `"$slot": "body"` becomes the card's body.
 */
export function compose(
  card: JsonObject,
  frame: JsonObject,
  components: ReadonlyMap<string, TemplateFile>,
): Composition {
  const problems: CompositionProblem[] = []
  // `$data` at the root is sample data for the preview in the Adaptive Cards designer.
  const { $data, ...rest } = card
  const template = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, included(value, `/${name}`, components, problems, [])]),
  ) as JsonObject
  const { body, $buttons, $lists, msteams, ...root } = template
  const elements = Array.isArray(body) ? body : []
  const slots = Array.isArray(frame.body) ? frame.body : []
  const framed = {
    ...frame,
    ...root,
    body: slots.flatMap((item) => (isObject(item) && item.$slot === 'body' ? elements : [item])) as Json[],
    msteams: { ...(isObject(frame.msteams) ? frame.msteams : {}), ...(isObject(msteams) ? msteams : {}) } as JsonObject,
  }
  return { template, framed, problems }
}

/** A composed card. */
export interface Composition {
  /** The card's template with its components; JSON pointers into it are valid for the file. */
  readonly template: JsonObject
  /** The card inside the frame. */
  readonly framed: JsonObject
  readonly problems: readonly CompositionProblem[]
}

/** A problem of an include. */
export interface CompositionProblem {
  readonly at: string
  readonly found: string
  readonly expected: string
}

function included(
  node: Json,
  at: string,
  components: ReadonlyMap<string, TemplateFile>,
  problems: CompositionProblem[],
  inside: readonly string[],
): Json {
  if (Array.isArray(node)) return node.map((item, i) => included(item, `${at}/${i}`, components, problems, inside))
  if (!isObject(node)) return node
  const { $include: name, $with: values = {} } = node
  if (name === undefined) {
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        included(value as Json, `${at}/${key}`, components, problems, inside),
      ]),
    )
  }
  const component = typeof name === 'string' ? components.get(name) : undefined
  if (typeof name !== 'string' || component === undefined || inside.includes(name)) {
    const expected = `one of: ${[...components.keys()].join(', ')}`
    problems.push({
      at,
      found: component ? 'a component inside itself' : 'a component that there is not',
      expected,
    })
    return { type: 'Container' }
  }
  const missing = new Set<string>()
  const filled = fill(component.template, isObject(values) ? values : {}, missing)
  if (missing.size > 0)
    problems.push({ at, found: 'an include that lacks values', expected: `"$with" with ${[...missing].join(', ')}` })
  return included(filled, at, components, problems, [...inside, name])
}

/** A component's JSON with each `@name` inside an expression replaced. */
function fill(node: Json, values: Record<string, unknown>, missing: Set<string>): Json {
  if (typeof node === 'string') {
    return node.replace(/\$\{[^}]*\}/g, (expression) =>
      expression.replace(/@([a-z_]+)/g, (_, name: string) => {
        const value = values[name]
        if (typeof value === 'string') return value
        missing.add(name)
        return ''
      }),
    )
  }
  if (Array.isArray(node)) return node.map((item) => fill(item, values, missing))
  if (!isObject(node)) return node
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, fill(value as Json, values, missing)]))
}
