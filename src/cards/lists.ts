import type { AddProblem } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import type { Fields } from './fields.ts'

/** A template's rule for a list, independent of the size limit. */
export interface ListRule {
  /** Maximum number of items shown. */
  readonly most?: number
  /** The number field that counts further items, which the event does not list. */
  readonly others?: string
}

/** Rules by field: `$lists` at the root of a template. */
export type ListRules = ReadonlyMap<string, ListRule>

/** The rules of a template that passed {@link checkLists}. */
export function listRules({ $lists = {} }: JsonObject): ListRules {
  if (!isObject($lists)) return new Map()
  return new Map(
    Object.entries($lists).map(([name, rule]) => {
      const { most, others } = isObject(rule) ? rule : {}
      return [
        name,
        { ...(typeof most === 'number' ? { most } : {}), ...(typeof others === 'string' ? { others } : {}) },
      ]
    }),
  )
}

/** Checks `$lists` for the data of one event type. */
export function checkLists({ $lists = {} }: JsonObject, fields: Fields, addProblem: AddProblem): void {
  if (!isObject($lists)) {
    addProblem('/$lists', 'no object', 'an object of rules by field')
    return
  }
  const ofKind = (...kinds: readonly string[]) =>
    [...fields].filter(([, { kind }]) => kinds.includes(kind)).map(([name]) => name)
  const lists = ofKind('list', 'map')
  const numbers = ofKind('number')
  for (const [name, rule] of Object.entries($lists)) {
    const at = `/$lists/${name}`
    if (!lists.includes(name)) addProblem(at, 'a name that no list has', `one of: ${lists.join(', ')}`)
    if (!isObject(rule)) {
      addProblem(at, 'no object', 'an object with most, others or both')
      continue
    }
    const { most, others, ...unknown } = rule
    if (most !== undefined && !(Number.isInteger(most) && Number(most) > 0))
      addProblem(`${at}/most`, 'something else', 'a whole number, 1 or more')
    if (others !== undefined && !numbers.includes(String(others)))
      addProblem(`${at}/others`, 'a name that no number field has', `one of: ${numbers.join(', ')}`)
    for (const key of Object.keys(unknown)) addProblem(`${at}/${key}`, 'a rule that there is not', 'most or others')
  }
}
