import type { Catalogue, EventTypeDefinition } from './catalogue.ts'
import type { StakeholderGroup } from './stakeholder-groups.ts'

/** The event type of that name, or of that older name; undefined where there is none. */
export function findEventType(catalogue: Catalogue, name: string): EventTypeDefinition | undefined {
  return catalogue.eventTypes.get(name) ?? catalogue.eventTypes.get(catalogue.aliases.get(name) ?? '')
}

/** A stakeholder group with its key. */
export interface FoundGroup extends StakeholderGroup {
  readonly key: string
}

/** The group of that key or display name, in any letter case; undefined where there is none. */
export function findGroup(catalogue: Catalogue, nameOrKey: string): FoundGroup | undefined {
  const wanted = foldName(nameOrKey)
  for (const [key, group] of catalogue.groups)
    if (key === wanted || group.names.some((name) => foldName(name) === wanted)) return { key, ...group }
  return undefined
}

/** All names that an event may use for a group: keys and display names. For error texts. */
export function groupNames(catalogue: Catalogue): string[] {
  return [...catalogue.groups].flatMap(([key, group]) => [key, ...group.names])
}

/** A name as it is compared: without letter case, outer blanks, and differences of how letters are composed. */
export function foldName(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}
