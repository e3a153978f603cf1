import { z } from 'zod'
import type { Catalogue, EventTypeDefinition } from '../catalogue/catalogue.ts'
import { DIGEST_TYPE } from '../catalogue/event-types.ts'
import { LANGUAGES, type Language } from '../catalogue/language.ts'
import { findEventType, findGroup, groupNames } from '../catalogue/lookup.ts'
import { GREGORIAN_EXPECTED, isHijri, isZeroTime, plainMoment } from '../catalogue/moment.ts'
import { PRIORITIES, type Priority, parsePriority } from '../catalogue/priority.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { type AddProblem, describeValue, type Problem } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { checkData } from './check-data.ts'
import { contentHash } from './content-hash.ts'
import { MAX_ID_LENGTH, MAX_PROBLEMS_PER_EVENT, MAX_STAKEHOLDERS } from './limits.ts'
import type { UndeclaredData } from './patient-data/undeclared.ts'

/** An event whose every field was checked; nothing is masked or written yet. */
export interface CheckedEvent {
  readonly definition: EventTypeDefinition
  readonly priority: Priority
  /** Keys of the groups, each once. */
  readonly stakeholders: readonly string[]
  readonly data: JsonObject
  /** The data before they were fitted to the type. */
  readonly given: JsonObject
  /** Names of data fields that are not kept. */
  readonly ignored: readonly string[]
  readonly correlationId: string | undefined
  readonly occurredAt: Date | undefined
  readonly idempotencyKey: string | undefined
  readonly language: Language | undefined
  /** The `contentHash` of an event with an idempotency key. */
  readonly content: string | undefined
}

/** Unknown names of one event for which it is looked up what was meant. */
const MOST_SUGGESTIONS = 10

const FIELDS = [
  'eventType',
  'data',
  'correlationId',
  'stakeholders',
  'priority',
  'occurredAt',
  'idempotencyKey',
  'language',
] as const

/** Checks one event; `at` is its place in the call, for the problems: `events[3]`. Reports every problem of it. */
export function checkEvent(
  catalogue: Catalogue,
  given: UncheckedEvent,
  at: string,
  problems: Problem[],
  undeclared?: UndeclaredData,
): CheckedEvent | undefined {
  const event = readFields(given)
  if (typeof event === 'string') {
    problems.push({ at, found: event, expected: 'an object with eventType and data' })
    return undefined
  }
  const before = problems.length
  const addProblem = (field: string, found: string, expected: string) =>
    problems.push({ at: field === '' ? at : `${at}.${field}`, found, expected })
  for (const field of event.unknown.slice(0, MAX_PROBLEMS_PER_EVENT + 1)) tellUnknownField(field, addProblem)
  const definition = checkType(catalogue, event.eventType, addProblem)
  const checkedData = checkData(definition, event.data, `${at}.data`, problems, undeclared)
  const stakeholders = checkStakeholders(catalogue, event.stakeholders, addProblem)
  const checked = {
    priority: checkPriority(event.priority, addProblem),
    correlationId: isLeftOut(event.correlationId)
      ? undefined
      : checkId('correlationId', event.correlationId, addProblem),
    idempotencyKey: checkId('idempotencyKey', event.idempotencyKey, addProblem),
    occurredAt: checkTime(event.occurredAt, addProblem),
    language: checkLanguage(event.language, addProblem),
  }
  if (problems.length > before || !definition || !checkedData) return undefined
  return {
    ...checked,
    ...checkedData,
    definition,
    priority: checked.priority ?? definition.priority,
    stakeholders: stakeholders ?? definition.stakeholders,
    content:
      checked.idempotencyKey === undefined
        ? undefined
        : contentHash({ ...checked, ...checkedData, eventType: definition.name, stakeholders }),
  }
}

type ReadEvent = UncheckedEvent & { readonly unknown: readonly string[] }

const UNREADABLE = 'an object that can not be read'

/**
 * Reads the fields of a caller's object once: getters may throw, and may answer differently the second time. `data` is
 * read where it is checked. For what is no object, or can not be read, says what it is.
 */
function readFields(given: unknown): ReadEvent | string {
  try {
    if (!isObject(given)) return describe(given)
    const { stakeholders, occurredAt, ...rest } = Object.fromEntries(FIELDS.map((field) => [field, given[field]]))
    return {
      ...rest,
      data: rest.data,
      stakeholders: Array.isArray(stakeholders)
        ? Array.from(stakeholders.slice(0, MAX_STAKEHOLDERS + 1))
        : stakeholders,
      occurredAt: occurredAt instanceof Date ? new Date(occurredAt.getTime()) : occurredAt,
      unknown: Object.keys(given).filter((key) => !(FIELDS as readonly string[]).includes(key)),
    }
  } catch {
    return UNREADABLE
  }
}

/** Says what kind of value something is without quoting it. A proxy may refuse even that. */
function describe(value: unknown): string {
  try {
    return describeValue(value)
  } catch {
    return UNREADABLE
  }
}

/** The name of a field is told where it looks like one; anything else may be a value that slipped into its place. */
function tellUnknownField(field: string, addProblem: AddProblem): void {
  const near = nearestName(FIELDS, field)
  const expected = near ? `perhaps ${near}` : `one of ${FIELDS.join(', ')}`
  const isName = /^[A-Za-z_]{1,40}$/.test(field)
  addProblem(isName ? field : '', 'a field that events do not have', `${expected}; data of your own belongs into data`)
}

function checkType(catalogue: Catalogue, value: unknown, addProblem: AddProblem): EventTypeDefinition | undefined {
  if (typeof value !== 'string' || value === '') {
    addProblem('eventType', describe(value), 'the name of an event type, such as vault.seal.detected')
    return undefined
  }
  const definition = findEventType(catalogue, value)
  if (definition?.name === DIGEST_TYPE) {
    addProblem(
      'eventType',
      'the type of the digests that the gateway writes itself',
      'the type of an event of your own',
    )
    return undefined
  }
  if (definition) return definition
  const near = nearestName([...catalogue.eventTypes.keys(), ...catalogue.aliases.keys()], value)
  addProblem(
    'eventType',
    unknownName('type', value, near),
    near ? `a known type, perhaps ${near}` : 'a type of docs/reference/events.md, or one of your configuration file',
  )
  return undefined
}

function checkStakeholders(
  catalogue: Catalogue,
  value: unknown,
  addProblem: AddProblem,
): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_STAKEHOLDERS) {
    addProblem(
      'stakeholders',
      Array.isArray(value) && value.length > 0 ? `more than ${MAX_STAKEHOLDERS} names` : describe(value),
      `a list of 1 to ${MAX_STAKEHOLDERS} stakeholder groups, or no such field`,
    )
    return undefined
  }
  const keys: string[] = []
  let unknown = 0
  for (const [index, name] of value.entries()) {
    const group = typeof name === 'string' ? findGroup(catalogue, name) : undefined
    if (group) {
      keys.push(group.key)
      continue
    }
    // Finding what was meant takes time, and a thousand events may name a hundred unknown groups each.
    const near =
      typeof name === 'string' && unknown < MOST_SUGGESTIONS ? nearestName(groupNames(catalogue), name) : undefined
    unknown += 1
    addProblem(
      `stakeholders[${index}]`,
      typeof name === 'string' ? unknownName('group', name, near) : describe(name),
      near ? `a known group, perhaps ${near}` : `one of ${[...catalogue.groups.keys()].join(', ')}`,
    )
  }
  return [...new Set(keys)]
}

/**
 * An unknown name is quoted only where it is all but one that is known, so that people see their slip. Any other may be
 * a secret or the name of a patient that came into the wrong field.
 */
function unknownName(what: string, name: string, near: string | undefined): string {
  const quoted = near !== undefined && /^[A-Za-z_.\- ]+$/.test(name)
  return `the unknown ${what} ${quoted ? JSON.stringify(name) : `of ${name.length} characters`}`
}

/** Empty text too, which senders write where they have nothing. Not of an idempotency key: whoever sends one means it. */
function isLeftOut(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

function checkPriority(value: unknown, addProblem: AddProblem): Priority | undefined {
  if (isLeftOut(value)) return undefined
  const priority = typeof value === 'string' ? parsePriority(value) : undefined
  if (!priority) addProblem('priority', describe(value), `one of ${PRIORITIES.join(', ')}`)
  return priority
}

function checkId(field: string, value: unknown, addProblem: AddProblem): string | undefined {
  if (value === undefined || value === null) return undefined
  // No control characters: a correlation id travels in a header and through log lines, which some readers also end
  // at the separators of Unicode.
  if (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= MAX_ID_LENGTH &&
    !/[\p{Cc}\u2028\u2029]/u.test(value) &&
    value.isWellFormed()
  )
    return value
  addProblem(field, describe(value), `text of 1 to ${MAX_ID_LENGTH} characters without control characters`)
  return undefined
}

const moment = z.iso.datetime({ offset: true })

function checkTime(given: unknown, addProblem: AddProblem): Date | undefined {
  const value = typeof given === 'string' ? plainMoment(given) : given
  if (isLeftOut(value) || (typeof value === 'string' && isZeroTime(value))) return undefined
  const read = value instanceof Date || (typeof value === 'string' && moment.safeParse(value).success)
  const date = read ? new Date(value) : undefined
  if (date && date.getTime() > Date.UTC(1970, 0, 1) && date.getTime() < Date.UTC(9999, 0, 1)) return date
  addProblem(
    'occurredAt',
    value instanceof Date ? 'a date' : describe(value),
    typeof value === 'string' && isHijri(value)
      ? GREGORIAN_EXPECTED
      : 'a time with its zone, such as 2026-11-21T10:00:00Z',
  )
  return undefined
}

function checkLanguage(value: unknown, addProblem: AddProblem): Language | undefined {
  if (isLeftOut(value)) return undefined
  const language = LANGUAGES.find((known) => known === value)
  if (!language) addProblem('language', describe(value), `one of ${LANGUAGES.join(', ')}`)
  return language
}
