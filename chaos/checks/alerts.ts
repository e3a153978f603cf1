import { createPromiseCheck, type PromiseCheck, type PromiseResult } from '../promises.ts'
import { playActions, stateOf } from './acted.ts'
import type { AlertRow, History } from './read.ts'

/** An alert at PagerDuty, as its requests say. */
interface Alert {
  /** How often it was opened: once, and again by a trigger after it was resolved. */
  opened: number
  isOpen: boolean
  acknowledged: boolean
}

/** States in which PagerDuty was told of the event. */
const TOLD = new Set(['accepted', 'opened', 'acknowledged', 'resolved'])

/**
 * Each event whose tier called the pager has one row, and one alert that was opened once, or is folded into an open one of the
 * same fingerprint. The alert of a discarded event is resolved, that of an acknowledged one is acknowledged, and that of any other
 * event is open. The limit of PagerDuty is kept: its stand-in refused no request by itself.
 */
export function checkAlerts(history: History): PromiseResult {
  const check = createPromiseCheck('alerts')
  const alerts = alertsOf(history, check)
  const rows = [...history.alerts.values()]
  for (const [eventId, entries] of history.entriesOf)
    for (const { kind, pagers = [] } of entries) {
      const isCall = kind === 'escalation.called' && pagers.length > 0
      if (isCall && !rows.some((row) => row.event_id === eventId))
        check.violation(`the pager was not told of ${eventId}`)
    }
  const acted = playActions(history)
  for (const row of rows) {
    check.count(row.state)
    const alert = alerts.get(`claimlinc:${row.event_id}`)
    const what = complaint(row, alert, history, stateOf(acted.get(row.event_id)))
    if (what) check.violation(`the alert of ${row.event_id} ${what}`)
  }
  return check.result('requests', 'alerts')
}

function alertsOf({ pagerRequests }: History, check: PromiseCheck): ReadonlyMap<string, Alert> {
  const alerts = new Map<string, Alert>()
  for (const { request, key, status, how, taken } of pagerRequests) {
    check.count('requests')
    if (how !== 'ok') check.count(`requests_${how}`)
    if (how === 'ok' && status === 429) check.violation(`a request of ${key} was more than PagerDuty takes in a minute`)
    if (how === 'ok' && status === 400) check.violation(`PagerDuty refused a request of ${key}`)
    if (!taken) continue
    const alert = alerts.get(key) ?? { opened: 0, isOpen: false, acknowledged: false }
    alerts.set(key, alert)
    if (request === 'trigger' && !alert.isOpen) Object.assign(alert, { opened: alert.opened + 1, isOpen: true })
    else if (request === 'acknowledge' && alert.isOpen) alert.acknowledged = true
    else if (request === 'resolve') alert.isOpen = false
  }
  check.count('alerts', [...alerts.values()].filter(({ opened }) => opened > 0).length)
  return alerts
}

/** What is wrong with an alert; undefined where nothing is. */
function complaint(
  row: AlertRow,
  alert: Alert | undefined,
  history: History,
  event: ReturnType<typeof stateOf>,
): string | undefined {
  if (alert !== undefined && alert.opened > 1) return `was opened ${alert.opened} times`
  if (row.state === 'folded') {
    const lead = history.alerts.get(row.folded_into ?? '')
    if (lead === undefined || lead.fingerprint !== row.fingerprint) return 'is folded into one of something else'
    if (!TOLD.has(lead.state)) return `is folded into one that is ${lead.state}`
    return event === 'ended' ? 'is folded, and its event is over' : undefined
  }
  if (row.state === 'skipped') {
    if (event === 'climbing') return 'was never opened, and its event is open'
    if (row.told === null) return alert && 'was skipped and is there'
  }
  if (row.told !== row.wanted)
    return `is ${row.state}: PagerDuty was to be told ${row.wanted}, and was told ${row.told}`
  const isThere = alert !== undefined && alert.opened > 0
  if (event === 'ended') return alert?.isOpen ? 'is open, and its event is discarded' : undefined
  // A request may have arrived, and did not.
  if (row.state === 'skipped' && !isThere) return undefined
  if (event === 'climbing' && !TOLD.has(row.state)) return `is ${row.state}`
  if (!isThere) return 'was never opened'
  if (!alert.isOpen) return `is resolved, and its event is ${event}`
  return alert.acknowledged === (event === 'acknowledged') ? undefined : `is not as its event, which is ${event}`
}
