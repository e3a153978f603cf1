import { characterKind, digitValue, ESCAPE_SEQUENCE, MAY_ESCAPE } from './characters.ts'

/**
 * A character that is more letters than this once it is taken apart stands for itself. The longest is U+FDFA, eighteen
 * letters for three bytes: with it, a request of 5 MB was 30 million letters, and its search took 8 seconds.
 */
const MOST_LETTERS = 4

/** A text as it is compared, with the place in the text where each unit of `letters` comes from. */
export interface Folded {
  readonly letters: string
  /** Where the units begin and end; undefined where each is at its own place, as in most short texts. */
  readonly places: { readonly starts: Uint32Array; readonly ends: Uint32Array } | undefined
}

/** Where in the text the unit begins. */
export function startOf({ places }: Folded, unit: number): number {
  return places ? (places.starts[unit] ?? 0) : unit
}

/** Where in the text it ends. */
export function endOf({ places }: Folded, unit: number): number {
  return places ? (places.ends[unit] ?? 0) : unit + 1
}

/** For each ASCII character what it is compared as; 0 where it is not seen. */
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 0x41 && code <= 0x5a) return code + 32
  if (code === 0x09 || code === 0x0a || code === 0x0d) return 0x20
  return code < 0x20 || code === 0x7f ? 0 : code
})
const BLANK = 0x20

/** Characters of one text after which others get a turn: a millisecond's work or two. */
export const PIECE = 65_536

/** How a text is read. */
export interface Reading {
  /** `%5A` as the letter that it stands for. */
  readonly percent?: boolean
  /** Without terminals' escape sequences, as cards have it. */
  readonly escapes?: boolean
}

/**
 * A text as a reader takes it: letter case, accents, widths and what nobody sees are gone, digits are ASCII, spellings of
 * one Arabic letter are one, and each run of blanks is one blank. Each character is folded by itself, so that a text that
 * contains a value contains the folded value too, wherever it begins.
 *
 * Takes a step after each {@link PIECE} of a long text.
 */
export function* fold(text: string, reading: Reading = {}): Generator<void, Folded> {
  if (text.length <= PIECE) return foldNow(text, reading)
  const into = new Folding(text.length)
  let at = 0
  for (const token of tokensOf(text, reading)) {
    yield* into.addInSteps(text, at, token.start)
    at = into.addToken(token)
  }
  yield* into.addInSteps(text, at, text.length)
  return into.done()
}

/** Printable ASCII with single blanks between. */
const SIMPLE = /^[!-~]+(?: [!-~]+)*$/

/** The same at once, for a short text. */
export function foldNow(text: string, reading: Reading = {}): Folded {
  const tokens = tokensOf(text, reading)
  if (tokens === NO_TOKENS && SIMPLE.test(text)) return { letters: text.toLowerCase(), places: undefined }
  const into = new Folding(text.length)
  let at = 0
  for (const token of tokens) {
    into.add(text, at, token.start)
    at = into.addToken(token)
  }
  into.add(text, at, text.length)
  return into.done()
}

/** A stretch of a text that is read as one letter, or not at all. */
interface Token {
  readonly start: number
  readonly end: number
  readonly letter: string | undefined
}

const NO_TOKENS: readonly Token[] = []

/** A letter, a digit, a blank or a separator of digits that is percent-encoded although it need not be. */
const PERCENT = /%(?:3\d|[46][1-9a-f]|[57][0-9a]|2[0b-f]|5f)/i

/** Whether a text reads otherwise where its percent-encoding is taken off. */
export function mayBeEncoded(text: string): boolean {
  return text.includes('%') && PERCENT.test(text)
}

/** Whether a text has escape sequences, with which it is not what a card shows. */
export function mayEscape(text: string): boolean {
  return MAY_ESCAPE.test(text)
}

function tokensOf(text: string, { percent, escapes }: Reading): Iterable<Token> {
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

/** Takes folded characters one after the other. Numbers in typed arrays: a list of texts takes ten times as long. */
class Folding {
  #codes: Uint16Array
  #starts: Uint32Array
  #ends: Uint32Array
  #length = 0
  /** A text has few different characters beyond ASCII; folding one takes as long as looking up ten. */
  readonly #known = new Map<string, string>()

  constructor(length: number) {
    this.#codes = new Uint16Array(length + 16)
    this.#starts = new Uint32Array(length + 16)
    this.#ends = new Uint32Array(length + 16)
  }

  *addInSteps(text: string, from: number, to: number): Generator<void, void> {
    let at = from
    while (to - at > PIECE) {
      // Not between the halves of one character.
      const isHalf = (text.charCodeAt(at + PIECE) & 0xfc00) === 0xdc00
      const next = at + PIECE + (isHalf ? 1 : 0)
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

  /** Adds what a token stands for, and tells where it ends. */
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

  done(): Folded {
    const codes = this.#codes.subarray(0, this.#length)
    return {
      letters: Buffer.from(codes.buffer, codes.byteOffset, codes.byteLength).toString('utf16le'),
      places: { starts: this.#starts, ends: this.#ends },
    }
  }

  #put(code: number, start: number, end: number): void {
    // Cards show any run of blanks as one.
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

/** Letters that people and keyboards write for each other: dotless and final forms, and the Persian ones. */
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
      const apart = character.normalize('NFKD')
      // A sign for a whole phrase is no way to write somebody's name.
      if (apart.length > MOST_LETTERS) return character
      let letters = ''
      for (const part of apart.toLowerCase()) letters += foldPart(part)
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
