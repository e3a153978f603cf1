import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import type { AcceptedEvent } from '../../src/contract/events.ts'
import { isObject } from '../../src/kernel/json.ts'
import { hold } from '../target.ts'

/** One event as its sender wrote it, read without any code of the gateway. */
export interface Sent {
  readonly type: unknown
  readonly correlationId: unknown
  readonly occurredAt: unknown
  readonly priority: unknown
  readonly language: unknown
  readonly key: unknown
  readonly data: unknown
}

type Row = Pick<AcceptedEvent, 'eventType' | 'correlationId' | 'priority' | 'data' | 'occurredAt' | 'language'>

const ALIASES = new Map<unknown, string>(
  Object.entries(EVENT_TYPES).flatMap(([name, row]) => [
    [name, name] as const,
    ...('aliases' in row ? row.aliases.map((alias) => [alias, name] as const) : []),
  ]),
)

/** The fields that each type declares. */
const DECLARED = new Map<string, ReadonlySet<string>>(
  Object.entries(EVENT_TYPES).map(([name, { card }]) => [name, new Set(Object.keys(CARD_DATA[card].shape))]),
)

/** An accepted event says what its sender said, of what its type declares. `patients`: it names some, whose values are gone, so texts may differ. */
export function holdSent(sent: Sent, row: Row, patients: boolean): void {
  const same = (what: string, given: unknown, kept: unknown) =>
    hold(given === kept, 'stored', () => `${what}: ${JSON.stringify(kept)} is kept of ${JSON.stringify(given)}`)
  same('type', ALIASES.get(sent.type), row.eventType)
  if (isText(sent.priority)) same('priority', sent.priority.trim().toUpperCase(), row.priority)
  if (isText(sent.language)) same('language', sent.language, row.language)
  if (isText(sent.occurredAt) && !saysNothing(sent.occurredAt))
    same('time', timeOf(sent.occurredAt), row.occurredAt.getTime())
  const declared = DECLARED.get(row.eventType)
  for (const name of Object.keys(row.data))
    hold(
      declared?.has(name) === true,
      'declared',
      () => `data.${name} is kept, and ${row.eventType} does not declare it`,
    )
  if (patients) return
  if (isText(sent.correlationId) && !isStartOf(row.correlationId, sent.correlationId, 200))
    same('correlation id', sent.correlationId, row.correlationId)
  const all = isObject(sent.data) ? Object.entries(sent.data) : []
  const data = Object.fromEntries(all.filter(([name]) => declared?.has(mended(name))))
  const lost = differs(data, row.data, 'data')
  hold(lost === undefined, 'stored', () => `${lost} is not what was sent`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Empty text, and Go's zero time. */
function saysNothing(value: unknown): boolean {
  return typeof value === 'string' && (mended(value) === '' || mended(value).startsWith('0001-01-01'))
}

/** A URL that is left out because half of one leads elsewhere. */
function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > 2_000 && /^https?:/i.test(value)
}

/** Whether a text is the start of a long one, with a mark where it was cut. Nothing short is ever cut. */
function isStartOf(kept: string, given: string, shortest: number): boolean {
  const start = kept.slice(0, kept.indexOf('…')).trimEnd()
  return given.length > shortest && kept.includes('…') && start.length > 20 && mended(given).startsWith(start)
}

/** A time in milliseconds, where a leap second is the second before it; NaN for text that is none. */
function timeOf(text: string): number {
  return /^\d{4}-\d\d-\d\d[T ]/.test(text) ? new Date(text.replace(/:60(?:\.\d+)?/, ':59')).getTime() : Number.NaN
}

/**
 * Where what is kept says less or else than what was given: undefined for nowhere. Ids may be text that came as
 * numbers, what says nothing may be absent, times may be written otherwise, and items of lists lose fields that their
 * type does not know.
 */
function differs(given: unknown, kept: unknown, at: string): string | undefined {
  if (typeof given === 'string')
    return mended(given) === kept || (isText(kept) && (timeOf(given) === timeOf(kept) || isStartOf(kept, given, 200)))
      ? undefined
      : at
  if (typeof given === 'number')
    return Object.is(given + 0, kept) || given === kept || String(given) === kept ? undefined : at
  if (Array.isArray(given)) {
    if (!Array.isArray(kept) || kept.length !== given.length) return at
    return first(given.map((item, i) => () => differs(item, kept[i], `${at}[${i}]`)))
  }
  if (!isObject(given)) return given === kept || (given === null && kept === undefined) ? undefined : at
  if (!isObject(kept)) return at
  return first(
    Object.entries(given).map(([key, item]) => () => {
      const name = mended(key)
      if (!Object.hasOwn(kept, name))
        return item === null || saysNothing(item) || isLong(item) || at !== 'data' ? undefined : `${at}.${name}`
      return differs(item, kept[name], `${at}.${name}`)
    }),
  )
}

/** What PostgreSQL and UTF-8 can not hold. */
function mended(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed()
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check()
    if (found !== undefined) return found
  }
  return undefined
}
