import { z } from 'zod'
import type { EventTypeDefinition } from '../../catalogue/catalogue.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { commonOf, writeLabels } from './labels.ts'
import { silenceUrlOf } from './silence-url.ts'
import type { Labels, Webhook } from './webhook.ts'

/** Most alerts that an event lists; a card shows ten of them. */
const MAX_ALERTS = 50
/** Most labels of an event. */
const MAX_LABELS = 100
/** Most alert names in a summary. */
const MAX_NAMES = 3
/** Labels that say what an alert is about, the first that is there. Without any, its name is its component. */
const COMPONENT_LABELS = ['component', 'service', 'app', 'application'] as const

/** What the alerts of a group have in common. */
interface Common {
  readonly labels: Labels
  readonly annotations: Labels
  /** `alertname`, or the names of several; undefined where the alerts have none. */
  readonly name: string | undefined
  readonly summary: string
}

/**
 * The data of a group's event. Fields that the event type declares come from annotations and labels with the field's name; a few
 * others have stand-ins, such as `instance` for `node`. A value that a field does not take is left out.
 *
 * @param webhook with the alerts that fire, or all alerts of a group that is resolved
 */
export function groupData(definition: EventTypeDefinition, webhook: Webhook): JsonObject {
  const common = commonTo(webhook)
  const { shape } = definition.schema
  const fields: Record<string, unknown> = {}
  const set = (name: string, ...candidates: readonly unknown[]) => {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (field === undefined || Object.hasOwn(fields, name)) return
    const value = candidates.find(
      (candidate) => candidate !== undefined && candidate !== '' && z.core.safeParse(field, candidate).success,
    )
    if (value !== undefined) fields[name] = value
  }
  for (const name of Object.keys(shape)) {
    const text = common.annotations.get(name) ?? common.labels.get(name)
    if (text !== undefined && !OWN_FIELDS.has(name)) set(name, ...readingsOf(text))
  }
  for (const [name, value] of Object.entries(standIns(webhook, common))) set(name, value)
  return fields as JsonObject
}

/** Fields that are made from the whole group, and not from a label of the same name. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'summary',
  'labels',
  'metrics',
  'alerts',
  'more_alerts',
  'starts_at',
  'ends_at',
  'silence_url',
])

function commonTo({ alerts, truncated, groupLabels }: Webhook): Common {
  const labels = commonOf(alerts.map((alert) => alert.labels))
  const annotations = commonOf(alerts.map((alert) => alert.annotations))
  const names = [...new Set(alerts.flatMap((alert) => alert.labels.get('alertname') ?? []))]
  const name =
    names.length === 0 ? undefined : `${names.slice(0, MAX_NAMES).join(', ')}${names.length > MAX_NAMES ? ', …' : ''}`
  const count = alerts.length + truncated
  const group = name ?? (writeLabels(groupLabels) || writeLabels(labels) || 'alert')
  const own = annotations.get('summary') ?? annotations.get('message') ?? annotations.get('description')
  return { labels, annotations, name, summary: own ?? (count > 1 ? `${count} × ${group}` : group) }
}

/** Values for fields that no annotation and no label names. */
function standIns(webhook: Webhook, common: Common): Readonly<Record<string, unknown>> {
  const { alerts } = webhook
  const { labels, annotations, name, summary } = common
  const [only] = alerts.length === 1 ? alerts : []
  const component = COMPONENT_LABELS.map((label) => labels.get(label)).find((value) => value !== undefined)
  const description = annotations.get('description') ?? annotations.get('message')
  const shown = [...labels].filter(([label]) => label !== 'event_type' && !label.startsWith('__'))
  const isFiring = alerts.some((alert) => alert.isFiring)
  return {
    component: component ?? name ?? labels.get('job') ?? summary,
    summary,
    message: description === summary ? undefined : description,
    description: description ?? summary,
    subject: summary,
    error: description ?? summary,
    error_message: description ?? summary,
    operation: name,
    node: labels.get('instance') ?? labels.get('host'),
    labels: Object.fromEntries(shown.slice(0, MAX_LABELS)),
    ...(only && only.values.size > 0 ? { metrics: Object.fromEntries(only.values) } : {}),
    ...(alerts.length + webhook.truncated > 1 ? listOf(webhook, common) : {}),
    runbook_url: annotations.get('runbook'),
    dashboard_url: annotations.get('dashboard') ?? sameOf(alerts.map((alert) => alert.dashboardUrl)),
    starts_at: timeOf(
      alerts.map((alert) => alert.startsAt),
      Math.min,
    ),
    ...(isFiring
      ? { silence_url: silenceUrlOf(webhook, labels) }
      : {
          ends_at: timeOf(
            alerts.map((alert) => alert.endsAt),
            Math.max,
          ),
        }),
  }
}

/** The alerts of a group, each with what it has beside the others: its own summary, else its own labels. */
function listOf({ alerts, truncated }: Webhook, { labels, annotations }: Common) {
  const shown = alerts.slice(0, MAX_ALERTS)
  const left = alerts.length - shown.length + truncated
  return {
    alerts: shown.map((alert) => {
      const own = new Map([...alert.labels].filter(([name]) => !labels.has(name) && !name.startsWith('__')))
      const summary = annotations.has('summary') ? undefined : alert.annotations.get('summary')
      return summary ?? (writeLabels(own) || alert.labels.get('alertname') || alert.fingerprint)
    }),
    ...(left > 0 ? { more_alerts: left } : {}),
  }
}

/** The readings of a text: a number where it is one, so that fields of numbers take it; the text itself. */
function readingsOf(text: string): readonly unknown[] {
  const number = Number(text)
  const isNumber = text.trim() !== '' && String(number) === text && Number.isFinite(number)
  const isFlag = text === 'true' || text === 'false'
  return [...(isNumber ? [number] : []), ...(isFlag ? [text === 'true'] : []), text]
}

function sameOf(values: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = values
  return others.every((value) => value === first) ? first : undefined
}

function timeOf(times: readonly (Date | undefined)[], choose: (...times: number[]) => number): string | undefined {
  const known = times.flatMap((time) => time?.getTime() ?? [])
  // Not choose(...known), whose arguments are limited: a group may have 100,000 alerts.
  return known.length === 0 ? undefined : new Date(known.reduce((a, b) => choose(a, b))).toISOString()
}
