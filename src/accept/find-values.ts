/** The shortest value that is looked for: a two-letter id would be found in every second word. */
const SHORTEST = 5
/** Longer values are looked for in pieces of this length, so that the search takes time in proportion to the text. */
const LONGEST = 32

/** A stretch of a text, from `start` to before `end`, in UTF-16 units. */
export interface Found {
  readonly start: number
  readonly end: number
  /** The value that it is; undefined where several overlap, or where it is written in another encoding. */
  readonly value: string | undefined
}

/** Finds the values in a text; what is found neither overlaps nor is out of order. */
export type Finder = (text: string) => readonly Found[]

/**
 * Makes a search for values in texts, for values that must not be seen there. So it finds what a reader, or the card that the
 * text ends up in, would take for the value, however it is written: in any letter case, with invisible characters inside,
 * with or without accents, with Arabic digits, with other blanks, percent-encoded as in a URL, or escaped as in JSON.
 *
 * All values are looked for in one pass: for each place in the text, the first five letters are looked up, and then the longest value
 * that begins so. One value after the other would take an hour for an event full of both.
 *
 * @param values those shorter than five letters are not looked for
 */
export function createFinder(values: Iterable<string>): Finder | undefined {
  const patterns = new Map<string, string | undefined>()
  for (const value of values) {
    const plain = fold(value).letters.trim()
    for (const form of [plain, ...encoded(value)]) {
      if (form.length < SHORTEST) continue
      if (form.length <= LONGEST) patterns.set(form, form === plain ? value : undefined)
      else for (const piece of piecesOf(form)) if (!patterns.has(piece)) patterns.set(piece, undefined)
    }
  }
  if (patterns.size === 0) return undefined
  /** By their first five letters: the lengths that there are, the longest first. */
  const lengths = new Map<string, number[]>()
  for (const pattern of patterns.keys()) {
    const start = pattern.slice(0, SHORTEST)
    const known = lengths.get(start) ?? []
    if (!known.includes(pattern.length))
      lengths.set(
        start,
        [...known, pattern.length].sort((a, b) => b - a),
      )
  }

  const search = (text: string, characters: Iterable<string>): Found[] => {
    const { letters, starts, ends } = fold(text, characters)
    const found: Found[] = []
    for (let at = 0; at + SHORTEST <= letters.length; at++) {
      const length = lengths
        .get(letters.slice(at, at + SHORTEST))
        ?.find((candidate) => patterns.has(letters.slice(at, at + candidate)))
      if (length === undefined) continue
      const start = starts[at] ?? 0
      const end = ends[at + length - 1] ?? text.length
      const value = patterns.get(letters.slice(at, at + length))
      const last = found.at(-1)
      if (last && end <= last.end) continue
      // What overlaps is one stretch: what is left of the first value must not stay beside the second. So are the
      // pieces of one long value.
      const joins = last && (start < last.end || (start === last.end && !last.value && !value))
      if (joins) found[found.length - 1] = { start: last.start, end, value: undefined }
      else found.push({ start, end, value })
    }
    return found
  }
  return (text) => {
    const found = search(text, text)
    // By itself, since a value that ends in "%" may stand before digits.
    const decoded = ENCODED.test(text) ? search(text, text.match(CHARACTERS) ?? []) : []
    return decoded.length === 0 ? found : merged([...found, ...decoded])
  }
}

/** A letter or digit that is percent-encoded although it need not be. */
const ENCODED = /%(?:3\d|[46][1-9a-f]|[57][0-9a])/i
const CHARACTERS = new RegExp(`${ENCODED.source}|[^]`, 'giu')

/** Stretches in order and without overlaps; of what overlaps, nobody can say which value it is. */
function merged(all: readonly Found[]): Found[] {
  const joined: Found[] = []
  for (const next of all.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = joined.at(-1)
    if (last === undefined || next.start >= last.end) joined.push(next)
    else if (next.end > last.end) joined[joined.length - 1] = { start: last.start, end: next.end, value: undefined }
  }
  return joined
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
  return [...new Set(forms.filter((form) => form !== value))].map((form) => fold(form).letters)
}

interface Folded {
  readonly letters: string
  /** For each unit of `letters`: where in the text it comes from. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Seen by nobody: accents by themselves, controls, marks of direction, joiners, what is no character; and the tatweel. */
const UNSEEN = /[\p{Mn}\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u0640]/gu

/**
 * A text as it is compared. Each character is folded by itself, so that a text that contains a value contains the
 * folded value too, wherever it begins.
 */
function fold(text: string, characters: Iterable<string> = text): Folded {
  // A list, because looking at the end of a text that is being put together copies all of it, each time.
  const letters: string[] = []
  const starts: number[] = []
  const ends: number[] = []
  // A text has few different characters; folding one takes as long as looking up ten.
  const known = new Map<string, string>()
  let at = 0
  for (const character of characters) {
    const folded = known.get(character) ?? foldCharacter(character)
    known.set(character, folded)
    // Cards show any run of blanks as one.
    if (folded !== ' ' || letters.at(-1) !== ' ')
      for (let unit = 0; unit < folded.length; unit++) {
        letters.push(folded.charAt(unit))
        starts.push(at)
        ends.push(at + character.length)
      }
    at += character.length
  }
  return { letters: letters.join(''), starts, ends }
}

function foldCharacter(character: string): string {
  if (character.length === 3) return String.fromCharCode(Number.parseInt(character.slice(1), 16)).toLowerCase()
  const code = character.charCodeAt(0)
  if (code > 0x20 && code < 0x7f) return code >= 0x41 && code <= 0x5a ? character.toLowerCase() : character
  if (/\s/.test(character)) return ' '
  if (code >= 0x660 && code <= 0x669) return String(code - 0x660)
  if (code >= 0x6f0 && code <= 0x6f9) return String(code - 0x6f0)
  return character.normalize('NFKD').replace(UNSEEN, '').toLowerCase()
}
