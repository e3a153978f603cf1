import type { Language } from '../catalogue/language.ts'

/**
 * How text from outside gets into a card without becoming anything but text.
 *
 * 1. {@link cleanText}, when an event's data is prepared: what no card may contain (control characters, escape
 *    sequences, bidi overrides, broken Unicode) is gone before anything else looks at the text.
 * 2. While a template is expanded, whatever an expression yields is put between the two marks {@link OPEN} and
 *    {@link CLOSE}. They are noncharacters, which `cleanText` strips, so no data can forge one.
 * 3. {@link finishText}, when the card is finished: each marked piece is made safe for the very place where it ended up.
 *    So a template can put any value anywhere, and its author need not know what is safe there.
 *
 * The places: Teams reads Markdown in TextBlock and Fact, where everything that Markdown could
 * read gets a backslash, mentions and `{{DATE()}}` are broken up, line breaks become spaces, and no link says anything
 * else than where it leads. It reads none in a
 * TextRun or on a button, but still evaluates date functions and mentions there. Code and URLs are left as they are.
 *
 * Rejected: escaping when the data is prepared (backslashes would show in TextRun, and conditions would compare
 * escaped text), and leaving it to the template (one forgotten call is a hole).
 */
export type Place = 'markdown' | 'plain' | 'verbatim'

/** Stands before what an expression yields. */
export const OPEN = '\uFDD0'
/** Stands after it. */
export const CLOSE = '\uFDD1'

/** Breaks a word up without being seen and without allowing a line break. */
const JOINER = '\u2060'
const LRI = '\u2066'
const FSI = '\u2068'
const PDI = '\u2069'

const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDCF\uFDF0-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u
/** All but right-to-left text and line breaks. */
const ALONG = String.raw`[^\n\u0590-\u08FF\uFB1D-\uFDCF\uFDF0-\uFDFF\uFE70-\uFEFC]*`
/** What belongs to a path or a number that it begins, where no word stands before it: slashes, or a minus sign. */
const START = String.raw`(?<![^\s("'])(?:[~.]{0,2}[/\\]{1,4}|[-\u2212](?=\d))`
/** The slash at the end of one. */
const PATH_END = String.raw`\/(?=\s|$)`
/**
 * From a Latin letter or digit to the last one before right-to-left text: a date, an id, a path, English words. What
 * lies between the two is matched as well: otherwise a search would start at each of ten thousand plus signs in a row,
 * and each would read all of them.
 */
const LEFT_TO_RIGHT_RUN = new RegExp(
  `((?:${START})?[A-Za-z0-9+$](?:${ALONG}[A-Za-z0-9%])?(?:${PATH_END})?)(${ALONG})`,
  'g',
)
/** Where nothing matches, no text is written from right to left; this costs next to nothing for Latin letters. */
const BEYOND_LATIN = /[\u0590-\uFFFF]/
const MARKED = /\uFDD0([^\uFDD0\uFDD1]*)\uFDD1?|\uFDD1/g

/** Finishes one string of an expanded card: every marked piece is made safe for the place where it stands. */
export function finishText(text: string, place: Place, language: Language): string {
  if (!isMarked(text)) return text
  // Most texts are one piece and nothing else.
  if (text.lastIndexOf(OPEN) === 0 && text.indexOf(CLOSE) === text.length - 1)
    return settlePiece(text.slice(1, -1), place, language, true)
  // Two pieces that touch could make together what neither is: `<` and `at>`.
  const apart = place === 'verbatim' ? text : text.replaceAll(CLOSE + OPEN, CLOSE + JOINER + OPEN)
  return apart.replace(MARKED, (whole, piece = '') => settlePiece(piece, place, language, whole.length === text.length))
}

/** Whether there is anything for {@link finishText} to do. */
export function isMarked(text: string): boolean {
  return text.includes(OPEN) || text.includes(CLOSE)
}

function settlePiece(piece: string, place: Place, language: Language, alone: boolean): string {
  if (piece === '' || place === 'verbatim') return piece
  const safe = place === 'markdown' ? escapeMarkdown(piece) : withoutFunctions(piece)
  if (!safe.includes('\n')) return isolate(safe, language, alone)
  // An isolate ends with its line, whatever stands after the line break.
  const lines = safe.split('\n')
  return lines.map((line) => isolate(line, language, alone)).join('\n')
}

/**
 * Finds any text that {@link escapeMarkdown} would change, and some that it would not. Most texts of a card are names,
 * ids and numbers, and one look at them is enough.
 */
const MAYBE_MARKDOWN = /[\\`*_[\]~|&<{:]|[^\S ]| {2}|^ ?(?:[>+#-]|\d+[.)])/i

/**
 * What a client could make a link of: the `://` of any scheme, and `mailto:`. Not of an http or https address without a
 * name before an `@`: as a link it leads where it says, and whoever copies it has to get it whole.
 */
const LINK = /(\bhttps?:\/\/(?=[^\s/?#@]*(?:[/?#\s]|$)))|:\/\/|\bmailto:/gi

/** Text that Teams' Markdown shows as it is, on one line. */
export function escapeMarkdown(text: string): string {
  if (!MAYBE_MARKDOWN.test(text)) return text
  return withoutFunctions(text.replace(/\s+/g, ' '))
    .replace(/[\\`*_[\]~|]/g, '\\$&')
    .replace(/&(?=#?\w+;)/g, '\\&')
    .replace(/^ ?(?:>|[-+#](?=[-#\s]|$))/, (start) => `${start.slice(0, -1)}\\${start.slice(-1)}`)
    .replace(/^( ?\d+)(?=[.)](?:\s|$))/, '$1\\')
    .replace(LINK, (link, whole?: string) => whole ?? `${link.slice(0, -1)}${JOINER}${link.slice(-1)}`)
    .replace(/<(?=[a-z/!?])/gi, `<${JOINER}`)
}

/** Text without mentions and date functions, for where Teams reads no Markdown. */
function withoutFunctions(text: string): string {
  if (!text.includes('{{') && !text.includes('<')) return text
  return text.replace(/\{(?=\{)|<(?=\/?at\b)/gi, `$&${JOINER}`)
}

/**
 * Keeps a piece from rearranging its neighbours, and its neighbours from rearranging it: `CLM-2025-001` inside an
 * Arabic sentence would otherwise be shown as `001-2025-CLM`. A piece with the language's own direction that stands
 * alone needs nothing; one of the other direction needs it even then, or its full stop jumps to the other side. Inside a
 * right-to-left piece, `2024-12-31` would turn round, so each such run is kept in one piece too.
 */
function isolate(piece: string, language: Language, alone: boolean): string {
  if (piece === '') return ''
  if (!BEYOND_LATIN.test(piece) || !RIGHT_TO_LEFT.test(piece)) return language === 'en' ? piece : `${LRI}${piece}${PDI}`
  const readable = piece.includes(LRI) ? piece : piece.replace(LEFT_TO_RIGHT_RUN, `${LRI}$1${PDI}$2`)
  return alone && language === 'ar' ? readable : `${FSI}${readable}${PDI}`
}

/** Names as one list, each kept in one piece, separated as the language does it. */
export function listed(names: readonly string[], language: Language): string {
  if (language === 'en') return names.join(', ')
  return names.map((name) => isolate(name, language, false)).join('، ')
}

/** Text of code for where runs of spaces would be made one: its indentation in spaces that stay. */
export function keepIndentation(text: string): string {
  const kept = (spaces: string) => '\u00A0'.repeat(spaces.replaceAll('\t', '    ').length)
  return text.replace(/^([\u2066\u2068]?)([ \t]+)/gm, (_, isolate: string, spaces: string) => isolate + kept(spaces))
}

/** The start of a text, at most `most` UTF-16 units long, its last the `…` that says that it was cut. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  if (most < 1) return ''
  return `${text.slice(0, boundaryBefore(text, most - 1)).trimEnd()}…`
}

/**
 * The first and the last lines of a text, with a line that is just `…` between them. For tracebacks: where it began
 * comes first, what went wrong last, and what lies between is missed least.
 */
export function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text
  const lines = text.split('\n')
  let head = ''
  for (let i = 0; head.length + (lines[i]?.length ?? most) + 1 <= most / 4; i += 1) head += `${lines[i]}\n`
  let tail = ''
  for (let i = lines.length - 1; tail.length + (lines[i]?.length ?? most) + 1 <= most - head.length - 1; i -= 1)
    tail = `\n${lines[i]}${tail}`
  return tail === '' ? cut(text, most) : `${head}…${tail}`
}

/** No character that people write has as many UTF-16 units; families and flags of regions have at most 15. */
const MONSTROUS = 64

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * The last place at or before `at` where a text can be cut without halving what a reader sees as one character. A
 * character may be made of any number of code points, so a monstrous one is cut, but never inside a surrogate pair.
 */
function boundaryBefore(text: string, at: number): number {
  // Segmenting starts at an ASCII character near by, which always begins a new grapheme, and not at the text's start.
  let from = at
  while (from > 0 && text.charCodeAt(from) > 0x7e) from -= 1
  if (from === at) return at
  let boundary = from
  for (const { index } of graphemes.segment(text.slice(from, at + 64).toWellFormed())) {
    if (from + index <= at) boundary = from + index
  }
  if (boundary > 0 || at < MONSTROUS) return boundary
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}
