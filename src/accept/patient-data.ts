import { CARD_DATA } from '../events/data.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { foldFieldName, phiFieldsOf } from '../registry/data-schema.ts'
import type { EventTypeDefinition } from '../registry/registry.ts'
import { createFinder, type Found } from './find-values.ts'
import { fold, PIECE } from './fold.ts'

/** What is done with patient data before anything is written. */
export type PhiPolicy = 'mask' | 'omit' | 'show'

/** What stands where nothing of a value may be seen. */
const HIDDEN = '••••'

/** What is left of a value: its first character and its last four, where enough stays hidden; else nothing of it. */
export function maskValue(value: string): string {
  const letters = [...value.trim()]
  if (letters.length < 8) return HIDDEN
  return `${letters[0]}${HIDDEN}${letters.slice(-4).join('')}`
}

/** What an event says, as far as patient data may be in it. */
export interface Unprotected {
  readonly definition: Pick<EventTypeDefinition, 'schema' | 'phiFields'>
  readonly data: JsonObject
  /** The data before they were fitted to the type: what fell out there may still be quoted elsewhere. */
  readonly given: JsonObject
  readonly correlationId: string | undefined
}

/** An event's data and its correlation id after the policy was applied. */
export interface Protected {
  readonly data: JsonObject
  readonly correlationId: string | undefined
}

/** Applies the policy to an event. */
export interface PatientDataGuard {
  (event: Unprotected): Protected
  /**
   * The same in steps of a few milliseconds: a full request takes seconds, in which the process would answer no probe and
   * renew no lease.
   */
  inSteps(event: Unprotected): Generator<void, Protected>
}

/**
 * Makes what applies TEAMS_PHI_POLICY to an event. Under `mask` and `omit`:
 *
 * 1. Fields that hold patient data are masked, or left out. Those of the event's own type are what the type says. Deeper
 *    down, and among fields that the type does not know, whatever is named like patient data of any type counts as such
 *    (`patient_id`, `PatientID`, `patientIds`): callers nest what they have.
 * 2. Their values of five letters or more are also taken out of every other text, number and key of the event, and out
 *    of its correlation id: an error message likes to quote the id that it could not find. See `find-values.ts`.
 *
 * An event is looked at by itself: that another event of the same call names the same patient is not noticed.
 */
export function createPatientDataGuard(
  eventTypes: Iterable<Pick<EventTypeDefinition, 'phiFields'>>,
  policy: PhiPolicy,
): PatientDataGuard {
  const builtIn = foldedNames(Object.values(CARD_DATA).map(phiFieldsOf))
  const all = new Set([...builtIn, ...foldedNames([...eventTypes].map((type) => type.phiFields))])

  function* inSteps({ definition, data, given, correlationId }: Unprotected): Generator<void, Protected> {
    if (policy === 'show') return { data, correlationId }
    const known = definition.schema.shape
    const isOwn = (name: string) => Object.hasOwn(known, name)
    // A name that the user marks in one type may be a plain field of another; the built-in marks hold everywhere.
    const holdsPatientData = (name: string, depth: number) =>
      depth === 0 && isOwn(name) ? definition.phiFields.has(name) || isAmong(builtIn, name) : isAmong(all, name)
    const values = new Set<string>()
    collect(given, holdsPatientData, values)
    const hide = yield* hideAll(values, [...textsOf(data), ...(correlationId === undefined ? [] : [correlationId])])
    // The name of a field of the type is no data, even where somebody's id is "error".
    const hideKey = (name: string, depth: number) => (depth === 0 && isOwn(name) ? name : hide(name))
    return {
      data: protect(data, { holdsPatientData, hide, hideKey, omit: policy === 'omit' }),
      correlationId: correlationId === undefined ? undefined : hide(correlationId),
    }
  }
  return Object.assign((event: Unprotected) => resultOf(inSteps(event)), { inSteps })
}

/** Takes all steps at once. */
function resultOf<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

type HoldsPatientData = (name: string, depth: number) => boolean
type Hide = (text: string) => string

/** Takes the values out of all texts, with a step after each {@link PIECE}. Returns what became of each text. */
function* hideAll(values: ReadonlySet<string>, texts: readonly string[]): Generator<void, Hide> {
  const find = createFinder(values)
  if (!find) return (text) => text
  const hidden = new Map<string, string>()
  let since = 0
  for (const text of texts) {
    if (hidden.has(text)) continue
    const folded = yield* fold(text)
    hidden.set(text, without(text, yield* find(text, folded)))
    since += text.length
    if (since < PIECE) continue
    since = 0
    yield
  }
  return (text) => hidden.get(text) ?? HIDDEN
}

function without(text: string, found: readonly Found[]): string {
  let hidden = ''
  let at = 0
  for (const { start, end, value } of found) {
    hidden += text.slice(at, start) + (value === undefined ? HIDDEN : maskValue(value))
    at = end
  }
  return at === 0 ? text : hidden + text.slice(at)
}

/** Every key, text and number of some data, each as a text. */
function textsOf(data: JsonObject): string[] {
  const texts: string[] = []
  const visit = (value: Json): void => {
    if (typeof value === 'string' || typeof value === 'number') texts.push(String(value))
    else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value) as [string, Json][]) {
        texts.push(name)
        visit(item)
      }
  }
  visit(data)
  return texts
}

function collect(data: JsonObject, holdsPatientData: HoldsPatientData, values: Set<string>): void {
  const visit = (value: Json, inside: boolean, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      if (inside) values.add(String(value).trim())
    } else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item, inside, depth + 1)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value) as [string, Json][]) {
        if (inside && !isFieldName(name)) values.add(name.trim())
        visit(item, inside || holdsPatientData(name, depth), depth + 1)
      }
  }
  visit(data, false, 0)
}

function protect(
  data: JsonObject,
  how: {
    readonly holdsPatientData: HoldsPatientData
    readonly hide: Hide
    readonly hideKey: (name: string, depth: number) => string
    readonly omit: boolean
  },
): JsonObject {
  const { hide } = how
  const visit = (value: Json, depth: number): Json => {
    if (typeof value === 'string') return hide(value)
    if (typeof value === 'number') {
      const text = String(value)
      const hidden = hide(text)
      return hidden === text ? value : hidden
    }
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => visit(item, depth + 1))
    return isObject(value) ? visitObject(value as JsonObject, depth) : value
  }
  const visitObject = (object: JsonObject, depth: number): JsonObject => {
    const entries: [string, Json][] = []
    for (const [name, value] of Object.entries(object)) {
      if (!how.holdsPatientData(name, depth)) entries.push([how.hideKey(name, depth), visit(value, depth + 1)])
      else if (!how.omit) entries.push([how.hideKey(name, depth), maskAll(value, hide)])
    }
    return withUniqueKeys(entries)
  }
  return visitObject(data, 0)
}

/** Inside patient data every value is one, and so is every key that does not look like the name of a field. */
function maskAll(value: Json, hide: Hide): Json {
  if (value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => maskAll(item, hide))
  if (isObject(value))
    return withUniqueKeys(
      (Object.entries(value) as [string, Json][]).map(([name, item]) => [
        isFieldName(name) ? hide(name) : maskValue(name),
        maskAll(item, hide),
      ]),
    )
  return maskValue(String(value))
}

/** Two keys may look alike once they are masked; what stands under both is kept. */
function withUniqueKeys(entries: readonly (readonly [string, Json])[]): JsonObject {
  const taken = new Map<string, Json>()
  const times = new Map<string, number>()
  for (const [name, value] of entries) {
    let key = name
    while (taken.has(key)) {
      const nth = (times.get(name) ?? 1) + 1
      times.set(name, nth)
      key = `${name} (${nth})`
    }
    taken.set(key, value)
  }
  return Object.fromEntries(taken)
}

/** `birth_date`, `birthDate`; no id, and no name of a person as people write it. */
function isFieldName(name: string): boolean {
  return /^[a-z][A-Za-z_]{0,40}$/.test(name)
}

/** Names of fields without letter case and separators. */
function foldedNames(sets: readonly ReadonlySet<string>[]): Set<string> {
  return new Set(sets.flatMap((names) => [...names].map(foldFieldName)))
}

function isAmong(folded: ReadonlySet<string>, name: string): boolean {
  const own = foldFieldName(name)
  return folded.has(own) || (own.endsWith('s') && folded.has(own.slice(0, -1)))
}
