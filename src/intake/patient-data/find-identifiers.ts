import { withNumber } from '../../catalogue/identifier-names.ts'
import { IDENTIFIERS, type IdentifierValue, PERSONS } from '../../catalogue/identifiers.ts'
import { endOf, type Folded, foldNow, startOf } from '../../kernel/fold.ts'
import { certainForms, type Stretch } from './certain-forms.ts'
import { readIdNumber, readPhone } from './read-number.ts'

/** An identifier in a text, from `start` to before `end`, in UTF-16 units. */
export interface FoundIdentifier {
  readonly start: number
  readonly end: number
  /** True where nothing of it may be seen: of a birth date, what a mask leaves would be the day. */
  readonly whole: boolean
  /** True where the same value may be looked for elsewhere. */
  readonly quotable: boolean
}

/** Finds identifiers in a text that no field's name announces. */
export type IdentifierFinder = (text: string, folded: Folded) => readonly FoundIdentifier[]

/** Values of these are words, which the text does not end by itself: they are read only after `:` or `=`. */
type Worded = 'name' | 'address'

/**
 * Makes the search for identifiers inside of texts: `national id 1098765432`, `"iqama": "2…"`, `patient P-2002`,
 * `رقم الهوية: ١٠٩…`, JSON and Python's notation among them.
 *
 * A number is one only where a word beside it says so. By its form it can not be told from a time: one epoch second in ten
 * passes the check digit of a Saudi id. Mail addresses, Saudi phone numbers and bank accounts are known by their form.
 */
export function createIdentifierFinder(): IdentifierFinder {
  const { pattern: label, startsAt } = labelPattern()
  return (text, folded) => {
    const { letters } = folded
    if (!MAYBE.test(letters)) return NONE
    const found: FoundIdentifier[] = []
    const add = ({ start, end }: Stretch, whole = false, quotable = true) => {
      found.push({ start: startOf(folded, start), end: endOf(folded, end - 1), whole, quotable })
    }
    for (const stretch of certainForms(letters)) add(stretch)
    for (let at = 0; at < letters.length; at++) {
      if (!startsAt(letters, at)) continue
      label.lastIndex = at
      const match = label.exec(letters)
      const value = match && VALUES.find((one) => match.groups?.[one] !== undefined)
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

/** Each identifier has a digit or an `@`, or a sign before it. */
const MAYBE = /[0-9@:=>]/
const NONE: readonly FoundIdentifier[] = []

const VALUES = ['name', 'date', 'address', 'phone', 'number'] as const satisfies readonly IdentifierValue[]

/** Words that say of a number before them what it is: `1098765432 is no national id`. */
const TRAILING = /national|iqama|passport|visa|border|mrn|medical|هويه|اقامه|جواز|حدود/

/**
 * All labels in one pattern, the longest of each kind first, with a group for each kind; and where it may match. To try
 * the pattern at every place of a text would take thirty times as long as all else that is done with an event.
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

/** Whether a word begins at a place with which one of the phrases may begin: by its first two letters, or by any Arabic one. */
function startFinder(phrases: readonly string[]): (letters: string, at: number) => boolean {
  const pairs = new Uint8Array(26 * 26)
  const pairOf = (a: number, b: number) => (a - A) * 26 + b - A
  const thirds = new Set<string>()
  for (const phrase of phrases.filter((one) => /^[a-z]{2}/.test(one))) {
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

/** A phrase as texts have it: `national id`, `national_id`, `nationalid`; with or without the Arabic article. */
function phrasePattern(phrase: string): string {
  return foldNow(phrase)
    .letters.split(' ')
    .map((word) => (/[\u0620-\u064a]/.test(word) ? `(?:\u0627\u0644|\u0644\u0644)?${word}` : word))
    .join('[ _-]?')
}

const SIGN = /["'\\]{0,4} ?(?:[:=]|=>|->) ?/y
const FILLER = /[ _-](?:is|was|of|for|with|value|هو|هي)(?= )/y
const OPENING = /[ "'\\([<#_/-]{0,6}/y

/** The value that a label announces, which ends at `at`; undefined where it announces none. */
function valueAfter(
  letters: string,
  at: number,
  value: (typeof VALUES)[number],
  text: string,
  folded: Folded,
): (Stretch & { readonly isObject: boolean; readonly isQuotable: boolean }) | undefined {
  const sign = endOfMatch(SIGN, letters, at)
  const said = sign ?? endOfMatch(FILLER, letters, at) ?? at
  if (sign !== undefined && letters.charAt(sign) === '{')
    return { start: sign, end: endOfObject(letters, sign), isObject: true, isQuotable: false }
  const start = endOfMatch(OPENING, letters, said) ?? said
  const opening = letters.slice(said, start)
  const end = (() => {
    if (value === 'number') return readIdNumber(letters, start, sign === undefined ? 4 : 3)
    if (value === 'phone') return readPhone(letters, start)
    if (value === 'date')
      return endOfMatch(DATE, letters, start) ?? (sign === undefined ? undefined : quoted(letters, start, opening))
    return sign === undefined
      ? undefined
      : (quoted(letters, start, opening) ?? words(value, letters, start, text, folded))
  })()
  if (end === undefined || end <= start || NOTHING.test(letters.slice(start, end))) return undefined
  // Words without quotes may be other words than a name.
  const isQuotable = value === 'number' || value === 'phone' || /["']/.test(opening)
  return { start, end, isObject: false, isQuotable }
}

function endOfMatch(pattern: RegExp, letters: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(letters) ? pattern.lastIndex : undefined
}

const DATE =
  /\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}[ -][a-z]{3,9},?[ -]\d{4}|[a-z]{3,9} \d{1,2},? \d{4}|\d{8}(?!\d)|\d{4}(?!\d)/y
/** What stands in the place of a value and is none. */
const NOTHING =
  /^(?:none|null|nil|undefined|missing|required|is required|unknown|invalid|empty|true|false|n\/a|not\b.*|string|str|int|•+.*)?$/
/** Longest name or address that is looked for. */
const LONGEST = 100
/** Longest object of a patient's. */
const LONGEST_OBJECT = 4_000

/** Up to the quote that closes what the opening opened. */
function quoted(letters: string, start: number, opening: string): number | undefined {
  const quote = /["']/.exec(opening)?.[0]
  if (quote === undefined) return undefined
  const end = letters.indexOf(quote, start)
  if (end < 0) return Math.min(letters.length, start + LONGEST)
  // Inside of JSON in JSON, the quote has a backslash of its own.
  return letters.charAt(end - 1) === '\\' ? end - 1 : end
}

const NAME_WORDS =
  /^(?:(?:\p{Lu}[\p{L}\p{M}'’.-]*|[\u0620-\u06ff]+|al|bin|ibn|bint|abu|abd|el|van|von|de)(?: |(?![\p{L}\p{M}]))){1,5}/u
const ONE_WORD = /^[\p{L}\p{M}'’.-]+/u
const ADDRESS_WORDS = /^[^;\n\r|"'{}<>]+/u

/** Words without quotes: of a name those with capitals, or Arabic ones; of an address up to the end of its line. */
function words(value: Worded, letters: string, start: number, text: string, folded: Folded): number | undefined {
  const from = startOf(folded, start)
  const rest = text.slice(from, from + LONGEST)
  const found = value === 'address' ? ADDRESS_WORDS.exec(rest) : (NAME_WORDS.exec(rest) ?? ONE_WORD.exec(rest))
  if (!found) return undefined
  const until = from + found[0].trimEnd().length
  let end = start
  while (end < letters.length && startOf(folded, end) < until) end += 1
  return end
}

/** Up to the bracket that closes an object, as JSON and Python write it, or to where it was cut. */
function endOfObject(letters: string, start: number): number {
  const most = Math.min(letters.length, start + LONGEST_OBJECT)
  let depth = 0
  for (let at = start; at < most; at++) {
    const letter = letters.charAt(at)
    if (letter === '{') depth += 1
    if (letter === '}') depth -= 1
    if (depth === 0) return at + 1
  }
  return most
}

const BEFORE =
  /([a-z]{0,3}-?[0-9][0-9-]{6,18})["'\])]{0,2} ?[([,]?(?:(?:is|as|for|not|no|a|an|the|valid|invalid|expired|wrong|هو|هي|ليس) ){0,4}["'([]?$/

/** The number that a label says something of which stands behind it. Not where it can be a time. */
function numberBefore(letters: string, at: number): Stretch | undefined {
  const from = Math.max(0, at - 60)
  const found = BEFORE.exec(letters.slice(from, at))
  const number = found?.[1]
  if (number === undefined || canBeTime(number)) return undefined
  const start = from + (found?.index ?? 0)
  if (/[a-z0-9.:-]/.test(letters.charAt(start - 1))) return undefined
  return { start, end: start + number.length }
}

/** Epoch seconds, milliseconds, micro- or nanoseconds of 2010 to 2036, or a date. */
function canBeTime(number: string): boolean {
  if (/^\d{4}-\d{2}-\d{2}/.test(number) || /^(?:19|20)\d{6}$/.test(number)) return true
  if (!/^(?:\d{10}|\d{13}|\d{16}|\d{19})$/.test(number)) return false
  const seconds = Number(number.slice(0, 10))
  return seconds >= 1_262_304_000 && seconds < 2_082_758_400
}
