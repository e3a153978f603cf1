import type { Catalogue, Route } from './catalogue.ts'
import type { Priority } from './priority.ts'

/** What routing looks at. */
export interface RoutedEvent {
  /** Name of the type, not an alias. */
  readonly eventType: string
  readonly priority: Priority
  /** Keys of the groups to tell. */
  readonly stakeholders: readonly string[]
}

/**
 * The keys of the channels that an event goes to, each once: those that its groups read, in the order of the groups,
 * then those of `add` routes in the order of the file. Where `only` routes match, theirs stand in place of the
 * groups' channels; `add` routes still add. Two groups that share a channel make one card there, not two.
 */
export function routeEvent(catalogue: Catalogue, event: RoutedEvent): string[] {
  const matching = catalogue.routes.filter((route) => matches(route, event))
  const only = matching.filter((route) => route.mode === 'only')
  const base =
    only.length > 0
      ? only.flatMap((route) => route.channels)
      : event.stakeholders.flatMap((key) => catalogue.groups.get(key)?.channels ?? [])
  const added = matching.filter((route) => route.mode === 'add').flatMap((route) => route.channels)
  return [...new Set([...base, ...added])]
}

function matches({ when }: Route, event: RoutedEvent): boolean {
  return (
    (when.eventType === undefined || matchesType(when.eventType, event.eventType)) &&
    (when.priorities === undefined || when.priorities.includes(event.priority)) &&
    (when.stakeholder === undefined || event.stakeholders.includes(when.stakeholder))
  )
}

/** True where a route's pattern, an exact type or a prefix with a star such as `celery.*`, covers the type. */
export function matchesType(pattern: string, eventType: string): boolean {
  return pattern.endsWith('*') ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType
}
