import { foldNow } from '../kernel/fold.ts'
import { ATTRIBUTES, IDENTIFIERS, type IdentifierValue, NUMBER_WORDS, PERSONS } from './identifiers.ts'

/** The kind of identifier that a field has according to its name. */
export interface NamedIdentifier {
  readonly value: IdentifierValue
  /** True for a name that is also used of machines, `address`. A value that only a machine can have is then no identifier. */
  readonly ambiguous: boolean
}

/** Longer names are sentences, and are not searched. */
const MAX_NAME_CHARACTERS = 80

/** Splits a name into its folded parts: `NationalIDs`, `national-id_2` and `national id` have the same. */
function wordsOfName(name: string): readonly string[] {
  const apart = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
  const words = foldNow(apart)
    .letters.split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map(withoutArticle)
  while (words.length > 1 && /^\d+$/.test(words.at(-1) ?? '')) words.pop()
  const last = words.pop() ?? ''
  return [...words, last.replace(/(?<=\p{L})\d+$/u, '')].filter((word) => word !== '')
}

/**
 * Removes the Arabic articles "the" and "for the", which are written together with the noun. Also removes the same letters
 * from the start of a foreign noun; both sides of a comparison lose them.
 */
function withoutArticle(word: string): string {
  return word.replace(/^(?:و?ال|لل)+(?=[\u0620-\u064a]{2})/, '')
}

function joinedName(name: string): string {
  return wordsOfName(name).join('')
}

/**
 * Makes a function that recognises identifiers by field names: an identifier at the end of the name (`holder_national_id`,
 * `contactPhone`), or an attribute of a person (`patient_city`, `اسم المريض`). It returns undefined for other names.
 */
export function createIdentifierNames(): (name: string) => NamedIdentifier | undefined {
  const atEnd = new Map<string, IdentifierValue>()
  const whole = new Map<string, IdentifierValue>()
  for (const { value, alone = [], numbered = [], whole: only = [] } of IDENTIFIERS) {
    for (const name of alone) atEnd.set(joinedName(name), value)
    for (const name of [...alone, ...numbered]) for (const form of withNumber(name)) atEnd.set(joinedName(form), value)
    for (const name of only) whole.set(joinedName(name), value)
  }
  const attributes = new Set(ATTRIBUTES.map(joinedName))
  const first = PERSONS.first.map(joinedName)
  const last = PERSONS.last.map(joinedName)

  function find(words: readonly string[]): NamedIdentifier | undefined {
    const joined = words.join('')
    const wholeValue = whole.get(joined)
    if (wholeValue !== undefined) return { value: wholeValue, ambiguous: wholeValue === 'address' }
    for (let from = 0; from < words.length; from++) {
      const value = atEnd.get(words.slice(from).join(''))
      if (value !== undefined) return { value, ambiguous: false }
    }
    const rest =
      restOf(joined, first, (text, person) => text.startsWith(person) && text.slice(person.length)) ??
      restOf(joined, last, (text, person) => text.endsWith(person) && text.slice(0, -person.length))
    if (rest === undefined) return undefined
    const value = atEnd.get(rest) ?? whole.get(rest) ?? (attributes.has(rest) ? valueOfAttribute(rest) : undefined)
    return value && { value, ambiguous: false }
  }

  const known = new Map<string, NamedIdentifier | undefined>()
  return (name) => {
    if (name.length > MAX_NAME_CHARACTERS) return undefined
    if (known.has(name)) return known.get(name)
    const words = wordsOfName(name)
    const singular = [...words.slice(0, -1), (words.at(-1) ?? '').replace(/s$/, '')]
    const found = words.length === 0 ? undefined : (find(words) ?? find(singular))
    // Bounds the cache: names come from callers, and may all be different.
    if (known.size >= 5_000) known.clear()
    known.set(name, found)
    return found
  }
}

function restOf(
  joined: string,
  persons: readonly string[],
  without: (text: string, person: string) => string | false,
): string | undefined {
  for (const person of persons) {
    const rest = without(joined, person)
    if (rest) return rest
  }
  return undefined
}

function valueOfAttribute(attribute: string): IdentifierValue {
  if (attribute.includes('name') || attribute === 'اسم') return 'name'
  return ['address', 'city', 'district', 'عنوان', 'مدينه', 'age', 'عمر'].includes(attribute) ? 'address' : 'number'
}

/** Combines a name with each of {@link NUMBER_WORDS}: `passport number`, `passport no`; `رقم جواز`. */
export function withNumber(name: string): readonly string[] {
  return /[\u0600-\u06ff]/.test(name)
    ? NUMBER_WORDS.before.map((word) => `${word} ${name}`)
    : NUMBER_WORDS.after.map((word) => `${name} ${word}`)
}
