import type { AcceptedEvent } from '../../contract/events.ts'
import type { Matcher, Silence } from '../../contract/silences.ts'
import { isObject, type Json } from '../../kernel/json.ts'
import { stateAt } from './times.ts'

/** What a silence looks at: an event as it was accepted, patient data dealt with, on its way to one channel. */
export interface SilenceSubject
  extends Pick<AcceptedEvent, 'eventType' | 'priority' | 'stakeholders' | 'correlationId' | 'data'> {
  /** Key of the channel. */
  readonly channel: string
}

/** What a matcher on a field of the event's data begins with. */
export const DATA_PREFIX = 'data.'

/** The silence that keeps the notification back at a moment; where several do, the one that was made first. */
export function silencing(silences: readonly Silence[], subject: SilenceSubject, now: Date): Silence | undefined {
  let first: Silence | undefined
  for (const silence of silences) {
    if (first !== undefined && !isEarlier(silence, first)) continue
    if (stateAt(silence, now) === 'active' && silence.matchers.every((matcher) => matches(matcher, subject)))
      first = silence
  }
  return first
}

function isEarlier(one: Silence, other: Silence): boolean {
  const difference = one.createdAt.getTime() - other.createdAt.getTime()
  return difference < 0 || (difference === 0 && one.id < other.id)
}

function matches({ field, operator, value }: Matcher, subject: SilenceSubject): boolean {
  const values = valuesOf(field, subject)
  if (values === undefined) return false
  const fitting = values.some((own) => fits(value, own))
  return operator === '=' ? fitting : !fitting
}

/**
 * What the subject has in a field: several values for stakeholders, none for data that are absent. Undefined for a field
 * that only a newer version knows: what a silence meant by it can not be told, so it keeps nothing back.
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

/** A field of the data, or of an object in them: `labels.alertname`. A key that has the dot itself goes before. */
function dataAt(data: Json | undefined, path: string): Json | undefined {
  if (!isObject(data)) return undefined
  if (Object.hasOwn(data, path)) return data[path] as Json
  const dot = path.indexOf('.')
  const key = path.slice(0, dot)
  return dot > 0 && Object.hasOwn(data, key) ? dataAt(data[key] as Json, path.slice(dot + 1)) : undefined
}

/** The keys of an event's data that the matchers look at: enough to read of it. */
export function dataKeysOf(matchers: readonly Matcher[]): readonly string[] {
  const paths = matchers
    .map(({ field }) => field)
    .filter((field) => field.startsWith(DATA_PREFIX))
    .map((field) => field.slice(DATA_PREFIX.length))
  return [...new Set(paths.flatMap((path) => [path, path.split('.', 1)[0] ?? path]))]
}

/**
 * True where the text fits the pattern, in which each `*` stands for any text, also for none; every other character stands
 * for itself, and letter case counts.
 *
 * Each piece between two stars is looked for where the one before it ended, and never again: so the time grows with the
 * length of the text, whatever pattern somebody thinks of. A regular expression made of the pattern would go back and
 * forth for as long as its author likes.
 */
export function fits(pattern: string, text: string): boolean {
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
