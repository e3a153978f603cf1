import {
  endOf,
  type Folded,
  type FoldOptions,
  fold,
  foldNow,
  mayBeEncoded,
  mayEscape,
  startOf,
  UNITS_PER_STEP,
} from '../../kernel/fold.ts'

/** Shorter values are not searched: a two-letter id would be found in every second word. */
const MIN_LENGTH = 5
/** Shorter values are not searched with separators inside: fewer letters and digits match by chance. */
const MIN_SPLIT_LENGTH = 7
/** Longer values are searched in pieces of this length, so that search time is proportional to the text. */
const MAX_PATTERN_LENGTH = 32

/** A stretch of a text, from `start` to before `end`, in UTF-16 units. */
export interface Found {
  readonly start: number
  readonly end: number
  /** The value found; undefined where several overlap, and for a value in another encoding. */
  readonly value: string | undefined
}

/** Finds the values in a text, in order and without overlaps. Yields within a long text. */
export type Finder = (text: string, folded: Folded) => Generator<void, readonly Found[]>

/**
 * Makes a search for values that must not be seen in texts; undefined where no value is long enough. It finds every
 * spelling that a reader, or a card that shows the text, would read as the value: in any letter case, with invisible
 * characters or escape sequences inside, with or without accents, with digits of any script, with other blanks,
 * percent-encoded as in a URL, or escaped as in JSON. Values of seven letters and digits are also found with separators
 * inside: `109-876-5432` for `1098765432`.
 *
 * One pass finds all values: for each place in the text it looks up the first five letters, then the longest value that
 * begins with them. A search for one value after the other would take an hour for an event full of values and texts.
 *
 * @param values to search; values of fewer than five letters are skipped
 */
export function createFinder(values: Iterable<string>): Finder | undefined {
  const whole = new Patterns()
  const split = new Patterns()
  for (const value of values) {
    const plain = foldNow(value)
    const letters = plain.letters.trim()
    whole.add(letters, value)
    for (const form of encoded(value)) whole.add(form, undefined)
    const joined = withoutSeparators(plain).letters
    if (joined.length >= MIN_SPLIT_LENGTH) split.add(joined, value)
  }
  if (whole.size === 0 && split.size === 0) return undefined

  return function* (text, folded) {
    const found = yield* whole.findIn(folded)
    const others: Found[] = []
    let last = folded
    for (const reading of otherReadings(text)) {
      last = yield* fold(text, reading)
      others.push(...(yield* whole.findIn(last)))
    }
    if (split.isMaybeIn(last)) others.push(...(yield* split.findIn(withoutSeparators(last))))
    if (last !== folded && split.isMaybeIn(folded)) others.push(...(yield* split.findIn(withoutSeparators(folded))))
    return others.length === 0 ? found : merged([...found, ...others])
  }
}

/**
 * Further readings of a text: without escape sequences, because cards remove them, which joins the parts of a value; and
 * percent-decoded, as a separate reading, since a plain value that ends in "%" may stand before digits. Both at once, and the latter
 * alone: after an escape character, `%5` is a sequence, of which decoding makes the letter of a value.
 */
function otherReadings(text: string): readonly FoldOptions[] {
  const escapes = mayEscape(text)
  const percent = mayBeEncoded(text)
  return [
    ...(escapes ? [{ escapes }] : []),
    ...(escapes && percent ? [{ percent }] : []),
    ...(percent ? [{ escapes, percent }] : []),
  ]
}

/** Up to this number, patterns are first searched with `includes`: most texts have none of them. */
const FEW_PATTERNS = 8
const SEPARATORS = /[^\p{L}\p{N}\p{Cs}]+/gu
const PLAIN_SEPARATORS = /[^a-z0-9]+/g
const PLAIN = /^[ -~]*$/

/** Search patterns with an index of their first letters. */
class Patterns {
  readonly #patterns = new Map<string, string | undefined>()
  /** Pattern lengths by their first five letters, the longest first. */
  readonly #lengths = new Map<string, number[]>()
  /** 1 at the hash of the first two letters of each pattern: nearly every place of a text is skipped by it. */
  readonly #firsts = new Uint8Array(1_024)

  get size(): number {
    return this.#patterns.size
  }

  /** True where a pattern may be in the text without its separators. */
  isMaybeIn({ letters }: Folded): boolean {
    if (this.size === 0 || this.size > FEW_PATTERNS) return this.size > 0
    const joined = letters.replace(PLAIN.test(letters) ? PLAIN_SEPARATORS : SEPARATORS, '')
    return this.#isAnyIn(joined)
  }

  #isAnyIn(letters: string): boolean {
    for (const pattern of this.#patterns.keys()) if (letters.includes(pattern)) return true
    return false
  }

  add(form: string, value: string | undefined): void {
    if (form.length < MIN_LENGTH) return
    if (form.length <= MAX_PATTERN_LENGTH) this.#put(form, value)
    else for (const piece of piecesOf(form)) if (!this.#patterns.has(piece)) this.#put(piece, undefined)
  }

  #put(pattern: string, value: string | undefined): void {
    this.#patterns.set(pattern, value)
    const start = pattern.slice(0, MIN_LENGTH)
    const known = this.#lengths.get(start) ?? []
    if (!known.includes(pattern.length))
      this.#lengths.set(
        start,
        [...known, pattern.length].sort((a, b) => b - a),
      )
    this.#firsts[firstsOf(pattern, 0)] = 1
  }

  *findIn(folded: Folded): Generator<void, Found[]> {
    const found: Found[] = []
    const { letters } = folded
    if (this.size <= FEW_PATTERNS && !this.#isAnyIn(letters)) return found
    const end = letters.length - MIN_LENGTH + 1
    for (let from = 0; from < end; from += UNITS_PER_STEP) {
      if (from > 0) yield
      this.#findFrom(folded, from, Math.min(end, from + UNITS_PER_STEP), found)
    }
    return found
  }

  #findFrom(folded: Folded, from: number, to: number, found: Found[]): void {
    const { letters } = folded
    for (let at = from; at < to; at++) {
      if (this.#firsts[firstsOf(letters, at)] === 0) continue
      const length = this.#lengths
        .get(letters.slice(at, at + MIN_LENGTH))
        ?.find((candidate) => at + candidate <= letters.length && this.#patterns.has(letters.slice(at, at + candidate)))
      if (length === undefined) continue
      const value = this.#patterns.get(letters.slice(at, at + length))
      add(found, { start: startOf(folded, at), end: endOf(folded, at + length - 1), value })
    }
  }
}

function firstsOf(text: string, at: number): number {
  return (text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) & 0x3ff
}

/**
 * Adds a stretch that begins no earlier than the last one. Overlapping stretches are joined, since the rest of the first
 * value must not stay visible beside the second. Adjacent pieces of a long value are joined too.
 */
function add(found: Found[], next: Found): void {
  const last = found.at(-1)
  if (last && next.end <= last.end) return
  const joins = last && (next.start < last.end || (next.start === last.end && !last.value && !next.value))
  if (joins) found[found.length - 1] = { start: last.start, end: next.end, value: undefined }
  else found.push(next)
}

/** Sorts stretches and joins overlapping ones, whose value is undefined then. */
export function merged(all: readonly Found[]): Found[] {
  const joined: Found[] = []
  for (const next of all.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = joined.at(-1)
    if (last === undefined || next.start >= last.end) joined.push(next)
    else if (next.end > last.end) joined[joined.length - 1] = { start: last.start, end: next.end, value: undefined }
  }
  return joined
}

/** The text with only letters and digits, so that `109-876-5432` matches `1098765432`. */
function withoutSeparators(folded: Folded): Folded {
  const { letters } = folded
  const known = new Map<number, boolean>()
  const codes = new Uint16Array(letters.length)
  const starts = new Uint32Array(letters.length)
  const ends = new Uint32Array(letters.length)
  let length = 0
  for (let at = 0; at < letters.length; at++) {
    const code = letters.charCodeAt(at)
    if (code < 128 ? !isPlainLetter(code) : isSeparator(letters, at, known)) {
      if (isHighSurrogate(code)) at += 1
      continue
    }
    codes[length] = code
    starts[length] = startOf(folded, at)
    ends[length] = endOf(folded, at)
    length += 1
  }
  return { letters: Buffer.from(codes.buffer, 0, length * 2).toString('utf16le'), places: { starts, ends } }
}

function isPlainLetter(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a)
}

/** True for a character that is neither a letter nor a digit, such as an emoji of two units; half a pair counts as a letter. */
function isSeparator(text: string, at: number, known: Map<number, boolean>): boolean {
  const code = text.codePointAt(at) ?? 0
  const answer = known.get(code) ?? !/[\p{L}\p{N}\p{Cs}]/u.test(String.fromCodePoint(code))
  known.set(code, answer)
  return answer
}

/** Half a pair by itself is no separator, so that a separator that begins with one has a second half. */
function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

/** Splits a long value into pieces that cover it; the last one overlaps the one before it. */
function piecesOf(form: string): string[] {
  const pieces: string[] = []
  for (let at = 0; at + MAX_PATTERN_LENGTH <= form.length; at += MAX_PATTERN_LENGTH)
    pieces.push(form.slice(at, at + MAX_PATTERN_LENGTH))
  return [...pieces, form.slice(-MAX_PATTERN_LENGTH)]
}

/** The value's encodings in URLs, forms and Python's JSON, where they differ from the value. */
function encoded(value: string): string[] {
  const url = encodeURIComponent(value.toWellFormed())
  const json = JSON.stringify(value).slice(1, -1)
  const ascii = json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const forms = [url, url.replaceAll('%20', '+'), json, ascii]
  return [...new Set(forms.filter((form) => form !== value))].map((form) => foldNow(form).letters)
}
