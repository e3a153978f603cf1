/** Longest number with its separators, in UTF-16 units. */
const MAX_NUMBER_LENGTH = 40
/** From this number of digits on, a blank ends a number. */
const COMPLETE_DIGITS = 9
const DIGITS = '0123456789'

/**
 * The end of the identity, record or policy number that begins at `start`: `1098765432`, `P-2002`, `109-876-5432`,
 * `MRN/00123`. Undefined for a word, a number of few digits, a date, a time with a fraction, and an IP address.
 */
export function readIdNumber(letters: string, start: number, minDigits: number): number | undefined {
  let end = start
  let digits = 0
  let others = 0
  const limit = Math.min(letters.length, start + MAX_NUMBER_LENGTH)
  for (let at = start; at < limit; at++) {
    const letter = letters.charAt(at)
    if (DIGITS.includes(letter)) {
      digits += 1
      end = at + 1
    } else if (letter >= 'a' && letter <= 'z') {
      others += 1
      end = at + 1
    } else if (!continues(letters, at, digits)) break
  }
  const number = letters.slice(start, end)
  if (digits < minDigits && !(digits >= 3 && /^[a-z]{1,4}-?\d/.test(number))) return undefined
  if (digits < others) return undefined
  const isTime = /^\d{4}-\d{2}-\d{2}|^\d{9,10}\.\d|^\d{1,2}:\d{2}/.test(number)
  const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(number)
  return isTime || isAddress ? undefined : end
}

/** True where the number continues after the separator at `at`. */
function continues(letters: string, at: number, digits: number): boolean {
  const separator = letters.charAt(at)
  const next = letters.charAt(at + 1)
  if (separator === ' ') return digits > 0 && digits < COMPLETE_DIGITS && DIGITS.includes(next) && next !== ''
  return '-_/.'.includes(separator) && /^[a-z]{0,4}[0-9]/.test(letters.slice(at + 1, at + 6))
}

/** The end of the phone number of at least seven digits that begins at `start`; undefined where there is none. */
export function readPhone(letters: string, start: number): number | undefined {
  const found = /^\+?(?:[ ().-]{0,2}[0-9]){7,15}(?![0-9])/.exec(letters.slice(start, start + MAX_NUMBER_LENGTH))
  return found ? start + found[0].length : undefined
}
