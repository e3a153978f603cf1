import { characterKind, cleanText, cutText } from '../../kernel/characters.ts'

/** Characters of a name. */
const MIN_CHARACTERS = 2
export const MAX_NAME_CHARACTERS = 80

/** Characters that fonts leave out, and those of private use: two names that look alike could differ by one. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Co}\p{Cs}]/u

/**
 * Reads a name that somebody typed; undefined where it is too short or too long, has no letter, or has characters that are not
 * shown: a mark of direction would let one name look like another.
 */
export function readTypedName(text: string): string | undefined {
  const name = text.normalize('NFC').replace(/ +/g, ' ').trim()
  const characters = [...name]
  if (characters.length < MIN_CHARACTERS || characters.length > MAX_NAME_CHARACTERS) return undefined
  const isShown = characters.every((character) => {
    const kind = characterKind(character)
    return kind === 'other' || kind === 'mark' || kind === 'digit' || character === ' '
  })
  return isShown && !UNSEEN.test(name) && /\p{L}/u.test(name) ? name : undefined
}

/** A name from Entra as it may be shown and recorded: one line, without marks of direction. */
export function cleanName(text: string): string {
  return cutText(cleanText(text).replace(/\s+/gu, ' ').trim(), MAX_NAME_CHARACTERS)
}
