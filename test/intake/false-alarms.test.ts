import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import { createPatientDataGuard } from '../../src/intake/patient-data/patient-data.ts'
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import { SAMPLES } from '../cards/samples.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const guard = createPatientDataGuard(catalogue.eventTypes.values(), 'mask')

/** Where two values of one shape differ: the text or number before. */
function changesOf(before: Json | undefined, after: Json | undefined, at = ''): string[] {
  if (Array.isArray(before) && Array.isArray(after))
    return before.flatMap((item, index) => changesOf(item as Json, after[index] as Json, `${at}[]`))
  if (isObject(before) && isObject(after)) {
    const names = Object.keys(after)
    return Object.entries(before as JsonObject).flatMap(([name, item], index) => [
      ...(names[index] === name ? [] : [`the key ${name}`]),
      ...changesOf(item, (after as JsonObject)[names[index] ?? ''], `${at}.${name}`),
    ])
  }
  return before === after ? [] : [`${at}: ${String(before)}`]
}

it('masks nothing of the samples of all types but their patients', () => {
  const changes = Object.entries(SAMPLES).flatMap(([type, { data, correlationId }]) => {
    const definition = catalogue.eventTypes.get(type)
    if (!definition) throw new TypeError(`no type ${type}`)
    const given = data as Json as JsonObject
    const kept = guard({ definition, data: given, given, correlationId })
    return [...changesOf(given, kept.data, type), ...(kept.correlationId === correlationId ? [] : [correlationId])]
  })
  expect(changes.filter((change) => !/\.(?:patient|member)_id: /.test(change))).toEqual([])
})

it('masks nothing of Celery’s messages but their patients', () => {
  const file = new URL('../fixtures/celery-messages.json', import.meta.url)
  const messages = JSON.parse(readFileSync(file, 'utf8')) as JsonObject
  const definition = catalogue.eventTypes.get('prometheus.alert.firing')
  if (!definition) throw new TypeError('no such type')
  const { data } = guard({ definition, data: { messages }, given: { messages }, correlationId: undefined })
  const changes = changesOf(messages, data.messages)
  expect(changes.length).toBeGreaterThan(2)
  expect(
    changes.filter((change) => !/for patient P-\d{4}|'patient': 'P-\d{4}'|args: \('P-\d{4}',\)/.test(change)),
  ).toEqual([])
})
