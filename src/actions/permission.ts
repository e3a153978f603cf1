import type { Catalogue } from '../catalogue/catalogue.ts'
import { isOwnType } from '../catalogue/event-types.ts'
import { matchesType } from '../catalogue/route.ts'
import type { ActionName, ActionResult, Actor, ActorVia } from '../contract/actions.ts'
import type { EventState } from './event-state.ts'

/** Whether an actor may do an action, and if not why, and the roles that may. */
export type Permission =
  | { readonly permitted: true }
  | { readonly permitted: false; readonly code: ActionResult; readonly ask: readonly string[] }

/** What a role's reach is asked for. */
export type Reached = Pick<EventState, 'eventType' | 'stakeholders'>

/** What the services of pager alerts may do: they report what somebody did there. */
const PAGER_ACTIONS: readonly ActionName[] = ['acknowledge', 'unacknowledge']

/**
 * Callers who have the database, or whose credential has the scope `act`: roles are for people. Without tokens the gateway listens
 * on this machine alone, and whoever is here could use the command line.
 */
const TRUSTED: ReadonlySet<ActorVia> = new Set<ActorVia>([
  'command_line',
  'library',
  'gateway',
  'token',
  'signature',
  'unauthenticated',
])

const YES: Permission = { permitted: true }

/**
 * Whether an actor may do an action to all of these events.
 *
 * A name that somebody typed proves nothing, and may acknowledge only. Without any role in the configuration, every verified person
 * may do everything.
 */
export function permissionFor(
  { roles }: Pick<Catalogue, 'roles'>,
  actor: Actor,
  action: ActionName,
  events: readonly Reached[],
): Permission {
  if (TRUSTED.has(actor.via)) return YES
  if (actor.via === 'pagerduty' || actor.via === 'opsgenie')
    return PAGER_ACTIONS.includes(action) ? YES : { permitted: false, code: 'not_permitted', ask: [] }
  // The digest itself belongs to nobody; its members are among the events.
  const own = events.filter(({ eventType }) => !isOwnType(eventType))
  const reached = own.length > 0 ? own : events
  const ask = [...roles].filter(([, role]) => reached.every((event) => mayDo(role, action, event))).map(([key]) => key)
  if (!actor.verified)
    return action === 'acknowledge' && actor.via === 'typed' ? YES : { permitted: false, code: 'not_verified', ask }
  if (roles.size === 0) return YES
  const permitted = reached.every((event) =>
    actor.roles.some((key) => {
      const role = roles.get(key)
      return role !== undefined && mayDo(role, action, event)
    }),
  )
  return permitted ? YES : { permitted: false, code: 'not_permitted', ask }
}

function mayDo(role: RoleOf, action: ActionName, { eventType, stakeholders }: Reached): boolean {
  return (
    role.may.includes(action) &&
    (role.eventTypes === undefined || role.eventTypes.some((pattern) => matchesType(pattern, eventType))) &&
    (role.stakeholders === undefined || role.stakeholders.some((key) => stakeholders.includes(key)))
  )
}

type RoleOf = Catalogue['roles'] extends ReadonlyMap<string, infer R> ? R : never
