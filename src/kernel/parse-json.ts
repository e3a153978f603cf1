/** The beginning of a number that may be rounded: 16 digits, with or without a decimal point among them, or an exponent. */
const MAYBE_ROUNDED = /[:,[\s](?:-?(?:\d\.?){16}|-?\d[\d.]*[eE])/

/**
 * Parses JSON without rounding a number. A number beyond 2^53 that JavaScript would round becomes a text with the digits
 * that were sent. So a long id keeps its digits, and a numeric field refuses the text by its name. Fractions below 2^53
 * are read as numbers with any number of digits: a measurement is as exact as a double.
 *
 * A second pass is made only where a regular expression finds a long number. Rejected: `JSON.parse` with a reviver and
 * its `context.source`. It takes 40 times as long (5 MB of numbers: 4 s), and recurses into lists of any depth.
 *
 * @throws SyntaxError for a text that is not JSON; its message may quote the text
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return MAYBE_ROUNDED.test(text) ? JSON.parse(withRoundedQuoted(text)) : value
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d

/** Puts quotes at both ends of each number that would be rounded. The text must be JSON. */
function withRoundedQuoted(text: string): string {
  const pieces: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = endOfString(text, at)
    else if (unit === MINUS || isDigit(unit)) {
      const start = at
      while (isPartOfNumber(text.charCodeAt(at + 1))) at += 1
      if (at - start < 2 || !isRounded(text.slice(start, at + 1))) continue
      pieces.push(text.slice(from, start), `"${text.slice(start, at + 1)}"`)
      from = at + 1
    }
  }
  return pieces.join('') + text.slice(from)
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

/** A digit, or one of `+-.eE`; false behind the end of the text. */
function isPartOfNumber(unit: number): boolean {
  return isDigit(unit) || unit === 0x2b || unit === MINUS || unit === 0x2e || unit === 0x45 || unit === 0x65
}

/** Returns the index of the quote that ends a string. */
function endOfString(text: string, start: number): number {
  let end = start
  let backslashes: number
  do {
    end = text.indexOf('"', end + 1)
    backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1
  } while (backslashes % 2 === 1)
  return end
}

function isRounded(source: string): boolean {
  if (source.length < 16 && !/[eE]/.test(source)) return false
  const value = Number(source)
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false
  if (/^-?\d+$/.test(source)) return String(value) !== source
  // 1e999 has too large a value rather than too many digits; it stays Infinity, which is refused as too large.
  return Number.isFinite(value) && plainDigits(String(value)) !== plainDigits(source)
}

/** Normalises a number to significant digits and a power of ten: equal for two notations of one number. */
function plainDigits(written: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(written) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
