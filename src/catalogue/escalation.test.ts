import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../kernel/errors.ts'
import type { ConfigInput } from './config-input.ts'
import { BUILT_IN_ESCALATION } from './escalation.ts'
import { loadCatalogue } from './load.ts'

const defaults = { language: 'en', budget: { requests: 60, period: 60, burst: 10 } } as const

/** The problems of a section `escalation`, as `path: found; expected`. */
function problemsOf(escalation: unknown): string[] {
  try {
    loadCatalogue({ ...defaults, config: { escalation } as ConfigInput })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return error.problems.map(({ at, found, expected }) => `${at}: ${found}; ${expected}`)
  }
  return []
}

describe('the section escalation', () => {
  it('may be left out, and the built-in policies hold', () => {
    expect(loadCatalogue({ ...defaults }).escalation).toBe(BUILT_IN_ESCALATION)
    expect(loadCatalogue({ ...defaults, config: {} }).escalation).toBe(BUILT_IN_ESCALATION)
  })

  it('of the example puts its own policies before the built-in ones', () => {
    const { escalation } = loadCatalogue({
      ...defaults,
      configFile: join(import.meta.dirname, '../../examples/config.yaml'),
    })
    expect([...escalation.policies.keys()]).toEqual([
      'claims_desk',
      'night',
      'quiet',
      'critical',
      'high',
      'medium',
      'low',
    ])
    expect(escalation.policies.get('claims_desk')).toEqual({
      name: 'claims_desk',
      for: [{ eventType: 'nphies.*', priorities: ['HIGH', 'MEDIUM'] }, { stakeholder: 'finance' }],
      tiers: [
        { after: 900, channels: ['finance'], mentions: [{ name: 'Sara', id: 'sara@hospital.example' }], pagers: [] },
        { after: 3600, channels: ['devops', 'sre'], mentions: [], pagers: [] },
      ],
      repeat: { times: 2, after: 7200 },
      calendar: 'claims_hours',
      outside: { policy: 'night' },
    })
    expect(escalation.calendars.get('claims_hours')).toEqual({
      name: 'claims_hours',
      timeZone: 'Asia/Riyadh',
      days: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday'],
      hours: [
        { from: 480, to: 720 },
        { from: 780, to: 1020 },
      ],
      holidays: [
        { from: '2027-02-22', to: '2027-02-22' },
        { from: '2027-03-09', to: '2027-03-13' },
      ],
      exceptions: [{ from: '2027-02-08', to: '2027-03-08', calendar: 'ramadan' }],
    })
  })

  it('holds in working hours alone where it names a calendar, and uses the built-in one where it names none', () => {
    const tiers = [{ after: '1h' }]
    const { policies } = loadCatalogue({
      ...defaults,
      config: {
        escalation: {
          policies: {
            with_calendar: { tiers, calendar: 'working_week' },
            held: { tiers, outside: 'hold' },
            always: { tiers },
          },
        },
      },
    }).escalation
    expect(policies.get('with_calendar')).toMatchObject({ calendar: 'working_week', outside: 'hold' })
    expect(policies.get('held')).toMatchObject({ calendar: 'working_week', outside: 'hold' })
    expect(policies.get('always')).toMatchObject({ calendar: undefined, outside: 'continue' })
  })

  it('replaces a built-in policy of the same name', () => {
    const { policies } = loadCatalogue({
      ...defaults,
      config: { escalation: { policies: { high: { for: [{ priorities: ['high'] }], tiers: [] } } } },
    }).escalation
    expect([...policies.keys()]).toEqual(['high', 'critical', 'medium', 'low'])
    expect(policies.get('high')?.tiers).toEqual([])
  })

  it('is refused with every problem at once', () => {
    expect(
      problemsOf({
        policies: {
          hold: { tiers: [] },
          wrong: {
            for: [{ event_type: 'nphise.*' }, { priorities: ['URGENT'] }, { stakeholder: 'Nobody' }],
            calendar: 'working_weak',
            outside: 'nihgt',
            tiers: [
              { after: 'soon', channels: ['devosp'], pagers: ['oncall'], mentions: [{ name: 'Sara', id: 'sara' }] },
            ],
            repeat: { times: 1 },
          },
          night: { tiers: [{ after: '31d' }], calendar: 'working_week' },
          day: { tiers: [], outside: 'night' },
          quiet: { tiers: [], outside: 'hold' },
        },
        calendars: {
          bad: {
            time_zone: 'AST',
            days: [],
            hours: ['8-17'],
            holidays: ['2027-02-30', '2027-03-02/2027-03-01'],
            exceptions: [{ days: '2027-03-01', calendar: 'ramadan' }],
          },
        },
        policy: {},
      }),
    ).toEqual([
      expect.stringContaining('escalation.calendars.bad.time_zone: '),
      expect.stringContaining('escalation.calendars.bad.days: '),
      expect.stringContaining('escalation.calendars.bad.hours[0]: '),
      expect.stringContaining('escalation.calendars.bad.holidays[0]: '),
      expect.stringContaining('escalation.calendars.bad.holidays[1]: '),
      expect.stringContaining('escalation.calendars.bad.exceptions[0].calendar: '),
      expect.stringContaining('escalation.policies.hold: a key of this form; '),
      expect.stringMatching(/^escalation\.policies\.wrong\.for\[1\]\.priorities\[0\]: .*; one of: CRITICAL/),
      expect.stringMatching(/^escalation\.policies\.wrong\.for\[2\]\.stakeholder: /),
      expect.stringMatching(/^escalation\.policies\.wrong\.tiers\[0\]\.after: .*; a duration such as/),
      expect.stringMatching(/^escalation\.policies\.wrong\.tiers\[0\]\.channels\[0\]: .*, perhaps devops$/),
      expect.stringMatching(/^escalation\.policies\.wrong\.tiers\[0\]\.mentions\[0\]\.id: /),
      expect.stringMatching(/^escalation\.policies\.wrong\.tiers\[0\]\.pagers\[0\]: /),
      expect.stringMatching(/^escalation\.policies\.wrong\.repeat\.after: nothing; /),
      expect.stringMatching(/^escalation\.policies\.wrong\.calendar: .*, perhaps working_week$/),
      expect.stringMatching(/^escalation\.policies\.wrong\.outside: .*, perhaps night$/),
      expect.stringMatching(/^escalation\.policies\.night\.tiers\[0\]\.after: /),
      expect.stringMatching(/^escalation\.policy: a key of this name; /),
      expect.stringMatching(
        /^escalation\.policies\.wrong\.for\[0\]\.event_type: a pattern that no event type matches; /,
      ),
      expect.stringMatching(/^escalation\.policies\.day\.outside: a policy with working hours of its own; /),
      expect.stringMatching(/^escalation\.policies\.day\.tiers: none, in a policy whose `outside` names another one/),
    ])
  })
})
