import { isDeepStrictEqual } from 'node:util'
import type { CheckedEvent } from '../../src/intake/check-event.ts'
import { holdPatients, patientValues } from '../properties/patient.ts'
import { fold } from '../properties/read.ts'
import { holdRefusal, textsIn } from '../properties/refusal.ts'
import { holdSent, type Sent } from '../properties/stored.ts'
import { hold, type OpenTarget } from '../target.ts'
import type { StoredEvent } from './database-thread.ts'
import { type Answer, type FuzzGateway, openGateway } from './gateway.ts'

/** A request as a target reads it out of an input. */
export interface Request {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The events that it holds, read anew and not by the gateway. Asked for only when it was accepted. */
  sent(): readonly Sent[]
}

/** A target that sends requests to a gateway, and what has to hold for each of them. */
export async function openRequests(read: (input: Buffer) => Request): Promise<OpenTarget> {
  const gateway = await openGateway()
  await gateway.database.empty()
  return {
    async run(input, thorough) {
      const request = read(input)
      const answer = await gateway.send(request.headers, request.body, thorough)
      const written = thorough ? await gateway.database.stored() : []
      if (answer.status !== 202) {
        hold(written.length === 0, 'whole', () => `${written.length} events are stored of a refused request`)
        const traits = holdRefusal(answer.status, answer.body, textsOf(request))
        hold(!/"level":"(?:error|fatal)"/.test(answer.log), 'refusal', () => `a refusal is logged as an error`)
        holdPatients(marksOf(request), answer.log, 'the log')
        if (answer.status === 409) holdReused(request.sent())
        return traits
      }
      try {
        const traits = holdAccepted(gateway, answer, request.sent())
        if (thorough) await holdWritten(gateway, answer, request, written)
        return traits
      } finally {
        // Also after a failure, or the rows of one failing input fail each input after it.
        if (thorough) await gateway.database.empty()
      }
    },
    close: () => gateway.close(),
  }
}

/** Texts of a request, for what must not be quoted. */
function textsOf({ headers, body }: Request): string[] {
  const texts = Object.values(headers).filter((value) => !value.includes('json'))
  try {
    return [...texts, ...textsIn(JSON.parse(body.toString()))]
  } catch {
    return [...texts, body.toString()]
  }
}

/** Marked values of a request, wherever they stand: nothing of a refused request belongs into a log. */
function marksOf({ body }: Request): string[] {
  return [
    ...new Set(
      body
        .toString()
        .toLowerCase()
        .match(/zx\d{6,}/g) ?? [],
    ),
  ]
}

function holdAccepted(gateway: FuzzGateway, answer: Answer, sent: readonly Sent[]): string[] {
  const { events } = JSON.parse(answer.body) as { events: { correlation_id: string }[] }
  const { checked = [] } = answer
  hold(sent.length > 0, 'whole', () => 'a request without events is accepted')
  hold(
    events.length === sent.length && checked.length === sent.length,
    'whole',
    () => `of ${sent.length} events ${checked.length} are checked and ${events.length} are answered`,
  )
  const traits = new Set<string>(['accepted'])
  for (const [i, event] of checked.entries()) {
    const one = sent[i] as Sent
    const patients = patientValues(one.data)
    for (const { data, correlationId = '' } of gateway.protectedBy(event)) {
      holdPatients(patients, JSON.stringify(data), 'the data')
      holdPatients(patients, correlationId, 'the correlation id')
    }
    holdPatients(patients, events[i]?.correlation_id ?? '', 'the answer')
    if (sent.length === 1) holdPatients(patients, answer.headers + answer.log, 'a header or the log')
    const [masked] = gateway.protectedBy(event)
    if (masked)
      holdSent(
        one,
        {
          eventType: event.definition.name,
          priority: event.priority,
          language: event.language,
          occurredAt: event.occurredAt ?? new Date(),
          correlationId: masked.correlationId ?? '',
          data: masked.data,
        },
        mayHidePatients(one),
      )
    traits.add(`accepted: ${event.definition.card}${patients.length > 0 ? ' with patients' : ''}`)
  }
  return [...traits]
}

/** Words and signs without which nothing is taken for patient data. */
const MAYBE_PATIENT =
  /patient|member|insured|beneficiar|subscriber|guardian|dependent|holder|newborn|nation|saudi|citizen|civil|iden|\bid|ssn|social|iqama|residen|border|visa|passport|mrn|record|file|policy|insuranc|health|iban|account|licen|plate|driv|vin|phone|mobile|cell|fax|whats|msisdn|tel|contact|mail|name|kin|birth|dob|death|date of|admission|discharge|address|street|post|zip|box|@|966|\p{Script=Arabic}|[a-z]{2}\d\d/iu

/** Whether anything of an event, or its correlation id, may be taken for patient data, so that texts may differ. */
function mayHidePatients({ data, correlationId }: Sent): boolean {
  return [...textsIn(data), String(correlationId ?? '')].some((text) => MAYBE_PATIENT.test(fold(text)))
}

interface Answered {
  readonly event_id: string
  readonly correlation_id: string
  readonly duplicate: boolean
  readonly notifications: readonly unknown[]
}

/** What is in the database is what was checked: all of it, and nothing else. */
async function holdWritten(
  gateway: FuzzGateway,
  answer: Answer,
  request: Request,
  rows: readonly StoredEvent[],
): Promise<void> {
  const { events } = JSON.parse(answer.body) as { events: readonly Answered[] }
  const { checked = [] } = answer
  const byId = new Map(rows.map((row) => [row.id, row]))
  const fresh = events.filter((event) => !event.duplicate)
  hold(rows.length === fresh.length, 'whole', () => `${rows.length} events are stored of ${fresh.length}`)
  const sent = request.sent()
  for (const [i, event] of events.entries()) {
    const row = byId.get(event.event_id)
    const asked = checked[i]
    hold(row !== undefined, 'stored', () => `event ${i} is answered and not stored`)
    const first = sent.findIndex(({ key }) => typeof key === 'string' && key === sent[i]?.key)
    const isSecond = first >= 0 && first < i
    hold(event.duplicate === isSecond, 'again', () => `event ${i} is ${isSecond ? 'no' : 'a'} duplicate`)
    if (isSecond && asked) holdSame(asked, checked[first], i)
    if (event.duplicate || asked === undefined) continue
    const data = gateway.protectedBy(asked)[0]?.data ?? {}
    const same = (what: string, is: unknown, was: unknown) =>
      hold(isDeepStrictEqual(is, was), 'stored', () => `${what}: ${shown(is)} is stored, ${shown(was)} was checked`)
    same('data', row.data, JSON.parse(JSON.stringify(data)))
    same('type', row.eventType, asked.definition.name)
    same('priority', row.priority, asked.priority)
    same('stakeholders', row.stakeholders, [...asked.stakeholders])
    same('language', row.language ?? undefined, asked.language)
    same('correlation id', row.correlationId, event.correlation_id)
    if (asked.occurredAt) same('time', row.occurredAt.getTime(), asked.occurredAt.getTime())
    same('number of notifications', row.notifications, event.notifications.length)
    hold(row.notifications > 0, 'stored', () => `event ${i} reaches no channel`)
    holdPatients(patientValues(sent[i]?.data), row.all, 'the row')
  }
  const rest = await gateway.database.rest()
  if (sent.length === 1) holdPatients(patientValues(sent[0]?.data), rest, 'another table')
  if (sent.every(({ key }) => typeof key === 'string')) await holdAgain(gateway, request, events, rows.length)
}

/** Into an empty database, a key is refused only where two events of the request have it. */
function holdReused(sent: readonly Sent[]): void {
  const keys = sent.map(({ key }) => key).filter((key) => typeof key === 'string')
  hold(new Set(keys).size < keys.length, 'again', () => 'a key is refused that came once')
}

/** An event that was answered as another one says the same. */
function holdSame(event: CheckedEvent, first: CheckedEvent | undefined, index: number): void {
  const same = first !== undefined && first.definition === event.definition && isDeepStrictEqual(first.data, event.data)
  hold(same, 'again', () => `event ${index} is answered as one that says something else`)
}

/** The same request again, all of whose events have keys. */
async function holdAgain(
  gateway: FuzzGateway,
  request: Request,
  events: readonly Answered[],
  stored: number,
): Promise<void> {
  const answer = await gateway.send(request.headers, request.body, true)
  const again = JSON.parse(answer.body) as { events: readonly Answered[] }
  const ids = (list: readonly Answered[]) => list.map((event) => event.event_id).join()
  hold(answer.status === 202 && again.events.every((event) => event.duplicate), 'again', () => 'it is no duplicate')
  hold(ids(again.events) === ids(events), 'again', () => 'the second answer is another one')
  const now = (await gateway.database.stored()).length
  hold(now === stored, 'again', () => `there are ${now} events, and were ${stored}`)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200)
}
