/**
 * The kind of a character, by its appearance on a card. The search for patient data and the cleaning of cards share this
 * table: if they differed in one character, `P12345<that character>6789` would pass the search and be whole on the card.
 */
export type CharacterKind =
  /** Ends a line: a card keeps it as `\n`, or as a blank where a text has one line. */
  | 'line'
  /** Shown as a blank of any width. */
  | 'blank'
  /** Never on a card: controls, marks of direction, the byte order mark, noncharacters. {@link cleanText} removes it. */
  | 'forbidden'
  /** On a card, with no glyph: joiners, soft hyphens, selectors. They shape other characters, so they stay. */
  | 'invisible'
  /** Drawn on or between other characters and changes none: accents, enclosing marks, the Arabic tatweel. */
  | 'mark'
  /** A decimal digit of any script: {@link digitValue} returns its value. */
  | 'digit'
  | 'other'

const LINE = String.raw`\n\r\u0085\u2028\u2029`
/** Controls other than tab and line breaks; bidi marks, embeddings, overrides and isolates; noncharacters. */
const FORBIDDEN = String.raw`\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u206F\uFEFF\p{Noncharacter_Code_Point}`

const KINDS: readonly (readonly [CharacterKind, RegExp])[] = [
  ['line', new RegExp(`[${LINE}]`, 'u')],
  // U+2800 BRAILLE PATTERN BLANK has no dots, and is in no Unicode class of blanks.
  ['blank', /[\t\p{Zs}\u2800]/u],
  ['forbidden', new RegExp(`[${FORBIDDEN}]`, 'u')],
  ['mark', /[\p{Mn}\p{Me}\u0640]/u],
  ['invisible', /[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/u],
  ['digit', /\p{Nd}/u],
]

/** Returns the kind of a character, given as a text of one code point. */
export function characterKind(character: string): CharacterKind {
  return KINDS.find(([, pattern]) => pattern.test(character))?.[0] ?? 'other'
}

/** The value of a decimal digit of any script, 0 to 9. Unicode has the ten digits of a script in one row, zero first. */
export function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0
  let digitsBefore = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(code - digitsBefore - 1))) digitsBefore += 1
  return digitsBefore % 10
}

/**
 * Escape sequences of terminals (ECMA-48): colours and cursor moves (CSI), window titles and links (OSC), and the
 * two-character sequences. Of a sequence without an end only the first character matches, which is `forbidden` by itself.
 * Takes linear time for a text of many unfinished sequences: no match extends beyond the beginning of the next sequence.
 */
export const ESCAPE_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes them
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B\]|\u009D)[^\u0007\u001B\u009C\u009D]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]*[0-Z\\^-~]/g

/** The first characters of an {@link ESCAPE_SEQUENCE}. A cheap test before the search, as most texts have none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern finds them
export const MAY_ESCAPE = /[\u001B\u009B\u009D]/

const PLAIN = /^[\n\u0020-\u007E]*$/
const LINE_BREAKS = new RegExp(`\r\n|[${LINE}]`, 'g')
const FORBIDDEN_CHARACTERS = new RegExp(`[${FORBIDDEN}]`, 'gu')

/**
 * Returns text that may stand on a card: well-formed, with `\n` as its only line break, without escape sequences and
 * `forbidden` characters.
 */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text
  const kept = MAY_ESCAPE.test(text) ? text.replace(ESCAPE_SEQUENCE, '') : text
  return kept.toWellFormed().replace(LINE_BREAKS, '\n').replace(FORBIDDEN_CHARACTERS, '')
}

/** Returns the start of a text and `…`, together at most `maxUnits` UTF-16 units; never half a surrogate pair. */
export function cutText(text: string, maxUnits: number): string {
  return text.length <= maxUnits ? text : `${text.slice(0, boundary(text, maxUnits - 1))}…`
}

/**
 * Returns the first and the last lines of a text with a line of only `…` between them, together at most `maxUnits` UTF-16
 * units. For tracebacks, whose first lines name the entry point and whose last lines name the error.
 */
export function cutTextMiddle(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text
  const head = text.slice(0, boundary(text, Math.floor(maxUnits / 4)))
  const from = text.length - (maxUnits - head.length - 3)
  const tail = text.slice(isSecondHalf(text, from) ? from + 1 : from)
  const lastLine = head.lastIndexOf('\n')
  const firstLine = tail.indexOf('\n')
  return `${lastLine < 0 ? head : head.slice(0, lastLine)}\n…\n${firstLine < 0 ? tail : tail.slice(firstLine + 1)}`
}

function boundary(text: string, at: number): number {
  return isSecondHalf(text, at) ? at - 1 : at
}

/** True where the UTF-16 unit is the second half of a surrogate pair. */
function isSecondHalf(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/**
 * Concatenates texts as UTF-8 in one Buffer. Rejected: joining the texts first. One Arabic letter in any of them would make
 * the joined string take two bytes a character.
 *
 * @param reservedBytes bytes to leave free at the start
 */
export function utf8Of(texts: readonly string[], reservedBytes = 0): Buffer {
  const length = texts.reduce((total, text) => total + Buffer.byteLength(text), reservedBytes)
  const bytes = Buffer.allocUnsafe(length)
  let at = reservedBytes
  for (const text of texts) at += bytes.write(text, at)
  return bytes
}
