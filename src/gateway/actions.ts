import { act, keyHashOf } from '../actions/act.ts'
import { checkAction, INPUTS, showableActor } from '../actions/check-request.ts'
import { decide } from '../actions/decide.ts'
import { type EventState, statesOf } from '../actions/event-state.ts'
import { permissionFor } from '../actions/permission.ts'
import { outsideWork } from '../actions/provider.ts'
import { readRequest } from '../actions/second-person.ts'
import { shownActions, viewOf } from '../actions/views.ts'
import type {
  ActionAnswer,
  ActionName,
  ActionPage,
  ActionResult,
  ActionView,
  Actor,
  PageTier,
  UncheckedAction,
} from '../contract/actions.ts'
import type { NotificationView } from '../contract/notifications.ts'
import type { GatewayService } from '../contract/service.ts'
import { tiersByHand } from '../escalation/tiers-by-hand.ts'
import { codeOf, GatewayError } from '../kernel/errors.ts'
import { timeOfId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { findAsked, groupAlike, readActed, withMembers } from '../store/acted-events.ts'
import { findByKey, listActions, readAction, readActionsOf } from '../store/actions.ts'
import { readEscalationOf } from '../store/escalations.ts'
import { readFirstAcknowledgements } from '../store/first-acknowledgements.ts'
import { readCard, readHeading, readViews } from '../store/notifications.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'

/** SQLSTATEs after which an action is tried again: a key that another transaction has just taken, a deadlock. */
const TRIED_AGAIN = ['23505', '40P01', '40001']
const MAX_TRIES = 3
/** Earlier actions on a page. */
const MAX_EARLIER = 20

/** What the pages ask besides what the service offers. */
export interface FindFirstAction {
  /** The answer to the action that a caller asked for first with an idempotency key; undefined where there is none. */
  findFirstAction(idempotencyKey: string, actor: Actor): Promise<ActionAnswer | undefined>
}

/** Makes the use cases of actions. */
export function createActions({
  database: { kysely },
  log,
  metrics,
  actions,
  actedCards,
  guard,
}: Pick<UseCaseParts, 'database' | 'log' | 'metrics' | 'actions' | 'actedCards' | 'guard'>): Pick<
  GatewayService,
  'act' | 'getAction' | 'listActions' | 'getActionPage'
> &
  FindFirstAction {
  async function actOnce(given: UncheckedAction, actor: Actor): ReturnType<typeof act> {
    const request = checkAction(given, guard)
    const by = showableActor(actor)
    const caller = callerOf(by)
    for (let tries = 1; ; tries++)
      try {
        return await inTransaction(kysely, (transaction) => act(transaction, request, { actor: by, caller }, actions))
      } catch (error) {
        if (tries === MAX_TRIES || !TRIED_AGAIN.includes(codeOf(error) ?? '')) throw error
      }
  }

  async function getAction(id: string): Promise<ActionView> {
    const row = timeOfId(id) === undefined ? undefined : await readAction(kysely, id)
    if (row) return viewOf(row)
    throw new GatewayError('not_found', [
      { at: 'id', found: 'an id that no action has', expected: 'the id of an action' },
    ])
  }

  async function countAcknowledged(actionId: string): Promise<void> {
    for (const { priority, stakeholders, seconds } of await readFirstAcknowledgements(kysely, actionId)) {
      if (seconds !== null) metrics.observe('teams_acknowledgement_seconds', { priority }, seconds)
      for (const stakeholder of stakeholders)
        metrics.count('teams_events_acknowledged_total', { stakeholder, priority })
    }
  }

  return {
    getAction,
    async act(given, actor): Promise<ActionAnswer> {
      const answered = await actOnce(given, actor)
      const view = await getAction(answered.id)
      const { id, action, state, result, eventId, correlationId, via } = view
      metrics.count('teams_actions_total', { action, state })
      if (answered.isNew && action === 'acknowledge' && state === 'done') await countAcknowledged(id)
      log.write('action_answered', {
        action_id: id,
        action,
        action_state: state,
        result,
        event_id: eventId,
        correlation_id: correlationId,
        via,
      })
      return answerOf(view)
    },
    async findFirstAction(idempotencyKey, actor) {
      const first = await findByKey(kysely, keyHashOf(callerOf(showableActor(actor)), idempotencyKey))
      if (first === undefined) return undefined
      return answerOf(await getAction(first.id))
    },
    async listActions({ cursor, limit, ...filter }) {
      if (cursor !== undefined && timeOfId(cursor) === undefined)
        throw new GatewayError('invalid_request', [
          { at: 'cursor', found: 'text of another form', expected: 'the next_cursor of an earlier answer' },
        ])
      if (filter.correlationId?.includes('\0')) return { actions: [], nextCursor: null }
      const found = (await listActions(kysely, { ...filter, before: cursor, limit })).map(viewOf)
      const page = found.slice(0, limit)
      return { actions: page, nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null }
    },
    getActionPage: (notificationId, action, actor) => readPage(notificationId, action, showableActor(actor)),
  }

  async function answerOf(view: ActionView): Promise<ActionAnswer> {
    const notification = await notificationOf(view)
    return { ...view, notification, card: notification && (await cardOf(notification)) }
  }

  async function cardOf(notification: NotificationView): Promise<JsonObject | null> {
    const card = await readCard(kysely, notification)
    if (card === null) return null
    // Not with those that were refused: of a thousand clicks one is done.
    const done = await listActions(kysely, { eventId: notification.eventId, state: 'done', limit: MAX_EARLIER })
    return actedCards(card, notification.language, shownActions(done, notification.acknowledgedAt !== null))
  }

  async function notificationOf({ notificationId, eventId }: ActionView) {
    const id = notificationId ?? (await readActed(kysely, [eventId])).notifications[0]?.id
    return id === undefined ? null : ((await readViews(kysely, [id]))[0] ?? null)
  }

  async function tiersOf(own: EventState, alikeIds: readonly string[], now: Date): Promise<readonly PageTier[]> {
    const escalation = await readEscalationOf(kysely, own.id, alikeIds)
    return escalation === undefined ? [] : tiersByHand(escalation, now, actions.catalogue)
  }

  async function readPage(notificationId: string, action: ActionName, actor: Actor): Promise<ActionPage> {
    const [notification] = await readViews(kysely, [notificationId])
    const asked = await findAsked(kysely, { notificationId })
    const ids = await withMembers(kysely, asked)
    const alike = new Map((await groupAlike(kysely, ids)).map(({ id, count }) => [id, count]))
    const { notifications, now } = await readActed(kysely, [...new Set([...asked, ...alike.keys()])])
    const all = statesOf(notifications, actions.lives, now)
    const own = all.find(({ id }) => id === notification?.eventId)
    if (notification === undefined || own === undefined) throw new GatewayError('not_found')
    const outside = outsideWork(actions.providers, action, own)
    const isOfOne = action === 'replay' || outside !== undefined
    const targets = isOfOne ? [own] : all
    const options = { now, restoreWindow: actions.restoreWindow, tier: null, notificationId }
    const doable = targets.filter((state) => decide(action, state, options).done)
    const tiers = action === 'escalate' ? await tiersOf(own, [...alike.keys()], now) : []
    return {
      action,
      notification,
      channelName: actions.catalogue.channels.get(notification.channel)?.name ?? notification.channel,
      heading: await readHeading(kysely, notification),
      ...(await whyNot()),
      inputs: tiers.length > 0 ? INPUTS[action] : { ...INPUTS[action], tier: 'none' },
      tiers,
      events: isOfOne ? doable.length : doable.reduce((sum, { id }) => sum + (alike.get(id) ?? 0), 0),
      acknowledged: own.acknowledged,
      discarded: own.discarded,
      resolved: own.resolved,
      earlier: (await readActionsOf(kysely, own.id, MAX_EARLIER)).map(viewOf),
    }

    async function whyNot(): Promise<{ possible: boolean; result: ActionResult | null; data: JsonObject | null }> {
      const permission = permissionFor(actions.catalogue, actor, action, targets)
      if (!permission.permitted) return { possible: false, result: permission.code, data: { ask: [...permission.ask] } }
      const decision = own && decide(action, own, options)
      if (doable.length === 0 && decision && !decision.done)
        return { possible: false, result: decision.code, data: decision.data }
      if (outside && 'why' in outside) return { possible: false, result: outside.why, data: null }
      if (action === 'escalate' && tiers.length === 0) return { possible: false, result: 'no_policy', data: null }
      if (own === undefined || !actions.catalogue.twoPerson.has(action))
        return { possible: true, result: null, data: null }
      const first = await readRequest(kysely, { action, eventId: own.id, actor, now })
      if (first?.why) return { possible: false, result: first.why, data: first.data }
      return { possible: true, result: 'second_person_needed', data: first?.data ?? null }
    }
  }
}

/** Whose idempotency keys are meant. A typed name is an input of the form, and no caller: the form's key is its session's. */
function callerOf({ via, id, name, relayedBy }: Actor): string {
  return via === 'typed' ? via : (relayedBy ?? `${via}:${id ?? name ?? ''}`)
}
