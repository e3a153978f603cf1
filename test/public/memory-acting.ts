import type {
  ActionAnswer,
  ActionName,
  ActionPage,
  ActionResult,
  Actor,
  PageTier,
  UncheckedAction,
} from '../../src/contract/actions.ts'
import type { RefusedLink } from '../../src/contract/link-refusals.ts'
import type { NotificationView } from '../../src/contract/notifications.ts'
import type { ActingService } from '../../src/http/public/link-routes.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { newId } from '../../src/kernel/ids.ts'

/** Use cases of actions for tests of the public listener: one event with one notification, in memory. */
export interface MemoryActing extends ActingService {
  readonly notification: NotificationView
  /** Actions that changed something. */
  readonly done: ActionAnswer[]
  /** Calls of `act`, with their actors. */
  readonly calls: { readonly request: UncheckedAction; readonly actor: Actor }[]
  readonly refusals: RefusedLink[]
  /** What the next page is like. */
  page: Partial<ActionPage>
  /** Role without which nobody may act; undefined where everybody may. */
  neededRole: string | undefined
  /** Thrown by the next call. */
  fails: Error | undefined
}

const AT = new Date('2026-11-30T08:00:00Z')

/** Tiers of a page: one that was called, the next one in twelve minutes, and one after it. */
export const TIERS: readonly PageTier[] = [
  { tier: 1, channels: ['#sre-alerts'], people: [], pagers: [], isNext: false, at: null },
  {
    tier: 2,
    channels: ['#cloudops-alerts'],
    people: ['سارة الحربي'],
    pagers: [],
    isNext: true,
    at: new Date(Date.now() + 12 * 60_000 + 5_000),
  },
  { tier: 3, channels: ['#sre-alerts', '#pmo'], people: [], pagers: ['oncall'], isNext: false, at: null },
]

/** Makes the use cases. The person of a typed name may acknowledge only, as in the gateway. */
export function createMemoryActing(over: Partial<NotificationView> = {}): MemoryActing {
  const notification: NotificationView = {
    id: newId(),
    eventId: newId(),
    correlationId: 'vault-seal-abc123',
    eventType: 'vault.seal.detected',
    priority: 'CRITICAL',
    stakeholders: ['sre'],
    channel: 'sre',
    state: 'accepted',
    reason: null,
    language: 'en',
    webhookUrl: null,
    statusCode: 202,
    retryCount: 0,
    errorMessage: null,
    createdAt: AT,
    sentAt: AT,
    acceptedAt: AT,
    nextAttemptAt: null,
    acknowledgedBy: null,
    acknowledgedAt: null,
    actionTaken: null,
    digestId: null,
    silenceId: null,
    repeatOf: null,
    ...over,
  }
  const byKey = new Map<string, { readonly answer: ActionAnswer; readonly content: string }>()
  const keyOf = (actor: Actor, key: unknown) => `${actor.via} ${actor.id ?? ''} ${String(key)}`

  function whyNot(action: ActionName, actor: Actor): ActionResult | null {
    if (!actor.verified && action !== 'acknowledge') return 'not_verified'
    if (memory.neededRole !== undefined && !actor.roles.includes(memory.neededRole)) return 'not_permitted'
    if (action === 'acknowledge' && memory.done.some((one) => one.action === action)) return 'already_acknowledged'
    return null
  }

  function dataOf(result: ActionResult | null) {
    if (result === 'not_permitted') return { ask: [memory.neededRole ?? ''] }
    const [first] = memory.done
    return result === 'already_acknowledged' && first ? { by: first.by, at: first.requestedAt.toISOString() } : null
  }

  function throwIfAsked(): void {
    const error = memory.fails
    memory.fails = undefined
    if (error) throw error
  }

  const memory: MemoryActing = {
    notification,
    done: [],
    calls: [],
    refusals: [],
    page: {},
    neededRole: undefined,
    fails: undefined,
    async getActionPage(id, action, actor) {
      throwIfAsked()
      if (id !== notification.id) throw new GatewayError('not_found')
      const result = whyNot(action, actor)
      const reason = action === 'discard' || action === 'escalate' ? 'required' : 'none'
      return {
        action,
        notification,
        channelName: '#sre-alerts',
        heading: null,
        possible: result === null,
        result,
        data: dataOf(result),
        inputs: {
          reason,
          note: action === 'acknowledge' ? 'optional' : 'none',
          tier: action === 'escalate' ? 'optional' : 'none',
          quietFor: action === 'discard' ? 'optional' : 'none',
        },
        tiers: [],
        events: 1,
        acknowledged: null,
        discarded: null,
        resolved: false,
        earlier: memory.done,
        ...memory.page,
      }
    },
    async act(request, actor) {
      memory.calls.push({ request, actor })
      throwIfAsked()
      const action = request.action as ActionName
      const key = keyOf(actor, request.idempotencyKey)
      const content = JSON.stringify(request)
      const first = byKey.get(key)
      if (first && first.content !== content) throw new GatewayError('action_key_reused')
      if (first) return first.answer
      if (request.notificationId !== notification.id) throw new GatewayError('not_found')
      if ((action === 'discard' || action === 'escalate') && !request.reason)
        throw new GatewayError('invalid_event', [{ at: 'reason', found: 'nothing', expected: 'some text' }])
      const result = whyNot(action, actor)
      const answer: ActionAnswer = {
        id: newId(),
        action,
        state: result === null ? 'done' : 'refused',
        result,
        eventId: notification.eventId,
        notificationId: notification.id,
        correlationId: notification.correlationId,
        eventType: notification.eventType,
        priority: notification.priority,
        by: actor.name ?? 'unknown',
        via: actor.via,
        verified: actor.verified,
        reason: (request.reason as string | undefined) ?? null,
        note: (request.note as string | undefined) ?? null,
        tier: null,
        quietUntil: null,
        data: dataOf(result),
        events: 1,
        requestedAt: new Date(),
        finishedAt: new Date(),
        notification,
        card: null,
      }
      if (result === null) memory.done.unshift(answer)
      byKey.set(key, { answer, content })
      return answer
    },
    async findFirstAction(key, actor) {
      return byKey.get(keyOf(actor, key))?.answer
    },
    async recordLinkRefusal(refusal) {
      memory.refusals.push(refusal)
    },
  }
  return memory
}
