import {
  type Catalogue,
  type EventTypeDefinition,
  findEventType,
  findGroup,
  groupNames,
} from '../catalogue/catalogue.ts'
import { isSendable, isSourceType } from '../catalogue/event-types.ts'
import { LANGUAGES, type Language } from '../catalogue/language.ts'
import { GREGORIAN_EXPECTED, isHijri, isZeroTime, plainMoment, readTime, TIME_EXPECTED } from '../catalogue/moment.ts'
import { PRIORITIES, type Priority, parsePriority } from '../catalogue/priority.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { MAX_ID_LENGTH, MAX_PROBLEMS_PER_EVENT, MAX_STAKEHOLDERS } from '../contract/limits.ts'
import type { AddProblem, Problem } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { fromCdEvent } from './cdevents.ts'
import { checkData, plainData } from './check-data.ts'
import { contentHash } from './content-hash.ts'
import {
  checkList,
  checkOneOf,
  copyList,
  describe,
  isAbsent,
  isShowable,
  placeOfUnknown,
  readObject,
  showableText,
  unknownKeys,
} from './fields.ts'
import { fittingData } from './fitting-data.ts'
import type { UndeclaredData } from './patient-data/undeclared.ts'

/** A checked event, not masked and not written yet. */
export interface CheckedEvent {
  readonly definition: EventTypeDefinition
  readonly priority: Priority
  /** Keys of the groups, without duplicates. */
  readonly stakeholders: readonly string[]
  readonly data: JsonObject
  /** The data before the schema converted them. */
  readonly given: JsonObject
  /** Names of data fields that are not stored. */
  readonly ignored: readonly string[]
  readonly correlationId: string | undefined
  readonly occurredAt: Date | undefined
  readonly idempotencyKey: string | undefined
  readonly language: Language | undefined
  /** The `contentHash`; undefined without an idempotency key. */
  readonly content: string | undefined
}

/** Unknown names per event that get a suggestion. */
const MAX_SUGGESTIONS = 10

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

/**
 * Checks one event. Undefined for a refused event, after adding every problem.
 *
 * @param at its place in the call, for the problems: `events[3]`
 * @param bySource true for an event of a source, which may have a type that only sources send
 */
export function checkEvent(
  catalogue: Catalogue,
  given: UncheckedEvent,
  at: string,
  problems: Problem[],
  undeclared?: UndeclaredData,
  bySource = false,
): CheckedEvent | undefined {
  const read = readFields(given)
  if (typeof read === 'string') {
    problems.push({ at, found: read, expected: 'an object with eventType and data' })
    return undefined
  }
  const event = fromCdEvent(read, catalogue)
  const before = problems.length
  const addProblem = (field: string, found: string, expected: string) =>
    problems.push({ at: field === '' ? at : `${at}.${field}`, found, expected })
  for (const field of event.unknown.slice(0, MAX_PROBLEMS_PER_EVENT + 1)) reportUnknownField(field, addProblem)
  const definition = checkType(catalogue, event.eventType, bySource, addProblem)
  const sent = bySource && definition ? fittingData(definition, event.data) : event.data
  const checkedData = checkData(definition, sent, `${at}.data`, problems, undeclared)
  // Of a CDEvent, what is kept may quote a field that is not: the search for patient data needs its name.
  const whole = event === read ? undefined : plainData(definition, read.data, `${at}.data`, problems)
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
    ...(whole === undefined ? {} : { given: { ...checkedData.given, cd_event: whole } }),
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

/** Reads each field once, except `data`, which `checkData` copies. */
function readFields(given: unknown): ReadEvent | string {
  return readObject(given, (object) => {
    const { stakeholders, occurredAt, ...rest } = Object.fromEntries(FIELDS.map((field) => [field, object[field]]))
    return {
      ...rest,
      data: rest.data,
      stakeholders: copyList(stakeholders, MAX_STAKEHOLDERS),
      occurredAt: occurredAt instanceof Date ? new Date(occurredAt.getTime()) : occurredAt,
      unknown: unknownKeys(object, FIELDS),
    }
  })
}

function reportUnknownField(field: string, addProblem: AddProblem): void {
  const near = nearestName(FIELDS, field)
  const expected = near ? `perhaps ${near}` : `one of ${FIELDS.join(', ')}`
  addProblem(
    placeOfUnknown(field, ''),
    'a field that events do not have',
    `${expected}; data of your own belongs into data`,
  )
}

function checkType(
  catalogue: Catalogue,
  value: unknown,
  bySource: boolean,
  addProblem: AddProblem,
): EventTypeDefinition | undefined {
  if (typeof value !== 'string' || value === '') {
    addProblem('eventType', describe(value), 'the name of an event type, such as vault.seal.detected')
    return undefined
  }
  const definition = findEventType(catalogue, value)
  if (definition && !isSendable(definition.name) && !(bySource && isSourceType(definition.name))) {
    addProblem('eventType', 'a type of the events that the gateway writes itself', 'the type of an event of your own')
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
  if (isAbsent(value)) return undefined
  const rule = { max: MAX_STAKEHOLDERS, items: 'names', expected: 'stakeholder groups, or no such field' }
  if (!checkList(value, 'stakeholders', rule, addProblem)) return undefined
  const keys: string[] = []
  let unknown = 0
  for (const [index, name] of value.entries()) {
    const group = typeof name === 'string' ? findGroup(catalogue, name) : undefined
    if (group) {
      keys.push(group.key)
      continue
    }
    // Suggestions take time, and a thousand events may name a hundred unknown groups each.
    const near =
      typeof name === 'string' && unknown < MAX_SUGGESTIONS ? nearestName(groupNames(catalogue), name) : undefined
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
 * Describes an unknown name. It is quoted only where it nearly equals a known one, as a typing error. Any other may be a
 * secret or a patient's name in the wrong field.
 */
function unknownName(what: string, name: string, near: string | undefined): string {
  const quoted = near !== undefined && /^[A-Za-z_.\- ]+$/.test(name)
  return `the unknown ${what} ${quoted ? JSON.stringify(name) : `of ${name.length} characters`}`
}

/** True for an absent field, and for empty text, which senders write for unknown values. Not used for idempotency keys. */
function isLeftOut(value: unknown): value is undefined | null | '' {
  return isAbsent(value) || value === ''
}

function checkPriority(value: unknown, addProblem: AddProblem): Priority | undefined {
  if (isLeftOut(value)) return undefined
  const priority = typeof value === 'string' ? parsePriority(value) : undefined
  if (!priority) addProblem('priority', describe(value), `one of ${PRIORITIES.join(', ')}`)
  return priority
}

function checkId(field: string, value: unknown, addProblem: AddProblem): string | undefined {
  if (isAbsent(value)) return undefined
  // No control characters: a correlation id travels in a header and through log lines.
  if (isShowable(value, MAX_ID_LENGTH)) return value
  addProblem(field, describe(value), showableText(MAX_ID_LENGTH))
  return undefined
}

function checkTime(given: unknown, addProblem: AddProblem): Date | undefined {
  const value = typeof given === 'string' ? plainMoment(given) : given
  if (isLeftOut(value) || (typeof value === 'string' && isZeroTime(value))) return undefined
  const date = readTime(value)
  if (date) return date
  addProblem(
    'occurredAt',
    value instanceof Date ? 'a date' : describe(value),
    typeof value === 'string' && isHijri(value) ? GREGORIAN_EXPECTED : TIME_EXPECTED,
  )
  return undefined
}

function checkLanguage(value: unknown, addProblem: AddProblem): Language | undefined {
  if (isLeftOut(value)) return undefined
  return checkOneOf(value, 'language', LANGUAGES, `one of ${LANGUAGES.join(', ')}`, addProblem)
}
