import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { CARD_DATA } from './card-data.ts'
import type { Catalogue } from './catalogue.ts'
import { entries, oneOf, texts } from './config-entries.ts'
import { isBuiltInCard, phiFieldsOf } from './data-fields.ts'
import { createIdentifierNames } from './identifier-names.ts'

/**
 * What the entries of storm control refer to: data fields that the type has and that are not patient data, whose hash or
 * value would stand on a digest and in the record; and types that exist.
 */
export function stormProblems(input: unknown, builtIn: Catalogue): Problem[] {
  const identifierOf = createIdentifierNames()
  const types = entries(input, 'event_types')
  const names = [
    ...builtIn.eventTypes.keys(),
    ...builtIn.aliases.keys(),
    ...types.flatMap(([name, type]) => [name, ...texts(type.aliases)]),
  ]
  return types.flatMap(([name, type]) => {
    const at = `event_types.${name}`
    const { known, phi } = fieldsOfType(name, type, builtIn)
    const named: [string, string][] = [
      ...texts(type.fingerprint).map((field, index): [string, string] => [`${at}.fingerprint[${index}]`, field]),
      ...texts(type.dedup).map((field, index): [string, string] => [`${at}.dedup[${index}]`, field]),
      ...(typeof type.group_by === 'string' ? [[`${at}.group_by`, type.group_by] satisfies [string, string]] : []),
    ]
    return [
      ...named.flatMap(([place, field]) => {
        if (phi.has(field))
          return [{ at: place, found: 'a field of patient data', expected: 'a field that anybody may see' }]
        if (known.has(field)) return []
        // It counts as declared, unless it is all but one that is: then it is a slip.
        if (nearestName(known, field) !== undefined)
          return [{ at: place, found: 'a name that no field of the type has', expected: oneOf([...known], field) }]
        return identifierOf(field)
          ? [{ at: place, found: 'a name that looks like patient data', expected: 'a field that anybody may see' }]
          : []
      }),
      ...texts(type.resolves).flatMap((other, index) =>
        names.includes(other)
          ? []
          : [
              {
                at: `${at}.resolves[${index}]`,
                found: 'a name that no event type has',
                expected: 'the name of an event type of docs/reference/events.md, or of this file',
              },
            ],
      ),
    ]
  })
}

function fieldsOfType(name: string, type: Readonly<Record<string, unknown>>, builtIn: Catalogue) {
  const base = builtIn.eventTypes.get(name)
  const card = typeof type.card === 'string' ? type.card : base?.card
  const schema = card !== undefined && isBuiltInCard(card) ? CARD_DATA[card] : base?.schema
  const given = isObject(type.data) ? Object.entries(type.data) : []
  const own = given.filter(([, field]) => isObject(field) && field.phi === true).map(([field]) => field)
  return {
    known: new Set([...Object.keys(schema?.shape ?? {}), ...given.map(([field]) => field)]),
    phi: new Set([...(base?.phiFields ?? []), ...(schema ? phiFieldsOf(schema) : []), ...own]),
  }
}
