import type { AcceptedEvent } from '../../src/contract/events.ts'
import type { Matcher } from '../../src/contract/silences.ts'
import { isObject } from '../../src/kernel/json.ts'

/** An event on its way to a channel. */
export type Subject = Pick<AcceptedEvent, 'eventType' | 'priority' | 'stakeholders' | 'correlationId' | 'data'> & {
  readonly channel: string
}

/** Whether all matchers fit, decided anew: by a table of every prefix against every prefix, and not by `matchesPattern`. */
export function allFit(matchers: readonly Matcher[], subject: Subject): boolean {
  return matchers.every(({ field, operator, value }) => {
    const fitting = valuesOf(field, subject).some((text) => fitsByTable(value, text))
    return operator === '=' ? fitting : !fitting
  })
}

function valuesOf(field: string, subject: Subject): readonly string[] {
  const { eventType, priority, stakeholders, correlationId, channel, data } = subject
  const named = new Map<string, readonly string[]>([
    ['event_type', [eventType]],
    ['priority', [priority]],
    ['stakeholder', stakeholders],
    ['correlation_id', [correlationId]],
    ['channel', [channel]],
  ])
  const known = named.get(field)
  if (known) return known
  const value = at(data, field.slice('data.'.length).split('.'))
  return ['string', 'number', 'boolean'].includes(typeof value) ? [String(value)] : []
}

/** The value under a path, where the whole of what is left of it may also be one key. */
function at(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || !isObject(value)) return undefined
  const whole = [key, ...rest].join('.')
  if (Object.hasOwn(value, whole)) return value[whole]
  return rest.length > 0 && Object.hasOwn(value, key) ? at(value[key], rest) : undefined
}

/** For each prefix of the pattern: the prefixes of the text that it fits. */
function fitsByTable(pattern: string, text: string): boolean {
  let row = Array.from({ length: text.length + 1 }, (_, i) => i === 0)
  for (const letter of pattern.split('')) {
    const next: boolean[] = []
    for (let i = 0; i <= text.length; i++) {
      const before = i > 0 && (letter === '*' ? next[i - 1] === true : row[i - 1] === true && text[i - 1] === letter)
      next.push(before || (letter === '*' && row[i] === true))
    }
    row = next
  }
  return row[text.length] === true
}
