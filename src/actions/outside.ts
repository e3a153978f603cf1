import type { Kysely } from 'kysely'
import type { Actor } from '../contract/actions.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { lockNotifications, readActed, writeActed } from '../store/acted-events.ts'
import {
  type ActionEnd,
  findAbandoned,
  finishAction,
  renewAction,
  type StoredAction,
  takeAction,
} from '../store/actions.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { type ActParts, changeTimers } from './act.ts'
import { columnsAfter, isUnverified, nameOf } from './acted-columns.ts'
import { type EventState, statesOf } from './event-state.ts'
import { outsideWork, RUN_ACTIONS, StillRunning } from './provider.ts'
import { refuseUnconfirmed } from './second-person.ts'

/** Seconds for which a process has an action that it runs, without a renewal. */
const LEASE_SECONDS = 30
const RENEW_MS = 10_000
/** Pause between two searches for actions that no process has. */
const SEARCH_MS = 5_000
/** Seconds after which an action that was asked for has lost its job. */
const JOB_LOST_SECONDS = 10

/** Runs actions whose work is outside the gateway. */
export interface OutsideActions {
  /** Runs an action, unless it is finished or another process has it. Never throws. */
  run(actionId: string): Promise<void>
  /**
   * Runs actions that no process has, again and again, and refuses requests that no second person confirmed; the returned function
   * stops that and waits for those that run.
   */
  start(): () => Promise<void>
}

/** Makes the runner. Of a provider's work that was cut off, only the provider can know whether it was done. */
export function createOutsideActions(options: {
  readonly kysely: Kysely<Tables>
  readonly parts: Pick<ActParts, 'lives' | 'providers' | 'followUp' | 'timers'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}): OutsideActions {
  const { kysely, parts, clock, log, metrics } = options
  const running = new Set<Promise<void>>()
  const stopping = new AbortController()

  async function eventOf(action: StoredAction): Promise<EventState | undefined> {
    const { notifications, now } = await readActed(kysely, [action.event_id])
    return statesOf(notifications, parts.lives, now)[0]
  }

  /** Runs or looks up an action; undefined where it goes on without this process. */
  async function runTaken(action: StoredAction, again: boolean): Promise<ActionEnd | undefined> {
    const event = await eventOf(action)
    const offer = event && outsideWork(parts.providers, action.action, event)
    if (event === undefined || offer === undefined) return { state: 'failed', code: 'not_offered', result: null }
    if ('why' in offer)
      return again
        ? { state: 'unknown', code: 'provider_lost', result: null }
        : { state: 'failed', code: offer.why, result: null }
    const { provider } = offer
    if (again && provider.look === undefined) return { state: 'unknown', code: 'provider_lost', result: null }
    const lost = new AbortController()
    const renewal = setInterval(() => {
      renewAction(kysely, action.id, LEASE_SECONDS).then(
        (held) => held || lost.abort(),
        () => undefined,
      )
    }, RENEW_MS)
    const options = {
      actionId: action.id,
      actor: actorOf(action),
      signal: AbortSignal.any([stopping.signal, lost.signal]),
    }
    try {
      const work = again ? provider.look?.(event, action.id, options) : provider.run(event, options)
      const { state, code, data } = (await work) ?? { state: 'unknown', data: null }
      return { state, code: code ?? codeOf(state), result: data }
    } catch (error) {
      if (error instanceof StillRunning) return undefined
      // What it had done by then is not known.
      log.write('action_run_failed', { err: error, action_id: action.id })
      return { state: 'unknown', code: 'provider_lost', result: null }
    } finally {
      clearInterval(renewal)
    }
  }

  async function finish(action: StoredAction, end: ActionEnd): Promise<void> {
    const isFinished = await inTransaction(kysely, async (transaction) => {
      const finished = await finishAction(transaction, action.id, end)
      if (finished === undefined) return false
      const { notifications, now } = await lockNotifications(transaction, [action.event_id])
      const actor = actorOf(action)
      const done = {
        ...action,
        actor,
        at: finished.finished_at ?? now,
        quietUntil: action.quiet_until,
        state: end.state === 'refused' ? ('failed' as const) : end.state,
        code: end.code,
        by: nameOf(actor),
        unverified: isUnverified(actor),
        expiresAt: null,
        events: statesOf(notifications, parts.lives, now),
      }
      // A discard that came meanwhile stays the last action, by which the event is not open.
      if (end.state === 'done') {
        const isRestored = action.action === 'restore'
        await writeActed(
          transaction,
          { id: action.id, name: action.action },
          notifications
            .filter((row) => isRestored || row.action_taken !== 'discard')
            .map((row) => columnsAfter(row, done)),
        )
        const ids = done.events.map(({ id }) => id)
        if (await changeTimers(transaction, done, done.events, parts.timers))
          await parts.timers.membersActed(transaction, ids, action.action === 'discard' ? 'discarded' : 'resolved')
      }
      await parts.followUp(transaction, done)
      return true
    })
    // Another process took it over when this one's lease had run out.
    if (isFinished) told(action, end.state, end.code)
  }

  function told({ id, action }: StoredAction, state: ActionEnd['state'], result: ActionEnd['code']): void {
    metrics.count('teams_actions_total', { action, state })
    log.write('action_finished', { action_id: id, action, action_state: state, result })
  }

  async function tryRun(actionId: string): Promise<void> {
    try {
      const taken = await takeAction(kysely, actionId, LEASE_SECONDS)
      const end = taken && (await runTaken(taken.action, taken.again))
      if (taken && end) await finish(taken.action, end)
    } catch (error) {
      // Its lease runs out, and the search finds it.
      log.write('action_run_failed', { err: error, action_id: actionId })
    }
  }

  function run(actionId: string): Promise<void> {
    const work = tryRun(actionId).finally(() => running.delete(work))
    running.add(work)
    return work
  }

  return {
    run,
    start() {
      let cancel = () => {}
      const search = async () => {
        try {
          // Not awaited: one may take minutes. Its lease keeps the next search from it.
          for (const id of await findAbandoned(kysely, RUN_ACTIONS, JOB_LOST_SECONDS)) void run(id)
          for (const request of await refuseUnconfirmed(kysely)) told(request, 'refused', 'not_confirmed')
        } catch (error) {
          log.write('action_search_failed', { err: error })
        }
        if (!stopping.signal.aborted) cancel = clock.after(SEARCH_MS, () => void search())
      }
      cancel = clock.after(SEARCH_MS, () => void search())
      return async () => {
        stopping.abort()
        cancel()
        await Promise.allSettled(running)
      }
    },
  }
}

function codeOf(state: ActionEnd['state']): ActionEnd['code'] {
  if (state === 'failed') return 'provider_failed'
  return state === 'unknown' ? 'provider_lost' : null
}

/** The actor of a stored action. */
function actorOf(action: StoredAction): Actor {
  return {
    via: action.via,
    id: action.actor_id,
    name: action.actor_name,
    verified: action.verified,
    roles: [],
    relayedBy: action.relayed_by,
  }
}
