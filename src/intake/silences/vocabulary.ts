import { type Catalogue, findEventType, findGroup, foldName, groupNames } from '../../catalogue/catalogue.ts'
import { createFieldNames } from '../../catalogue/data-fields.ts'
import { PRIORITIES, parsePriority } from '../../catalogue/priority.ts'

/** The names that the values of one field come from. */
export interface Vocabulary {
  /** The noun for one name, for problems. */
  readonly what: string
  /** The canonical names, as stored. */
  readonly names: readonly string[]
  /** The canonical names and their aliases. */
  readonly spellings: readonly string[]
  /** The canonical name of a spelling; undefined for an unknown one. */
  find(written: string): string | undefined
  /** Converts a pattern to the letter case of the canonical names. */
  fold(pattern: string): string
}

/** Vocabularies by matcher field, for the fields whose values are names of the catalogue. */
export function vocabularies(catalogue: Catalogue): ReadonlyMap<string, Vocabulary> {
  const types = [...catalogue.eventTypes.keys()]
  const channels = [...catalogue.channels.keys()]
  return new Map<string, Vocabulary>([
    [
      'event_type',
      {
        what: 'event type',
        names: types,
        spellings: [...types, ...catalogue.aliases.keys()],
        find: (written) => findEventType(catalogue, written)?.name,
        fold: (pattern) => pattern,
      },
    ],
    [
      'priority',
      {
        what: 'priority',
        names: PRIORITIES,
        spellings: PRIORITIES,
        find: parsePriority,
        fold: (pattern) => pattern.toUpperCase(),
      },
    ],
    [
      'channel',
      {
        what: 'channel',
        names: channels,
        spellings: channels,
        find: (written) => channels.find((key) => key === written),
        fold: (pattern) => pattern,
      },
    ],
    [
      'stakeholder',
      {
        what: 'stakeholder group',
        names: [...catalogue.groups.keys()],
        spellings: groupNames(catalogue),
        find: (written) => findGroup(catalogue, written)?.key,
        fold: foldName,
      },
    ],
  ])
}

/** The top-level data fields of all types without patient data, and the test of a name for patient data. */
export function dataFields(catalogue: Catalogue): {
  readonly known: ReadonlySet<string>
  isPatientData(name: string): boolean
} {
  const types = [...catalogue.eventTypes.values()]
  const isPatientData = createFieldNames(types.flatMap(({ phiFields }) => [...phiFields]))
  const names = types.flatMap(({ schema }) => Object.keys(schema.shape))
  return { known: new Set(names.filter((name) => !isPatientData(name))), isPatientData }
}
