/**
 * True where the text fits the pattern, in which each `*` stands for any text, also for none; every other character stands
 * for itself, and letter case counts.
 *
 * Each piece between two stars is looked for where the one before it ended, and never again: so the time grows with the
 * length of the text, whatever pattern somebody thinks of. A regular expression made of the pattern would go back and
 * forth for as long as its author likes.
 */
export function fits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return text === pattern
  const end = text.length - last.length
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
