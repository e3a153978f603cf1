/** Longest number that is read, separators included. */
const LONGEST = 40
/** With so many digits a blank ends a number. */
const ENOUGH_DIGITS = 9
const DIGITS = '0123456789'

/**
 * Where the number of an identity, record or policy ends that begins at `start`: `1098765432`, `P-2002`, `109-876-5432`,
 * `MRN/00123`. Undefined for what is none: a word, a number of few digits, a date, a time with a fraction, an IP address.
 */
export function readIdNumber(letters: string, start: number, leastDigits: number): number | undefined {
  let end = start
  let digits = 0
  let others = 0
  const most = Math.min(letters.length, start + LONGEST)
  for (let at = start; at < most; at++) {
    const letter = letters.charAt(at)
    if (DIGITS.includes(letter)) {
      digits += 1
      end = at + 1
    } else if (letter >= 'a' && letter <= 'z') {
      others += 1
      end = at + 1
    } else if (!goesOn(letters, at, digits)) break
  }
  const number = letters.slice(start, end)
  if (digits < leastDigits && !(digits >= 3 && /^[a-z]{1,4}-?\d/.test(number))) return undefined
  if (digits < others) return undefined
  const isTime = /^\d{4}-\d{2}-\d{2}|^\d{9,10}\.\d|^\d{1,2}:\d{2}/.test(number)
  const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(number)
  return isTime || isAddress ? undefined : end
}

/** Whether a number goes on behind the separator at a place. */
function goesOn(letters: string, at: number, digits: number): boolean {
  const separator = letters.charAt(at)
  const next = letters.charAt(at + 1)
  if (separator === ' ') return digits > 0 && digits < ENOUGH_DIGITS && DIGITS.includes(next) && next !== ''
  return '-_/.'.includes(separator) && /^[a-z]{0,4}[0-9]/.test(letters.slice(at + 1, at + 6))
}

/** Where a phone number of at least seven digits ends that begins at `start`. */
export function readPhone(letters: string, start: number): number | undefined {
  const found = /^\+?(?:[ ().-]{0,2}[0-9]){7,15}(?![0-9])/.exec(letters.slice(start, start + LONGEST))
  return found ? start + found[0].length : undefined
}
