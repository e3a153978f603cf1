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

/** The shortest value that is looked for: a two-letter id would be found in every second word. */
const SHORTEST = 5
/** The shortest value that is also looked for with separators inside: fewer letters and digits meet by chance. */
const SHORTEST_SPLIT = 7
/** Longer values are looked for in pieces of this length, so that the search takes time in proportion to the text. */
const LONGEST = 32

/** A stretch of a text, from `start` to before `end`, in UTF-16 units. */
export interface Found {
  readonly start: number
  readonly end: number
  /** The value that it is; undefined where several overlap, or where it is written in another encoding. */
  readonly value: string | undefined
}

/** Finds the values in a text; what is found neither overlaps nor is out of order. Takes steps in a long text. */
export type Finder = (text: string, folded: Folded) => Generator<void, readonly Found[]>

/**
 * Makes a search for values in texts, for values that must not be seen there. So it finds what a reader, or the card that the
 * text ends up in, would take for the value, however it is written: in any letter case, with invisible characters or
 * escape sequences inside, with or without accents, with digits of any script, with other blanks, percent-encoded as in a
 * URL, or escaped as in JSON; and values of seven letters and digits also with separators inside, where `1098765432` is
 * `109-876-5432`.
 *
 * All values are looked for in one pass: for each place in the text, the first five letters are looked up, and then the longest value
 * that begins so. One value after the other would take an hour for an event full of both.
 *
 * @param values those shorter than five letters are not looked for
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
    if (joined.length >= SHORTEST_SPLIT) split.add(joined, value)
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
 * How else a text may be read. Percent-encoding by itself, since a value that ends in "%" may stand before digits; escape
 * sequences, because cards leave them out, and what is left of a value then stands together.
 */
function otherReadings(text: string): readonly FoldOptions[] {
  const escapes = mayEscape(text)
  return [...(escapes ? [{ escapes }] : []), ...(mayBeEncoded(text) ? [{ escapes, percent: true }] : [])]
}

/** So many patterns are looked for one after the other first: most texts have none of them. */
const FEW = 8
const SEPARATORS = /[^\p{L}\p{N}\p{Cs}]+/gu
const PLAIN_SEPARATORS = /[^a-z0-9]+/g
const PLAIN = /^[ -~]*$/

/** What is looked for, and the search for it. */
class Patterns {
  readonly #patterns = new Map<string, string | undefined>()
  /** By their first five letters: the lengths that there are, the longest first. */
  readonly #lengths = new Map<string, number[]>()
  /** Which first two letters there are, as a number below 1,024: nearly every place of a text is passed over by it. */
  readonly #firsts = new Uint8Array(1_024)

  get size(): number {
    return this.#patterns.size
  }

  /** Whether any of them may be in a text once its separators are gone. */
  isMaybeIn({ letters }: Folded): boolean {
    if (this.size === 0 || this.size > FEW) return this.size > 0
    const joined = letters.replace(PLAIN.test(letters) ? PLAIN_SEPARATORS : SEPARATORS, '')
    return this.#isAnyIn(joined)
  }

  #isAnyIn(letters: string): boolean {
    for (const pattern of this.#patterns.keys()) if (letters.includes(pattern)) return true
    return false
  }

  add(form: string, value: string | undefined): void {
    if (form.length < SHORTEST) return
    if (form.length <= LONGEST) this.#put(form, value)
    else for (const piece of piecesOf(form)) if (!this.#patterns.has(piece)) this.#put(piece, undefined)
  }

  #put(pattern: string, value: string | undefined): void {
    this.#patterns.set(pattern, value)
    const start = pattern.slice(0, SHORTEST)
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
    if (this.size <= FEW && !this.#isAnyIn(letters)) return found
    const end = letters.length - SHORTEST + 1
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
        .get(letters.slice(at, at + SHORTEST))
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
 * Adds a stretch that begins no earlier than the last one. What overlaps is one stretch: what is left of the first value
 * must not stay beside the second. So are the pieces of one long value.
 */
function add(found: Found[], next: Found): void {
  const last = found.at(-1)
  if (last && next.end <= last.end) return
  const joins = last && (next.start < last.end || (next.start === last.end && !last.value && !next.value))
  if (joins) found[found.length - 1] = { start: last.start, end: next.end, value: undefined }
  else found.push(next)
}

/** Stretches in order and without overlaps; of what overlaps, nobody can say which value it is. */
export function merged(all: readonly Found[]): Found[] {
  const joined: Found[] = []
  for (const next of all.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = joined.at(-1)
    if (last === undefined || next.start >= last.end) joined.push(next)
    else if (next.end > last.end) joined[joined.length - 1] = { start: last.start, end: next.end, value: undefined }
  }
  return joined
}

/** Only letters and digits: `109-876-5432` and `1098765432` are one. */
function withoutSeparators(folded: Folded): Folded {
  const { letters } = folded
  const known = new Map<number, boolean>()
  const codes = new Uint16Array(letters.length)
  const starts = new Uint32Array(letters.length)
  const ends = new Uint32Array(letters.length)
  let length = 0
  for (let at = 0; at < letters.length; at++) {
    const code = letters.charCodeAt(at)
    if (code < 128 ? !isPlainLetter(code) : isSeparator(code, known)) continue
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

/** Neither a letter nor a digit; half a character beyond the first plane counts as a letter. */
function isSeparator(code: number, known: Map<number, boolean>): boolean {
  const answer = known.get(code) ?? !/[\p{L}\p{N}\p{Cs}]/u.test(String.fromCharCode(code))
  known.set(code, answer)
  return answer
}

/** Pieces that together cover a long value; the last one overlaps the one before it. */
function piecesOf(form: string): string[] {
  const pieces: string[] = []
  for (let at = 0; at + LONGEST <= form.length; at += LONGEST) pieces.push(form.slice(at, at + LONGEST))
  return [...pieces, form.slice(-LONGEST)]
}

/** The value as URLs, forms and Python's JSON write it, where that is not the value itself. */
function encoded(value: string): string[] {
  const url = encodeURIComponent(value.toWellFormed())
  const json = JSON.stringify(value).slice(1, -1)
  const ascii = json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const forms = [url, url.replaceAll('%20', '+'), json, ascii]
  return [...new Set(forms.filter((form) => form !== value))].map((form) => foldNow(form).letters)
}
