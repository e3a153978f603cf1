import { isRecord, lengthOf } from './server.ts'

/** Limits of the Events API v2: https://developer.pagerduty.com/docs/send-alert-event */
const LIMITS = { body: 512 * 1024, routingKey: 32, dedupKey: 255, summary: 1024 }
const ACTIONS = ['trigger', 'acknowledge', 'resolve']
const SEVERITIES = ['critical', 'error', 'warning', 'info']

/** Returns why PagerDuty would refuse an event, as in `errors` of its answer; empty for a valid one. */
export function refusalsOf(
  event: Readonly<Record<string, unknown>> | undefined,
  bytes: number,
  routingKeys: readonly string[] | undefined,
): readonly string[] {
  if (bytes > LIMITS.body) return [`event is larger than ${LIMITS.body} bytes`]
  if (event === undefined) return ['event is no JSON object']
  const errors: string[] = []
  const { routing_key: routingKey, event_action: action, dedup_key: dedupKey, payload, links, images } = event
  if (routingKey === undefined) errors.push("'routing_key' is missing or blank")
  else if (typeof routingKey !== 'string' || routingKey.length !== LIMITS.routingKey)
    errors.push("Length of 'routing_key' is incorrect (should be 32 characters)")
  else if (routingKeys !== undefined && !routingKeys.includes(routingKey)) errors.push("'routing_key' is invalid")
  if (typeof action !== 'string' || !ACTIONS.includes(action))
    errors.push(`'event_action' must be one of ${ACTIONS.join(', ')}`)
  if (dedupKey === undefined ? action !== 'trigger' : typeof dedupKey !== 'string' || dedupKey === '')
    errors.push("'dedup_key' is missing or blank")
  else if (typeof dedupKey === 'string' && lengthOf(dedupKey) > LIMITS.dedupKey)
    errors.push(`'dedup_key' is longer than ${LIMITS.dedupKey} characters`)
  if (action === 'trigger') errors.push(...payloadRefusals(payload))
  for (const [name, list] of Object.entries({ links, images }))
    if (list !== undefined && !(Array.isArray(list) && list.every(isRecord))) errors.push(`'${name}' is no list`)
  return errors
}

function payloadRefusals(payload: unknown): readonly string[] {
  if (!isRecord(payload)) return ["'payload' is missing or blank"]
  const errors: string[] = []
  for (const name of ['summary', 'source', 'severity'])
    if (typeof payload[name] !== 'string' || payload[name] === '') errors.push(`'payload.${name}' is missing or blank`)
  const { summary, severity, timestamp, custom_details: details } = payload
  if (typeof summary === 'string' && lengthOf(summary) > LIMITS.summary)
    errors.push(`'payload.summary' is longer than ${LIMITS.summary} characters`)
  if (typeof severity === 'string' && severity !== '' && !SEVERITIES.includes(severity))
    errors.push(`'payload.severity' must be one of ${SEVERITIES.join(', ')}`)
  if (timestamp !== undefined && (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp))))
    errors.push("'payload.timestamp' is no ISO 8601 time")
  if (details !== undefined && !isRecord(details)) errors.push("'payload.custom_details' is no object")
  for (const name of ['component', 'group', 'class'])
    if (payload[name] !== undefined && typeof payload[name] !== 'string') errors.push(`'payload.${name}' is no text`)
  return errors
}
