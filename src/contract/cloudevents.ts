import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { describeValue, isGatewayError, type Problem } from '../kernel/errors.ts'
import { digestOf } from '../kernel/ids.ts'
import { isObject } from '../kernel/json.ts'
import type { UncheckedEvent } from './events.ts'
import { parseJsonBody, shapeProblem } from './json-body.ts'

const attribute = z.string({ error: 'some text' }).min(1, { error: 'some text' })
/** An empty text counts as absent, as in the gateway's own JSON. */
const optional = z.string({ error: 'some text' }).optional()
const list = z.string({ error: 'names, separated by commas' })

/**
 * A CloudEvent 1.0 that carries an event of the gateway. This schema checks the requirements of CloudEvents; the acceptor
 * checks the event. Other extension attributes are ignored; the specification allows them.
 */
export const cloudEvent = z.looseObject({
  specversion: z.literal('1.0', { error: 'the text "1.0"' }),
  id: attribute.meta({ description: 'With source, the idempotency key.' }),
  source: attribute.meta({ format: 'uri-reference' }),
  type: attribute.meta({ description: 'The event type.' }),
  subject: optional.meta({ description: 'The correlation id.' }),
  time: optional.meta({ format: 'date-time', description: 'When it happened.' }),
  datacontenttype: z
    .string({ error: 'a media type of JSON' })
    .regex(/^[\w.+-]+\/(?:json|[\w.+-]+\+json)\s*(?:;.*)?$/i, { error: 'a media type of JSON' })
    .optional(),
  dataschema: optional.meta({ format: 'uri' }),
  data: z.unknown().optional(),
  data_base64: z
    .string({ error: 'JSON in base64' })
    .regex(/^[A-Za-z0-9+/]*={0,2}$/, { error: 'JSON in base64' })
    .optional()
    .meta({
      contentEncoding: 'base64',
      description: 'Instead of data: JSON in UTF-8, in base64. SDKs use it for data that they get as bytes.',
    }),
  priority: optional.meta({ description: 'Extension attribute: the priority, in any letter case.' }),
  stakeholders: list
    .optional()
    .meta({ description: 'Extension attribute: stakeholder groups to notify, separated by commas.' }),
  language: optional.meta({ description: 'Extension attribute: "en" or "ar".' }),
})

/** An event, or the problems of an invalid one. `at` is the caller's field name, or empty for the event as a whole. */
export type EventResult =
  | { readonly event: UncheckedEvent; readonly problems?: never }
  | { readonly event?: never; readonly problems: readonly Problem[] }

/** Reads a CloudEvent in structured mode: a JSON object. */
export function fromCloudEvent(given: unknown): EventResult {
  const value = withoutNulls(given)
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
  const { type, id, source, subject, time, priority, stakeholders, language, data_base64: encoded } = result.data
  const decoded = encoded === undefined ? { data: result.data.data } : decodedData(encoded, result.data.data)
  if ('problem' in decoded) return { problems: [decoded.problem] }
  const { data } = decoded
  return {
    event: {
      eventType: type,
      // A digest, because a source is a URI of any length. Of JSON, because no separator is unambiguous between the two.
      idempotencyKey: `ce:${digestOf(JSON.stringify([source, id]))}`,
      ...(subject ? { correlationId: subject } : {}),
      ...(time ? { occurredAt: time } : {}),
      ...(data === undefined ? {} : { data }),
      ...(priority ? { priority } : {}),
      ...(stakeholders ? { stakeholders: namesOf(stakeholders) } : {}),
      ...(language ? { language } : {}),
    },
  }
}

/** Removes attributes that are null, which means absent (CloudEvents JSON format, 2.2). `data` may be null. */
function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name, item]) => item !== null || name === 'data'))
}

/** Decodes `data_base64`, the JSON format's attribute for binary data. */
function decodedData(encoded: string, data: unknown): { readonly data: unknown } | { readonly problem: Problem } {
  const problem = (found: string, expected: string) => ({ problem: { at: 'data_base64', found, expected } })
  if (data !== undefined) return problem('data a second time', 'one of data and data_base64')
  try {
    const value = parseJsonBody(Buffer.from(encoded, 'base64'))
    const unsafe = shapeProblem(value, 1)
    return unsafe ? problem(unsafe.found, unsafe.expected) : { data: value }
  } catch (error) {
    if (!isGatewayError(error, 'invalid_json')) throw error
    return problem('bytes that are not JSON', 'JSON in UTF-8, in base64')
  }
}

function namesOf(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/**
 * Reads a CloudEvent in binary mode: attributes in `ce-` headers, data in the body (CloudEvents HTTP binding, 3.1). `at` of
 * a problem is the header's name.
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
    // Binary mode has the data in the body and its type in Content-Type, never in headers.
    else if (name !== 'ce-data' && name !== 'ce-data_base64' && name !== 'ce-datacontenttype')
      attributes[name.slice('ce-'.length)] = decoded
  }
  if (problems.length > 0) return { problems }
  const result = fromCloudEvent({ ...attributes, ...(data === undefined ? {} : { data }) })
  return result.problems ? { problems: result.problems.map((p) => ({ ...p, at: `ce-${p.at}` })) } : result
}

/** Decodes a header's value (HTTP binding, 3.1.3.2): unquotes it, then percent-decodes it once. Undefined if malformed. */
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
