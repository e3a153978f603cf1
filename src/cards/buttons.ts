import type { Priority } from '../catalogue/priority.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { LINKS, type LinkBases, type LinkName, linkFor } from './links.ts'
import type { CardRequest } from './rendered-card.ts'
import { type Strings, textAt } from './strings.ts'
import { ownField } from './values.ts'

/** A person's actions on a card, each with the condition for its button. */
export const ACTIONS = {
  // Also for INFO events of claims: a person confirms that the claim is known.
  acknowledge: ({ event, card }) => event.priority !== 'INFO' || card.startsWith('nphies_claim_'),
  escalate: (request) => URGENT.has(request.event.priority),
  retry: (request) => hasNoRetriesLeft(request) || isOver(request),
  discard: hasNoRetriesLeft,
  poll: () => true,
} as const satisfies Record<string, (request: CardRequest) => boolean>

/** Name of an action: an entry of a template's `$buttons`, and the verb that a bot receives. */
export type ActionName = keyof typeof ACTIONS

/** Names that a template may list under `$buttons`. */
export const BUTTON_NAMES: readonly string[] = [...Object.keys(ACTIONS), ...Object.keys(LINKS)]

/** Makes the URL of an action's button on a card without a bot; undefined where the button is left out. */
export type ActionLink = (action: ActionName, request: CardRequest) => string | undefined

const URGENT: ReadonlySet<Priority> = new Set<Priority>(['CRITICAL', 'HIGH'])

/** True for a task without retries left. One in the dead letter queue has none, with or without counts in its data. */
function hasNoRetriesLeft({ event }: CardRequest): boolean {
  const count = ownField(event.data, 'retry_count')
  const most = ownField(event.data, 'max_retries')
  if (typeof count === 'number' && typeof most === 'number') return count >= most
  return event.eventType === 'celery.task.dlq'
}

/** Types of tasks that are over, without counts in their data: what watches Celery does not know how often a task may be tried. */
const OVER: ReadonlySet<string> = new Set(['celery.task.failed', 'celery.task.timeout', 'celery.task.lost'])

/** True for a task that has ended for good, by its type, where its data do not say how many retries it has. */
function isOver({ event }: CardRequest): boolean {
  return OVER.has(event.eventType) && typeof ownField(event.data, 'max_retries') !== 'number'
}

/** Teams shows six buttons; with more, the sixth and later ones go into an overflow menu. */
const VISIBLE_BUTTONS = 6

/** Sources of a card's buttons: the template's list, texts and links. */
export interface ButtonSources {
  /** `$buttons` of the template. */
  readonly names: readonly string[]
  readonly strings: Strings
  readonly links: LinkBases
  readonly actionLink: ActionLink | undefined
  /** Fields with patient data, which must not be in a URL. */
  readonly phiFields: ReadonlySet<string>
}

/** Makes an action's button, by transport; undefined leaves it out, since a dead button is worse than none. */
const BUTTON_MAKERS = {
  /** A card from a webhook can not call the gateway, since its sender is Microsoft's bot: a link to a confirm page. */
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

/** Adds buttons to a finished card: first the ones in the template's `$buttons`, then its own `actions`. */
export function withButtons(card: JsonObject, request: CardRequest, sources: ButtonSources): JsonObject {
  const made = sources.names.flatMap((name) => buttonFor(name, request, sources) ?? [])
  const { actions, ...rest } = card
  const templateActions = Array.isArray(actions) ? actions : []
  const all = [...made, ...templateActions].map((action, i, list): Json => {
    const hidden = list.length > VISIBLE_BUTTONS && i >= VISIBLE_BUTTONS - 1
    return hidden && isObject(action) ? ({ ...action, mode: 'secondary' } as JsonObject) : action
  })
  if (all.length === 0) return rest
  if (request.transport !== 'bot') return { ...rest, actions: all }
  // In an ActionSet, a client older than Action.Execute drops the buttons and still shows the rest of the card.
  const body = Array.isArray(rest.body) ? rest.body : []
  return { ...rest, body: [...body, { type: 'ActionSet', actions: all }] }
}

function buttonFor(name: string, request: CardRequest, sources: ButtonSources): JsonObject | undefined {
  const title = textAt(sources.strings, 'button', name) ?? name
  if (isAction(name)) {
    if (!ACTIONS[name](request)) return undefined
    return BUTTON_MAKERS[request.transport ?? 'workflows'](name, title, request, sources.actionLink)
  }
  const url = linkFor(name as LinkName, request.event, sources.links, sources.phiFields)
  return url === undefined ? undefined : { type: 'Action.OpenUrl', title, url }
}

function isAction(name: string): name is ActionName {
  return Object.hasOwn(ACTIONS, name)
}
