import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { SAMPLES } from '../../test/cards/samples.ts'
import { EVENT_TYPES } from '../catalogue/event-types.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { MAX_DATA_BYTES, MAX_DATA_DEPTH, MAX_GIVEN_BYTES } from '../contract/limits.ts'
import type { Problem } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { checkData } from './check-data.ts'
import type { UndeclaredData } from './patient-data/undeclared.ts'
import { toPlainJson } from './plain-json.ts'

const catalogue = loadCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: {
    event_types: {
      'lab.result.ready': {
        priority: 'INFO',
        stakeholders: ['sre'],
        card: 'system_alert',
        data: { result_id: { type: 'text', required: true }, parts: { type: 'list' }, extra: { type: 'object' } },
      },
    },
  },
})
const TYPES = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[]

function check(type: string, data: unknown, undeclared: UndeclaredData = 'keep') {
  const problems: Problem[] = []
  const definition = catalogue.eventTypes.get(type)
  if (!definition) throw new TypeError(`no type ${type}`)
  return { checked: checkData(definition, data, 'data', problems, undeclared), problems }
}
const places = (type: string, data: unknown) => check(type, data).problems.map(({ at }) => at)

/** What is wrong for every kind of field but the one that it is for. */
const WRONG = { record: 7, array: 'text', other: { an: 'object' } } as const

function wrongFor(field: z.core.$ZodType): unknown {
  const inner = field instanceof z.ZodOptional ? field.unwrap() : field
  return inner instanceof z.ZodRecord ? WRONG.record : inner instanceof z.ZodArray ? WRONG.array : WRONG.other
}

describe.each(TYPES)('%s', (type) => {
  const { data } = SAMPLES[type]
  const shape = catalogue.eventTypes.get(type)?.schema.shape ?? {}

  it('accepts its sample unchanged', () => {
    expect(check(type, data)).toEqual({ checked: { data, given: data, ignored: [] }, problems: [] })
  })

  it('refuses another type in each field, naming the field', () => {
    for (const [name, field] of Object.entries(shape))
      expect(places(type, { ...data, [name]: wrongFor(field) })).toEqual([`data.${name}`])
    const everythingWrong = Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, wrongFor(field)]))
    expect(places(type, everythingWrong)).toEqual(Object.keys(shape).map((name) => `data.${name}`))
  })

  it('refuses data without a required field, and accepts null for optional ones', () => {
    const needed = Object.keys(shape).filter((name) => !(shape[name] instanceof z.ZodOptional))
    expect(needed.length).toBeGreaterThan(0)
    expect(places(type, {})).toEqual(needed.map((name) => `data.${name}`))
    const others = Object.keys(shape).filter((name) => !needed.includes(name))
    const withNulls = { ...data, ...Object.fromEntries(others.map((name) => [name, null])) }
    // Without the optional fields: one of them may stand in for another, such as `message` for `summary`.
    const least = Object.fromEntries(Object.entries(data).filter(([name]) => needed.includes(name)))
    expect(check(type, withNulls).checked?.data).toEqual(least)
    for (const name of needed)
      expect(check(type, { ...least, [name]: null }).problems).toEqual([
        expect.objectContaining({ at: `data.${name}`, found: 'null' }),
      ])
  })
})

it('has a sample for each type of the catalogue', () => {
  expect(TYPES.toSorted()).toEqual(Object.keys(EVENT_TYPES).toSorted())
})

describe('inside lists and objects', () => {
  it.each([
    [
      'nphies.claim.submitted',
      { services: [{ description: 'd', amount: 1 }, { description: 7 }] },
      ['.services[1].description', '.services[1].amount'],
    ],
    ['nphies.claim.rejected', { errors: ['x', { field: 'f', message: 1 }] }, ['.errors[0]', '.errors[1].message']],
    ['vault.unseal.failed', { recommended_actions: ['x', 7] }, ['.recommended_actions[1]']],
    ['prometheus.alert.firing', { labels: { fine: 1, wrong: [] } }, ['.labels.(entry 2)']],
  ] as const)('of %s each place is named', (type, change, expected) => {
    expect(places(type, { ...SAMPLES[type].data, ...change })).toEqual(expected.map((at) => `data${at}`))
  })

  it('lists a limited number of problems, and that there are more', () => {
    const data = { ...SAMPLES['nphies.claim.submitted'].data, services: Array(900).fill(1) }
    expect(places('nphies.claim.submitted', data)).toHaveLength(101)
  })
})

describe('data', () => {
  const alert = { component: 'c', summary: 's' }
  const take = (more: object) => check('prometheus.alert.firing', { ...alert, ...more }).checked?.data

  it('keeps undeclared fields under keep', () => {
    expect(take({ own: { deep: [1, 'x', null, true] } })).toEqual({ ...alert, own: { deep: [1, 'x', null, true] } })
  })

  it('is kept as JSON.stringify writes it', () => {
    expect(take({ at: new Date(0), gone: undefined, n: Object.create(null) })).toEqual({
      ...alert,
      at: '1970-01-01T00:00:00.000Z',
      n: {},
    })
  })

  it('has no U+0000, lone surrogate or __proto__ in any text or key', () => {
    const odd = JSON.parse('{"a\\u0000":[{"k\\ud800":"v\\u0000"}],"__pro\\u0000to__":1,"__proto__":{"x":1}}')
    const data = take({ odd, constructor: null, toString: 'x' })
    expect(data).toEqual({ ...alert, odd: { a: [{ 'k\ufffd': 'v' }] }, constructor: null, toString: 'x' })
    expect(JSON.stringify(data)).not.toMatch(/\\u|__proto__/)
  })

  it.each<[string, unknown, string]>([
    ['text', 'text', 'text of 4 characters'],
    ['a number', 7, 'a number'],
    ['a list', [1], 'a list of 1'],
    ['a date', new Date(0), 'text of 24 characters'],
    ['a function', () => 1, 'something that JSON can not say'],
    ['a set', new Set([1]), 'a Set'],
    ['an object that is nothing', { toJSON: () => undefined }, 'something that JSON can not say'],
  ])('is not %s', (_what, data, found) => {
    expect(check('prometheus.alert.firing', data).problems).toEqual([expect.objectContaining({ at: 'data', found })])
  })

  it('treats placeholders for no value as absent', () => {
    const nothing = {
      node: '',
      unit: '',
      runbook_url: '',
      dashboard_url: '',
      starts_at: '',
      ends_at: '0001-01-01T00:00:00Z',
      labels: { severity: null, instance: 'db-1', empty: '' },
    }
    // A field that the type does not declare may have any value.
    expect(take({ ...nothing, own: '' })).toEqual({ ...alert, labels: { instance: 'db-1', empty: '' }, own: '' })
    const batch = SAMPLES['followup.batch.status'].data
    const portal_resources = [{ name: 'p', url: '', description: null }]
    expect(check('followup.batch.status', { ...batch, portal_resources }).checked?.data).toEqual({
      ...batch,
      portal_resources: [{ name: 'p' }],
    })
    expect(check('lab.result.ready', { ...alert, result_id: 'r', extra: { a: null } }).checked?.data).toEqual({
      ...alert,
      result_id: 'r',
      extra: { a: null },
    })
    expect(check('prometheus.alert.firing', { ...alert, component: '' }).problems).toEqual([
      { at: 'data.component', found: 'empty text', expected: 'some text' },
    ])
  })

  it('accepts times of RFC 3339, and names years of the Hijra', () => {
    expect(take({ starts_at: '2026-11-21 10:00:00+0300', ends_at: '2016-12-31T23:59:60Z' })).toEqual({
      ...alert,
      starts_at: '2026-11-21T10:00:00+03:00',
      ends_at: '2016-12-31T23:59:59Z',
    })
    for (const hijri of ['1447-06-01', '1447-06-01T10:00:00Z'])
      expect(check('prometheus.alert.firing', { ...alert, starts_at: hijri }).problems).toEqual([
        expect.objectContaining({ at: 'data.starts_at', expected: expect.stringContaining('Hijra') }),
      ])
    expect(check('prometheus.alert.firing', { ...alert, starts_at: 'now' }).problems).toEqual([
      expect.objectContaining({ at: 'data.starts_at', expected: expect.stringMatching(/^a time such as/) }),
    ])
  })

  it('keeps a BigInt as a number, or as its digits', () => {
    expect(take({ value: 12345678901234567890n, threshold: 7n, labels: { id: -9007199254740993n } })).toEqual({
      ...alert,
      value: '12345678901234567890',
      threshold: 7,
      labels: { id: '-9007199254740993' },
    })
  })

  it('refuses numbers beyond 2^53 where it computes with them, and names the field', () => {
    const task = { task_name: 't', task_id: '12345678901234567890', error: 'e' }
    expect(check('celery.task.failed', task).checked?.data).toEqual(task)
    for (const retries of ['12345678901234567890', 12345678901234567890n])
      expect(check('celery.task.failed', { ...task, retry_count: retries }).problems).toEqual([
        {
          at: 'data.retry_count',
          found: 'text, or a number with too many digits, of 20 characters',
          expected: 'a whole number',
        },
      ])
  })

  it('refuses values that JSON loses, and names each field', () => {
    const data = {
      ...alert,
      value: Number.NaN,
      threshold: Number.NEGATIVE_INFINITY,
      starts_at: new Date('no'),
      labels: { fine: { x: 1 }, wrong: Number.POSITIVE_INFINITY },
      own: [1, { map: new Map() }, new Set()],
      ends_at: Number.NaN,
    }
    expect(check('prometheus.alert.firing', data).problems).toEqual([
      { at: 'data.value', found: 'a number that is not finite', expected: 'a finite number' },
      { at: 'data.threshold', found: 'a number that is not finite', expected: 'a finite number' },
      { at: 'data.starts_at', found: 'a date that is none', expected: 'a valid date' },
      { at: 'data.labels.(entry 2)', found: 'a number that is not finite', expected: 'a finite number' },
      { at: 'data.(entry 7)[1].(entry 1)', found: 'a Map', expected: 'an object or a list' },
      { at: 'data.(entry 7)[2]', found: 'a Set', expected: 'an object or a list' },
      { at: 'data.ends_at', found: 'a number that is not finite', expected: 'a finite number' },
    ])
  })

  it('is refused as a list of four billion holes', () => {
    const list: unknown[] = []
    list.length = 4_000_000_000
    const { problems } = check('prometheus.alert.firing', { list })
    expect(problems.map(({ found }) => found)).toEqual([`more than ${MAX_GIVEN_BYTES} bytes`])
  })

  it('is limited in depth and size, to the last byte', () => {
    const nested = (levels: number): JsonObject => (levels === 1 ? {} : { a: nested(levels - 1) })
    expect(take({ own: nested(MAX_DATA_DEPTH - 1) })).toBeDefined()
    expect(check('prometheus.alert.firing', { ...alert, own: nested(MAX_DATA_DEPTH) }).problems).toEqual([
      { at: 'data', found: 'more than 16 levels of lists and objects', expected: 'at most 16' },
    ])
    const fill = MAX_GIVEN_BYTES - Buffer.byteLength(JSON.stringify({ ...alert, own: '' }))
    expect(take({ own: 'x'.repeat(fill) })).toBeDefined()
    expect(take({ own: 'x'.repeat(fill + 1) })).toBeUndefined()
    expect(take({ own: 'م'.repeat(fill / 2 + 1) })).toBeUndefined()
    // What no cutting of texts makes small enough.
    expect(check('prometheus.alert.firing', { ...alert, own: Array(MAX_DATA_BYTES / 2).fill(1) }).problems).toEqual([
      expect.objectContaining({ at: 'data', found: `more than ${MAX_DATA_BYTES} bytes without its long texts` }),
    ])
  })
})

it('makes plain JSON of any JSON and leaves it as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'))
      expect(toPlainJson(value, MAX_DATA_BYTES)).toMatchObject({ value: JSON.parse(JSON.stringify(value)), losses: [] })
    }),
  )
})

it('refuses nothing that fits', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value)
      fc.pre(!/\\u|__proto__/.test(text))
      expect(toPlainJson(value, Buffer.byteLength(text)).found).toBeUndefined()
      expect(toPlainJson(value, Buffer.byteLength(text) - 1).found).toBe(
        `more than ${Buffer.byteLength(text) - 1} bytes`,
      )
    }),
  )
})

it('accepts data of an own type, and names its fields', () => {
  const alert = { component: 'c', summary: 's' }
  expect(check('lab.result.ready', { ...alert, result_id: 'r', parts: [{ a: 1 }], extra: { b: [] } }).problems).toEqual(
    [],
  )
  expect(places('lab.result.ready', { ...alert, parts: {}, extra: [] })).toEqual([
    'data.result_id',
    'data.parts',
    'data.extra',
  ])
})

describe('fields that the type does not declare', () => {
  const claim = { claim_id: 'C-1', rejection_reason: 'r' }
  const patient = {
    patient_name: 'Sara Alharbi',
    national_id: 1098765432,
    patient: { id: 1, name: 'Sara' },
    P123456789: 'x',
    'Sara Alharbi': 'x',
    rejection_reasn: 'a slip',
  }
  const names = ['patient_name', 'national_id', 'patient', '(entry 6)', '(entry 7)', 'rejection_reasn']
  const given = { ...claim, ...patient }

  it('are dropped, and named unless their names may be values', () => {
    expect(check('nphies.claim.rejected', given, 'drop')).toEqual({
      checked: { data: claim, given, ignored: names },
      problems: [],
    })
  })

  it('are masked as a whole under mask', () => {
    const { checked } = check('nphies.claim.rejected', given, 'mask')
    expect(checked?.ignored).toEqual(names)
    expect(checked?.data).toEqual({
      ...claim,
      patient_name: 'S••••arbi',
      national_id: '1••••5432',
      patient: { id: '••••', name: '••••' },
      'P••••6789': '••••',
      'S••••arbi': '••••',
      rejection_reasn: '••••',
    })
  })

  it('refuse the event, each by its name, under refuse', () => {
    const { checked, problems } = check('nphies.claim.rejected', given, 'refuse')
    expect(checked).toBeUndefined()
    expect(problems.map(({ at }) => at)).toEqual(names.map((name) => `data.${name}`))
    expect(problems.at(-1)).toEqual({
      at: 'data.rejection_reasn',
      found: 'a field that the event type does not declare',
      expected: 'perhaps rejection_reason',
    })
  })

  it.each([
    ['drop', {}],
    ['refuse', {}],
    ['mask', { 'S••••arbi': null }],
  ] as const)('leave no key of a null behind, where nothing else is undeclared, under %s', (undeclared, kept) => {
    const { checked, problems } = check('nphies.claim.rejected', { ...claim, 'Sara Alharbi': null }, undeclared)
    expect({ data: checked?.data, ignored: checked?.ignored, problems }).toEqual({
      data: { ...claim, ...kept },
      ignored: [],
      problems: [],
    })
  })

  it.each(['drop', 'mask', 'keep'] as const)('are named inside the items of lists too, under %s', (undeclared) => {
    const service = { description: 'd', amount: 1, patient_id: 'P1', P2: 1 }
    const submitted = { claim_id: 'C', provider: 'p', payer: 'y', total_amount: 1 }
    const { checked } = check('nphies.claim.submitted', { ...submitted, services: [service, service] }, undeclared)
    expect(checked?.data.services).toEqual(Array(2).fill({ description: 'd', amount: 1 }))
    expect(checked?.ignored).toEqual(['services[].patient_id', 'services[].(entry 4)'])
  })

  it('are named in part where there are thousands', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a${i}`, 1]))
    const { checked } = check('nphies.claim.rejected', { ...claim, ...many }, 'drop')
    expect(checked?.ignored).toHaveLength(101)
    expect(checked?.ignored.at(-1)).toBe('(and 19900 more)')
  })

  it('are none where the inside of a field is free', () => {
    const labels = { patient_name: 'x', any: 1 }
    expect(check('prometheus.alert.firing', { component: 'c', summary: 's', labels }, 'drop').checked?.ignored).toEqual(
      [],
    )
  })
})
