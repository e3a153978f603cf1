import { CARD_DATA } from '../../catalogue/card-data.ts'
import type { EventTypeDefinition } from '../../catalogue/catalogue.ts'
import { createFieldNames, phiFieldsOf } from '../../catalogue/data-fields.ts'
import { createIdentifierNames, type NamedIdentifier } from '../../catalogue/identifier-names.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { isFieldName } from '../fields.ts'
import { createIdentifierFinder } from './find-identifiers.ts'
import { createTextHider, type Hide } from './hide-texts.ts'
import { createInnerJson, type InnerJson } from './inner-json.ts'
import { HIDDEN, maskAll, withUniqueKeys } from './mask.ts'

/** The treatment of patient data before an event is written: TEAMS_PHI_POLICY. */
export type PhiPolicy = 'mask' | 'omit' | 'show'

/** The parts of an event that may contain patient data. */
export interface Unprotected {
  readonly definition: Pick<EventTypeDefinition, 'schema' | 'phiFields'>
  readonly data: JsonObject
  /** The data before the schema converted them: other texts may quote values of removed fields. */
  readonly given: JsonObject
  readonly correlationId: string | undefined
  /** Names of fields that are not stored. */
  readonly ignored?: readonly string[]
}

/** An event's data and its correlation id after the policy was applied. */
export interface Protected {
  readonly data: JsonObject
  readonly correlationId: string | undefined
  readonly ignored: readonly string[]
}

/** Applies the policy to an event. */
export interface PatientDataGuard {
  (event: Unprotected): Protected
  /**
   * Applies the policy in steps of a few milliseconds. A full request takes seconds, in which the process could not answer
   * probes or renew leases.
   */
  inSteps(event: Unprotected): Generator<void, Protected>
}

/**
 * Makes a guard that applies TEAMS_PHI_POLICY. Under `mask` and `omit`:
 *
 * 1. Fields with patient data are masked, or left out. The event type marks its own fields. A nested field (in labels, in
 *    lists, in JSON inside texts) or an unknown field counts by its name: the name of a marked field of any type, or of an
 *    identifier of `src/catalogue/identifiers.ts`, since callers nest records as they have them.
 * 2. Identifiers inside texts and in the correlation id are masked: see `find-identifiers.ts`.
 * 3. The values of both, from five letters on, are masked in every other text, number and key of the event, and in its
 *    correlation id: error messages often quote an id that was not found. See `find-values.ts`.
 *
 * Each event is searched by itself: values of another event of the same call are not searched.
 */
export function createPatientDataGuard(
  eventTypes: Iterable<Pick<EventTypeDefinition, 'phiFields'>>,
  policy: PhiPolicy,
): PatientDataGuard {
  const builtIn = Object.values(CARD_DATA).flatMap((card) => [...phiFieldsOf(card)])
  const isBuiltIn = createFieldNames(builtIn)
  const isAny = createFieldNames([...builtIn, ...[...eventTypes].flatMap((type) => [...type.phiFields])])
  const identifierOf = createIdentifierNames()
  const hiderOf = createTextHider(createIdentifierFinder())

  function* inSteps(event: Unprotected): Generator<void, Protected> {
    const { definition, data, given, correlationId, ignored = [] } = event
    if (policy === 'show') return { data, correlationId, ignored }
    const known = definition.schema.shape
    const isOwn = (name: string, depth: number) => depth === 0 && Object.hasOwn(known, name)
    // A field that the user marks in one type may be plain in another; the built-in marks hold for every type.
    const reasonOf = (name: string, depth: number): PhiReason | undefined => {
      if (isOwn(name, depth)) return definition.phiFields.has(name) || isBuiltIn(name) ? MARKED : undefined
      return isAny(name) ? MARKED : identifierOf(name)
    }
    const innerJson = createInnerJson()
    const values = new Map<string, boolean>()
    collect(given, { reasonOf, innerJson, values })
    const texts = [
      ...textsOf(data, innerJson, isOwn),
      ...(correlationId === undefined ? [] : [correlationId]),
      ...ignored,
    ]
    const hide = yield* hiderOf(values, texts)
    // Names of declared fields are no data, even where a patient's id is "error".
    const hideKey = (name: string, depth: number) => (isOwn(name, depth) ? name : hide(name))
    return {
      data: protect(data, { reasonOf, innerJson, hide, hideKey, omit: policy === 'omit' }),
      correlationId: correlationId === undefined ? undefined : hide(correlationId),
      ignored: ignored.map(hide),
    }
  }
  return Object.assign((event: Unprotected) => resultOf(inSteps(event)), { inSteps })
}

/** Runs all steps without pauses. */
function resultOf<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Why a field holds patient data: a type marks it, or its name is an identifier's. */
type PhiReason = NamedIdentifier | typeof MARKED
const MARKED = 'marked'
type PhiReasonOf = (name: string, depth: number) => PhiReason | undefined

/** True for a value of such a field that is patient data. Under an identifier's name, flags and machine addresses are not. */
function isPatientData(reason: PhiReason, value: Json): boolean {
  if (reason === MARKED) return true
  if (typeof value === 'boolean' || value === null) return false
  if (!reason.ambiguous || typeof value === 'object') return true
  return typeof value === 'string' && !(/^\S*[.:/@]\S*$/.test(value) || /^0x/i.test(value) || value === '')
}

/** True where the mask must hide all of a value: a partial mask of a birth date would leave the day. */
function isHiddenWhole(reason: PhiReason): boolean {
  return reason !== MARKED && (reason.value === 'date' || reason.value === 'address')
}

/** Every text, number and undeclared key of the data, each as text, also inside JSON texts. */
function textsOf(data: JsonObject, innerJson: InnerJson, isOwn: (name: string, depth: number) => boolean): string[] {
  const texts: string[] = []
  const visit = (value: Json, depth: number): void => {
    if (typeof value === 'string') {
      texts.push(value)
      const inner = innerJson(value)
      if (inner !== undefined) visit(inner, depth + 1)
    } else if (typeof value === 'number') texts.push(String(value))
    else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item, depth + 1)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value) as [string, Json][]) {
        if (!isOwn(name, depth)) texts.push(name)
        visit(item, depth + 1)
      }
  }
  visit(data, 0)
  return texts
}

/** Collects the values of fields with patient data, each with whether the mask must hide all of it. */
function collect(
  data: JsonObject,
  how: { readonly reasonOf: PhiReasonOf; readonly innerJson: InnerJson; readonly values: Map<string, boolean> },
): void {
  const { reasonOf, innerJson, values } = how
  const visit = (value: Json, reason: PhiReason | undefined, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      if (reason !== undefined) values.set(String(value).trim(), isHiddenWhole(reason))
      const inner = typeof value === 'string' ? innerJson(value) : undefined
      if (inner !== undefined) visit(inner, reason, depth + 1)
    } else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item, reason, depth + 1)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value) as [string, Json][]) {
        if (reason !== undefined && !isFieldName(name)) values.set(name.trim(), false)
        const inner = reason ?? reasonOf(name, depth)
        visit(item, inner !== undefined && isPatientData(inner, item) ? inner : undefined, depth + 1)
      }
  }
  visit(data, undefined, 0)
}

function protect(
  data: JsonObject,
  how: {
    readonly reasonOf: PhiReasonOf
    readonly innerJson: InnerJson
    readonly hide: Hide
    readonly hideKey: (name: string, depth: number) => string
    readonly omit: boolean
  },
): JsonObject {
  const { reasonOf, innerJson, hide } = how
  const visit = (value: Json, depth: number): Json => {
    if (typeof value === 'string') return visitText(value, depth)
    if (typeof value === 'number') {
      const text = String(value)
      const hidden = hide(text)
      return hidden === text ? value : hidden
    }
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => visit(item, depth + 1))
    return isObject(value) ? visitObject(value as JsonObject, depth) : value
  }
  const visitText = (text: string, depth: number): string => {
    const inner = innerJson(text)
    if (inner === undefined) return hide(text)
    const before = JSON.stringify(inner)
    const after = JSON.stringify(visit(inner, depth + 1))
    // Unchanged JSON is not rewritten: parsing drops all but the last of duplicate keys, and the text keeps its form.
    return after === before ? hide(text) : after
  }
  const visitObject = (object: JsonObject, depth: number): JsonObject => {
    const entries: [string, Json][] = []
    for (const [name, value] of Object.entries(object)) {
      const reason = reasonOf(name, depth)
      if (reason === undefined || !isPatientData(reason, value))
        entries.push([how.hideKey(name, depth), visit(value, depth + 1)])
      else if (!how.omit)
        entries.push([how.hideKey(name, depth), maskAll(value, hide, isHiddenWhole(reason) ? () => HIDDEN : undefined)])
    }
    return withUniqueKeys(entries)
  }
  return visitObject(data, 0)
}
