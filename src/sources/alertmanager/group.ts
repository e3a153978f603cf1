import { type AlertmanagerDefinition, type AlertmanagerRule, foldLabel } from '../../catalogue/alertmanagers.ts'
import { type Catalogue, type EventTypeDefinition, findEventType, findGroup } from '../../catalogue/catalogue.ts'
import { isSendable } from '../../catalogue/event-types.ts'
import type { UncheckedEvent } from '../../contract/events.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { Json } from '../../kernel/json.ts'
import { groupData } from './group-data.ts'
import { commonOf, matchesLabels, mostUrgent, priorityOf } from './labels.ts'
import type { Alert, Webhook } from './webhook.ts'

/** Type of the event of alerts that fire, unless a rule or a label names another. */
const FIRING = 'prometheus.alert.firing'
/** Type of the event of a group that is resolved. */
const RESOLVED = 'prometheus.alert.resolved'
/** The label that names an event type. */
const TYPE_LABEL = 'event_type'

/** Most alerts of a group whose ids are kept. */
const MAX_IDS = 2_000

/** What a webhook tells about a group of alerts. */
export interface AlertGroup {
  /** True also where all alerts of the webhook are resolved and the sender left out others, of which nothing is known. */
  readonly isFiring: boolean
  /** The event to accept. */
  readonly event: UncheckedEvent
  /** The event of type {@link FIRING} for a group whose data the type of `event` does not take; undefined where it has this type. */
  readonly plainEvent: UncheckedEvent | undefined
  /** True where the label {@link TYPE_LABEL} names a type that there is not, or that alerts can not have. */
  readonly isTypeUnknown: boolean
  /** Ids of the alerts and their starts, sorted; none where the sender left out those that may fire. */
  readonly alertIds: readonly string[]
  /** Keys of channels that a rule names instead of those of the groups and routes. */
  readonly channels: readonly string[] | undefined
  /** Each label and annotation of all alerts once: the search for patient data needs their names. */
  readonly namedValues: readonly Json[]
}

/** A webhook, mapped: a group, and the alerts that must keep firing. */
export interface MappedWebhook {
  /** Undefined where all alerts are heartbeats. */
  readonly group: AlertGroup | undefined
  /** Alerts that must keep firing, and do. */
  readonly heartbeats: readonly Alert[]
  /** Alerts that must keep firing, and no longer do. */
  readonly lostHeartbeats: readonly Alert[]
}

/** Maps a webhook to an event, by the rules of its source. */
export function mapWebhook(webhook: Webhook, source: AlertmanagerDefinition, catalogue: Catalogue): MappedWebhook {
  const isHeartbeat = ({ labels }: Alert) => source.heartbeats.some((matcher) => matchesLabels(matcher, labels))
  const all = webhook.alerts.filter(isHeartbeat)
  const alerts = webhook.alerts.filter((alert) => !isHeartbeat(alert))
  return {
    group: alerts.length === 0 ? undefined : mapGroup({ ...webhook, alerts }, source, catalogue),
    heartbeats: all.filter(({ isFiring }) => isFiring),
    lostHeartbeats: all.filter(({ isFiring }) => !isFiring),
  }
}

function mapGroup(webhook: Webhook, source: AlertmanagerDefinition, catalogue: Catalogue): AlertGroup {
  const firing = webhook.alerts.filter((alert) => alert.isFiring)
  // Alertmanager truncates by the order of labels, and makes the status of the alerts that are left.
  const isHidden = firing.length === 0 && webhook.truncated > 0
  const isFiring = firing.length > 0 || isHidden
  const alerts = firing.length > 0 ? firing : webhook.alerts
  const told = isHidden ? withHiddenAlerts(webhook) : { ...webhook, alerts }
  const common = commonOf(alerts.map(({ labels }) => labels))
  const rules = source.rules.filter(({ match }) => match.every((matcher) => matchesLabels(matcher, common)))
  const named = firstOf(rules, 'eventType') ?? common.get(TYPE_LABEL)
  const definition = named === undefined ? undefined : typeOf(named, catalogue)
  const plain = findEventType(catalogue, isFiring ? FIRING : RESOLVED)
  if (plain === undefined) throw new Error(`the catalogue has no ${FIRING} or ${RESOLVED}`)

  const correlationId = subjectOf(source.name, webhook)
  const groups = firstOf(rules, 'stakeholders') ?? groupsOf(alerts, source, catalogue)
  const rulePriority = firstOf(rules, 'priority')
  const eventOf = (type: EventTypeDefinition): UncheckedEvent => {
    const stakeholders = groups ?? (isFiring ? undefined : definition?.stakeholders)
    const priority = isFiring ? (rulePriority ?? groupPriority(alerts, source, type)) : undefined
    return {
      eventType: type.name,
      correlationId,
      data: groupData(type, told),
      ...(stakeholders === undefined ? {} : { stakeholders }),
      ...(priority === undefined ? {} : { priority }),
    }
  }
  const own = isFiring ? definition : undefined
  return {
    isFiring,
    event: eventOf(own ?? plain),
    plainEvent: own === undefined || own.name === plain.name ? undefined : eventOf(plain),
    isTypeUnknown: named !== undefined && definition === undefined,
    alertIds: isHidden ? [] : idsOf(alerts),
    channels: firstOf(rules, 'channels'),
    namedValues: namedValuesOf(webhook.alerts),
  }
}

/**
 * A webhook whose alerts are resolved, with the alerts that its sender left out in their place: one that has what the others
 * have in common, and the number of the rest. Texts and measured values are left out, which may be of an alert that is over.
 */
function withHiddenAlerts(webhook: Webhook): Webhook {
  const { alerts, truncated } = webhook
  const annotations = [...commonOf(alerts.map((alert) => alert.annotations))]
  const hidden: Alert = {
    isFiring: true,
    labels: commonOf(alerts.map(({ labels }) => labels)),
    annotations: new Map(annotations.filter(([name]) => !OF_ONE_ALERT.has(name))),
    startsAt: undefined,
    endsAt: undefined,
    fingerprint: 'alert',
    silenceUrl: undefined,
    dashboardUrl: undefined,
    values: new Map(),
  }
  return { ...webhook, alerts: [hidden], truncated: truncated - 1 }
}

/** Annotations about one alert. */
const OF_ONE_ALERT: ReadonlySet<string> = new Set(['summary', 'message', 'description', 'value'])

/** Labels and annotations of all alerts, also of those that the event does not list, each name and value once. */
function namedValuesOf(alerts: readonly Alert[]): readonly Json[] {
  const values = new Map<string, Set<string>>()
  for (const [name, value] of alerts.flatMap(({ labels, annotations }) => [...labels, ...annotations])) {
    const known = values.get(name)
    if (known === undefined) values.set(name, new Set([value]))
    else known.add(value)
  }
  return [...values].flatMap(([name, all]) => [...all].map((value) => ({ [name]: value })))
}

/** A part of the first rule that has it. */
function firstOf<P extends Exclude<keyof AlertmanagerRule, 'match'>>(
  rules: readonly AlertmanagerRule[],
  part: P,
): AlertmanagerRule[P] | undefined {
  return rules.find((rule) => rule[part] !== undefined)?.[part]
}

/**
 * An event type that a label may name: any that callers may send but those that resolve others. An alert that fires would close
 * the group's earlier events, and others about its subject.
 */
function typeOf(name: string, catalogue: Catalogue): EventTypeDefinition | undefined {
  const definition = findEventType(catalogue, name.trim())
  if (definition === undefined || !isSendable(definition.name)) return undefined
  return definition.resolves.length > 0 ? undefined : definition
}

/** The groups that the alerts' labels name; undefined where none names one. */
function groupsOf(
  alerts: readonly Alert[],
  { groupLabel, groups }: AlertmanagerDefinition,
  catalogue: Catalogue,
): readonly string[] | undefined {
  const values = new Set(alerts.flatMap(({ labels }) => labels.get(groupLabel) ?? []))
  const keys = [...values].flatMap((value) => {
    const found = findGroup(catalogue, value)
    return groups.get(foldLabel(value)) ?? (found === undefined ? [] : [found.key])
  })
  return keys.length === 0 ? undefined : [...new Set(keys)]
}

/** The most urgent priority of the alerts; one whose labels say none has that of its type. Undefined where no label says one. */
function groupPriority(alerts: readonly Alert[], { priorities }: AlertmanagerDefinition, type: EventTypeDefinition) {
  const given = alerts.map(({ labels }) => priorityOf(labels, priorities))
  if (given.every((priority) => priority === undefined)) return undefined
  return mostUrgent(given.map((priority) => priority ?? type.priority))
}

/** The correlation id of a group, by which its events are about the same subject. */
function subjectOf(source: string, { groupKey, orgId }: Webhook): string {
  const key = orgId === undefined ? groupKey : `${groupKey}\n${orgId}`
  return `alertmanager-${source}-${letters(digestOf(key)).slice(0, 16)}`
}

/**
 * Ids of alerts with their starts, sorted. Of more than {@link MAX_IDS} the first ones: as they are digests, they stand for the
 * same part of the group each time.
 */
function idsOf(alerts: readonly Alert[]): readonly string[] {
  const ids = alerts.map(({ fingerprint, startsAt }) =>
    letters(digestOf(`${fingerprint}\n${startsAt?.toISOString() ?? ''}`)).slice(0, 12),
  )
  return [...new Set(ids)].sort().slice(0, MAX_IDS)
}

/** Hex digits as letters: the search for patient data reads no number in them. */
function letters(hex: string): string {
  return hex.replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)))
}
