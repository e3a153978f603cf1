import { CARD_DATA } from './card-data.ts'
import type { Catalogue, EventTypeDefinition } from './catalogue.ts'
import { isBuiltInCard } from './data-fields.ts'
import { createIdentifierNames } from './identifier-names.ts'

/** A data field of the configuration with the name of an identifier, and without `phi`. */
export interface PatientNotice {
  /** Path of the declaration: `event_types.lab.result.ready.data.iqama`. */
  readonly at: string
  readonly says: string
}

/**
 * Finds data fields of the configuration that are named like identifiers and have neither `phi: true` nor `phi: false`. A
 * declared field is stored unchanged, so a forgotten `phi: true` stores patient data for six years.
 */
export function patientDataNotices(catalogue: Pick<Catalogue, 'eventTypes'>): readonly PatientNotice[] {
  const identifierOf = createIdentifierNames()
  return [...catalogue.eventTypes.values()].flatMap((type) =>
    configuredFieldsOf(type)
      .filter((name) => identifierOf(name) !== undefined && !type.phiFields.has(name) && !type.plainFields?.has(name))
      .map((name) => ({
        at: `event_types.${type.name}.data.${name}`,
        says: 'a data field is named like patient data and is kept as it comes; mark it with phi: true, or with phi: false if it is none',
      })),
  )
}

function configuredFieldsOf({ card, schema }: EventTypeDefinition): readonly string[] {
  const known = isBuiltInCard(card) ? CARD_DATA[card].shape : {}
  return Object.keys(schema.shape).filter((name) => !Object.hasOwn(known, name))
}
