/** Longest text of `kwargs` that is read: Celery cuts it at 1,024 characters. */
const LONGEST = 4_096
/** Longest value that is kept. */
const LONGEST_VALUE = 200
const SCALARS: ReadonlyMap<string, boolean> = new Map([
  ['True', true],
  ['False', false],
])

/**
 * Reads named values from Python's `repr` of a dictionary, such as `{'payer': 'TAWUNIYA', 'claim': {…}}`: texts, numbers and booleans
 * at its first level. Whatever else stands there is passed over; where the text is cut or unclear, nothing more is read.
 */
export function keywordArguments(
  written: string,
  names: readonly string[],
): Readonly<Record<string, string | number | boolean>> {
  const text = written.slice(0, LONGEST)
  const found = new Map<string, string | number | boolean>()
  let at = text.startsWith('{') ? 1 : text.length
  while (at < text.length) {
    const key = readText(text, at)
    if (key === undefined || !text.startsWith(': ', key.end)) break
    const start = key.end + 2
    const end = endOfValue(text, start)
    // Not the last value of a text that was cut.
    if (end === undefined) break
    if (names.includes(key.value)) {
      const value = scalarOf(text, start, end)
      if (value !== undefined) found.set(key.value, value)
    }
    if (!text.startsWith(', ', end)) break
    at = end + 2
  }
  return Object.fromEntries(found)
}

function scalarOf(text: string, start: number, end: number): string | number | boolean | undefined {
  const quoted = readText(text, start)
  if (quoted !== undefined) return quoted.end === end ? quoted.value.slice(0, LONGEST_VALUE) : undefined
  const word = text.slice(start, end)
  if (/^-?\d{1,15}(\.\d{1,15})?$/.test(word)) return Number(word)
  return SCALARS.get(word)
}

/** Reads a text literal; undefined for another value, and for a text that is cut or has escapes, which a harmless value has not. */
function readText(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  const quote = text[start]
  if (quote !== "'" && quote !== '"') return undefined
  const end = text.indexOf(quote, start + 1)
  const value = text.slice(start + 1, end)
  return end < 0 || value.includes('\\') ? undefined : { value, end: end + 1 }
}

/** Where a value ends: before the comma or brace of the first level. Undefined for one that is cut. */
function endOfValue(text: string, start: number): number | undefined {
  let depth = 0
  let at = start
  while (at < text.length) {
    const character = text[at] ?? ''
    if (character === "'" || character === '"') {
      const end = endOfText(text, at, character)
      if (end === undefined) return undefined
      at = end
      continue
    }
    if ('([{'.includes(character)) depth += 1
    else if (depth === 0 && (character === ',' || character === '}')) return at
    else if (')]}'.includes(character)) depth -= 1
    if (text.startsWith('...', at) && depth === 0) return undefined
    at += 1
  }
  return undefined
}

function endOfText(text: string, start: number, quote: string): number | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === quote) return at + 1
  }
  return undefined
}
