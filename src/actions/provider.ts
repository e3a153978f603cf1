import type { ActionResult, Actor } from '../contract/actions.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { EventState } from './event-state.ts'

/** Actions whose work is outside the gateway. */
export const OUTSIDE_ACTIONS = ['retry', 'poll'] as const

/** An action whose work is outside the gateway. */
export type OutsideAction = (typeof OUTSIDE_ACTIONS)[number]

/** Actions that are done outside the gateway for the events that a provider offers them for, and in the gateway alone for others. */
const PARTLY_OUTSIDE = ['discard', 'restore'] as const

/** Actions of which a process may find one that no process has. */
export const RUN_ACTIONS = [...OUTSIDE_ACTIONS, ...PARTLY_OUTSIDE] as const

/** An action that a provider can do. */
export type ProvidedAction = (typeof RUN_ACTIONS)[number]

/** The event that a provider works for. */
export type ProvidedEvent = Pick<
  EventState,
  'id' | 'createdAt' | 'correlationId' | 'eventType' | 'priority' | 'stakeholders'
> & {
  /** Its data, only where a card is made. */
  readonly data?: JsonObject
}

/** Whether a provider can do its action for an event. */
export type Offer = { readonly can: true } | { readonly can: false; readonly why: ActionResult }

/**
 * What came of the work. `refused`: it was not begun, as `code` says. `unknown`: it was begun, and whether the other side did it is not
 * known.
 */
export interface ProviderResult {
  readonly state: 'done' | 'refused' | 'failed' | 'unknown'
  /** Why, where the provider knows more than that it failed or is lost. */
  readonly code?: ActionResult
  /** What the other side said, for the record and the follow-up card: no patient data. */
  readonly data: JsonObject | null
}

/** Thrown by a provider that stops following its work: the action stays `running`, and `look` goes on once its lease has run out. */
export class StillRunning extends Error {
  constructor() {
    super('the work goes on in the other system')
    this.name = 'StillRunning'
  }
}

/** What a provider is given besides the event. */
export interface RunOptions {
  readonly actionId: string
  readonly actor: Actor
  /** Aborted when the gateway stops or has lost the action to another process. */
  readonly signal: AbortSignal
}

/**
 * Does an action in the system that an event came from. `discard` and `restore` change the event too, once the provider has done its
 * part.
 */
export interface ActionProvider {
  readonly action: ProvidedAction
  /** Whether it can be done for an event, and if not why. Asked for each card and each click, so it answers from memory. */
  offers(event: ProvidedEvent): Offer
  /**
   * Does it, once per action. The other side should be given the id, by which it recognises a repetition.
   *
   * @throws StillRunning where the signal was aborted, and `look` can go on
   */
  run(event: ProvidedEvent, options: RunOptions): Promise<ProviderResult>
  /**
   * Looks up what came of an action whose process was lost. Without it, such an action ends as `unknown`.
   *
   * @throws StillRunning as `run`
   */
  look?(event: ProvidedEvent, actionId: string, options: RunOptions): Promise<ProviderResult>
}

/** The providers of a gateway, by action; of two for one action, the first that offers it for an event is asked. */
export function offerOf(
  providers: readonly ActionProvider[],
  action: ProvidedAction,
  event: ProvidedEvent,
): { readonly provider: ActionProvider } | { readonly why: ActionResult } {
  let why: ActionResult = 'not_offered'
  for (const provider of providers) {
    if (provider.action !== action) continue
    const offer = provider.offers(event)
    if (offer.can) return { provider }
    why = offer.why
  }
  return { why }
}

/** True for an action whose work is outside the gateway. */
export function isOutside(action: string): action is OutsideAction {
  return (OUTSIDE_ACTIONS as readonly string[]).includes(action)
}

/** What is done outside the gateway for an action on an event; undefined where nothing is. */
export function outsideWork(
  providers: readonly ActionProvider[],
  action: string,
  event: ProvidedEvent,
): ReturnType<typeof offerOf> | undefined {
  if (isOutside(action)) return offerOf(providers, action, event)
  const partly = PARTLY_OUTSIDE.find((name) => name === action)
  const offer = partly && offerOf(providers, partly, event)
  return offer && 'why' in offer && offer.why === 'not_offered' ? undefined : offer
}
