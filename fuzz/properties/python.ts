// A dictionary as Python's `repr` writes it, split by one pattern: not the reader of src/sources/celery/keyword-arguments.ts,
// which it tests.

const TOKEN = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[()[\]{}]|[,:]|[^\s'"()[\]{},:]+|\s+|./gsu
/** Longest text that is kept of a value. */
const LONGEST_VALUE = 200

/** The scalar values at the first level of a dictionary, under these names: each as `name=value`. */
export function scalarsIn(written: string, names: readonly string[]): string[] {
  const found: string[] = []
  let depth = 0
  let name: string | undefined
  const tokens = (written.match(TOKEN) ?? []).filter((token) => token.trim() !== '')
  for (const [index, token] of tokens.entries()) {
    if ('([{'.includes(token)) depth += 1
    else if (')]}'.includes(token)) depth -= 1
    else if (depth !== 1) continue
    else if (tokens[index + 1] === ':') name = names.find((known) => token === `'${known}'` || token === `"${known}"`)
    else if (token === ',') name = undefined
    else if (name !== undefined && tokens[index - 1] === ':' && ',}'.includes(tokens[index + 1] ?? ' '))
      found.push(`${name}=${readingOf(token)}`)
  }
  return found
}

function readingOf(token: string): string {
  if (/^['"]/.test(token)) return token.slice(1, -1).slice(0, LONGEST_VALUE)
  if (token === 'True' || token === 'False') return token.toLowerCase()
  return String(Number(token))
}
