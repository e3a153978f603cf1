import { createPromiseCheck, type PromiseCheck, type PromiseResult } from '../promises.ts'
import { type Acted, playActions, stateOf } from './acted.ts'
import { type EscalationEntry, groupBy, type History } from './read.ts'

/** A stretch of time in which no tier can be called: no gateway runs, or none has its database. */
interface Outage {
  readonly from: number
  readonly to: number
}

/**
 * Each tier of an event that climbs is called once in each wait, with one card in each of its channels, and at most
 * `bounds.called` after it was due, or after a gateway ran again that has its database. In the end every tier of an event that
 * nobody acted on was called.
 */
export function checkTiers(history: History): PromiseResult {
  const check = createPromiseCheck('tiers')
  const { escalation } = history.facts
  if (escalation === undefined) {
    check.violation('the history does not say which tiers there are')
    return check.result()
  }
  const acted = playActions(history)
  const outages = outagesOf(history)
  let latest = 0
  for (const event of history.accepted) {
    const isFirst = event.notifications.every(({ state }) => state === 'pending')
    if (!escalation.priorities.includes(event.priority) || !isFirst) continue
    check.count('events')
    const entries = history.entriesOf.get(event.event_id) ?? []
    latest = Math.max(latest, checkCalls(event.event_id, entries, outages, history, check))
    checkCards(event.event_id, entries, history, check)
    checkEnd(event.event_id, acted.get(event.event_id), history, check)
  }
  check.count('latest_ms', latest)
  return check.result('events', 'calls')
}

/** Returns by how many milliseconds the latest call was late. */
function checkCalls(
  eventId: string,
  entries: readonly EscalationEntry[],
  outages: readonly Outage[],
  history: History,
  check: PromiseCheck,
): number {
  let latest = 0
  const [first] = entries
  if (first?.kind !== 'escalation.started') check.violation(`${eventId} climbs without a beginning`)
  for (const [index, entry] of entries.entries()) {
    if (entry.kind !== 'escalation.called' || entry.by_hand === true) continue
    check.count('calls')
    const before = entries[index - 1]
    const name = `tier ${entry.tier} of ${eventId}`
    if (before === undefined || before.next_at === null) {
      check.violation(`${name} was called, and was not to be called any more`)
      continue
    }
    if (entry.tier !== before.tier + 1) check.violation(`${name} was called after tier ${before.tier}`)
    const due = Date.parse(before.next_at)
    const at = Date.parse(entry.written)
    if (at < due) check.violation(`${name} was called ${due - at} ms early`)
    const late = at - Math.max(due, ...outages.filter(({ from, to }) => from < at && to > due).map(({ to }) => to))
    latest = Math.max(latest, late)
    if (late > history.facts.bounds.called) check.violation(`${name} was called ${late} ms late`)
  }
  return latest
}

/** A card in each channel of a tier, for each call. */
function checkCards(
  eventId: string,
  entries: readonly EscalationEntry[],
  { facts, notifications }: History,
  check: PromiseCheck,
): void {
  const calls = entries.filter(({ kind }) => kind === 'escalation.called')
  const cards = groupBy(
    [...notifications.values()].filter((row) => row.event_id === eventId && row.escalation_step != null),
    (row) => `${row.escalation_step} ${row.channel}`,
  )
  const wanted = new Map<string, number>()
  for (const { tier } of calls)
    for (const channel of facts.escalation?.tiers[tier - 2]?.channels ?? [])
      wanted.set(`${tier} ${channel}`, (wanted.get(`${tier} ${channel}`) ?? 0) + 1)
  for (const name of new Set([...cards.keys(), ...wanted.keys()])) {
    const found = cards.get(name)?.length ?? 0
    check.count('cards', found)
    if (found !== (wanted.get(name) ?? 0))
      check.violation(`${eventId} has ${found} cards of tier and channel ${name}, and ${wanted.get(name) ?? 0} calls`)
  }
}

/** Where the escalation stands in the end. */
function checkEnd(
  eventId: string,
  acted: Acted | undefined,
  { facts, escalations }: History,
  check: PromiseCheck,
): void {
  const row = escalations.get(eventId)
  const state = stateOf(acted)
  if (row?.state !== state) {
    check.violation(`${eventId} is ${row?.state ?? 'not there'}, not ${state}`)
    return
  }
  check.count(state)
  const last = (facts.escalation?.tiers.length ?? 0) + 1
  if (state === 'climbing' && (row.tier !== last || row.next_at !== null))
    check.violation(`${eventId} stands at tier ${row.tier} of ${last}, and is to climb at ${row.next_at}`)
}

/** When no process was ready, and when the database was out of reach. */
function outagesOf({ timeline }: History): readonly Outage[] {
  const last = timeline.at(-1)?.t ?? 0
  const outages: Outage[] = []
  const ready = new Set<string>()
  let since: number | undefined = timeline[0]?.t
  for (const line of timeline) {
    if (line.kind === 'ready') {
      ready.add(line.process)
      if (since !== undefined) outages.push({ from: since, to: line.t })
      since = undefined
    }
    if (line.kind === 'exited' && ready.delete(line.process) && ready.size === 0) since = line.t
    if (line.kind === 'fault' && line.on === 'postgres')
      outages.push({
        from: line.t,
        to: timeline.find((other) => other.kind === 'mended' && other.id === line.id)?.t ?? last,
      })
  }
  return since === undefined ? outages : [...outages, { from: since, to: last }]
}
