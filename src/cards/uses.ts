import type { NameUse } from './names.ts'

/** The parts of an event's data that a template shows, so that nothing else is prepared. */
export interface Uses {
  /** Fields by namespace: `data`, `code`, `raw`, `has`, `more`. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>
  /** Names that a repeated element takes from the items of a list, by list. */
  readonly items: ReadonlyMap<string, ReadonlySet<string>>
}

/** Sums up the names of a template. */
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
