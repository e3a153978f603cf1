import type { ActionName, ActionResult } from '../contract/actions.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { EventState } from './event-state.ts'

/** Whether an action is done to an event, and why not. */
export type Decision =
  | { readonly done: true }
  | {
      readonly done: false
      readonly code: ActionResult
      /** Who did it before, and when. */
      readonly data: JsonObject | null
    }

/** What a decision needs besides the state of the event. */
export interface DecideOptions {
  readonly now: Date
  /** Seconds for which a discard can be taken back. */
  readonly restoreWindow: number
  /** Number of the tier that was named. */
  readonly tier: number | null
  /** The notification that was named; only it is replayed. */
  readonly notificationId: string | null
}

/** Milliseconds for which a second escalation without a tier is taken for a second click on the first one's button. */
const SAME_CLICK_MS = 60_000

const DONE: Decision = { done: true }

const refused = (code: ActionResult, data: JsonObject | null = null): Decision => ({ done: false, code, data })

/**
 * What an action does to an event in this state. A button stays in Teams for as long as its card does, and everybody in the
 * channel has it: so the state decides what a click still does, and a second one does nothing.
 */
export function decide(action: ActionName, state: EventState, options: DecideOptions): Decision {
  const { discarded } = state
  if (action === 'restore') return decideRestore(state, options)
  if (discarded !== null && action === 'discard') return refused('already_discarded', who(discarded))
  if (discarded !== null) return refused('discarded', who(discarded))
  if (action === 'replay') return failedOf(state, options.notificationId).length > 0 ? DONE : refused('not_failed')
  if (state.resolved) return refused('resolved')
  if (action === 'acknowledge')
    return state.acknowledged === null || state.calling
      ? DONE
      : refused('already_acknowledged', who(state.acknowledged))
  if (action === 'unacknowledge') return state.acknowledged === null ? refused('not_acknowledged') : DONE
  if (action === 'escalate') return decideEscalate(state, options)
  return DONE
}

/** The notifications that a replay sends again. */
export function failedOf({ notifications }: EventState, notificationId: string | null): EventState['notifications'] {
  return notifications.filter(({ id, state }) => state === 'failed' && (notificationId ?? id) === id)
}

function decideRestore({ discarded }: EventState, { now, restoreWindow }: DecideOptions): Decision {
  if (discarded === null) return refused('not_discarded')
  const until = discarded.at.getTime() + restoreWindow * 1_000
  return now.getTime() > until ? refused('restore_too_late', who(discarded)) : DONE
}

function decideEscalate({ last }: EventState, { now, tier }: DecideOptions): Decision {
  if (tier !== null || last?.action !== 'escalate') return DONE
  const { at, by } = last.data
  const recent = typeof at === 'string' && now.getTime() - Date.parse(at) < SAME_CLICK_MS
  return recent ? refused('already_escalated', { by: by ?? '', at }) : DONE
}

function who({ by, at }: { readonly by: string; readonly at: Date }): JsonObject {
  return { by, at: at.toISOString() }
}
