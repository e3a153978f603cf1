import type { ActionRow, History } from './read.ts'

/** What was done to an event, as its actions say. */
export interface Acted {
  acknowledged: boolean
  discarded: boolean
  /** Somebody called a tier since it was acknowledged: it climbs, and may be acknowledged again. */
  calling: boolean
  /** Name of the last action that was done; undefined where none was. */
  last: string | undefined
  /** Stretches in which nobody is to be called: it was acknowledged or discarded, as its person was told, until another action. */
  quiet: { readonly from: number; to: number }[]
}

type Complain = (text: string) => void

/** Where an escalation stands after these actions. */
export function stateOf(acted: Acted | undefined): 'climbing' | 'acknowledged' | 'ended' {
  if (acted?.discarded) return 'ended'
  return acted?.acknowledged && !acted.calling ? 'acknowledged' : 'climbing'
}

/** Whether an action is done to an event in this state, as a person reads docs/guides/acting.md. */
function isAllowed(action: string, { acknowledged, discarded, calling }: Acted): boolean {
  if (action === 'restore') return discarded
  if (discarded) return false
  if (action === 'acknowledge') return !acknowledged || calling
  return action !== 'unacknowledge' || acknowledged
}

/** Plays the done actions of every event in their order, and complains about those that its state did not allow. */
export function playActions(history: History, complain: Complain = () => undefined): ReadonlyMap<string, Acted> {
  const events = new Map<string, Acted>()
  const answeredAt = new Map(history.clicks.map((click) => [click.by, click.t]))
  for (const row of history.actions) {
    if (row.state !== 'done') continue
    for (const eventId of row.event_ids) {
      const acted = events.get(eventId) ?? newActed()
      events.set(eventId, acted)
      if (!isAllowed(row.action, acted))
        complain(
          `${row.action} ${row.id} was done to ${eventId} after ${acted.last ?? 'nothing'}, which does not allow it`,
        )
      follow(acted, row, answeredAt.get(row.actor_name ?? ''))
    }
  }
  return events
}

const newActed = (): Acted => ({ acknowledged: false, discarded: false, calling: false, last: undefined, quiet: [] })

function follow(acted: Acted, { action, finished_at }: ActionRow, answeredAt: number | undefined): void {
  const at = Date.parse(finished_at ?? '')
  const open = acted.quiet.at(-1)
  if (open?.to === Number.POSITIVE_INFINITY) open.to = at
  if (action === 'acknowledge') acted.acknowledged = true
  if (action === 'unacknowledge') acted.acknowledged = false
  if (action === 'discard') acted.discarded = true
  if (action === 'restore') acted.discarded = false
  acted.calling = action === 'escalate' || (acted.calling && action === 'discard')
  acted.last = action
  // A tier that was being called at that moment may commit before the action does: from the answer on, none may begin.
  if (stateOf(acted) !== 'climbing' && answeredAt !== undefined)
    acted.quiet.push({ from: answeredAt, to: Number.POSITIVE_INFINITY })
}
