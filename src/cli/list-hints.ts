import type { NotificationQuery } from '../contract/notifications.ts'
import { nearestName } from '../kernel/nearest.ts'

/** What the filters of a list can name. */
export interface FilterNames {
  readonly channels: readonly { readonly key: string; readonly name: string }[]
  readonly eventTypes: Iterable<string>
  /** Older names of event types, under which nothing is stored. */
  readonly aliases: ReadonlyMap<string, string>
}

/**
 * Why a list may be empty: a filter that names no channel or event type there is. Only a hint, since the record also has
 * what was taken out of the configuration since.
 */
export function listHints({ channel, eventType }: Partial<NotificationQuery>, names: FilterNames): string[] {
  const hints: string[] = []
  if (channel !== undefined && !names.channels.some(({ key }) => key === channel)) {
    const byName = names.channels.find(({ name }) => name === channel)?.key
    const keys = names.channels.map(({ key }) => key)
    const near = byName ?? nearestName(keys, channel)
    hints.push(`--channel: no channel has this key; ${near ? `perhaps ${near}` : `the keys are ${keys.join(', ')}`}.`)
  }
  if (eventType !== undefined) {
    const known = [...names.eventTypes]
    const near = names.aliases.get(eventType) ?? (known.includes(eventType) ? undefined : nearestName(known, eventType))
    if (near !== undefined) hints.push(`--event-type: no event is stored under this name; perhaps ${near}.`)
  }
  return hints
}
