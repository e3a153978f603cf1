import { characterKind, digitValue, ESCAPE_SEQUENCE, MAY_ESCAPE } from './characters.ts'

/**
 * A character whose NFKD decomposition is longer is not decomposed. The longest is that of U+FDFA, eighteen letters for
 * three bytes: with it, a request of 5 MB was 30 million letters, and its search took 8 seconds.
 */
const MAX_LETTERS_PER_CHARACTER = 4

/** A folded text, with the range of the original text that each UTF-16 unit of `letters` comes from. */
export interface Folded {
  readonly letters: string
  /** Starts and ends of these ranges; undefined where unit n comes from unit n, as in most short texts. */
  readonly places: { readonly starts: Uint32Array; readonly ends: Uint32Array } | undefined
}

/** The index in the original text at which a folded unit begins. */
export function startOf({ places }: Folded, unit: number): number {
  return places ? (places.starts[unit] ?? 0) : unit
}

/** The index in the original text behind the end of a folded unit. */
export function endOf({ places }: Folded, unit: number): number {
  return places ? (places.ends[unit] ?? 0) : unit + 1
}

/** The folded code of each ASCII character; 0 for a character that is removed. */
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 0x41 && code <= 0x5a) return code + 32
  if (code === 0x09 || code === 0x0a || code === 0x0d) return 0x20
  return code < 0x20 || code === 0x7f ? 0 : code
})
const BLANK = 0x20

/** UTF-16 units that one step of a generator reads, one or two milliseconds of work. Other requests run between steps. */
export const UNITS_PER_STEP = 65_536

/** Options of {@link fold}. */
export interface FoldOptions {
  /** Decode `%5A` to its letter. */
  readonly percent?: boolean
  /** Remove escape sequences of terminals, as `cleanText` does for cards. */
  readonly escapes?: boolean
}

/**
 * Folds a text for comparison: removes letter case, accents, widths and invisible characters, turns digits into ASCII,
 * unifies the spellings of an Arabic letter, and makes one blank of each run of blanks. Each character is folded by itself,
 * so that a text which contains a value also contains the folded value, at any position.
 *
 * Yields after every {@link UNITS_PER_STEP} units of a long text.
 */
export function* fold(text: string, options: FoldOptions = {}): Generator<void, Folded> {
  if (text.length <= UNITS_PER_STEP) return foldNow(text, options)
  const folded = new FoldedBuilder(text.length)
  let at = 0
  for (const token of tokensOf(text, options)) {
    yield* folded.addInSteps(text, at, token.start)
    at = folded.addToken(token)
  }
  yield* folded.addInSteps(text, at, text.length)
  return folded.build()
}

/** Printable ASCII with single blanks between. */
const SIMPLE = /^[!-~]+(?: [!-~]+)*$/

/** {@link fold} in one step, for a short text. */
export function foldNow(text: string, options: FoldOptions = {}): Folded {
  const tokens = tokensOf(text, options)
  if (tokens === NO_TOKENS && SIMPLE.test(text)) return { letters: text.toLowerCase(), places: undefined }
  const folded = new FoldedBuilder(text.length)
  let at = 0
  for (const token of tokens) {
    folded.add(text, at, token.start)
    at = folded.addToken(token)
  }
  folded.add(text, at, text.length)
  return folded.build()
}

/** A percent-encoded letter, or an escape sequence, which has no letter. */
interface Token {
  readonly start: number
  readonly end: number
  readonly letter: string | undefined
}

const NO_TOKENS: readonly Token[] = []

/** A percent-encoded letter, digit, blank or separator of digits. */
const PERCENT = /%(?:3\d|[46][1-9a-f]|[57][0-9a]|2[0b-f]|5f)/i

/** True where {@link FoldOptions.percent} changes the result for a text. */
export function mayBeEncoded(text: string): boolean {
  return text.includes('%') && PERCENT.test(text)
}

/** True where {@link FoldOptions.escapes} may change the result for a text. */
export function mayEscape(text: string): boolean {
  return MAY_ESCAPE.test(text)
}

function tokensOf(text: string, { percent, escapes }: FoldOptions): Iterable<Token> {
  if (!percent && !escapes) return NO_TOKENS
  const patterns = [...(escapes ? [ESCAPE_SEQUENCE.source] : []), ...(percent ? [PERCENT.source] : [])]
  return tokensFoundBy(new RegExp(patterns.join('|'), 'gi'), text)
}

function* tokensFoundBy(pattern: RegExp, text: string): Generator<Token> {
  for (const { 0: found, index } of text.matchAll(pattern)) {
    const letter = found.startsWith('%') ? String.fromCharCode(Number.parseInt(found.slice(1), 16)) : undefined
    yield { start: index, end: index + found.length, letter }
  }
}

/** Collects folded characters. Codes in typed arrays, because a list of texts takes ten times as long. */
class FoldedBuilder {
  #codes: Uint16Array
  #starts: Uint32Array
  #ends: Uint32Array
  #length = 0
  /** Folded characters beyond ASCII. A text has few different ones, and folding one takes as long as ten lookups. */
  readonly #known = new Map<string, string>()

  constructor(length: number) {
    this.#codes = new Uint16Array(length + 16)
    this.#starts = new Uint32Array(length + 16)
    this.#ends = new Uint32Array(length + 16)
  }

  *addInSteps(text: string, from: number, to: number): Generator<void, void> {
    let at = from
    while (to - at > UNITS_PER_STEP) {
      // A step does not end within a surrogate pair.
      const isSecondHalf = (text.charCodeAt(at + UNITS_PER_STEP) & 0xfc00) === 0xdc00
      const next = at + UNITS_PER_STEP + (isSecondHalf ? 1 : 0)
      this.add(text, at, next)
      at = next
      yield
    }
    this.add(text, at, to)
  }

  add(text: string, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const code = text.charCodeAt(at)
      if (code < 128) {
        const folded = ASCII[code] ?? 0
        if (folded !== 0) this.#put(folded, at, at + 1)
        at += 1
      } else {
        const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
        const end = at + character.length
        this.#addCharacter(character, at, end)
        at = end
      }
    }
  }

  /** Adds the letter of a token, if it has one; returns the index behind the token. */
  addToken({ letter, start, end }: Token): number {
    if (letter !== undefined) this.#addCharacter(letter, start, end)
    return end
  }

  #addCharacter(character: string, start: number, end: number): void {
    let folded = this.#known.get(character)
    if (folded === undefined) {
      folded = foldCharacter(character)
      this.#known.set(character, folded)
    }
    for (let unit = 0; unit < folded.length; unit++) this.#put(folded.charCodeAt(unit), start, end)
  }

  build(): Folded {
    const codes = this.#codes.subarray(0, this.#length)
    return {
      letters: Buffer.from(codes.buffer, codes.byteOffset, codes.byteLength).toString('utf16le'),
      places: { starts: this.#starts, ends: this.#ends },
    }
  }

  #put(code: number, start: number, end: number): void {
    // Cards show a run of blanks as one blank.
    if (code === BLANK && this.#length > 0 && this.#codes[this.#length - 1] === BLANK) return
    if (this.#length === this.#codes.length) this.#grow()
    this.#codes[this.#length] = code
    this.#starts[this.#length] = start
    this.#ends[this.#length] = end
    this.#length += 1
  }

  #grow(): void {
    const size = this.#codes.length * 2
    const codes = new Uint16Array(size)
    codes.set(this.#codes)
    this.#codes = codes
    const starts = new Uint32Array(size)
    starts.set(this.#starts)
    this.#starts = starts
    const ends = new Uint32Array(size)
    ends.set(this.#ends)
    this.#ends = ends
  }
}

/** Arabic letters that are typed in place of each other: dotless, final and Persian forms. */
const ARABIC_SPELLINGS: Readonly<Record<string, string>> = { ى: 'ي', ی: 'ي', ة: 'ه', ک: 'ك' }

function foldCharacter(character: string): string {
  switch (characterKind(character)) {
    case 'line':
    case 'blank':
      return ' '
    case 'forbidden':
    case 'invisible':
    case 'mark':
      return ''
    case 'digit':
      return String(digitValue(character))
    default: {
      const decomposed = character.normalize('NFKD')
      // A ligature of a whole phrase is not part of a name or a number.
      if (decomposed.length > MAX_LETTERS_PER_CHARACTER) return character
      let letters = ''
      for (const part of decomposed.toLowerCase()) letters += foldPart(part)
      return letters
    }
  }
}

function foldPart(part: string): string {
  switch (characterKind(part)) {
    case 'line':
    case 'blank':
      return ' '
    case 'forbidden':
    case 'invisible':
    case 'mark':
      return ''
    case 'digit':
      return String(digitValue(part))
    default:
      return ARABIC_SPELLINGS[part] ?? part
  }
}
