import { ERROR_CODES, type ErrorCode } from '../../src/kernel/error-codes.ts'
import { isObject } from '../../src/kernel/json.ts'
import { MARKED_INSIDE } from '../mutate/texts.ts'
import { hold } from '../target.ts'
import { fold, unescaped } from './read.ts'

/** Codes with which a request of events may be refused; no other one says anything about what was sent. */
const FOR_EVENTS: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid_event',
  'invalid_json',
  'invalid_request',
  'too_many_events',
  'unsupported_media_type',
  'body_too_large',
  // Only where two events of the request have one key: see `holdReused` in targets/requests.ts.
  'idempotency_key_reused',
])

/** Texts of an input shorter than this turn up by chance. */
const MIN_QUOTED_LENGTH = 12
/** What the gateway may quote: a name with a slip in it (CONTRIBUTING.md, 4; `unknownName` in src/intake/check-event.ts). */
const NAME = /^[A-Za-z_.\- ]*$/

/**
 * An answer that refuses: RFC 9457, a known code with its own status, and what {@link holdProblems} asks for.
 *
 * @returns traits: the code, and what was found where, without numbers
 */
export function holdRefusal(status: number, body: string, texts: readonly string[]): string[] {
  const problem: unknown = JSON.parse(body)
  hold(isObject(problem), 'refusal', () => 'the answer is no object')
  const { code, errors } = problem
  hold(typeof code === 'string' && Object.hasOwn(ERROR_CODES, code), 'refusal', () => `the code is ${String(code)}`)
  hold(FOR_EVENTS.has(code), 'refusal', () => `events are refused with ${code}: ${body.slice(0, 500)}`)
  hold(status === ERROR_CODES[code as ErrorCode].status, 'refusal', () => `${code} is answered with ${status}`)
  return holdProblems(code, errors, body, texts)
}

/**
 * Every problem has a place and two texts, and nothing in them came from the sender. `printed` is all that people get
 * to see, `texts` are the texts and keys of the input.
 */
export function holdProblems(code: string, problems: unknown, printed: string, texts: readonly string[]): string[] {
  hold(Array.isArray(problems) && problems.length > 0, 'refusal', () => `${code} without any problem named`)
  const traits = new Set<string>([code])
  const described: string[] = []
  for (const problem of problems) {
    hold(isObject(problem), 'refusal', () => 'a problem is no object')
    const { at, found, expected } = problem
    for (const text of [at, found, expected])
      hold(
        typeof text === 'string' && text !== '',
        'refusal',
        () => `a problem lacks a text: ${JSON.stringify(problem)}`,
      )
    described.push(String(at), String(found))
    traits.add(`${code}: ${String(at).replace(/\d+/g, 'n')}: ${String(found).replace(/\d+|".*"/g, 'n')}`)
  }
  hold(
    !MARKED_INSIDE.test(fold(unescaped(printed))),
    'quotes',
    () => `a marked value is in the refusal: ${printed.slice(0, 500)}`,
  )
  const all = described.join('\n')
  for (const text of texts)
    if (text.length >= MIN_QUOTED_LENGTH && !NAME.test(text))
      hold(!all.includes(text), 'quotes', () => `the refusal quotes ${JSON.stringify(text.slice(0, 80))}`)
  return [...traits]
}

/** Texts and keys of a JSON value, however deep it is. */
export function textsIn(value: unknown): string[] {
  const texts: string[] = []
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next === 'string') texts.push(next)
    else if (Array.isArray(next)) for (const item of next) waiting.push(item)
    else if (isObject(next))
      for (const [key, item] of Object.entries(next)) {
        texts.push(key)
        waiting.push(item)
      }
  }
  return texts
}
