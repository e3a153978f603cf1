import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { describeValue, type Problem } from '../kernel/errors.ts'
import { digestOf } from '../kernel/ids.ts'
import { isObject } from '../kernel/json.ts'
import type { UncheckedEvent } from '../service/port.ts'

const attribute = z.string({ error: 'some text' }).min(1, { error: 'some text' })
const list = z.string({ error: 'names, separated by commas' })

/**
 * A CloudEvent 1.0 that carries one of our events. What CloudEvents demands is checked here; what an event demands is
 * checked where events are accepted. Further extension attributes are allowed, as the specification has it, and ignored.
 */
export const cloudEvent = z.looseObject({
  specversion: z.literal('1.0', { error: 'the text "1.0"' }),
  id: attribute.meta({ description: 'With source, the idempotency key.' }),
  source: attribute.meta({ format: 'uri-reference' }),
  type: attribute.meta({ description: 'The event type.' }),
  subject: attribute.optional().meta({ description: 'The correlation id.' }),
  time: attribute.optional().meta({ format: 'date-time', description: 'When it happened.' }),
  datacontenttype: z
    .string({ error: 'a media type of JSON' })
    .regex(/^[\w.+-]+\/(?:json|[\w.+-]+\+json)\s*(?:;.*)?$/i, { error: 'a media type of JSON' })
    .optional(),
  dataschema: attribute.optional().meta({ format: 'uri' }),
  data: z.unknown().optional(),
  data_base64: z
    .undefined({ error: 'data as JSON under "data"' })
    .optional()
    .meta({ description: 'Not taken: the data of our events is JSON.' }),
  priority: attribute.optional().meta({ description: 'Extension attribute: the priority, in any letter case.' }),
  stakeholders: list.optional().meta({ description: 'Extension attribute: groups to tell, separated by commas.' }),
  language: attribute.optional().meta({ description: 'Extension attribute: "en" or "ar".' }),
})

/** An event, or why it is none. `at` of a problem is the caller's name of a field, or empty for the event as a whole. */
export type EventResult =
  | { readonly event: UncheckedEvent; readonly problems?: never }
  | { readonly event?: never; readonly problems: readonly Problem[] }

/** Reads a CloudEvent that came as a JSON object. */
export function fromCloudEvent(value: unknown): EventResult {
  const result = cloudEvent.safeParse(value)
  if (!result.success)
    return {
      problems: result.error.issues.map((issue) => {
        const name = issue.path[0] === undefined ? undefined : String(issue.path[0])
        const found = describeValue(name !== undefined && isObject(value) ? value[name] : value)
        return {
          at: name ?? '',
          found,
          expected: name === undefined ? 'a CloudEvent, which is an object' : issue.message,
        }
      }),
    }
  const { type, id, source, subject, time, data, priority, stakeholders, language } = result.data
  return {
    event: {
      eventType: type,
      // A digest, because a source is a URI of any length, and a pair joined by a character could mean two pairs.
      idempotencyKey: `ce:${digestOf(JSON.stringify([source, id]))}`,
      ...(subject === undefined ? {} : { correlationId: subject }),
      ...(time === undefined ? {} : { occurredAt: time }),
      ...(data === undefined ? {} : { data }),
      ...(priority === undefined ? {} : { priority }),
      ...(stakeholders === undefined ? {} : { stakeholders: namesOf(stakeholders) }),
      ...(language === undefined ? {} : { language }),
    },
  }
}

function namesOf(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/**
 * Reads a CloudEvent whose attributes came as `ce-` headers and whose data was the body (CloudEvents HTTP binding,
 * 3.1). `at` of a problem is the header's name.
 */
export function fromCloudEventHeaders(headers: IncomingHttpHeaders, data: unknown): EventResult {
  const attributes: Record<string, unknown> = {}
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('ce-') || typeof value !== 'string') continue
    const decoded = headerText(value)
    if (decoded === undefined)
      problems.push({
        at: name,
        found: 'text in another encoding',
        expected: 'printable ASCII, the rest percent-encoded',
      })
    // The data comes in the body and its type in Content-Type; a header can not stand in for them.
    else if (name !== 'ce-data' && name !== 'ce-data_base64' && name !== 'ce-datacontenttype')
      attributes[name.slice('ce-'.length)] = decoded
  }
  if (problems.length > 0) return { problems }
  const result = fromCloudEvent({ ...attributes, ...(data === undefined ? {} : { data }) })
  return result.problems ? { problems: result.problems.map((p) => ({ ...p, at: `ce-${p.at}` })) } : result
}

/** A header's value as CloudEvents encodes it (HTTP binding, 3.1.3.2): first unquoted, then percent-decoded once. */
function headerText(value: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)
  const plain = quoted ? (quoted[1] ?? '').replace(/\\(.)/g, '$1') : value
  if (/[^\x20-\x7e]/.test(plain)) return undefined
  try {
    return decodeURIComponent(plain)
  } catch {
    return undefined
  }
}
