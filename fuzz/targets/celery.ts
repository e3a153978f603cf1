import type { CeleryDefinition } from '../../src/catalogue/celery-definition.ts'
import type { Acceptor } from '../../src/intake/acceptor.ts'
import { isObject, type Json } from '../../src/kernel/json.ts'
import { conditionsOf, moreOf, overOf } from '../../src/sources/celery/conditions.ts'
import { type CeleryEvent, type ReadBody, readEnvelope, readEventBody } from '../../src/sources/celery/events.ts'
import { rawMembers } from '../../src/sources/celery/raw-json.ts'
import { readRecord } from '../../src/sources/celery/results.ts'
import { taskEvent } from '../../src/sources/celery/task-events.ts'
import { createTaskMemory } from '../../src/sources/celery/task-memory.ts'
import { createWorkers } from '../../src/sources/celery/workers.ts'
import { compareLook } from '../../src/sources/poll.ts'
import type { SourceEvent } from '../../src/sources/source.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { anyText, disguised, markedId } from '../mutate/texts.ts'
import { scalarsIn } from '../properties/python.ts'
import { holdHidden, holdPlain, holdSame, holdTaken } from '../properties/read-outside.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { createChecks } from './checks.ts'
import { definitionOf, HARMLESS, NOW, watchedCatalogue } from './watched.ts'

/** Fields of events and records whose texts are shown: names, and no argument. */
const SHOWN = ['type', 'hostname', 'uuid', 'name', 'queue', 'task_id', 'status', 'worker']
const WORDS = [
  ...SHOWN,
  ...['args', 'kwargs', 'exception', 'traceback', 'result', 'retries', 'timestamp', 'freq', 'active', 'requeue'],
  ...['expired', 'terminated', 'exc_type', 'exc_message', 'body', 'properties', 'body_encoding', 'base64'],
  ...['task-sent', 'task-received', 'task-started', 'task-failed', 'task-retried', 'task-revoked', 'task-rejected'],
  ...['worker-online', 'worker-heartbeat', 'worker-offline', 'FAILURE', 'ChordError', "{'payer': 'TAWUNIYA'}"],
  ...["NphiesError('HTTP 502')", 'ExceptionWithTraceback()', 'x\nbilliard.exceptions.TimeLimitExceeded: 30\n'],
]
/** Events of one body, and conditions, have a limit each; what is read of an event has no more than its names. */
const MOST_EVENT_CHARACTERS = 6_000

/** Bodies of Celery's events, kombu's envelopes, and result records: each input is read as all three. */
export const target: Target = {
  name: 'celery',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 4,
  maxSteps: (bytes) => 6_000 + 60 * bytes,
  seeds: () => [
    Buffer.from(JSON.stringify([eventOf('task-received', "{'payer': 'BUPA'}"), eventOf('task-failed', '{}')])),
    Buffer.from(JSON.stringify({ type: 'worker-online', hostname: 'celery@a', timestamp: 1, freq: 2, active: 0 })),
    Buffer.from(JSON.stringify({ task_id: 'a', status: 'FAILURE', result: { exc_type: 'ChordError' } })),
  ],
  mutate(input, other, random) {
    const value = parsed(input)
    if (isObject(value) && typeof value.body === 'string' && random.oneIn(2)) {
      const body = mutateBody(Buffer.from(value.body, 'base64'), other, random, WORDS)
      return Buffer.from(JSON.stringify({ ...value, body: body.toString('base64') }))
    }
    if (random.oneIn(4)) {
      const made = eventOf(random.pick(['task-received', 'task-sent', 'task-failed']), dictionary(random))
      return mutateBody(Buffer.from(JSON.stringify([made])), other, random, WORDS)
    }
    return mutateBody(input, other, random, WORDS)
  },
  async open(): Promise<OpenTarget> {
    const catalogue = watchedCatalogue()
    const check = createChecks(catalogue)
    const definition = definitionOf(catalogue, 'celery')
    return {
      async run(bytes, thorough) {
        return [
          ...holdBody(bytes, bytes, readEventBody, { check, definition, thorough }),
          ...holdBody(bytes, bodyIn(bytes), readEnvelope, { check, definition, thorough }),
          ...holdEnveloped(bytes),
          ...holdRecord(bytes),
          ...holdMembers(bytes),
        ]
      },
      async close() {},
    }
  },
}

function eventOf(type: string, kwargs: string): Json {
  return {
    type,
    kwargs,
    hostname: 'celery@a',
    uuid: 'fcb00dba-8ec6-4175-9bdb-c36a78970156',
    name: 'tasks.nphies.submit_claim',
    args: "('ZX12345678',)",
    retries: 1,
    timestamp: 1_795_288_737.89,
    exception: "NphiesError('HTTP 502 for patient ZX87654321')",
    traceback: 'Traceback\n  File "a.py", line 1\nNphiesError: HTTP 502 for patient ZX87654321\n',
  }
}

/** A dictionary as Python writes it: with harmless values, and others that may look like them. */
function dictionary(random: Random): string {
  const scalar = (): string => {
    const quote = random.pick(["'", '"'])
    const text = random.oneIn(2) ? disguised(markedId(random), random) : anyText(random, HARMLESS)
    const escaped = text.replace(/[\\\n]/g, '\\n')
    return random.pick([
      quote + (random.oneIn(4) ? escaped : escaped.replaceAll(quote, '')) + quote,
      String(random.whole(1_000)),
      'True',
      'None',
      `[1, ${quote}payer${quote}: 2]`,
      `{'a': 1, 'payer': '${markedId(random)}'}`,
      `<Patient payer: '${markedId(random)}', 'payer': 'x'>`,
    ])
  }
  const entries = Array.from({ length: random.whole(5) }, () => {
    const key = random.pick([...HARMLESS, 'patient', 'claim'])
    return `'${key}': ${scalar()}`
  })
  return `{${entries.join(', ')}${random.oneIn(6) ? '...' : '}'}`
}

/** The body in an envelope, as kombu says it; undefined where there is none. */
function bodyIn(bytes: Buffer): Buffer | undefined {
  const envelope = parsed(bytes)
  if (!isObject(envelope) || typeof envelope.body !== 'string') return undefined
  const { properties } = envelope
  const isBase64 = isObject(properties) && properties.body_encoding === 'base64'
  return Buffer.from(envelope.body, isBase64 ? 'base64' : 'utf8')
}

interface Parts {
  readonly check: Acceptor['check']
  readonly definition: CeleryDefinition
  readonly thorough: boolean
}

function holdBody(
  bytes: Buffer,
  body: Buffer | undefined,
  read: (bytes: Buffer, harmless: readonly string[]) => ReadBody,
  { check, definition, thorough }: Parts,
): readonly string[] {
  const { events, unreadable } = read(bytes, [])
  const value = body === undefined ? undefined : parsed(body)
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  hold(events.length + unreadable === items.length, 'same', () => `${items.length} events are not counted once each`)
  if (events.length === 0) return ['nothing read']
  const kept = read(bytes, HARMLESS)
  if (thorough) holdSame(kept, read(bytes, HARMLESS), 'read again')
  holdSame(
    { events, unreadable },
    { ...kept, events: kept.events.map(withoutHarmless) },
    'without the values that are harmless',
  )
  holdPlain(kept, MOST_EVENT_CHARACTERS * events.length + 100, 'what is read')
  const given = items.filter(isObject)
  holdHidden(given, given.flatMap(shownOf), events, 'an event')
  holdHarmless(given, kept.events)
  holdTaken(check, reportsOf(kept.events, definition))
  return [...new Set(kept.events.map((event) => `${event.step} ${Object.keys(event).join()}`))]
}

function withoutHarmless(event: CeleryEvent): CeleryEvent {
  const { harmless: _, ...rest } = event as CeleryEvent & { readonly harmless?: unknown }
  return rest as CeleryEvent
}

/** The texts of an event that are no patient data: names, and the class of its exception. */
function shownOf(event: Readonly<Record<string, unknown>>): unknown[] {
  const { exception, result } = event
  const name = typeof exception === 'string' ? (/^\w+(?=\()/.exec(exception)?.[0] ?? '') : ''
  return [...SHOWN.map((field) => event[field]), name, isObject(result) ? result.exc_type : '']
}

/** Every value that is kept as harmless stands under its name in the keyword arguments of one of the events. */
function holdHarmless(given: readonly Readonly<Record<string, unknown>>[], events: readonly CeleryEvent[]): void {
  const kept = events.flatMap((event) => ('harmless' in event ? Object.entries(event.harmless ?? {}) : []))
  if (kept.length === 0) return
  const written = new Set(
    given.flatMap(({ kwargs }) => (typeof kwargs === 'string' ? scalarsIn(kwargs, HARMLESS) : [])),
  )
  for (const [name, value] of kept)
    hold(
      written.has(`${name}=${value}`),
      'patient',
      () => `${JSON.stringify(value).slice(0, 100)} is kept as ${name}, and is no value of it`,
    )
}

/** The events that the source makes of what was read: about tasks, and about workers that are silent afterwards. */
function reportsOf(events: readonly CeleryEvent[], definition: CeleryDefinition): readonly SourceEvent[] {
  const now = NOW.getTime()
  const tasks = createTaskMemory(100)
  const workers = createWorkers(definition.workerOfflineMs, undefined, now)
  const reports: SourceEvent[] = []
  for (const event of events) {
    if (event.about === 'worker') workers.note(event, now)
    const end = event.about === 'task' ? tasks.note(event, now) : undefined
    const report = end && taskEvent(end, definition, NOW)
    if (report !== undefined) reports.push(report)
  }
  const seen = { queues: [], deadLetters: [], missing: undefined, dropped: 0 }
  const options = { ...definition, openAfterMs: 0, over: overOf, more: moreOf }
  for (const at of [now, now + 86_000_000]) {
    const conditions = conditionsOf({ ...seen, workers: workers.look(at, () => undefined) }, definition)
    holdPlain(workers.save(), 500 * 400, 'the workers of a checkpoint')
    reports.push(...compareLook([], { conditions }, new Date(at), options).events)
  }
  return reports
}

/** A body in an envelope is read as it is by itself. */
function holdEnveloped(bytes: Buffer): readonly string[] {
  const envelope = { body: bytes.toString('base64'), properties: { body_encoding: 'base64' } }
  holdSame(readEventBody(bytes, []), readEnvelope(Buffer.from(JSON.stringify(envelope)), []), 'in an envelope')
  return []
}

function holdRecord(bytes: Buffer): readonly string[] {
  const record = readRecord(bytes)
  if (record === undefined) return ['no record']
  const given = parsed(bytes)
  holdPlain(record, MOST_EVENT_CHARACTERS, 'a record')
  if (isObject(given)) holdHidden(given, shownOf(given), record, 'a record')
  return [`record ${Object.keys(record).join()}`]
}

/** The raw texts of an object's members say what the object says: a task that is queued again gets its arguments byte for byte. */
function holdMembers(bytes: Buffer): readonly string[] {
  const members = rawMembers(bytes.toString())
  if (members === undefined) return []
  const read = Object.fromEntries([...members].map(([name, raw]): [string, unknown] => [name, JSON.parse(raw)]))
  holdSame(parsed(bytes), read, 'member by member')
  return ['members']
}
