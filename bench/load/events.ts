import { EVENT_TYPES, isSendable } from '../../src/catalogue/event-types.ts'
import { SAMPLES } from '../../test/cards/samples.ts'

/** An event as a caller posts it. */
export interface PostedEvent {
  readonly event_type: string
  readonly correlation_id: string
  readonly occurred_at: string
  readonly data: unknown
}

type BuiltIn = keyof typeof EVENT_TYPES
/** All types that callers may send. */
const TYPES = (Object.keys(EVENT_TYPES) as BuiltIn[]).filter(isSendable)

/**
 * The nth event of a load: the types of the catalogue in turn, each with realistic data, its own priority and its own
 * groups, so that all eight channels get what the catalogue gives them. The samples are as they look once accepted;
 * here patient ids are whole, so that hiding them costs what it costs. Correlation ids differ, or later ones would be
 * repeats of the first.
 */
export function mixedEvent(nth: number, name: string): PostedEvent {
  const type = TYPES[nth % TYPES.length] ?? 'vault.seal.detected'
  return eventOf(type, nth, name)
}

/** One event of one type. */
export function eventOf(type: BuiltIn, nth: number, name: string): PostedEvent {
  return {
    event_type: type,
    correlation_id: `${name}-${nth}`,
    occurred_at: new Date().toISOString(),
    data: unmasked(SAMPLES[type].data, nth),
  }
}

/** `P••••6789` becomes `P1000426789`. */
function unmasked(value: unknown, nth: number): unknown {
  if (typeof value === 'string') return value.replace('••••', String(10_000 + (nth % 90_000)))
  if (Array.isArray(value)) return value.map((item) => unmasked(item, nth))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unmasked(item, nth)]))
  return value
}
