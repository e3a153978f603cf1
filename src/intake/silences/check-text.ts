import { type AddProblem, describeValue } from '../../kernel/errors.ts'

/**
 * Text that a record and a terminal can show: of 1 to `most` characters, and no control characters, which some readers of
 * logs take for the end of a line. Undefined, and told, for anything else.
 */
export function checkText(value: unknown, at: string, most: number, addProblem: AddProblem): string | undefined {
  const expected = `text of 1 to ${most} characters without control characters`
  if (typeof value !== 'string' || value.trim() === '' || value.length > most) {
    const blank = typeof value === 'string' && value !== '' && value.trim() === ''
    addProblem(at, blank ? 'blanks only' : describeValue(value), expected)
    return undefined
  }
  if (!/[\p{Cc}\u2028\u2029]/u.test(value) && value.isWellFormed()) return value
  addProblem(at, value.isWellFormed() ? 'text with control characters' : 'text that is not Unicode', expected)
  return undefined
}

/** Where an unknown key is told: by its name where it looks like one; anything else may be a value in the wrong place. */
export function placeOfUnknown(name: string, around: string): string {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return around
  return around === '' ? name : `${around}.${name}`
}
