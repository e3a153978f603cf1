import type { Catalogue } from '../../catalogue/catalogue.ts'
import { SILENCE_LIMITS } from '../../contract/limits.ts'
import { MATCHER_OPERATORS, type Matcher } from '../../contract/silences.ts'
import type { AddProblem } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import { nearestName } from '../../kernel/nearest.ts'
import {
  checkList,
  checkOneOf,
  checkText,
  copyList,
  describe,
  MAX_UNKNOWN,
  placeOfUnknown,
  unknownKeys,
} from '../fields.ts'
import { DATA_PREFIX, matchesPattern } from './match.ts'
import { dataFields, type Vocabulary, vocabularies } from './vocabulary.ts'

const { matchers: MAX_MATCHERS, text: MAX_LENGTH } = SILENCE_LIMITS

const KEYS = ['field', 'operator', 'value'] as const
const CORRELATION_ID = 'correlation_id'

/** Copies a caller's matchers, each object once, since getters may return another value the second time. */
export function readMatchers(value: unknown): unknown {
  const list = copyList(value, MAX_MATCHERS)
  if (!Array.isArray(list)) return list
  return list.map((item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.keys(item).map((key) => [key, item[key]])) : item,
  )
}

/** Checks the copy of {@link readMatchers}; reports every problem of every matcher. */
export function checkMatchers(given: unknown, catalogue: Catalogue, addProblem: AddProblem): readonly Matcher[] {
  const rule = { max: MAX_MATCHERS, items: 'matchers', expected: 'matchers, each with field, operator and value' }
  // The first matchers of a list that is too long are checked too.
  if (!checkList(given, 'matchers', rule, addProblem) && !Array.isArray(given)) return []
  const fields = namedFields(catalogue)
  return given.slice(0, MAX_MATCHERS).flatMap((item: unknown, index) => {
    const at = `matchers[${index}]`
    if (isObject(item)) return checkMatcher(item, at, fields, addProblem) ?? []
    addProblem(at, describe(item), 'an object with field, operator and value')
    return []
  })
}

interface NamedFields extends ReturnType<typeof dataFields> {
  readonly vocabularies: ReadonlyMap<string, Vocabulary>
  /** All fields that a matcher may name. */
  readonly all: readonly string[]
}

function namedFields(catalogue: Catalogue): NamedFields {
  const names = vocabularies(catalogue)
  const data = dataFields(catalogue)
  const all = [...names.keys(), CORRELATION_ID, ...[...data.known].map((name) => DATA_PREFIX + name)]
  return { ...data, vocabularies: names, all }
}

function checkMatcher(
  given: Readonly<Record<string, unknown>>,
  at: string,
  fields: NamedFields,
  addProblem: AddProblem,
): Matcher | undefined {
  for (const key of unknownKeys(given, KEYS).slice(0, MAX_UNKNOWN)) {
    const near = nearestName(KEYS, key)
    addProblem(placeOfUnknown(key, at), 'a field that matchers do not have', near ? `perhaps ${near}` : KEYS.join(', '))
  }
  const field = checkField(given.field, `${at}.field`, fields, addProblem)
  const operator = checkOneOf(
    given.operator,
    `${at}.operator`,
    MATCHER_OPERATORS,
    MATCHER_OPERATORS.join(' or '),
    addProblem,
  )
  const text = checkText(given.value, `${at}.value`, MAX_LENGTH, addProblem)
  const vocabulary = fields.vocabularies.get(field ?? '')
  const value = text !== undefined && vocabulary ? checkName(text, `${at}.value`, vocabulary, addProblem) : text
  return field !== undefined && operator && value !== undefined ? { field, operator, value } : undefined
}

function checkField(value: unknown, at: string, fields: NamedFields, addProblem: AddProblem): string | undefined {
  const text = checkText(value, at, MAX_LENGTH, addProblem)
  if (text === undefined) return undefined
  if (text === CORRELATION_ID || fields.vocabularies.has(text)) return text
  const path = text.startsWith(DATA_PREFIX) ? text.slice(DATA_PREFIX.length) : undefined
  if ([text, path ?? '', ...(path ?? '').split('.')].some((name) => fields.isPatientData(name))) {
    addProblem(at, 'a field of patient data', 'a field that anybody may see: silences are stored as they are written')
    return undefined
  }
  // An unknown field with "!=" would match every event.
  if (path !== undefined && (fields.known.has(path) || fields.known.has(path.split('.', 1)[0] ?? ''))) return text
  const near = fields.known.has(text) ? DATA_PREFIX + text : nearestName(fields.all, text)
  addProblem(
    at,
    path === undefined ? 'the name of no field' : 'a field that the data of no event type have',
    near
      ? `perhaps ${near}`
      : `${[...fields.vocabularies.keys()].join(', ')}, ${CORRELATION_ID}, or ${DATA_PREFIX} and a field of the data`,
  )
  return undefined
}

/** Converts a name to its stored form: no alias, canonical letter case. Undefined for an unknown name, after reporting it. */
function checkName(written: string, at: string, vocabulary: Vocabulary, addProblem: AddProblem): string | undefined {
  const { what, names, spellings } = vocabulary
  if (written.includes('*')) {
    const pattern = vocabulary.fold(written)
    if (names.some((name) => matchesPattern(pattern, name))) return pattern
    addProblem(at, `a pattern that fits no ${what}`, `a pattern that fits one: ${firstNames(names)}`)
    return undefined
  }
  const name = vocabulary.find(written)
  if (name !== undefined) return name
  const near = nearestName(spellings, written)
  addProblem(
    at,
    `an unknown ${what} of ${written.length} characters`,
    near ? `perhaps ${near}` : `one of ${firstNames(names)}`,
  )
  return undefined
}

function firstNames(names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 12).join(', ')} …` : names.join(', ')
}
