import type { Language } from '../catalogue/language.ts'

/**
 * A place of untrusted text on a card, which decides how the text is escaped:
 *
 * - `markdown`, TextBlock and Fact: Markdown characters get a backslash, mentions and `{{DATE()}}` are broken up, line
 *   breaks become spaces, and links are broken up unless they lead to the address that they show.
 * - `plain`, TextRun and buttons: Teams parses no Markdown there, but evaluates date functions and mentions.
 * - `verbatim`, code and URLs: unchanged.
 *
 * Escaping has three stages:
 *
 * 1. `cleanText`, when an event's data is prepared, removes control characters, escape sequences, bidi overrides and
 *    broken Unicode.
 * 2. Expanding a template puts the value of each expression between the marks {@link OPEN} and {@link CLOSE}. They are
 *    noncharacters, which `cleanText` strips, so data can not forge them.
 * 3. {@link finishText}, when the card is finished, escapes each marked piece for its place. So a template can put any
 *    value in any place, and its author need not know the rules of escaping.
 *
 * Rejected: escaping when the data is prepared (backslashes would show in TextRun, and conditions would compare
 * escaped text), and leaving it to the template (one forgotten call would be an injection).
 */
export type Place = 'markdown' | 'plain' | 'verbatim'

/** Mark before the value of an expression. */
export const OPEN = '\uFDD0'
/** Mark after the value of an expression. */
export const CLOSE = '\uFDD1'

/** U+2060 WORD JOINER: breaks a token up, invisibly and without allowing a line break. */
const JOINER = '\u2060'
const LRI = '\u2066'
const FSI = '\u2068'
const PDI = '\u2069'

const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDCF\uFDF0-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u
/** Any characters except right-to-left text and line breaks. */
const ALONG = String.raw`[^\n\u0590-\u08FF\uFB1D-\uFDCF\uFDF0-\uFDFF\uFE70-\uFEFC]*`
/** The start of a path or number without a word before it: slashes, or a minus sign. */
const START = String.raw`(?<![^\s("'])(?:[~.]{0,2}[/\\]{1,4}|[-\u2212](?=\d))`
/** The slash at the end of a path. */
const PATH_END = String.raw`\/(?=\s|$)`
/**
 * From a Latin letter or digit to the last one before right-to-left text: a date, an id, a path, English words. The rest
 * up to the right-to-left text is matched too: otherwise ten thousand plus signs in a row take quadratic time.
 */
const LEFT_TO_RIGHT_RUN = new RegExp(
  `((?:${START})?[A-Za-z0-9+$](?:${ALONG}[A-Za-z0-9%])?(?:${PATH_END})?)(${ALONG})`,
  'g',
)
/** Text without a match has no right-to-left characters; a fast check for Latin text. */
const BEYOND_LATIN = /[\u0590-\uFFFF]/
const MARKED = /\uFDD0([^\uFDD0\uFDD1]*)\uFDD1?|\uFDD1/g

/** Escapes every marked piece of one string of an expanded card for its place, and removes the marks. */
export function finishText(text: string, place: Place, language: Language): string {
  if (!isMarked(text)) return text
  // Fast path: most texts are exactly one piece.
  if (text.lastIndexOf(OPEN) === 0 && text.indexOf(CLOSE) === text.length - 1)
    return escapePiece(text.slice(1, -1), place, language, true)
  // Two adjacent pieces could form a token together, such as `<` and `at>`.
  const apart = place === 'verbatim' ? text : text.replaceAll(CLOSE + OPEN, CLOSE + JOINER + OPEN)
  return apart.replace(MARKED, (whole, piece = '') => escapePiece(piece, place, language, whole.length === text.length))
}

/** True for text with marks, which needs {@link finishText}. */
export function isMarked(text: string): boolean {
  return text.includes(OPEN) || text.includes(CLOSE)
}

function escapePiece(piece: string, place: Place, language: Language, alone: boolean): string {
  if (piece === '' || place === 'verbatim') return piece
  const safe = place === 'markdown' ? escapeMarkdown(piece) : withoutFunctions(piece)
  if (!safe.includes('\n')) return isolate(safe, language, alone)
  // A bidi isolate ends at a line break.
  const lines = safe.split('\n')
  return lines.map((line) => isolate(line, language, alone)).join('\n')
}

/**
 * Matches every text that {@link escapeMarkdown} changes, and some that it does not. A fast check, since most texts of a
 * card are names, ids and numbers.
 */
const MAY_BE_MARKDOWN = /[\\`*_[\]~|&<{:]|[^\S ]| {2}|^ ?(?:[>+#-]|\d+[.)])/i

/**
 * Parts that a client could make a link of: `://` of any scheme, and `mailto:`. The group matches an http or https address
 * without a user name, which stays: as a link it leads to the address that it shows, and people have to copy it unchanged.
 */
const LINK = /(\bhttps?:\/\/(?=[^\s/?#@]*(?:[/?#\s]|$)))|:\/\/|\bmailto:/gi

/** Escapes text for Teams' Markdown, on one line. */
export function escapeMarkdown(text: string): string {
  if (!MAY_BE_MARKDOWN.test(text)) return text
  return withoutFunctions(text.replace(/\s+/g, ' '))
    .replace(/[\\`*_[\]~|]/g, '\\$&')
    .replace(/&(?=#?\w+;)/g, '\\&')
    .replace(/^ ?(?:>|[-+#](?=[-#\s]|$))/, (start) => `${start.slice(0, -1)}\\${start.slice(-1)}`)
    .replace(/^( ?\d+)(?=[.)](?:\s|$))/, '$1\\')
    .replace(LINK, (link, whole?: string) => whole ?? `${link.slice(0, -1)}${JOINER}${link.slice(-1)}`)
    .replace(/<(?=[a-z/!?])/gi, `<${JOINER}`)
}

/** Breaks up mentions and date functions. */
function withoutFunctions(text: string): string {
  if (!text.includes('{{') && !text.includes('<')) return text
  return text.replace(/\{(?=\{)|<(?=\/?at\b)/gi, `$&${JOINER}`)
}

/**
 * Puts bidi isolates around a piece, so that it and its neighbours do not reorder each other: `CLM-2025-001` inside an
 * Arabic sentence would otherwise be shown as `001-2025-CLM`. A piece that is alone needs none in the language's own
 * direction; in the other direction it does, or its full stop moves to the other side. Inside a right-to-left piece,
 * left-to-right runs such as `2024-12-31` are isolated too.
 */
function isolate(piece: string, language: Language, alone: boolean): string {
  if (piece === '') return ''
  if (!BEYOND_LATIN.test(piece) || !RIGHT_TO_LEFT.test(piece)) return language === 'en' ? piece : `${LRI}${piece}${PDI}`
  const readable = piece.includes(LRI) ? piece : piece.replace(LEFT_TO_RIGHT_RUN, `${LRI}$1${PDI}$2`)
  return alone && language === 'ar' ? readable : `${FSI}${readable}${PDI}`
}

/** Joins names with the separator of the language; in Arabic each name is isolated. */
export function listed(names: readonly string[], language: Language): string {
  if (language === 'en') return names.join(', ')
  return names.map((name) => isolate(name, language, false)).join('، ')
}

/** Replaces the indentation of code by no-break spaces, where Teams would collapse spaces. */
export function keepIndentation(text: string): string {
  const kept = (spaces: string) => '\u00A0'.repeat(spaces.replaceAll('\t', '    ').length)
  return text.replace(/^([\u2066\u2068]?)([ \t]+)/gm, (_, isolate: string, spaces: string) => isolate + kept(spaces))
}

/** Cuts a text to at most `maxLength` UTF-16 units, including a `…` at the end. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  if (maxLength < 1) return ''
  return `${text.slice(0, boundaryBefore(text, maxLength - 1)).trimEnd()}…`
}

/**
 * Cuts a text in the middle: the first and the last lines with a line `…` between them. For tracebacks, which start with
 * the entry point and end with the error; the frames between matter least.
 */
export function cutMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const lines = text.split('\n')
  let head = ''
  for (let i = 0; head.length + (lines[i]?.length ?? maxLength) + 1 <= maxLength / 4; i += 1) head += `${lines[i]}\n`
  let tail = ''
  for (
    let i = lines.length - 1;
    tail.length + (lines[i]?.length ?? maxLength) + 1 <= maxLength - head.length - 1;
    i -= 1
  )
    tail = `\n${lines[i]}${tail}`
  return tail === '' ? cut(text, maxLength) : `${head}…${tail}`
}

/** Longer graphemes are cut. Real ones are shorter: families and flags of regions have at most 15 UTF-16 units. */
const MAX_GRAPHEME_LENGTH = 64

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * The last grapheme boundary at or before `at`. A grapheme may have any number of code points, so a longer one than
 * MAX_GRAPHEME_LENGTH is cut, but never inside a surrogate pair.
 */
function boundaryBefore(text: string, at: number): number {
  // Segmenting starts at the nearest ASCII character before, which always begins a grapheme, not at the text's start.
  let from = at
  while (from > 0 && text.charCodeAt(from) > 0x7e) from -= 1
  if (from === at) return at
  let boundary = from
  for (const { index } of graphemes.segment(text.slice(from, at + MAX_GRAPHEME_LENGTH).toWellFormed())) {
    if (from + index <= at) boundary = from + index
  }
  if (boundary > 0 || at < MAX_GRAPHEME_LENGTH) return boundary
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}
