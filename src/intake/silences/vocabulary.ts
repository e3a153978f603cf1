import { type Catalogue, findEventType, findGroup, foldName, groupNames } from '../../catalogue/catalogue.ts'
import { createFieldNames } from '../../catalogue/data-fields.ts'
import { PRIORITIES, parsePriority } from '../../catalogue/priority.ts'

/** The names that the values of one field come from. */
export interface Vocabulary {
  /** What one of them is called. */
  readonly what: string
  /** The names that events are stored with. */
  readonly names: readonly string[]
  /** These, and what else people may write in their place. */
  readonly spellings: readonly string[]
  /** The name that is meant; undefined where there is none. */
  find(written: string): string | undefined
  /** A pattern in the letter case of the names. */
  fold(pattern: string): string
}

/** The fields of a matcher whose values are names of the catalogue. What a correlation id may be, nobody knows. */
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

/** The top-level fields of all types' data, and those among them that are patient data. */
export function dataFields(catalogue: Catalogue): {
  readonly known: ReadonlySet<string>
  isPatientData(name: string): boolean
} {
  const types = [...catalogue.eventTypes.values()]
  const isPatientData = createFieldNames(types.flatMap(({ phiFields }) => [...phiFields]))
  const names = types.flatMap(({ schema }) => Object.keys(schema.shape))
  return { known: new Set(names.filter((name) => !isPatientData(name))), isPatientData }
}
