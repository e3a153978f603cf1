/**
 * The texts of the members of a JSON object as they stand in it, byte for byte, by name; undefined for any other text. A number of
 * twenty digits, `100.0` and escapes stay as they are, which `JSON.parse` and `JSON.stringify` would change.
 */
export function rawMembers(text: string): ReadonlyMap<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  } catch {
    return undefined
  }
  // From here on it is known to be JSON.
  const members = new Map<string, string>()
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = endOfText(text, at)
    const start = skipSpace(text, text.indexOf(':', nameEnd) + 1)
    const end = endOfValue(text, start)
    const name: unknown = JSON.parse(text.slice(at, nameEnd))
    members.set(String(name), text.slice(start, end).trimEnd())
    at = skipSpace(text, end + 1)
  }
  return members
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (/\s/.test(text[at] ?? '')) at += 1
  return at
}

/** Index after the closing quote. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Index of the comma or brace that follows a value. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const character = text[at]
    if (character === '"') {
      at = endOfText(text, at)
      continue
    }
    if (character === '{' || character === '[') depth += 1
    else if (depth === 0 && (character === ',' || character === '}')) return at
    else if (character === '}' || character === ']') depth -= 1
    at += 1
  }
  return at
}
