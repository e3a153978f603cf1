import { createPromiseCheck, type PromiseCheck, type PromiseResult } from '../promises.ts'
import { playActions } from './acted.ts'
import { type ActionRow, groupBy, type History, type NotificationRow } from './read.ts'

/** Priorities whose repeats a discard keeps quiet. */
const REPEATABLE = new Set(['CRITICAL', 'HIGH', 'MEDIUM'])

/**
 * Each click has one row, in the state that its answer says; the done ones follow from each other, and the columns of their
 * events are those of the last; each has one follow-up in every channel that got a card. What was acknowledged or discarded calls
 * no tier, and what was discarded for a while makes no card when it happens again.
 */
export function checkActions(history: History): PromiseResult {
  const check = createPromiseCheck('actions')
  const rowsBy = groupBy(history.actions, ({ actor_name }) => actor_name ?? '')
  checkClicks(history, rowsBy, check)
  const acted = playActions(history, check.violation)
  for (const [eventId, { acknowledged, last, quiet }] of acted) {
    for (const row of ofEvent(history, eventId)) {
      // The card of a tier that was called later has what is done after it.
      if (row.escalation_step != null) continue
      if ((row.acknowledged_at !== null) !== acknowledged)
        check.violation(`${row.id} is ${row.acknowledged_at === null ? 'not ' : ''}acknowledged, unlike its event`)
      if (row.action_taken !== last)
        check.violation(`${row.id} has the last action ${row.action_taken}, and its event ${last}`)
    }
    for (const { tier, written, kind, by_hand } of history.entriesOf.get(eventId) ?? []) {
      const at = Date.parse(written)
      if (kind === 'escalation.called' && by_hand !== true && quiet.some(({ from, to }) => at > from && at < to))
        check.violation(`tier ${tier} of ${eventId} was called although it was acknowledged or discarded`)
    }
    if (quiet.length > 0) check.count('quietened')
  }
  checkFollowUps(history, rowsBy, check)
  checkQuietRepeats(history, acted, check)
  return check.result('clicks', 'done', 'follow_ups')
}

function ofEvent({ notifications, events }: History, eventId: string): NotificationRow[] {
  if (!events.has(eventId)) return []
  return [...notifications.values()].filter((row) => row.event_id === eventId)
}

function checkClicks(history: History, rowsBy: Map<string, ActionRow[]>, check: PromiseCheck): void {
  for (const click of history.clicks) {
    check.count('clicks')
    if (click.way === 'link') check.count('links')
    if (click.tries > 1) check.count('asked_again')
    const rows = rowsBy.get(click.by) ?? []
    const [row] = rows
    const name = `the ${click.action} of "${click.by}", answered ${click.status} ${click.state} ${click.result ?? ''},`
    if (click.state === 'shown') {
      check.count('shown')
      if (rows.length > 0) check.violation(`${name} has a row, and its page had no form`)
      continue
    }
    if (rows.length !== 1 || row === undefined) {
      check.violation(`${name} has ${rows.length} rows`)
      continue
    }
    if (row.id !== (click.action_id ?? row.id) || row.state !== click.state || row.action !== click.action)
      check.violation(`${name} has the row of ${row.action} ${row.id} in state ${row.state}`)
    check.count(row.state)
  }
  for (const [by, rows] of rowsBy)
    if (history.unanswered.has(by) && rows.length > 1) check.violation(`an unanswered click of "${by}" has rows`)
}

function checkFollowUps(history: History, rowsBy: Map<string, ActionRow[]>, check: PromiseCheck): void {
  const made = groupBy(
    [...history.notifications.values()].filter(({ event_type }) => event_type === 'gateway.followup'),
    (row) => `${String(history.events.get(row.event_id)?.data.by)} ${row.channel}`,
  )
  for (const [name, rows] of made) {
    check.count('follow_ups', rows.length)
    if (rows.length > 1) check.violation(`${rows.length} follow-ups were made for "${name}"`)
    for (const { id, state } of rows)
      if (state !== 'accepted' && state !== 'digested') check.violation(`the follow-up ${id} is ${state}`)
  }
  for (const { by, action } of history.clicks) {
    const [row] = rowsBy.get(by) ?? []
    if (row?.state !== 'done' || action === 'replay') continue
    for (const { channel, escalation_step, state } of ofEvent(history, row.event_id)) {
      // Cards of tiers may be younger than the action.
      if (escalation_step != null || state === 'suppressed' || state === 'failed') continue
      if (!made.has(`${by} ${channel}`)) check.violation(`${row.id} (${action}) has no follow-up in ${channel}`)
    }
  }
}

/** Events that happened again, after somebody had discarded them for an hour, make no card. */
function checkQuietRepeats(history: History, acted: ReturnType<typeof playActions>, check: PromiseCheck): void {
  const answeredAt = new Map(history.clicks.map((click) => [click.by, click.t]))
  const restored = new Set(
    history.actions.flatMap(({ action, state, event_ids }) =>
      action === 'restore' && state === 'done' ? event_ids : [],
    ),
  )
  const discards = history.actions.filter(({ action, state }) => action === 'discard' && state === 'done')
  const again = groupBy(history.accepted, ({ correlation_id }) => correlation_id)
  for (const { actor_name, event_id } of discards) {
    const at = answeredAt.get(actor_name ?? '')
    if (at === undefined || restored.has(event_id) || !acted.get(event_id)?.discarded) continue
    const first = history.accepted.find((line) => line.event_id === event_id)
    for (const line of again.get(first?.correlation_id ?? '') ?? []) {
      if (line.asked <= at || !REPEATABLE.has(line.priority)) continue
      check.count('quiet_repeats')
      if (line.notifications.some(({ state }) => state !== 'suppressed'))
        check.violation(`${line.event_id} makes a card although ${event_id}, which it repeats, was discarded`)
    }
  }
}
