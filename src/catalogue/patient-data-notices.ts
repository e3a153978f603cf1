import { CARD_DATA } from './card-data.ts'
import type { Catalogue, EventTypeDefinition } from './catalogue.ts'
import { isBuiltInCard } from './data-fields.ts'
import { createIdentifierNames } from './identifier-names.ts'

/** A data field of the configuration whose name looks like patient data, though nobody said whether it is. */
export interface PatientNotice {
  /** Where it is declared: `event_types.lab.result.ready.data.iqama`. */
  readonly at: string
  readonly says: string
}

/**
 * Fields of the user's own that are named like identifiers and are neither `phi: true` nor `phi: false`. A declared
 * field is kept as it comes, so that a forgotten mark is six years of patient data.
 */
export function patientDataNotices(catalogue: Pick<Catalogue, 'eventTypes'>): readonly PatientNotice[] {
  const identifierOf = createIdentifierNames()
  return [...catalogue.eventTypes.values()].flatMap((type) =>
    ownFieldsOf(type)
      .filter((name) => identifierOf(name) !== undefined && !type.phiFields.has(name) && !type.plainFields?.has(name))
      .map((name) => ({
        at: `event_types.${type.name}.data.${name}`,
        says: 'a data field is named like patient data and is kept as it comes; mark it with phi: true, or with phi: false if it is none',
      })),
  )
}

function ownFieldsOf({ card, schema }: EventTypeDefinition): readonly string[] {
  const known = isBuiltInCard(card) ? CARD_DATA[card].shape : {}
  return Object.keys(schema.shape).filter((name) => !Object.hasOwn(known, name))
}
