import { CATALOGUE } from '../../src/events/catalogue.ts'
import type { AcceptedEvent } from '../../src/events/event.ts'
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
  Object.entries(CATALOGUE).flatMap(([name, row]) => [
    [name, name] as const,
    ...('aliases' in row ? row.aliases.map((alias) => [alias, name] as const) : []),
  ]),
)

/** An accepted event says what its sender said. `patients`: it names some, whose values are gone, so texts may differ. */
export function holdSent(sent: Sent, row: Row, patients: boolean): void {
  const same = (what: string, given: unknown, kept: unknown) =>
    hold(given === kept, 'stored', () => `${what}: ${JSON.stringify(kept)} is kept of ${JSON.stringify(given)}`)
  same('type', ALIASES.get(sent.type), row.eventType)
  if (typeof sent.priority === 'string') same('priority', sent.priority.trim().toUpperCase(), row.priority)
  if (typeof sent.language === 'string') same('language', sent.language, row.language)
  if (typeof sent.occurredAt === 'string') same('time', new Date(sent.occurredAt).getTime(), row.occurredAt.getTime())
  if (patients) return
  if (typeof sent.correlationId === 'string') same('correlation id', sent.correlationId, row.correlationId)
  const lost = differs(sent.data ?? {}, row.data, 'data')
  hold(lost === undefined, 'stored', () => `${lost} is not what was sent`)
}

/**
 * Where what is kept says less or else than what was given: undefined for nowhere. Ids may be text that came as
 * numbers, null may be absent, and items of lists lose fields that their type does not know.
 */
function differs(given: unknown, kept: unknown, at: string): string | undefined {
  if (typeof given === 'string') return mended(given) === kept ? undefined : at
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
      if (!Object.hasOwn(kept, name)) return item === null || at !== 'data' ? undefined : `${at}.${name}`
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
