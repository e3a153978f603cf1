/**
 * What a character is to somebody who reads a card. The search for patient data and the cleaning of cards both ask here:
 * where they differ in one character, `P12345<that character>6789` passes the search and is whole again on the card.
 */
export type CharacterKind =
  /** Ends a line: a card keeps it as `\n`, or as a blank where a text has one line. */
  | 'line'
  /** Shown as a blank, of whatever width. */
  | 'blank'
  /** Never on a card: controls, marks of direction, the byte order mark, noncharacters. {@link cleanText} takes it out. */
  | 'forbidden'
  /** On a card and seen by nobody: joiners, soft hyphens, selectors. They shape other characters, so they stay. */
  | 'invisible'
  /** Sits on, around or between other characters and changes none: accents, enclosing marks, the Arabic tatweel. */
  | 'mark'
  /** A decimal digit of any script: {@link digitValue} says which. */
  | 'digit'
  | 'other'

const LINE = String.raw`\n\r\u0085\u2028\u2029`
/** Controls but tab and line breaks, bidi marks, embeddings, overrides and isolates, and what is no character. */
const FORBIDDEN = String.raw`\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u206F\uFEFF\p{Noncharacter_Code_Point}`

const KINDS: readonly (readonly [CharacterKind, RegExp])[] = [
  ['line', new RegExp(`[${LINE}]`, 'u')],
  // U+2800 is drawn without any dot, and no class of Unicode calls it a blank.
  ['blank', /[\t\p{Zs}\u2800]/u],
  ['forbidden', new RegExp(`[${FORBIDDEN}]`, 'u')],
  ['mark', /[\p{Mn}\p{Me}\u0640]/u],
  ['invisible', /[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/u],
  ['digit', /\p{Nd}/u],
]

/** The kind of a character, given as a text of one code point. */
export function characterKind(character: string): CharacterKind {
  return KINDS.find(([, pattern]) => pattern.test(character))?.[0] ?? 'other'
}

/** What a decimal digit of any script is worth: Unicode has each script's ten in one row, zero first. */
export function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0
  let before = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1
  return before % 10
}

/**
 * Escape sequences of terminals (ECMA-48): colours and cursor moves (CSI), window titles and links (OSC), and the short
 * ones. A sequence whose end is missing is only its first character, which is forbidden by itself. A text that begins one
 * again and again is read once: none goes on behind the beginning of the next.
 */
export const ESCAPE_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B\]|\u009D)[^\u0007\u001B\u009C\u009D]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]*[0-Z\\^-~]/g

/** Finds what {@link ESCAPE_SEQUENCE} begins with: most texts have none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
export const MAY_ESCAPE = /[\u001B\u009B\u009D]/

const PLAIN = /^[\n\u0020-\u007E]*$/
const LINE_BREAKS = new RegExp(`\r\n|[${LINE}]`, 'g')
const FORBIDDEN_CHARACTERS = new RegExp(`[${FORBIDDEN}]`, 'gu')

/**
 * Text that may go into a card: well-formed, with `\n` as its only line break, without escape sequences and without any
 * `forbidden` character.
 */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text
  const kept = MAY_ESCAPE.test(text) ? text.replace(ESCAPE_SEQUENCE, '') : text
  return kept.toWellFormed().replace(LINE_BREAKS, '\n').replace(FORBIDDEN_CHARACTERS, '')
}

/** The start of a text, at most `most` UTF-16 units with the `…` that says that it was cut; never half a surrogate pair. */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, boundary(text, most - 1))}…`
}

/**
 * The first and the last lines of a text, at most `most` UTF-16 units, with a line that is just `…` between them. For
 * tracebacks: where it began comes first, what went wrong last.
 */
export function cutTextMiddle(text: string, most: number): string {
  if (text.length <= most) return text
  const head = text.slice(0, boundary(text, Math.floor(most / 4)))
  const from = text.length - (most - head.length - 3)
  const tail = text.slice(isSecondHalf(text, from) ? from + 1 : from)
  const lastLine = head.lastIndexOf('\n')
  const firstLine = tail.indexOf('\n')
  return `${lastLine < 0 ? head : head.slice(0, lastLine)}\n…\n${firstLine < 0 ? tail : tail.slice(firstLine + 1)}`
}

function boundary(text: string, at: number): number {
  return isSecondHalf(text, at) ? at - 1 : at
}

/** Whether the second half of a surrogate pair stands there. */
function isSecondHalf(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/**
 * Texts one after the other as UTF-8, in one piece of memory. To join them first would make a text of two bytes a character of
 * all of them as soon as one has an Arabic letter in it.
 *
 * @param room bytes to leave free before them
 */
export function utf8Of(texts: readonly string[], room = 0): Buffer {
  const length = texts.reduce((total, text) => total + Buffer.byteLength(text), room)
  const bytes = Buffer.allocUnsafe(length)
  let at = room
  for (const text of texts) at += bytes.write(text, at)
  return bytes
}
