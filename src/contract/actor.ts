import type { Actor } from './actions.ts'
import { actorVia } from './audit-entries.ts'

/** The actor of a caller that acts for itself, from the name that the record has for it: `http:ops`, `cli:sara`, `library`. */
export function actorOf(origin: string): Actor {
  return { via: actorVia(origin), id: null, name: origin, verified: false, roles: [], relayedBy: null }
}

/**
 * The person that a relay acts for, who is verified: the relay has a credential of its own, and vouches for the person with it.
 *
 * @param origin of the relay, such as `http:power-automate`
 */
export function relayedActor(origin: string, person: { readonly id: string; readonly name: string | null }): Actor {
  const via = actorVia(origin)
  const verified = via === 'token' || via === 'signature'
  return { via, id: person.id, name: person.name, verified, roles: [], relayedBy: origin }
}
