import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import { mutateBody } from '../mutate/body.ts'
import { MAX_INPUT_BYTES, mutateBytes } from '../mutate/bytes.ts'
import { sentDataFor } from '../mutate/data.ts'
import { anyText, TIMES } from '../mutate/texts.ts'
import { readJson } from '../properties/read.ts'
import type { Sent } from '../properties/stored.ts'
import type { Random } from '../random.ts'
import type { Target } from '../target.ts'
import { headersOf, type Message, readMessage, writeMessage } from './message.ts'
import { openRequests } from './requests.ts'
import { SENT_TYPES, sampleEvents, WORDS } from './samples.ts'

const STRUCTURED = 'application/cloudevents+json'
const BATCH = 'application/cloudevents-batch+json'
const ATTRIBUTES =
  'specversion id source type subject time datacontenttype dataschema priority stakeholders language data data_base64'.split(
    ' ',
  )
const CE_WORDS = [...WORDS, ...ATTRIBUTES, '1.0', '0.3', 'application/json', 'text/plain', 'a/b+json; charset=utf-8']
/** What looks different after it was encoded, and different again after that. */
const ENCODABLE = ['a b', '100%', '50%25', 'é/ü?', 'سجل', 'a"b\\c', '%41']
const MEDIA_TYPES = [
  STRUCTURED,
  BATCH,
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/cloudevents+xml',
  'application/problem+json',
  'APPLICATION/CLOUDEVENTS+JSON ; charset="UTF-8"',
  '',
]
const HEADERS = [
  ...ATTRIBUTES.map((name) => `ce-${name}`),
  'content-type',
  'content-encoding',
  'ce-',
  'ce-__proto__',
  'ce-constructor',
  'webhook-id',
  'ce-traceparent',
]

/** CloudEvents 1.0 in all three modes: the message with its headers, through to the database. */
export const target: Target = {
  name: 'cloudevents',
  extension: 'http',
  batch: 64,
  thoroughOneIn: 15,
  maxSteps: (bytes) => 100_000 + 400 * bytes,
  seeds() {
    const events = sampleEvents().map(toCloudEvent)
    const structured = events.map((event) => message(STRUCTURED, event))
    return [
      ...structured,
      message(BATCH, events.slice(0, 3)),
      message(BATCH, namesakes(events)),
      ...events.map(binary),
    ].map(writeMessage)
  },
  mutate(input, other, random) {
    if (random.oneIn(4)) return freshMessage(random)
    if (random.oneIn(20)) return mutateBytes(input, other, random).subarray(0, MAX_INPUT_BYTES)
    const read = readMessage(input)
    const headers = random.oneIn(2) ? mutateHeaders(read.headers, random) : read.headers
    const changed =
      random.oneIn(2) && headers !== read.headers
        ? read.body
        : mutateBody(read.body, readMessage(other).body, random, CE_WORDS)
    return writeMessage({ headers, body: changed })
  },
  open: () =>
    openRequests((input) => {
      const read = readMessage(input)
      const headers = headersOf(read)
      return { headers, body: read.body, sent: () => sentIn(headers, read.body) }
    }),
}

function toCloudEvent(event: JsonObject): JsonObject {
  return {
    specversion: '1.0',
    id: `id-${String(event.event_type)}`,
    source: '/fuzz',
    type: event.event_type ?? '',
    subject: event.correlation_id ?? '',
    time: event.occurred_at ?? '',
    datacontenttype: 'application/json',
    priority: 'High',
    stakeholders: 'SRE, pmo',
    language: 'en',
    data: event.data ?? {},
  }
}

/** The same event twice, and one of the same id from elsewhere. */
function namesakes([event = {}]: readonly JsonObject[]): JsonObject[] {
  return [event, event, { ...event, source: '/elsewhere' }]
}

function message(type: string, body: Json): Message {
  return { headers: [['content-type', type]], body: Buffer.from(JSON.stringify(body)) }
}

function binary({ data, datacontenttype, ...attributes }: JsonObject): Message {
  const headers = Object.entries(attributes).map(
    ([name, value]) => [`ce-${name}`, encodeURIComponent(String(value).toWellFormed())] as const,
  )
  return { headers: [['content-type', String(datacontenttype)], ...headers], body: Buffer.from(JSON.stringify(data)) }
}

/** A message of any mode that is right, or nearly. */
function freshMessage(random: Random): Buffer {
  const make = (): JsonObject => {
    const type = random.pick(SENT_TYPES)
    const subject = random.oneIn(2)
      ? { subject: random.pick([...ENCODABLE, anyText(random, CE_WORDS).slice(0, 200)]) }
      : {}
    const time = random.oneIn(3) ? { time: random.pick(TIMES) } : {}
    const data = random.oneIn(4) ? sampleEvents()[0]?.data : sentDataFor(CARD_DATA[EVENT_TYPES[type].card], random)
    const named = random.oneIn(4)
      ? { priority: ' low ', language: random.pick(['en', 'ar']), stakeholders: 'sre,PMO' }
      : {}
    const id = random.pick(['1', '2', anyText(random, CE_WORDS)])
    return {
      specversion: '1.0',
      id,
      source: random.pick(['/a', '/b']),
      type,
      ...subject,
      ...time,
      ...named,
      data: data ?? {},
    }
  }
  const mode = random.whole(4)
  if (mode === 0) return writeMessage(message(STRUCTURED, make()))
  if (mode === 1 && random.oneIn(3)) return writeMessage(message(STRUCTURED, inBase64(make())))
  if (mode === 1) return writeMessage(message(BATCH, Array.from({ length: 1 + random.whole(4) }, make)))
  return writeMessage(binary({ ...make(), datacontenttype: 'application/json' }))
}

/** As SDKs write data that they were given as bytes. */
function inBase64({ data, ...event }: JsonObject): JsonObject {
  return { ...event, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') }
}

/** A header more, less, or with another value, which is bytes: raw ones, percent-encoded ones, or quoted ones. */
function mutateHeaders(headers: Message['headers'], random: Random): Message['headers'] {
  const at = random.whole(headers.length)
  const old = headers[at]
  if (old === undefined || random.oneIn(4)) return [...headers, [random.pick(HEADERS), headerText('', random)]]
  if (random.oneIn(4)) return headers.filter((_, i) => i !== at)
  const [name, value] = old
  const type = name === 'content-type' && random.oneIn(2)
  const changed = [name, type ? random.pick(MEDIA_TYPES) : headerText(random.oneIn(2) ? value : '', random)] as const
  return headers.map((header, i) => (i === at ? changed : header))
}

function headerText(before: string, random: Random): string {
  const text = random.pick([random.pick(CE_WORDS), anyText(random, CE_WORDS), random.pick(ENCODABLE)])
  const ways = [
    text,
    encodeURIComponent(text.toWellFormed()),
    encodeURIComponent(encodeURIComponent(text.toWellFormed())),
    `"${text}"`,
    `"\\${text}"`,
    Buffer.from(text).toString('latin1'),
  ]
  return (before + random.pick(ways)).replace(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 2_000)
}

/** The events of an accepted message, by the specification (HTTP binding 1.0.2, section 3) and not by our code. */
function sentIn(headers: Readonly<Record<string, string>>, body: Buffer): Sent[] {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  const value = body.length === 0 ? undefined : readJson(body.toString())
  if (type === STRUCTURED) return [sentAs(isObject(value) ? value : {})]
  if (type === BATCH) return Array.isArray(value) ? value.map((item) => sentAs(isObject(item) ? item : {})) : []
  if (headers['ce-specversion'] === undefined) {
    const items = Array.isArray(value) ? value : [value]
    return items.map((item) => {
      const event = isObject(item) ? item : {}
      const { event_type, correlation_id, occurred_at, idempotency_key, ...rest } = event
      return {
        ...sentAs(rest),
        type: event_type,
        correlationId: correlation_id,
        occurredAt: occurred_at,
        key: idempotency_key,
      }
    })
  }
  const attribute = (name: string) => {
    const text = headers[`ce-${name}`]
    if (text === undefined) return undefined
    const quoted = /^"(.*)"$/s.exec(text)?.[1]
    return decodeURIComponent(quoted === undefined ? text : quoted.replace(/\\(.)/gs, '$1'))
  }
  const names = ['id', 'source', 'type', 'subject', 'time', 'priority', 'language']
  return [sentAs({ ...Object.fromEntries(names.map((name) => [name, attribute(name)])), data: value })]
}

function sentAs(event: Readonly<Record<string, unknown>>): Sent {
  return {
    type: event.type,
    correlationId: event.subject,
    occurredAt: event.time,
    priority: event.priority,
    language: event.language,
    key: typeof event.id === 'string' ? JSON.stringify([event.source, event.id]) : undefined,
    data:
      typeof event.data_base64 === 'string'
        ? readJson(Buffer.from(event.data_base64, 'base64').toString())
        : event.data,
  }
}
