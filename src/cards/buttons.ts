import type { Priority } from '../catalogue/priority.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { LINKS, type LinkBases, type LinkName, linkFor } from './links.ts'
import type { CardRequest } from './rendered-card.ts'
import { type Strings, textAt } from './strings.ts'
import { own } from './values.ts'

/** What a person can do with a card, and when that is offered. */
export const ACTIONS = {
  // Also the claims that only inform: somebody says that the claim is known.
  acknowledge: ({ event, card }) => event.priority !== 'INFO' || card.startsWith('nphies_claim_'),
  escalate: (request) => URGENT.has(request.event.priority),
  retry: hasNoRetriesLeft,
  discard: hasNoRetriesLeft,
  poll: () => true,
} as const satisfies Record<string, (request: CardRequest) => boolean>

/** Name of an action: what a template lists under `$buttons`, and the verb that a bot receives. */
export type ActionName = keyof typeof ACTIONS

/** Names that a template may list under `$buttons`. */
export const BUTTON_NAMES: readonly string[] = [...Object.keys(ACTIONS), ...Object.keys(LINKS)]

/** Where a button for a person's action leads when the card has no bot behind it; undefined for nowhere. */
export type ActionLink = (action: ActionName, request: CardRequest) => string | undefined

const URGENT: ReadonlySet<Priority> = new Set<Priority>(['CRITICAL', 'HIGH'])

/** A task in the dead letter queue has none left by definition, whether or not it says how many it had. */
function hasNoRetriesLeft({ event }: CardRequest): boolean {
  const count = own(event.data, 'retry_count')
  const most = own(event.data, 'max_retries')
  if (typeof count === 'number' && typeof most === 'number') return count >= most
  return event.eventType === 'celery.task.dlq'
}

/** Teams shows six buttons; from the seventh on they go into the menu behind the last. */
const VISIBLE = 6

/** What a template asks for and what this gateway has, to make buttons of. */
export interface ButtonSources {
  /** `$buttons` of the template. */
  readonly names: readonly string[]
  readonly strings: Strings
  readonly links: LinkBases
  readonly actionLink: ActionLink | undefined
  /** Fields that are patient data and so never stand in a URL. */
  readonly phiFields: ReadonlySet<string>
}

/** How each transport makes a button of a person's action; undefined leaves it out, since a dead button is worse than none. */
const MAKERS = {
  /** A card from a webhook can not call back, since its sender is Microsoft's own bot: a link to the page that asks and then acts. */
  workflows: (name, title, request, actionLink) => {
    const url = actionLink?.(name, request)
    return url === undefined ? undefined : { type: 'Action.OpenUrl', title, url }
  },
  bot: (name, title, { event, channel }) => ({
    type: 'Action.Execute',
    title,
    verb: name,
    // The Teams SDK routes by `data.action`, others by `verb`.
    data: { action: name, event_id: event.id, correlation_id: event.correlationId, channel: channel.key },
    fallback: 'drop',
  }),
} as const satisfies Record<
  NonNullable<CardRequest['transport']>,
  (name: ActionName, title: string, request: CardRequest, actionLink: ActionLink | undefined) => JsonObject | undefined
>

/** The finished card with its buttons: those that the template names and, after them, links of its own. */
export function withButtons(card: JsonObject, request: CardRequest, sources: ButtonSources): JsonObject {
  const made = sources.names.flatMap((name) => buttonFor(name, request, sources) ?? [])
  const { actions, ...rest } = card
  const own = Array.isArray(actions) ? actions : []
  const all = [...made, ...own].map((action, i, list): Json => {
    const hidden = list.length > VISIBLE && i >= VISIBLE - 1
    return hidden && isObject(action) ? ({ ...action, mode: 'secondary' } as JsonObject) : action
  })
  if (all.length === 0) return rest
  if (request.transport !== 'bot') return { ...rest, actions: all }
  // Clients older than Action.Execute can show the rest of the card only if it stands in an ActionSet.
  const body = Array.isArray(rest.body) ? rest.body : []
  return { ...rest, body: [...body, { type: 'ActionSet', actions: all }] }
}

function buttonFor(name: string, request: CardRequest, sources: ButtonSources): JsonObject | undefined {
  const title = textAt(sources.strings, 'button', name) ?? name
  if (isAction(name)) {
    if (!ACTIONS[name](request)) return undefined
    return MAKERS[request.transport ?? 'workflows'](name, title, request, sources.actionLink)
  }
  const url = linkFor(name as LinkName, request.event, sources.links, sources.phiFields)
  return url === undefined ? undefined : { type: 'Action.OpenUrl', title, url }
}

function isAction(name: string): name is ActionName {
  return Object.hasOwn(ACTIONS, name)
}
