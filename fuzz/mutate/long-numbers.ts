import type { Random } from '../random.ts'

/** A value of a JSON text that a number may stand in place of: short text without escapes, or a number. */
const VALUE = /(?<=[:[,])(?:"[^"\\]{0,60}"|-?\d[\d.eE+-]{0,30})(?=[,\]}])/g

/** A number with more digits than a double holds. The text alone says which: JavaScript has no value for it. */
export function longNumber(random: Random): string {
  const digits = Array.from({ length: random.pick([17, 18, 20, 22, 40]) }, () => 1 + random.whole(9)).join('')
  return random.oneIn(6) ? `${digits}.5` : digits
}

/** A JSON text in which one number is too long, in one place or in several: an id likes to be quoted. */
export function withLongNumber(text: string, random: Random): string {
  const number = longNumber(random)
  const values = [...text.slice(0, 50_000).matchAll(VALUE)]
  if (values.length === 0) return text
  const into = random.pick(values)
  const quoted = random.oneIn(2) ? random.pick(values) : undefined
  let changed = ''
  let from = 0
  for (const value of values) {
    if (value !== into && value !== quoted) continue
    changed += text.slice(from, value.index) + (value === into ? number : `"no ${number} here"`)
    from = value.index + value[0].length
  }
  return changed + text.slice(from)
}
