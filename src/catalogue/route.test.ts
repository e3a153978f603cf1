import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearestName } from '../kernel/nearest.ts'
import { builtInCatalogue } from './built-in.ts'
import { type Catalogue, findEventType, findGroup, type Route } from './catalogue.ts'
import { PRIORITIES } from './priority.ts'
import { matchesType, routeEvent } from './route.ts'

const builtIn = builtInCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const CHANNELS = ['security_eng', 'cloudops', 'sre', 'devops', 'pmo'] as const
const types = [...builtIn.eventTypes.keys()]

const someChannels = fc.uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1 })
const route: fc.Arbitrary<Route> = fc.record({
  when: fc.record(
    {
      eventType: fc.constantFrom('*', 'celery.*', 'vault.seal.detected', ...types),
      priorities: fc.uniqueArray(fc.constantFrom(...PRIORITIES), { minLength: 1 }),
      stakeholder: fc.constantFrom(...CHANNELS),
    },
    { requiredKeys: [] },
  ),
  channels: someChannels,
  mode: fc.constantFrom('add', 'only'),
})
const event = fc.record({
  eventType: fc.constantFrom(...types),
  priority: fc.constantFrom(...PRIORITIES),
  stakeholders: fc.uniqueArray(fc.constantFrom(...CHANNELS)),
})
const catalogue: fc.Arbitrary<Catalogue> = fc
  .record({ reads: fc.tuple(...CHANNELS.map(() => someChannels)), routes: fc.array(route, { maxLength: 4 }) })
  .map(({ reads, routes }) => ({
    ...builtIn,
    groups: new Map(CHANNELS.map((key, index) => [key, { names: [key], channels: reads[index] ?? [] }])),
    routes,
  }))

/** Reference implementation of the match of one route and one event. */
function applies({ when }: Route, of: { eventType: string; priority: string; stakeholders: readonly string[] }) {
  const type = when.eventType ?? '*'
  const typeFits = type.endsWith('*')
    ? of.eventType.indexOf(type.slice(0, type.length - 1)) === 0
    : type === of.eventType
  return (
    typeFits &&
    (!when.priorities || when.priorities.some((one) => one === of.priority)) &&
    (!when.stakeholder || of.stakeholders.some((one) => one === when.stakeholder))
  )
}

describe('routeEvent', () => {
  it('gives the channels of the groups or of the only routes, and of the add routes, each once', () => {
    fc.assert(
      fc.property(catalogue, event, (world, of) => {
        const routed = routeEvent(world, of)
        expect(new Set(routed).size).toBe(routed.length)
        const matching = world.routes.filter((one) => applies(one, of))
        const only = matching.filter((one) => one.mode === 'only').flatMap((one) => one.channels)
        const groups = of.stakeholders.flatMap((key) => world.groups.get(key)?.channels ?? [])
        const add = matching.filter((one) => one.mode === 'add').flatMap((one) => one.channels)
        expect(new Set(routed)).toEqual(new Set([...(only.length > 0 ? only : groups), ...add]))
        expect(routeEvent(world, of)).toEqual(routed)
      }),
    )
  })

  it('gives no fewer channels with one group or one add route more', () => {
    fc.assert(
      fc.property(catalogue, event, fc.constantFrom(...CHANNELS), route, (world, of, group, extra) => {
        const before = routeEvent({ ...world, routes: [] }, of)
        const more = { ...of, stakeholders: [...of.stakeholders, group] }
        expect(routeEvent({ ...world, routes: [] }, more)).toEqual(expect.arrayContaining(before))
        const added = routeEvent({ ...world, routes: [{ ...extra, mode: 'add' }] }, of)
        expect(added.slice(0, before.length)).toEqual(before)
      }),
    )
  })

  it('gives a channel that two groups share once', () => {
    const groups = new Map(builtIn.groups).set('pmo', { names: ['PMO'], channels: ['devops'] })
    const of = { eventType: 'deployment.failed', priority: 'HIGH', stakeholders: ['devops', 'pmo'] } as const
    expect(routeEvent({ ...builtIn, groups }, of)).toEqual(['devops'])
  })
})

describe('names', () => {
  it('matches types exactly or by prefix', () => {
    expect(matchesType('celery.*', 'celery.task.failed')).toBe(true)
    expect(matchesType('celery.*', 'celerity.x')).toBe(false)
    expect(matchesType('celery.task', 'celery.task.failed')).toBe(false)
  })

  it('finds types by name and by alias', () => {
    expect(findEventType(builtIn, 'celery.task.failure')?.name).toBe('celery.task.failed')
    expect(findEventType(builtIn, 'celery.task.failed')?.name).toBe('celery.task.failed')
    expect(findEventType(builtIn, '')).toBeUndefined()
    expect(findEventType(builtIn, 'toString')).toBeUndefined()
  })

  it('finds every group by key and display name in any letter case', () => {
    for (const [key, group] of builtIn.groups)
      for (const name of [key, ...group.names])
        for (const written of [name, name.toUpperCase(), ` ${name.toLowerCase()} `])
          expect(findGroup(builtIn, written)?.key).toBe(key)
    expect(findGroup(builtIn, 'Security')).toBeUndefined()
  })

  it('suggests the nearest name, and none without a near one', () => {
    expect(nearestName(builtIn.groups.keys(), 'Secuirty_Eng')).toBe('security_eng')
    expect(nearestName(types, 'vault.seal.detectd')).toBe('vault.seal.detected')
    expect(nearestName(types, 'stormStatus.today')).toBeUndefined()
    expect(nearestName(types, 'x'.repeat(100_000))).toBeUndefined()
    fc.assert(fc.property(fc.constantFrom(...types), (type) => nearestName(types, type.toUpperCase()) === type))
    // One letter less and two more are still found: only names of a very different length are skipped.
    fc.assert(fc.property(fc.constantFrom(...types), (type) => nearestName(types, `${type.slice(1)}xx`) !== undefined))
  })
})
