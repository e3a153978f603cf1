import { isZeroTime, plainMoment, readTime, TIME_EXPECTED } from '../../catalogue/moment.ts'
import { shapeProblem } from '../../contract/json-body.ts'
import { cleanText } from '../../kernel/characters.ts'
import { type AddProblem, describeValue, GatewayError, type Problem } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'

/** Labels or annotations: a map, because an alert may have a label named `constructor`. */
export type Labels = ReadonlyMap<string, string>

/** One alert of a webhook. */
export interface Alert {
  readonly isFiring: boolean
  readonly labels: Labels
  readonly annotations: Labels
  /** Undefined where it is missing or Go's zero time. */
  readonly startsAt: Date | undefined
  readonly endsAt: Date | undefined
  /** What the sender calls the alert; its labels where the sender gives it no name. */
  readonly fingerprint: string
  /** Links of Grafana. */
  readonly silenceUrl: string | undefined
  readonly dashboardUrl: string | undefined
  /** Measured values of Grafana, by name of the query. */
  readonly values: ReadonlyMap<string, number>
}

/** A webhook of Alertmanager (version 4) or of Grafana: the state of one group of alerts. */
export interface Webhook {
  readonly isGrafana: boolean
  /** Grafana's organisation, each of which has groups of its own; undefined for Alertmanager. */
  readonly orgId: string | undefined
  /** Identifies the group in its sender. */
  readonly groupKey: string
  readonly groupLabels: Labels
  /** Where people find the sender. */
  readonly externalUrl: string | undefined
  readonly alerts: readonly Alert[]
  /** Number of further alerts, which the sender left out (`max_alerts`). */
  readonly truncated: number
}

const VERSION_EXPECTED = '"4", as Alertmanager sends it, or "1" with orgId, as Grafana does'
const STATUS_EXPECTED = 'firing or resolved'
/** Most problems that an answer lists: a thousand alerts with one mistake have it a thousand times. */
const MAX_PROBLEMS = 50

/**
 * Reads the body of a webhook. Fields that are not used are not looked at, so that a later version of a sender may add some.
 *
 * @param body parsed JSON
 * @throws GatewayError `invalid_alerts` with every problem
 */
export function readWebhook(body: unknown): Webhook {
  const problems: Problem[] = []
  const addProblem: AddProblem = (at, found, expected) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ at, found, expected })
  }
  if (!isObject(body)) {
    addProblem('body', describeValue(body), 'a webhook of Alertmanager or Grafana, which is an object')
    throw new GatewayError('invalid_alerts', problems)
  }
  const shape = shapeProblem(body, 1)
  if (shape) throw new GatewayError('invalid_alerts', [{ ...shape, at: 'body' }])

  const isGrafana = body.orgId !== undefined
  const version = typeof body.version === 'number' ? String(body.version) : body.version
  if (version !== '4' && !(isGrafana && version === '1'))
    addProblem('version', versionFound(body.version), VERSION_EXPECTED)
  const { groupKey } = body
  if (typeof groupKey !== 'string' || groupKey === '')
    addProblem('groupKey', describeValue(groupKey), 'text that identifies the group')
  const groupIsFiring = readStatus(body.status, 'status', addProblem)
  const given = Array.isArray(body.alerts) ? body.alerts : []
  if (given.length === 0) addProblem('alerts', describeValue(body.alerts), 'a list of at least one alert')
  const alerts = given.map((alert: unknown, index) => readAlert(alert, `alerts[${index}]`, groupIsFiring, addProblem))
  const groupLabels = readLabels(body.groupLabels ?? {}, 'groupLabels', addProblem)
  if (problems.length > 0) throw new GatewayError('invalid_alerts', problems)
  const { truncatedAlerts } = body
  return {
    isGrafana,
    orgId: isGrafana ? JSON.stringify(body.orgId) : undefined,
    groupKey: String(groupKey),
    groupLabels,
    externalUrl: textOf(body.externalURL),
    alerts: alerts.filter((alert) => alert !== undefined),
    truncated: typeof truncatedAlerts === 'number' && truncatedAlerts > 0 ? Math.floor(truncatedAlerts) : 0,
  }
}

/** A version is no patient data where it is one of a few characters. */
function versionFound(version: unknown): string {
  const isShort = (typeof version === 'string' || typeof version === 'number') && /^\d{1,2}$/.test(String(version))
  return isShort ? `version ${version}` : describeValue(version)
}

function readStatus(value: unknown, at: string, addProblem: AddProblem): boolean | undefined {
  if (value === 'firing' || value === 'resolved') return value === 'firing'
  addProblem(at, describeValue(value), STATUS_EXPECTED)
  return undefined
}

function readAlert(
  given: unknown,
  at: string,
  groupIsFiring: boolean | undefined,
  addProblem: AddProblem,
): Alert | undefined {
  if (!isObject(given)) {
    addProblem(at, describeValue(given), 'an alert, which is an object')
    return undefined
  }
  const labels = readLabels(given.labels, `${at}.labels`, addProblem)
  const isFiring =
    given.status === undefined ? (groupIsFiring ?? true) : readStatus(given.status, `${at}.status`, addProblem)
  return {
    isFiring: isFiring ?? true,
    labels,
    annotations: readLabels(given.annotations ?? {}, `${at}.annotations`, addProblem),
    startsAt: readMoment(given.startsAt, `${at}.startsAt`, addProblem),
    endsAt: readMoment(given.endsAt, `${at}.endsAt`, addProblem),
    fingerprint: textOf(given.fingerprint) ?? JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1))),
    silenceUrl: textOf(given.silenceURL),
    dashboardUrl: textOf(given.dashboardURL) ?? textOf(given.panelURL),
    values: readValues(given.values),
  }
}

/** Labels as texts. Null and empty values count as absent, as they do for Prometheus. */
function readLabels(given: unknown, at: string, addProblem: AddProblem): Labels {
  const labels = new Map<string, string>()
  if (!isObject(given)) {
    addProblem(at, describeValue(given), 'an object of texts')
    return labels
  }
  for (const [index, [name, value]] of Object.entries(given).entries()) {
    if (value === null) continue
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      const text = cleanText(String(value))
      if (text !== '') labels.set(cleanText(name), text)
    }
    // The name is not shown: a key may be a patient's name in the wrong place.
    else addProblem(`${at}.(entry ${index + 1})`, describeValue(value), 'some text')
  }
  return labels
}

function readMoment(given: unknown, at: string, addProblem: AddProblem): Date | undefined {
  if (given === undefined || given === null || given === '') return undefined
  if (typeof given === 'string' && isZeroTime(given)) return undefined
  const time = typeof given === 'string' ? readTime(plainMoment(given)) : undefined
  if (time === undefined) addProblem(at, describeValue(given), TIME_EXPECTED)
  return time
}

function readValues(given: unknown): ReadonlyMap<string, number> {
  const values = Object.entries(isObject(given) ? given : {})
  return new Map(values.filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

function textOf(given: unknown): string | undefined {
  return typeof given === 'string' && given !== '' ? given : undefined
}
