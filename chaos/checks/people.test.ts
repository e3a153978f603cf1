import { describe, expect, it } from 'vitest'
import { ABOUT_PEOPLE, COMMON_PROMISES, type PromiseName } from '../promises.ts'
import { accept, attempt, checkMadeUp, iso, type MadeUp, madeUp, T0 } from './made-up.ts'

/**
 * Three events climb at 20 s: nobody touches `open`, whose tiers are called and which has an alert; somebody acknowledges `acked`
 * and discards `gone` after their first tier.
 */
function withPeople(): MadeUp {
  const history = madeUp()
  history.facts = {
    ...history.facts,
    promises: [...COMMON_PROMISES, ...ABOUT_PEOPLE],
    budget: { requests: 600, period: 60, burst: 20 },
    escalation: {
      priorities: ['HIGH'],
      tiers: [
        { after_s: 2, channels: ['sre'], pagers: [] },
        { after_s: 3, channels: ['sre'], pagers: ['oncall'] },
      ],
    },
  }
  // The killed replica runs again: a tier that is due while none runs is not late.
  for (const name of ['ready', 'started'] as const)
    history.timeline.unshift({ t: T0, kind: name, process: 'g2-1', pid: 2, version: 'x' })
  for (const id of ['open', 'acked', 'gone']) {
    accept(history, id, 'HIGH', 20_000)
    attempt(history, id, { number: 1, at: 20_100, via: 'g2-1' })
    entry(history, id, 'started', 1, 20_000, 22_000)
    call(history, id, 2, 23_000, 26_000)
  }
  call(history, 'open', 3, 27_000, null)
  history.escalations.push(
    { event_id: 'event-open', state: 'climbing', tier: 3, next_at: null },
    { event_id: 'event-acked', state: 'acknowledged', tier: 2, next_at: iso(3_600_000) },
    { event_id: 'event-gone', state: 'ended', tier: 2, next_at: null },
  )
  click(history, 'acked', 'acknowledge', 24_000)
  click(history, 'gone', 'discard', 24_100)
  history.alerts.push(alert('open', 'accepted', 'trigger'))
  history.pager.push(request('open', 'trigger', 27_100))
  return history
}

function entry(history: MadeUp, id: string, kind: string, tier: number, at: number, next: number | null): void {
  history.entries.push({
    id: history.entries.length + 1,
    kind: `escalation.${kind}`,
    event: `event-${id}`,
    tier,
    round: 0,
    written: iso(at),
    next_at: next === null ? null : iso(next),
    ...(kind === 'called' ? { by_hand: false, pagers: tier === 3 ? ['oncall'] : [] } : {}),
  })
}

function call(history: MadeUp, id: string, tier: number, at: number, next: number | null): void {
  entry(history, id, 'called', tier, at, next)
  card(history, `${id}-${tier}`, id, { escalation_step: tier })
  attempt(history, `${id}-${tier}`, { number: 1, at: at + 100, via: 'g2-1' })
}

/** A notification that no sender was told of. */
function card(history: MadeUp, id: string, event: string, more: Record<string, unknown>): void {
  const own = history.notifications.find((one) => one.id === event)
  history.notifications.push({ ...own, id, ...more, acknowledged_at: null, action_taken: null })
  // Posts carry the correlation id of the row.
  for (const one of history.notifications) if (one.id === id) one.correlation_id = `c-${id}`
}

function click(history: MadeUp, id: string, action: string, at: number): void {
  const by = `person ${history.clicks.length + 1}`
  const made = { event_id: `event-${id}`, action, state: 'done' }
  history.clicks.push({
    kind: 'click',
    asked: T0 + at,
    t: T0 + at + 200,
    by,
    way: 'request',
    tries: 1,
    status: 200,
    result: null,
    action_id: `a-${by}`,
    ...made,
  })
  history.actions.push({
    id: `a-${by}`,
    ...made,
    code: null,
    event_ids: [`event-${id}`],
    actor_name: by,
    finished_at: iso(at + 100),
  })
  Object.assign(history.notifications.find((one) => one.id === id) ?? {}, {
    acknowledged_at: action === 'acknowledge' ? iso(at + 100) : null,
    action_taken: action,
  })
  const followUp = `follow-up-${history.clicks.length}`
  history.events.push({ id: followUp, correlation_id: `c-${followUp}`, origin: 'gateway', data: { by } })
  card(history, followUp, id, { event_id: followUp, event_type: 'gateway.followup' })
  attempt(history, followUp, { number: 1, at: at + 300, via: 'g2-1' })
}

const alert = (id: string, state: string, wanted: string, told: string | null = wanted) => ({
  id: `alert-${id}`,
  event_id: `event-${id}`,
  state,
  wanted,
  told,
  fingerprint: 'x',
  folded_into: null,
})

const request = (id: string, what: string, at: number, taken = true) => ({
  kind: 'pager' as const,
  t: T0 + at,
  request: what,
  key: `claimlinc:event-${id}`,
  status: taken ? 202 : null,
  how: taken ? 'ok' : 'cut_before',
  taken,
})

/** The promises that do not hold after a change, with what is said of them. */
function broken(change: (history: MadeUp) => void = () => undefined): Partial<Record<PromiseName, string>> {
  const history = withPeople()
  change(history)
  const all = checkMadeUp(history).promises.filter(({ held }) => !held)
  return Object.fromEntries(all.map(({ promise, examples }) => [promise, examples.join('; ')]))
}
const last = <T>(all: readonly T[]): T => all.at(-1) as T

it('a history with people in which all is well is held to be that', () => {
  expect(broken()).toEqual({})
})

describe('actions', () => {
  it('have one row each, in the state that their answer says', () => {
    expect(broken((it) => void it.actions.push({ ...it.actions[0], id: 'again' })).actions).toContain('has 2 rows')
    expect(broken((it) => void Object.assign(it.actions[0] ?? {}, { state: 'refused' })).actions).toContain('answered')
  })

  it('of which the state of the event does not allow one are noticed', () => {
    const twice = broken((it) => click(it, 'acked', 'acknowledge', 25_000))
    expect(twice.actions).toContain('which does not allow it')
    const restored = broken((it) => click(it, 'acked', 'restore', 25_000))
    expect(restored.actions).toContain('which does not allow it')
  })

  it('are played in the order of their times, of which PostgreSQL writes a whole second without a fraction', () => {
    const taken = broken((it) => {
      click(it, 'acked', 'unacknowledge', 25_900)
      Object.assign(last(it.actions), { finished_at: '2026-11-21T10:00:26+00:00' })
      click(it, 'acked', 'acknowledge', 26_200)
    })
    expect(taken.actions).toBeUndefined()
  })

  it('are in the columns of their events', () => {
    const acked = (it: MadeUp) => it.notifications.find(({ id }) => id === 'acked') ?? {}
    expect(broken((it) => void Object.assign(acked(it), { acknowledged_at: null })).actions).toContain(
      'unlike its event',
    )
    expect(broken((it) => void Object.assign(acked(it), { action_taken: null })).actions).toContain('last action')
  })

  it('have one follow-up in each channel', () => {
    const second = broken((it) => {
      card(it, 'second', 'acked', { event_id: 'follow-up-1', event_type: 'gateway.followup' })
      attempt(it, 'second', { number: 1, at: 25_000, via: 'g2-1' })
    })
    expect(second.actions).toContain('2 follow-ups')
    const none = broken((it) => {
      it.notifications = it.notifications.map((one) => (one.id === 'follow-up-1' ? { ...one, event_type: 'y' } : one))
    })
    expect(none.actions).toContain('has no follow-up in sre')
  })

  it('stop tiers, which is noticed where one is called after the answer', () => {
    expect(broken((it) => call(it, 'acked', 3, 26_500, null)).actions).toContain('tier 3 of event-acked was called')
    expect(broken((it) => call(it, 'gone', 3, 26_500, null)).actions).toContain('tier 3 of event-gone was called')
  })

  it('keep repeats of a discarded event quiet', () => {
    const again = broken((it) => {
      accept(it, 'again', 'HIGH', 30_000)
      attempt(it, 'again', { number: 1, at: 30_100, via: 'g2-1' })
      Object.assign(last(it.accepted), { correlation_id: 'c-gone' })
    })
    expect(again.actions).toContain('makes a card although event-gone')
  })
})

describe('tiers', () => {
  it('that are called twice, with a card or without, are noticed', () => {
    expect(broken((it) => call(it, 'open', 3, 28_000, null)).tiers).toContain('was not to be called any more')
    const twoCards = broken((it) => {
      card(it, 'more', 'open', { escalation_step: 3 })
      attempt(it, 'more', { number: 1, at: 28_000, via: 'g2-1' })
    })
    expect(twoCards.tiers).toContain('2 cards of tier and channel 3 sre, and 1 calls')
  })

  it('that are called late are noticed, unless no gateway ran', () => {
    const late = (it: MadeUp) => Object.assign(last(it.entries), { written: iso(37_000) })
    expect(broken(late).tiers).toContain('was called 11000 ms late')
    const away = broken((it) => {
      late(it)
      it.timeline.push(
        { t: T0 + 25_000, kind: 'fault', fault: 'away', id: 9, on: 'postgres', cuts: true },
        { t: T0 + 30_000, kind: 'mended', id: 9 },
      )
    })
    expect(away.tiers).toBeUndefined()
  })

  it('that are missing in the end are noticed', () => {
    const missing = broken((it) => {
      it.entries.pop()
      it.notifications = it.notifications.filter(({ id }) => id !== 'open-3')
      Object.assign(it.escalations[0] ?? {}, { tier: 2, next_at: iso(26_000) })
    })
    expect(missing.tiers).toContain('event-open stands at tier 2 of 3')
  })

  it('of an event that does not stand where its actions left it are noticed', () => {
    const lost = broken((it) => void Object.assign(it.escalations[1] ?? {}, { state: 'climbing' }))
    expect(lost.tiers).toContain('event-acked is climbing, not acknowledged')
  })
})

describe('alerts', () => {
  it('that were never opened, or twice, are noticed', () => {
    expect(broken((it) => void it.pager.pop()).alerts).toContain('was never opened')
    const twice = broken(
      (it) => void it.pager.push(request('open', 'resolve', 28_000), request('open', 'trigger', 29_000)),
    )
    expect(twice.alerts).toContain('was opened 2 times')
    expect(broken((it) => void it.alerts.pop()).alerts).toContain('the pager was not told of event-open')
  })

  it('whose event is discarded or acknowledged are to say so', () => {
    const open = broken((it) => {
      it.alerts.push(alert('gone', 'accepted', 'resolve'))
      it.pager.push(request('gone', 'trigger', 23_100), request('gone', 'resolve', 25_000, false))
    })
    expect(open.alerts).toContain('is open, and its event is discarded')
    const silent = broken((it) => {
      it.alerts.push(alert('acked', 'accepted', 'acknowledge'))
      it.pager.push(request('acked', 'trigger', 23_100))
    })
    expect(silent.alerts).toContain('is not as its event, which is acknowledged')
    const waiting = broken((it) => void it.alerts.push(alert('gone', 'accepted', 'resolve', 'trigger')))
    expect(waiting.alerts).toContain('was to be told resolve')
  })

  it('that are skipped are there only where PagerDuty was told of it', () => {
    const skipped = (told: string | null, ...taken: readonly string[]) =>
      broken((it) => {
        it.alerts.push(alert('gone', 'skipped', 'resolve', told))
        it.pager.push(...taken.map((what, index) => request('gone', what, 23_100 + index)))
      }).alerts
    expect(skipped(null)).toBeUndefined()
    expect(skipped('resolve')).toBeUndefined()
    expect(skipped('resolve', 'trigger', 'resolve')).toBeUndefined()
    expect(skipped('resolve', 'trigger')).toContain('is open, and its event is discarded')
    expect(skipped(null, 'trigger')).toContain('was skipped and is there')
  })

  it('that are folded are folded into one of their kind that PagerDuty has', () => {
    const folded = (more: object) => (it: MadeUp) =>
      void it.alerts.push({ ...alert('acked', 'folded', 'trigger', null), folded_into: 'alert-open', ...more })
    expect(broken(folded({})).alerts).toBeUndefined()
    expect(broken(folded({ fingerprint: 'y' })).alerts).toContain('folded into one of something else')
    expect(broken(folded({ folded_into: 'alert-none' })).alerts).toContain('folded into one of something else')
  })

  it('beyond the limit of PagerDuty are noticed', () => {
    const refused = { ...request('open', 'trigger', 27_200), status: 429, taken: false }
    expect(broken((it) => void it.pager.push(refused)).alerts).toContain('more than PagerDuty takes')
  })
})
