import { describe, expect, it } from 'vitest'
import { isGatewayError } from '../kernel/errors.ts'
import type { ConfigInput } from './config-input.ts'
import { loadCatalogue } from './load.ts'

const load = (pagers: unknown, more: object = {}) =>
  loadCatalogue({
    language: 'en',
    budget: { requests: 60, period: 60, burst: 10 },
    config: { pagers, ...more } as ConfigInput,
  })

function problemsOf(pagers: unknown, more?: object): readonly string[] {
  try {
    load(pagers, more)
  } catch (error) {
    if (isGatewayError(error)) return error.problems.map(({ at }) => at)
    throw error
  }
  return []
}

describe('the section pagers', () => {
  it('has the services with the defaults of their kind', () => {
    const { pagers } = load({ oncall: { kind: 'pagerduty' }, jsm: { kind: 'opsgenie' } })
    expect([...pagers.values()]).toEqual([
      {
        name: 'oncall',
        kind: 'pagerduty',
        url: 'https://events.pagerduty.com',
        perMinute: 100,
        burst: 20,
        fields: [],
        responders: [],
        tags: [],
      },
      {
        name: 'jsm',
        kind: 'opsgenie',
        url: 'https://api.atlassian.com/jsm/ops/integration',
        perMinute: 50,
        burst: 10,
        fields: [],
        responders: [],
        tags: [],
      },
    ])
  })

  it('is empty without one, and where all its entries are commented out', () => {
    expect(load(undefined).pagers.size).toBe(0)
    expect(load(null).pagers.size).toBe(0)
  })

  it('takes plain HTTP for a stand-in on this machine, and no slash at the end', () => {
    const { pagers } = load({ local: { kind: 'opsgenie', url: 'http://127.0.0.1:9999/' } })
    expect(pagers.get('local')?.url).toBe('http://127.0.0.1:9999')
  })

  it('names every problem at once', () => {
    const pagers = {
      Oncall: { kind: 'pagerduty' },
      kindless: {},
      plain: { kind: 'pagerduty', url: 'http://events.pagerduty.com' },
      query: { kind: 'opsgenie', url: 'https://api.example/?key=1' },
      fast: { kind: 'pagerduty', per_minute: 110, burst: 20 },
      tagged: { kind: 'pagerduty', tags: ['a'] },
      nobody: { kind: 'opsgenie', responders: [{ type: 'team' }, { type: 'person', name: 'SRE' }] },
      long: { kind: 'opsgenie', tags: ['x'.repeat(51)] },
      leaking: { kind: 'pagerduty', fields: ['node', 'patient_id', 'no_such_field'] },
      keyed: { kind: 'pagerduty', key: 'abc' },
    }
    expect([...problemsOf(pagers)].sort()).toEqual([
      'pagers.Oncall',
      'pagers.fast.per_minute',
      'pagers.keyed.key',
      'pagers.kindless.kind',
      'pagers.leaking.fields[1]',
      'pagers.leaking.fields[2]',
      'pagers.long.tags[0]',
      'pagers.nobody.responders[0]',
      'pagers.nobody.responders[1].type',
      'pagers.plain.url',
      'pagers.query.url',
      'pagers.tagged.tags',
    ])
  })

  it('refuses a field that is patient data in a type of the configuration', () => {
    const event_types = {
      'lab.result.delayed': {
        priority: 'HIGH',
        stakeholders: ['SRE'],
        card: 'system_alert',
        data: { ward: { type: 'text', phi: true } },
      },
    }
    expect(problemsOf({ oncall: { kind: 'pagerduty', fields: ['ward'] } }, { event_types })).toEqual([
      'pagers.oncall.fields[0]',
    ])
  })
})
