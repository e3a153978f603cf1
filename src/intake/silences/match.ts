import type { AcceptedEvent } from '../../contract/events.ts'
import type { Matcher, Silence } from '../../contract/silences.ts'
import { isObject, type Json } from '../../kernel/json.ts'
import { stateAt } from './times.ts'

/** The properties that matchers compare: of an accepted event, after masking, and of one channel. */
export interface SilenceSubject
  extends Pick<AcceptedEvent, 'eventType' | 'priority' | 'stakeholders' | 'correlationId' | 'data'> {
  /** Key of the channel. */
  readonly channel: string
}

/** Prefix of a matcher's field that is a field of the event's data. */
export const DATA_PREFIX = 'data.'

/** The active silence that matches; of several, the one created first. Undefined without a match. */
export function findSilence(silences: readonly Silence[], subject: SilenceSubject, now: Date): Silence | undefined {
  let first: Silence | undefined
  for (const silence of silences) {
    if (first !== undefined && !isEarlier(silence, first)) continue
    if (stateAt(silence, now) === 'active' && silence.matchers.every((matcher) => matches(matcher, subject)))
      first = silence
  }
  return first
}

function isEarlier(a: Silence, b: Silence): boolean {
  const difference = a.createdAt.getTime() - b.createdAt.getTime()
  return difference < 0 || (difference === 0 && a.id < b.id)
}

function matches({ field, operator, value }: Matcher, subject: SilenceSubject): boolean {
  const values = valuesOf(field, subject)
  if (values === undefined) return false
  const isMatch = values.some((candidate) => matchesPattern(value, candidate))
  return operator === '=' ? isMatch : !isMatch
}

/**
 * The values of a field: several for stakeholders, none for absent data. Undefined for a field that only a newer version
 * knows: its meaning is unknown here, so the matcher matches nothing.
 */
function valuesOf(field: string, subject: SilenceSubject): readonly string[] | undefined {
  if (field.startsWith(DATA_PREFIX)) {
    const value = dataAt(subject.data, field.slice(DATA_PREFIX.length))
    const comparable = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    return comparable ? [String(value)] : []
  }
  switch (field) {
    case 'event_type':
      return [subject.eventType]
    case 'priority':
      return [subject.priority]
    case 'channel':
      return [subject.channel]
    case 'stakeholder':
      return subject.stakeholders
    case 'correlation_id':
      return [subject.correlationId]
    default:
      return undefined
  }
}

/** A field of the data or of a nested object: `labels.alertname`. A key that contains the dot has precedence. */
function dataAt(data: Json | undefined, path: string): Json | undefined {
  if (!isObject(data)) return undefined
  if (Object.hasOwn(data, path)) return data[path] as Json
  const dot = path.indexOf('.')
  const key = path.slice(0, dot)
  return dot > 0 && Object.hasOwn(data, key) ? dataAt(data[key] as Json, path.slice(dot + 1)) : undefined
}

/** The top-level keys of event data that the matchers compare, so that a query reads no others. */
export function dataKeysOf(matchers: readonly Matcher[]): readonly string[] {
  const paths = matchers
    .map(({ field }) => field)
    .filter((field) => field.startsWith(DATA_PREFIX))
    .map((field) => field.slice(DATA_PREFIX.length))
  return [...new Set(paths.flatMap((path) => [path, path.split('.', 1)[0] ?? path]))]
}

/**
 * True where the text matches the pattern. `*` matches any text, including empty text; other characters match themselves,
 * case-sensitively.
 *
 * Each piece between two stars is searched once, from the end of the piece before it, so time is linear in the length of
 * the text for every pattern. Rejected: a regular expression made from the pattern, whose backtracking can be exponential.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return text === pattern
  const end = text.length - last.length
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
