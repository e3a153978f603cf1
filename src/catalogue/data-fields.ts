import { z } from 'zod'
import { CARD_DATA, type CardName } from './card-data.ts'

const claim = CARD_DATA.nphies_claim_approved.shape
const alert = CARD_DATA.system_alert.shape
const vault = CARD_DATA.vault_security_event.shape

/**
 * The types that a field of the user's own may have. Amounts, times and URLs are those of the built-in cards, so
 * that every card of the gateway takes them alike.
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

/** One field of an event's data as the configuration file describes it. */
export interface Field {
  /** Undefined for a field that the card has already. */
  readonly type?: FieldType | undefined
  readonly required?: boolean | undefined
  readonly phi?: boolean | undefined
}

/** True for the name of a built-in card. */
export function isBuiltInCard(card: string): card is CardName {
  return Object.hasOwn(CARD_DATA, card)
}

/** A schema with further fields, and with more asked of those that it has. Keeps fields it does not know. */
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

/** A schema with fields that storm control names and nobody has declared: a text, a number or a boolean. */
export function withNamed(base: z.ZodObject, names: readonly string[]): z.ZodObject {
  const added = names.filter((name) => !Object.hasOwn(base.shape, name))
  return added.length === 0 ? base : base.extend(Object.fromEntries(added.map((name) => [name, SCALAR.optional()])))
}

/** Top-level fields of a schema that are marked as patient data. */
export function phiFieldsOf(schema: z.ZodObject): Set<string> {
  return new Set(Object.keys(schema.shape).filter((name) => isPhi(schema.shape[name])))
}

/** The mark may sit on the field or inside its `optional`. */
function isPhi(field: z.core.$ZodType | undefined): boolean {
  if (field === undefined) return false
  if (z.globalRegistry.get(field)?.phi === true) return true
  return field instanceof z.ZodOptional || field instanceof z.ZodNullable ? isPhi(field.unwrap()) : false
}

/** True for a field that holds a time, or a date. */
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
 * Makes what says whether a name is one of these fields. Letter case, separators and a plural do not count: `PatientID`,
 * `patient-ids` and `patient_id` are one.
 */
export function createFieldNames(fields: Iterable<string>): (name: string) => boolean {
  const folded = new Set([...fields].map(foldFieldName))
  return (name) => {
    const own = foldFieldName(name)
    return folded.has(own) || (own.endsWith('s') && folded.has(own.slice(0, -1)))
  }
}

function foldFieldName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
