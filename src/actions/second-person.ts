import type { Kysely } from 'kysely'
import type { ActionName, ActionResult, Actor } from '../contract/actions.ts'
import type { JsonObject } from '../kernel/json.ts'
import { lockNotifications } from '../store/acted-events.ts'
import {
  type ActionEnd,
  findOpenActions,
  findUnconfirmed,
  finishAction,
  type NewAction,
  type StoredAction,
} from '../store/actions.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { nameOf } from './acted-columns.ts'

/** Milliseconds for which an action waits for its second person. */
const CONFIRM_MS = 3_600_000

const NOT_CONFIRMED: ActionEnd = { state: 'refused', code: 'not_confirmed', result: null }

/** Whether an action that needs two people has its second: refused, the first to ask, or the one who confirms. */
export type SecondPerson =
  | { readonly refused: ActionResult; readonly data: JsonObject | null }
  | { readonly asked: true }
  | { readonly confirms: StoredAction }

/** Looks for the open request that an action confirms. Two identities have to be verified, and to differ. */
export async function secondPerson(transaction: Kysely<Tables>, base: NewAction): Promise<SecondPerson> {
  const { actor } = base
  if (!actor.verified || actor.id === null) return refused('not_verified')
  const open = await findOpenActions(transaction, base.action, base.event.id)
  for (const first of open) {
    if (first.code !== 'second_person_needed') continue
    if (base.at.getTime() - first.requested_at.getTime() > CONFIRM_MS)
      await finishAction(transaction, first.id, NOT_CONFIRMED)
    else return confirmation(first, base)
  }
  return { asked: true }
}

/**
 * Refuses requests that no second person confirmed in time; of several processes one does it.
 *
 * @returns the requests that this process refused
 */
export async function refuseUnconfirmed(kysely: Kysely<Tables>): Promise<readonly StoredAction[]> {
  const refused: StoredAction[] = []
  for (const { id, event_id } of await findUnconfirmed(kysely, CONFIRM_MS / 1_000)) {
    const finished = await inTransaction(kysely, async (transaction) => {
      // A second person who confirms it at this moment has this lock: then it is done, and not refused.
      await lockNotifications(transaction, [event_id])
      return finishAction(transaction, id, NOT_CONFIRMED)
    })
    if (finished) refused.push(finished)
  }
  return refused
}

/**
 * Finds the request that waits for its second person, for a page: nothing is changed.
 *
 * @returns who asked, when and with which inputs, and why this actor may not confirm it; undefined where nobody has asked
 */
export async function readRequest(
  db: Kysely<Tables>,
  asked: { readonly action: ActionName; readonly eventId: string; readonly actor: Actor; readonly now: Date },
): Promise<{ readonly data: JsonObject; readonly why: ActionResult | null } | undefined> {
  const { action, eventId, actor, now } = asked
  const first = (await findOpenActions(db, action, eventId)).find(
    ({ code, requested_at }) => code === 'second_person_needed' && now.getTime() - requested_at.getTime() <= CONFIRM_MS,
  )
  return first && { data: dataOf(first), why: whyNotBy(first, actor) }
}

function confirmation(first: StoredAction, base: NewAction): SecondPerson {
  const why = whyNotBy(first, base.actor)
  if (why !== null) return refused(why)
  const isSame =
    first.tier === base.tier &&
    quietSeconds(first.quiet_until, first.requested_at) === quietSeconds(base.quietUntil, base.at)
  return isSame ? { confirms: first } : refused('other_inputs', dataOf(first))
}

/** Why an actor may not be the second person of a request; null where the actor may. */
function whyNotBy(first: StoredAction, actor: Actor): ActionResult | null {
  // Entra knows a person by an object id and a relay often by an address: one person would be two.
  if (first.via !== actor.via || first.relayed_by !== actor.relayedBy) return 'confirmed_elsewhere'
  return sameId(first.actor_id) === sameId(actor.id) ? 'same_person' : null
}

/** Who asked first, when, and with which inputs. */
function dataOf(first: StoredAction): JsonObject {
  return {
    by: nameOfFirst(first),
    at: first.requested_at.toISOString(),
    tier: first.tier,
    quiet_for: quietSeconds(first.quiet_until, first.requested_at),
  }
}

/** The name of the person who asked first. */
export function nameOfFirst(first: StoredAction): string {
  const { via, actor_id: id, actor_name: name, relayed_by: relayedBy } = first
  return nameOf({ via, id, name, verified: true, roles: [], relayedBy })
}

function refused(code: ActionResult, data: JsonObject | null = null): SecondPerson {
  return { refused: code, data }
}

/** Relays pass ids on as people type them: `Sara@hospital.example` is `sara@hospital.example`. */
function sameId(id: string | null): string | undefined {
  return id?.normalize('NFKC').toLowerCase()
}

function quietSeconds(until: Date | null, from: Date): number {
  return until === null ? 0 : Math.round((until.getTime() - from.getTime()) / 1_000)
}
