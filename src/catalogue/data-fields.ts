import { z } from 'zod'
import { CARD_DATA, type CardName } from './card-data.ts'

const claim = CARD_DATA.nphies_claim_approved.shape
const alert = CARD_DATA.system_alert.shape
const vault = CARD_DATA.vault_security_event.shape

/**
 * Types of data fields in the configuration. Amounts, times and URLs have the schemas of the built-in cards, so that all
 * cards accept the same values.
 */
export const FIELD_TYPES = {
  text: CARD_DATA.celery_task_failure.shape.error,
  number: z.number({ error: 'a number' }),
  boolean: z.boolean({ error: 'true or false' }),
  time: vault.sealed_at.unwrap(),
  amount: claim.approved_amount,
  url: alert.runbook_url.unwrap(),
  list: z.array(z.json(), { error: 'a list' }),
  object: z.record(z.string(), z.json(), { error: 'an object' }),
} as const satisfies Record<string, z.ZodType>

const SCALAR = CARD_DATA.system_alert.shape.value.unwrap()

/** Name of a field type, a key of {@link FIELD_TYPES}. */
export type FieldType = keyof typeof FIELD_TYPES

/**
 * The data field in which the gateway keeps which alerts a group's event is about. No event type may declare it and no caller
 * can set it: whoever could would make the next webhook of the group look like a retry, and so take its card away.
 */
export const ALERT_IDS = 'alert_ids'

/** One data field of an event type in the configuration. */
export interface Field {
  /** Undefined for a field of the card. */
  readonly type?: FieldType | undefined
  readonly required?: boolean | undefined
  readonly phi?: boolean | undefined
}

/** True for the name of a built-in card. */
export function isBuiltInCard(card: string): card is CardName {
  return Object.hasOwn(CARD_DATA, card)
}

/** Extends a schema by new fields, and makes its fields required or patient data. Keeps unknown fields. */
export function withFields(base: z.ZodObject, fields: Readonly<Record<string, Field>>): z.ZodObject {
  const shape: Record<string, z.core.$ZodType> = {}
  for (const [name, field] of Object.entries(fields)) {
    const known = base.shape[name]
    const plain = known === undefined ? FIELD_TYPES[field.type ?? 'text'] : withoutOptional(known)
    const marked = field.phi || (known && isPhi(known)) ? plain.meta({ phi: true }) : plain
    const optional = known === undefined ? true : known instanceof z.ZodOptional
    shape[name] = optional && !field.required ? marked.optional() : marked
  }
  return base.extend(shape).loose()
}

/** Extends a schema by undeclared fields that storm control names: each a text, a number or a boolean. */
export function withNamed(base: z.ZodObject, names: readonly string[]): z.ZodObject {
  const added = names.filter((name) => !Object.hasOwn(base.shape, name))
  return added.length === 0 ? base : base.extend(Object.fromEntries(added.map((name) => [name, SCALAR.optional()])))
}

/** Returns the top-level fields of a schema that are marked as patient data. */
export function phiFieldsOf(schema: z.ZodObject): Set<string> {
  return new Set(Object.keys(schema.shape).filter((name) => isPhi(schema.shape[name])))
}

/** True for a field marked as patient data, itself or inside its `optional` or `nullable`. */
function isPhi(field: z.core.$ZodType | undefined): boolean {
  if (field === undefined) return false
  if (z.globalRegistry.get(field)?.phi === true) return true
  return field instanceof z.ZodOptional || field instanceof z.ZodNullable ? isPhi(field.unwrap()) : false
}

/** True for a field of times or dates. */
export function isMoment(field: z.core.$ZodType): boolean {
  const def = (field as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return isMoment(def.innerType)
  if (def.type === 'union') return def.options.every(isMoment)
  return def.type === 'string' && 'format' in def && (def.format === 'datetime' || def.format === 'date')
}

function withoutOptional(field: z.core.$ZodType): z.ZodType {
  const inner = field instanceof z.ZodOptional ? field.unwrap() : field
  if (inner instanceof z.ZodType) return inner
  throw new TypeError('a card schema is not made of classic zod types')
}

/**
 * Makes a predicate for the names of these fields. Letter case, separators and a plural do not count: `PatientID`,
 * `patient-ids` and `patient_id` are the same name.
 */
export function createFieldNames(fields: Iterable<string>): (name: string) => boolean {
  const folded = new Set([...fields].map(foldFieldName))
  return (name) => {
    const wanted = foldFieldName(name)
    return folded.has(wanted) || (wanted.endsWith('s') && folded.has(wanted.slice(0, -1)))
  }
}

function foldFieldName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
