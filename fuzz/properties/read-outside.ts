import { isDeepStrictEqual } from 'node:util'
import type { Acceptor } from '../../src/intake/acceptor.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import type { SourceEvent } from '../../src/sources/source.ts'
import { hold } from '../target.ts'
import { fold, unescaped } from './read.ts'

/** Two readings of the same bytes are alike. `how` says how the second one was made. */
export function holdSame(first: unknown, second: unknown, how: string): void {
  hold(isDeepStrictEqual(first, second), 'same', () => `${how}: ${shown(second)}, and not ${shown(first)}`)
}

/** A value is JSON as it stands, and has at most so many characters there. */
export function holdPlain(value: unknown, mostCharacters: number, what: string): void {
  const text = JSON.stringify(value, (key, item: unknown) => {
    hold(typeof item !== 'number' || Number.isFinite(item), 'plain', () => `${key} of ${what} is the number ${item}`)
    return item
  })
  hold(text.length <= mostCharacters, 'plain', () => `${what} has ${text.length} characters of ${mostCharacters}`)
}

/** The gateway takes every event that a source makes: one that it refuses would hold up all that come after it. */
export function holdTaken(check: Acceptor['check'], events: readonly SourceEvent[]): void {
  for (const event of events)
    try {
      check([event], { bySource: true })
    } catch (error) {
      if (!isGatewayError(error)) throw error
      const [problem] = error.problems
      hold(false, 'taken', () => `${event.eventType} is refused: ${problem?.at}: ${problem?.found}`)
    }
}

/** The marked values of a text. */
function marksIn(text: string): string[] {
  return [...new Set(fold(unescaped(text)).match(/zx\d{6,}/g) ?? [])]
}

/** No marked value of `given` is in `kept`, but for those that stand in `shown`, which may be kept. */
export function holdHidden(given: unknown, shown: readonly unknown[], kept: unknown, what: string): void {
  const marks = marksIn(JSON.stringify(given) ?? '')
  if (marks.length === 0) return
  // A name is shown without what is no character, which may stand between two parts of a value.
  const names = shown.flatMap((text) => (typeof text === 'string' ? [text, text.replace(/\p{C}/gu, '')] : []))
  const allowed = fold(unescaped(names.join('\n')))
  const all = fold(unescaped(JSON.stringify(kept)))
  for (const mark of marks)
    hold(allowed.includes(mark) || !all.includes(mark), 'patient', () => `${what} has the argument text ${mark}`)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200)
}
