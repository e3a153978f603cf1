import { z } from 'zod'
import { LANGUAGES, type Language } from '../events/event.ts'
import { PRIORITIES, type Priority, parsePriority } from '../events/priority.ts'
import { describeValue, type Problem } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { findEventType, findGroup, groupNames } from '../registry/lookup.ts'
import type { EventTypeDefinition, Registry } from '../registry/registry.ts'
import type { UncheckedEvent } from '../service/port.ts'
import { checkData } from './check-data.ts'
import { MAX_ID_LENGTH } from './limits.ts'

/** An event whose every field was checked; nothing is masked or written yet. */
export interface CheckedEvent {
  readonly definition: EventTypeDefinition
  readonly priority: Priority
  /** Keys of the groups, each once. */
  readonly stakeholders: readonly string[]
  readonly data: JsonObject
  readonly correlationId: string | undefined
  readonly occurredAt: Date | undefined
  readonly idempotencyKey: string | undefined
  readonly language: Language | undefined
}

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
  registry: Registry,
  event: UncheckedEvent,
  at: string,
  problems: Problem[],
): CheckedEvent | undefined {
  if (!isObject(event)) {
    problems.push({ at, found: describeValue(event), expected: 'an object with eventType and data' })
    return undefined
  }
  const before = problems.length
  const tell = (field: string, found: string, expected: string) =>
    problems.push({ at: `${at}.${field}`, found, expected })
  for (const field of Object.keys(event).filter((key) => !(FIELDS as readonly string[]).includes(key))) {
    const near = nearestName(FIELDS, field)
    tell(
      nameForError(field),
      'a field that events do not have',
      near
        ? `${near}, perhaps; data of your own belongs into data`
        : `one of ${FIELDS.join(', ')}; data of your own belongs into data`,
    )
  }
  const definition = checkType(registry, event.eventType, tell)
  const data = checkData(definition, event.data, `${at}.data`, problems)
  const stakeholders = checkStakeholders(registry, event.stakeholders, tell)
  const checked = {
    priority: checkPriority(event.priority, tell),
    correlationId: checkId('correlationId', event.correlationId, tell),
    idempotencyKey: checkId('idempotencyKey', event.idempotencyKey, tell),
    occurredAt: checkTime(event.occurredAt, tell),
    language: checkLanguage(event.language, tell),
  }
  if (problems.length > before || !definition || !data) return undefined
  return {
    ...checked,
    definition,
    data,
    priority: checked.priority ?? definition.priority,
    stakeholders: stakeholders ?? definition.stakeholders,
  }
}

type Tell = (field: string, found: string, expected: string) => void

function checkType(registry: Registry, value: unknown, tell: Tell): EventTypeDefinition | undefined {
  if (typeof value !== 'string' || value === '') {
    tell('eventType', describeValue(value), 'the name of an event type, such as vault.seal.detected')
    return undefined
  }
  const definition = findEventType(registry, value)
  if (definition) return definition
  const near = nearestName([...registry.eventTypes.keys(), ...registry.aliases.keys()], value)
  tell(
    'eventType',
    `the unknown type ${nameForError(value)}`,
    near ? `a known type, perhaps ${near}` : 'a type of docs/reference/events.md, or one of your configuration file',
  )
  return undefined
}

function checkStakeholders(registry: Registry, value: unknown, tell: Tell): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length === 0 || value.length > 100) {
    tell('stakeholders', describeValue(value), 'a list of 1 to 100 stakeholder groups, or no such field')
    return undefined
  }
  const keys: string[] = []
  for (const [index, name] of value.entries()) {
    const group = typeof name === 'string' ? findGroup(registry, name) : undefined
    if (group) keys.push(group.key)
    else {
      const near = typeof name === 'string' ? nearestName(groupNames(registry), name) : undefined
      tell(
        `stakeholders[${index}]`,
        typeof name === 'string' ? `the unknown group ${nameForError(name)}` : describeValue(name),
        near ? `a known group, perhaps ${near}` : `one of ${[...registry.groups.keys()].join(', ')}`,
      )
    }
  }
  return [...new Set(keys)]
}

function checkPriority(value: unknown, tell: Tell): Priority | undefined {
  if (value === undefined || value === null) return undefined
  const priority = typeof value === 'string' ? parsePriority(value) : undefined
  if (!priority) tell('priority', describeValue(value), `one of ${PRIORITIES.join(', ')}`)
  return priority
}

function checkId(field: string, value: unknown, tell: Tell): string | undefined {
  if (value === undefined || value === null) return undefined
  // No control characters: a correlation id travels in a header and through log lines.
  if (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= MAX_ID_LENGTH &&
    !/\p{Cc}/u.test(value) &&
    value.isWellFormed()
  )
    return value
  tell(field, describeValue(value), `text of 1 to ${MAX_ID_LENGTH} characters without control characters`)
  return undefined
}

const moment = z.union([z.date(), z.iso.datetime({ offset: true })])

function checkTime(value: unknown, tell: Tell): Date | undefined {
  if (value === undefined || value === null) return undefined
  const result = moment.safeParse(value)
  const date = result.success ? new Date(result.data) : undefined
  if (date && date.getTime() > Date.UTC(1970, 0, 1) && date.getTime() < Date.UTC(9999, 0, 1)) return date
  tell('occurredAt', describeValue(value), 'a time with its zone, such as 2026-11-21T10:00:00Z')
  return undefined
}

function checkLanguage(value: unknown, tell: Tell): Language | undefined {
  if (value === undefined || value === null) return undefined
  const language = LANGUAGES.find((known) => known === value)
  if (!language) tell('language', describeValue(value), `one of ${LANGUAGES.join(', ')}`)
  return language
}

/** A name that a caller gave, if it looks like a name; anything else may be a secret or name a patient. */
export function nameForError(name: string): string {
  return /^[A-Za-z_][A-Za-z_.\- ]{0,60}$/.test(name) ? JSON.stringify(name) : describeValue(name)
}
