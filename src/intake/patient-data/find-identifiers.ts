import { withNumber } from '../../catalogue/identifier-names.ts'
import { IDENTIFIERS, type IdentifierValue, PERSONS } from '../../catalogue/identifiers.ts'
import { endOf, type Folded, foldNow, startOf } from '../../kernel/fold.ts'
import { certainForms, type Stretch } from './mail-phone-iban.ts'
import { readIdNumber, readPhone } from './read-number.ts'

/** An identifier in a text, from `start` to before `end`, in UTF-16 units. */
export interface FoundIdentifier {
  readonly start: number
  readonly end: number
  /** True where the mask must hide all of it: of a birth date, a partial mask would leave the day. */
  readonly isHiddenWhole: boolean
  /** True where the event's other texts are searched for the same value. */
  readonly isQuotable: boolean
}

/** Finds identifiers inside a text, independently of the field's name. */
export type IdentifierFinder = (text: string, folded: Folded) => readonly FoundIdentifier[]

/** Kinds whose values are words without a recognisable end: they are read only after `:` or `=`. */
type WordKind = 'name' | 'address'

/**
 * Makes a search for identifiers inside texts: `national id 1098765432`, `"iqama": "2…"`, `patient P-2002`,
 * `رقم الهوية: ١٠٩…`, also in JSON and Python notation.
 *
 * A number is an identifier only with a label beside it. Its form alone could be a time: one epoch second in ten passes the
 * check digit of a Saudi id. Mail addresses, Saudi phone numbers and IBANs are recognised by their form.
 */
export function createIdentifierFinder(): IdentifierFinder {
  const { pattern: label, startsAt } = labelPattern()
  return (text, folded) => {
    const { letters } = folded
    if (!MAY_HAVE_IDENTIFIER.test(letters)) return NONE
    const found: FoundIdentifier[] = []
    const add = ({ start, end }: Stretch, isHiddenWhole = false, isQuotable = true) => {
      found.push({ start: startOf(folded, start), end: endOf(folded, end - 1), isHiddenWhole, isQuotable })
    }
    for (const stretch of certainForms(letters)) add(stretch)
    for (let at = 0; at < letters.length; at++) {
      if (!startsAt(letters, at)) continue
      label.lastIndex = at
      const match = label.exec(letters)
      const value = match && VALUES.find((kind) => match.groups?.[kind] !== undefined)
      if (!match || !value) continue
      const after = valueAfter(letters, label.lastIndex, value, text, folded)
      if (after) add(after, value === 'date' || value === 'address' || after.isObject, after.isQuotable)
      else if (value === 'number' && TRAILING.test(match[0])) {
        const before = numberBefore(letters, at)
        if (before) add(before)
      }
      at = Math.max(at, label.lastIndex - 1)
    }
    return found
  }
}

/** Each identifier has a digit or an `@`, or `:`, `=` or `>` before it. */
const MAY_HAVE_IDENTIFIER = /[0-9@:=>]/
const NONE: readonly FoundIdentifier[] = []

const VALUES = ['name', 'date', 'address', 'phone', 'number'] as const satisfies readonly IdentifierValue[]

/** Labels that may follow their number: `1098765432 is no national id`. */
const TRAILING = /national|iqama|passport|visa|border|mrn|medical|هويه|اقامه|جواز|حدود/

/**
 * Makes one pattern of all labels, the longest of each kind first, with a group for each kind, and the test of where it
 * may match. Trying the pattern at every place of a text would take thirty times as long as the rest of accepting an event.
 */
function labelPattern() {
  const first: string[] = [...PERSONS.first]
  const groups = VALUES.map((value) => {
    const labels = new Set<string>()
    for (const row of IDENTIFIERS) {
      if (row.value !== value) continue
      for (const name of row.alone ?? []) labels.add(name)
      const isNumber = value === 'number' || value === 'phone'
      for (const name of isNumber ? [...(row.alone ?? []), ...(row.numbered ?? [])] : [])
        for (const form of withNumber(name)) labels.add(form)
      if (value === 'number') for (const name of row.whole ?? []) if (name.startsWith('id ')) labels.add(name)
    }
    first.push(...labels)
    const patterns = [...labels].sort((a, b) => b.length - a.length).map(phrasePattern)
    return `(?<${value}>${patterns.join('|')})`
  })
  const persons = PERSONS.first.map(phrasePattern).join('|')
  const suffix = PERSONS.last.map(phrasePattern).join('|')
  // Arabic letters of "and", "for" and "with" may stand before a noun, in one word with it.
  const prefix = '(?:[\\u0628\\u0644\\u0648]|\\u0628\\u0627\\u0644)?'
  const person = `(?:(?:${persons})(?:[ _-]?s)?[ _-]?)?`
  const end = `(?:[ _](?:${suffix}))?s?\\.?(?![a-z\\u0620-\\u064a])`
  return { pattern: new RegExp(`${prefix}${person}(?:${groups.join('|')})${end}`, 'y'), startsAt: startFinder(first) }
}

/** Makes a test of whether a phrase may start at a place: a word with the same first letters, or any Arabic word. */
function startFinder(phrases: readonly string[]): (letters: string, at: number) => boolean {
  const pairs = new Uint8Array(26 * 26)
  const pairOf = (a: number, b: number) => (a - A) * 26 + b - A
  const thirds = new Set<string>()
  for (const phrase of phrases.filter((phrase) => /^[a-z]{2}/.test(phrase))) {
    pairs[pairOf(phrase.charCodeAt(0), phrase.charCodeAt(1))] = 1
    thirds.add(phrase.slice(0, 3))
  }
  const isWord = (code: number) =>
    (code >= A && code <= Z) || (code >= 0x30 && code <= 0x39) || (code >= 0x620 && code <= 0x64a)
  return (letters, at) => {
    const code = letters.charCodeAt(at)
    if (code >= 0x620 && code <= 0x64a) return !isWord(letters.charCodeAt(at - 1))
    if (code < A || code > Z || isWord(letters.charCodeAt(at - 1))) return false
    const next = letters.charCodeAt(at + 1)
    if (next < A || next > Z || pairs[pairOf(code, next)] === 0) return false
    const start = letters.slice(at, at + 3)
    return thirds.has(start) || start.startsWith('id')
  }
}

const A = 0x61
const Z = 0x7a

/** A pattern for the spellings of a phrase: `national id`, `national_id`, `nationalid`, with or without the Arabic article. */
function phrasePattern(phrase: string): string {
  return foldNow(phrase)
    .letters.split(' ')
    .map((word) => (/[\u0620-\u064a]/.test(word) ? `(?:\u0627\u0644|\u0644\u0644)?${word}` : word))
    .join('[ _-]?')
}

const ASSIGNMENT = /["'\\]{0,4} ?(?:[:=]|=>|->) ?/y
const FILLER = /[ _-](?:is|was|of|for|with|value|هو|هي)(?= )/y
const OPENING = /[ "'\\([<#_/-]{0,6}/y

/** The value after a label that ends at `at`; undefined where no value follows. */
function valueAfter(
  letters: string,
  at: number,
  value: (typeof VALUES)[number],
  text: string,
  folded: Folded,
): (Stretch & { readonly isObject: boolean; readonly isQuotable: boolean }) | undefined {
  const assigned = endOfMatch(ASSIGNMENT, letters, at)
  const opens = assigned ?? endOfMatch(FILLER, letters, at) ?? at
  if (assigned !== undefined && letters.charAt(assigned) === '{')
    return { start: assigned, end: endOfObject(letters, assigned), isObject: true, isQuotable: false }
  const start = endOfMatch(OPENING, letters, opens) ?? opens
  const opening = letters.slice(opens, start)
  const end = (() => {
    if (value === 'number') return readIdNumber(letters, start, assigned === undefined ? 4 : 3)
    if (value === 'phone') return readPhone(letters, start)
    if (value === 'date')
      return endOfMatch(DATE, letters, start) ?? (assigned === undefined ? undefined : quoted(letters, start, opening))
    return assigned === undefined
      ? undefined
      : (quoted(letters, start, opening) ?? unquoted(value, letters, start, text, folded))
  })()
  if (end === undefined || end <= start || PLACEHOLDER.test(letters.slice(start, end))) return undefined
  // Words without quotes need not be a name; other texts may have them in another sense.
  const isQuotable = value === 'number' || value === 'phone' || /["']/.test(opening)
  return { start, end, isObject: false, isQuotable }
}

function endOfMatch(pattern: RegExp, letters: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(letters) ? pattern.lastIndex : undefined
}

const DATE =
  /\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}[ -][a-z]{3,9},?[ -]\d{4}|[a-z]{3,9} \d{1,2},? \d{4}|\d{8}(?!\d)|\d{4}(?!\d)/y
/** Texts in the place of a value that are none. */
const PLACEHOLDER =
  /^(?:none|null|nil|undefined|missing|required|is required|unknown|invalid|empty|true|false|n\/a|not\b.*|string|str|int|•+.*)?$/
/** Longest name or address, in UTF-16 units. */
const MAX_VALUE_LENGTH = 100
/** Longest object with patient data, in UTF-16 units. */
const MAX_OBJECT_LENGTH = 4_000

/** The end of a quoted value; undefined where `opening` has no quote. */
function quoted(letters: string, start: number, opening: string): number | undefined {
  const quote = /["']/.exec(opening)?.[0]
  if (quote === undefined) return undefined
  const end = letters.indexOf(quote, start)
  if (end < 0) return Math.min(letters.length, start + MAX_VALUE_LENGTH)
  // In JSON inside JSON, a backslash escapes the quote.
  return letters.charAt(end - 1) === '\\' ? end - 1 : end
}

const NAME_WORDS =
  /^(?:(?:\p{Lu}[\p{L}\p{M}'’.-]*|[\u0620-\u06ff]+|al|bin|ibn|bint|abu|abd|el|van|von|de)(?: |(?![\p{L}\p{M}]))){1,5}/u
const ONE_WORD = /^[\p{L}\p{M}'’.-]+/u
const ADDRESS_WORDS = /^[^;\n\r|"'{}<>]+/u

/** The end of an unquoted value: of a name's capitalised or Arabic words; of an address, the end of the line. */
function unquoted(value: WordKind, letters: string, start: number, text: string, folded: Folded): number | undefined {
  const from = startOf(folded, start)
  const rest = text.slice(from, from + MAX_VALUE_LENGTH)
  const found = value === 'address' ? ADDRESS_WORDS.exec(rest) : (NAME_WORDS.exec(rest) ?? ONE_WORD.exec(rest))
  if (!found) return undefined
  const until = from + found[0].trimEnd().length
  let end = start
  while (end < letters.length && startOf(folded, end) < until) end += 1
  return end
}

/** The end of an object in JSON or Python notation, or of the text where the object was cut. */
function endOfObject(letters: string, start: number): number {
  const limit = Math.min(letters.length, start + MAX_OBJECT_LENGTH)
  let depth = 0
  for (let at = start; at < limit; at++) {
    const letter = letters.charAt(at)
    if (letter === '{') depth += 1
    if (letter === '}') depth -= 1
    if (depth === 0) return at + 1
  }
  return limit
}

const BEFORE =
  /([a-z]{0,3}-?[0-9][0-9-]{6,18})["'\])]{0,2} ?[([,]?(?:(?:is|as|for|not|no|a|an|the|valid|invalid|expired|wrong|هو|هي|ليس) ){0,4}["'([]?$/

/** The number before a label; undefined where there is none, or where the number may be a time. */
function numberBefore(letters: string, at: number): Stretch | undefined {
  const from = Math.max(0, at - 60)
  const found = BEFORE.exec(letters.slice(from, at))
  const number = found?.[1]
  if (number === undefined || canBeTime(number)) return undefined
  const start = from + (found?.index ?? 0)
  if (/[a-z0-9.:-]/.test(letters.charAt(start - 1))) return undefined
  return { start, end: start + number.length }
}

/** True for epoch seconds, milliseconds, micro- or nanoseconds of 2010 to 2036, and for dates. */
function canBeTime(number: string): boolean {
  if (/^\d{4}-\d{2}-\d{2}/.test(number) || /^(?:19|20)\d{6}$/.test(number)) return true
  if (!/^(?:\d{10}|\d{13}|\d{16}|\d{19})$/.test(number)) return false
  const seconds = Number(number.slice(0, 10))
  return seconds >= 1_262_304_000 && seconds < 2_082_758_400
}
