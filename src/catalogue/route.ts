import type { Catalogue, Route } from './catalogue.ts'
import type { Priority } from './priority.ts'

/** The fields of an event that routes match. */
export interface RoutedEvent {
  /** Name of the event type, not an alias. */
  readonly eventType: string
  readonly priority: Priority
  /** Keys of the stakeholder groups to notify. */
  readonly stakeholders: readonly string[]
}

/**
 * Returns the keys of the channels of an event, each once: the channels of its groups, in the order of the groups, then the
 * channels of `add` routes, in the order of the file. If `only` routes match, their channels replace the groups' channels;
 * `add` routes still add. Two groups that share a channel make one card there, not two.
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

/** True where a route's pattern matches an event type: the exact name, or a prefix with a star such as `celery.*`. */
export function matchesType(pattern: string, eventType: string): boolean {
  return pattern.endsWith('*') ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType
}
