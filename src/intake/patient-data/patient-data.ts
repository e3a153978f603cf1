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

/** What is done with patient data before anything is written. */
export type PhiPolicy = 'mask' | 'omit' | 'show'

/** What an event says, as far as patient data may be in it. */
export interface Unprotected {
  readonly definition: Pick<EventTypeDefinition, 'schema' | 'phiFields'>
  readonly data: JsonObject
  /** The data before they were fitted to the type: what fell out there may still be quoted elsewhere. */
  readonly given: JsonObject
  readonly correlationId: string | undefined
  /** Names of fields that are not kept. */
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
   * The same in steps of a few milliseconds: a full request takes seconds, in which the process would answer no probe and
   * renew no lease.
   */
  inSteps(event: Unprotected): Generator<void, Protected>
}

/**
 * Makes what applies TEAMS_PHI_POLICY to an event. Under `mask` and `omit`:
 *
 * 1. Fields that hold patient data are masked, or left out. Those of the event's own type are what the type says. Deeper
 *    down (labels, lists, JSON inside of texts) and among fields that the type does not know, a field counts as one that is
 *    named like patient data of any type, or like an identifier of `events/identifiers.ts`: callers nest what they have.
 * 2. Identifiers inside of texts and of the correlation id are masked: see `find-identifiers.ts`.
 * 3. The values of both, where they have five letters or more, are also taken out of every other text, number and key of
 *    the event, and out of its correlation id: an error message likes to quote the id that it could not find. See
 *    `find-values.ts`.
 *
 * An event is looked at by itself: that another event of the same call names the same patient is not noticed.
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
    // A name that the user marks in one type may be a plain field of another; the built-in marks hold everywhere.
    const heldBy = (name: string, depth: number): Held | undefined => {
      if (isOwn(name, depth)) return definition.phiFields.has(name) || isBuiltIn(name) ? MARKED : undefined
      return isAny(name) ? MARKED : identifierOf(name)
    }
    const innerJson = createInnerJson()
    const values = new Map<string, boolean>()
    collect(given, { heldBy, innerJson, values })
    const texts = [
      ...textsOf(data, innerJson, isOwn),
      ...(correlationId === undefined ? [] : [correlationId]),
      ...ignored,
    ]
    const hide = yield* hiderOf(values, texts)
    // The name of a field of the type is no data, even where somebody's id is "error".
    const hideKey = (name: string, depth: number) => (isOwn(name, depth) ? name : hide(name))
    return {
      data: protect(data, { heldBy, innerJson, hide, hideKey, omit: policy === 'omit' }),
      correlationId: correlationId === undefined ? undefined : hide(correlationId),
      ignored: ignored.map(hide),
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

/** Why a field holds patient data: a type says so, or its name is that of an identifier. */
type Held = NamedIdentifier | typeof MARKED
const MARKED = 'marked'
type HeldBy = (name: string, depth: number) => Held | undefined

/** Whether a value is patient data under a name that is that of an identifier: a flag is none, nor is a machine's address. */
function isPatientData(held: Held, value: Json): boolean {
  if (held === MARKED) return true
  if (typeof value === 'boolean' || value === null) return false
  if (!held.ambiguous || typeof value === 'object') return true
  return typeof value === 'string' && !(/^\S*[.:/@]\S*$/.test(value) || /^0x/i.test(value) || value === '')
}

/** Whether nothing of a value may be seen: what a mask leaves of a birth date is the day. */
function isHiddenWhole(held: Held): boolean {
  return held !== MARKED && (held.value === 'date' || held.value === 'address')
}

/** Every key, text and number of some data, each as a text; those of JSON inside of texts too. Not the type's own names. */
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

/** Collects the values of fields that hold patient data, and whether nothing of them may be seen. */
function collect(
  data: JsonObject,
  how: { readonly heldBy: HeldBy; readonly innerJson: InnerJson; readonly values: Map<string, boolean> },
): void {
  const { heldBy, innerJson, values } = how
  const visit = (value: Json, held: Held | undefined, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      if (held !== undefined) values.set(String(value).trim(), isHiddenWhole(held))
      const inner = typeof value === 'string' ? innerJson(value) : undefined
      if (inner !== undefined) visit(inner, held, depth + 1)
    } else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item, held, depth + 1)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value) as [string, Json][]) {
        if (held !== undefined && !isFieldName(name)) values.set(name.trim(), false)
        const own = held ?? heldBy(name, depth)
        visit(item, own !== undefined && isPatientData(own, item) ? own : undefined, depth + 1)
      }
  }
  visit(data, undefined, 0)
}

function protect(
  data: JsonObject,
  how: {
    readonly heldBy: HeldBy
    readonly innerJson: InnerJson
    readonly hide: Hide
    readonly hideKey: (name: string, depth: number) => string
    readonly omit: boolean
  },
): JsonObject {
  const { heldBy, innerJson, hide } = how
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
    // Of a key that comes twice, parsing keeps the last.
    return after === before ? hide(text) : after
  }
  const visitObject = (object: JsonObject, depth: number): JsonObject => {
    const entries: [string, Json][] = []
    for (const [name, value] of Object.entries(object)) {
      const held = heldBy(name, depth)
      if (held === undefined || !isPatientData(held, value))
        entries.push([how.hideKey(name, depth), visit(value, depth + 1)])
      else if (!how.omit)
        entries.push([how.hideKey(name, depth), maskAll(value, hide, isHiddenWhole(held) ? () => HIDDEN : undefined)])
    }
    return withUniqueKeys(entries)
  }
  return visitObject(data, 0)
}
