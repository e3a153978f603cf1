import { createRequire } from 'node:module'
import { TEAMS_LIGHT } from '../contract/teams-host-config.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { TEAMS_TYPES } from './elements.ts'

/** The part of the official `adaptivecards` package that is used. Its ESM build does not load in Node, its bundle does. */
interface AdaptiveCards {
  readonly AdaptiveCard: new () => {
    hostConfig: unknown
    parse(card: unknown, context: Context): void
    validateProperties(): { validationEvents: readonly { message: string }[] }
  }
  readonly HostConfig: new (config: unknown) => unknown
  readonly SerializationContext: new () => Context
}

interface Context {
  readonly eventCount: number
  getEventAt(index: number): { readonly message: string }
}

/** What the official parser finds wrong with an expanded card. Teams' own elements, which it does not know, are no fault. */
export function parserComplaints(card: JsonObject): string[] {
  const library = loadLibrary()
  const context = new library.SerializationContext()
  const parsed = new library.AdaptiveCard()
  parsed.hostConfig = new library.HostConfig(TEAMS_LIGHT)
  // The parser checks `lang` with a global RegExp, which remembers where it stopped and refuses every second card.
  const { lang, ...rest } = card
  parsed.parse(withoutTeamsTypes(rest), context)
  const events = Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i).message)
  return [...new Set([...events, ...parsed.validateProperties().validationEvents.map(({ message }) => message)])]
}

/**
 * Puts each element that only Teams knows aside for its fallback, as another client would, and leaves out what Teams
 * moves into the menu of further buttons: the parser counts those as too many.
 */
function withoutTeamsTypes(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutTeamsTypes).filter((item) => item !== undefined)
  if (!isObject(node)) return node
  if (node.mode === 'secondary') return undefined
  if (typeof node.type === 'string' && TEAMS_TYPES.has(node.type)) {
    return isObject(node.fallback) ? withoutTeamsTypes(node.fallback) : undefined
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutTeamsTypes(value)]))
}

function loadLibrary(): AdaptiveCards {
  return createRequire(import.meta.url)('adaptivecards/dist/adaptivecards.js') as AdaptiveCards
}
