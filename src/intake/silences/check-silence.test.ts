import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { checkSilence } from './check-silence.ts'

const NOW = new Date('2026-11-21T10:00:00Z')
const catalogue = loadCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: {
    channels: { finance: { name: '#finance' } },
    event_types: {
      'lab.result.delayed': {
        card: 'system_alert',
        priority: 'MEDIUM',
        stakeholders: ['sre'],
        aliases: ['lab.result.late'],
        data: { mrn: { type: 'text', phi: true }, ward: { type: 'text' } },
      },
    },
  },
})

const GOOD = {
  matchers: [{ field: 'event_type', operator: '=', value: 'celery.*' }],
  endsAt: '2026-11-21T12:00:00Z',
  reason: 'broker moves',
}
const check = (given: unknown) => checkSilence(given, catalogue, NOW)
const matchersOf = (...texts: string[]) =>
  texts.map((text) => {
    const [, field = '', not, value = ''] = /^([^=!]+)(!?)=(.*)$/s.exec(text) ?? []
    return { field, operator: not === '!' ? '!=' : '=', value }
  })

function refusal(given: unknown): GatewayError {
  try {
    check(given)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('it was not refused')
}
const places = (given: unknown) => refusal(given).problems.map(({ at }) => at)
const firstOf = (given: unknown) => refusal(given).problems[0]

describe('a silence', () => {
  it('gets defaults for absent fields', () => {
    expect(check(GOOD)).toEqual({
      kind: 'silence',
      matchers: GOOD.matchers,
      startsAt: NOW,
      endsAt: new Date('2026-11-21T12:00:00Z'),
      every: null,
      reason: 'broker moves',
    })
  })

  it('is accepted with every field, times as dates or with a zone', () => {
    const startsAt = new Date('2026-11-22T22:00:00Z')
    const given = { ...GOOD, kind: 'maintenance', every: 'week', startsAt, endsAt: '2026-11-23T04:00:00+03:00' }
    expect(check(given)).toMatchObject({
      kind: 'maintenance',
      every: 'week',
      startsAt,
      endsAt: new Date('2026-11-23T01:00:00Z'),
    })
  })

  it('that recurs may have begun long ago', () => {
    const past = { startsAt: '2026-01-01T22:00:00Z', endsAt: '2026-01-02T02:00:00Z' }
    expect(check({ ...GOOD, ...past, kind: 'maintenance', every: 'day' })).toMatchObject({ every: 'day' })
    expect(places({ ...GOOD, ...past })).toEqual(['endsAt'])
  })

  it('is refused with every problem in one error', () => {
    expect(
      places({
        kind: 'quiet',
        matchers: [
          ...matchersOf('chanel=sre', 'priority=urgent', 'data.patient_id=P1'),
          7,
          { operator: '~', extra: 1 },
        ],
        startsAt: 'tomorrow',
        endsAt: '2026-11-21',
        every: 'month',
        reason: ' ',
        starts: 1,
      }),
    ).toEqual([
      'starts',
      'kind',
      'matchers[0].field',
      'matchers[1].value',
      'matchers[2].field',
      'matchers[3]',
      'matchers[4].extra',
      'matchers[4].field',
      'matchers[4].operator',
      'matchers[4].value',
      'every',
      'startsAt',
      'endsAt',
      'reason',
    ])
  })

  it.each([
    ['an end before the start', { startsAt: '2026-11-21T13:00:00Z' }, 'endsAt', 'not after the start'],
    ['an end at the start', { startsAt: '2026-11-21T12:00:00Z' }, 'endsAt', 'not after the start'],
    ['an end in the past', { startsAt: '2026-11-20T10:00:00Z', endsAt: NOW }, 'endsAt', 'in the past'],
    ['no end', { endsAt: undefined }, 'endsAt', 'nothing'],
    ['an end that is no date', { endsAt: new Date('no') }, 'endsAt', 'a date that is none'],
    ['an end without a zone', { endsAt: '2026-11-21T12:00:00' }, 'endsAt', 'text of 19 characters'],
    ['an end far away', { endsAt: new Date(8.64e15) }, 'endsAt', 'far away'],
    ['no reason', { reason: undefined }, 'reason', 'nothing'],
    ['a reason of blanks', { reason: ' \u00a0 ' }, 'reason', 'blanks only'],
    ['a long reason', { reason: 'x'.repeat(501) }, 'reason', 'text of 501 characters'],
    ['a NUL in the reason', { reason: 'a\0b' }, 'reason', 'control characters'],
    ['a line break in the reason', { reason: 'a\nb' }, 'reason', 'control characters'],
    ['half a character in the reason', { reason: 'a\ud800' }, 'reason', 'not Unicode'],
    [
      'a long silence that comes again',
      { every: 'day', endsAt: '2027-11-21T12:00:00Z' },
      'every',
      'what is no maintenance window',
    ],
    ['no matchers', { matchers: [] }, 'matchers', 'a list of 0'],
    ['matchers that are none', { matchers: 'all' }, 'matchers', 'text of 3 characters'],
    ['too many matchers', { matchers: Array(21).fill(GOOD.matchers[0]) }, 'matchers', 'more than 20'],
    ['holes for matchers', { matchers: Array(2) }, 'matchers[0]', 'nothing'],
    ['an unknown field', { endAt: NOW }, 'endAt', 'a field that silences do not have'],
    ['a value in the place of a field', { 'P1234 at ward 7': 1 }, 'silence', 'a field that silences do not have'],
  ])('with %s is refused', (_what, change, at, found) => {
    expect(firstOf({ ...GOOD, ...change })).toMatchObject({ at, found: expect.stringContaining(found) })
  })

  it.each([
    ['day', '2026-11-22T10:00:00Z'],
    ['week', '2026-11-28T10:00:00Z'],
  ])('as long as its recurrence, every %s, is refused', (every, endsAt) => {
    const given = { ...GOOD, kind: 'maintenance', every, startsAt: '2026-11-21T10:00:00Z' }
    expect(firstOf({ ...given, endsAt })).toMatchObject({ at: 'every' })
    expect(check({ ...given, endsAt: new Date(new Date(endsAt).getTime() - 1) })).toMatchObject({ every })
  })

  it.each([undefined, null, 7, 'all', []])('is refused as %s', (given) => {
    expect(refusal(given)).toMatchObject({ code: 'invalid_silence', problems: [{ at: 'silence' }] })
  })

  it('is refused as an object whose properties throw', () => {
    const unreadable = {
      ...GOOD,
      get reason() {
        throw new Error('no')
      },
    }
    expect(refusal(unreadable).problems).toMatchObject([{ at: 'silence', found: 'an object that can not be read' }])
  })
})

describe('a matcher', () => {
  it('is stored with the names of stored events', () => {
    const written = ['event_type=celery.task.failure', 'priority=high', 'priority=c*', 'stakeholder=Security Eng.']
    const kept = check({ ...GOOD, matchers: matchersOf(...written, 'event_type=lab.result.late', 'stakeholder=SR*') })
    expect(kept.matchers.map(({ value }) => value)).toEqual([
      'celery.task.failed',
      'HIGH',
      'C*',
      'security_eng',
      'lab.result.delayed',
      'sr*',
    ])
  })

  it.each([
    'channel=finance',
    'correlation_id=anything at all',
    'data.queue=x',
    'data.labels.alertname=Disk*',
    'data.ward!=7',
    'event_type!=vault.*',
    `data.queue=${'x'.repeat(200)}`,
  ])('%s is accepted unchanged', (text) => {
    expect(check({ ...GOOD, matchers: matchersOf(text) }).matchers).toEqual(matchersOf(text))
  })

  it.each([
    ['event_tpye=x', 'field', 'perhaps event_type'],
    ['task_name=x', 'field', 'perhaps data.task_name'],
    ['data.queu=x', 'field', 'perhaps data.queue'],
    ['data.=x', 'field', 'event_type, priority'],
    ['data.zzzzzzzzzzzz!=x', 'field', 'data. and a field of the data'],
    ['event_type=vault.seal.detectd', 'value', 'perhaps vault.seal.detected'],
    ['event_type=vualt.*', 'value', 'a pattern that fits one'],
    ['channel=srre', 'value', 'perhaps sre'],
    ['channel=#sre-alerts', 'value', 'one of security_eng'],
    ['priority=higth', 'value', 'perhaps HIGH'],
    ['stakeholder=Complience', 'value', 'perhaps compliance'],
    ['event_type=', 'value', 'text of 1 to 200'],
    [`data.queue=${'x'.repeat(201)}`, 'value', 'text of 1 to 200'],
    ['data.queue=a\0b', 'value', 'without control characters'],
    ['data.queue=a\u2028b', 'value', 'without control characters'],
    ['da\0ta.queue=a', 'field', 'without control characters'],
  ])('%j is refused, with a suggestion', (text, part, expected) => {
    const refused = refusal({ ...GOOD, matchers: matchersOf(text) })
    expect(refused.problems).toEqual([
      { at: `matchers[0].${part}`, found: expect.any(String), expected: expect.stringContaining(expected) },
    ])
  })

  it.each(['patient_id', 'member_id', 'mrn', 'PatientID', 'patient-ids', 'labels.patient_id', 'patient_id.value'])(
    'on the patient data data.%s is refused',
    (name) => {
      const problem = firstOf({ ...GOOD, matchers: matchersOf(`data.${name}=x`) })
      expect(problem).toMatchObject({ at: 'matchers[0].field', found: 'a field of patient data' })
    },
  )

  it('gets no suggestion of a patient data field', () => {
    for (const name of ['patient_i', 'patientid_', 'memberid_x', 'mrm'])
      expect(firstOf({ ...GOOD, matchers: matchersOf(`data.${name}=x`) })?.expected).not.toMatch(/patient|member|mrn/)
  })
})

it('a refused silence is not quoted', () => {
  const MARK = 'mArKeD0987'
  const anywhere = fc.record(
    {
      kind: fc.constant(MARK),
      matchers: fc.oneof(
        fc.constant(MARK),
        fc.array(
          fc.record(
            {
              field: fc.constantFrom(MARK, `data.${MARK}`, 'event_type', 'channel', 7),
              operator: fc.constantFrom(MARK, '='),
              value: fc.constantFrom(MARK, `${MARK}*`, `${MARK}\0`, [MARK]),
              [`${MARK} 1`]: fc.constant(MARK),
            },
            { requiredKeys: [] },
          ),
        ),
      ),
      startsAt: fc.constant(MARK),
      endsAt: fc.constantFrom(MARK, '2026-11-21T12:00:00Z'),
      every: fc.constant(MARK),
      reason: fc.constantFrom(`${MARK}\0`, MARK.repeat(60)),
      [`${MARK} 2`]: fc.constant(MARK),
    },
    { requiredKeys: ['reason'] },
  )
  fc.assert(
    fc.property(anywhere, (given) => {
      expect(refusal(given).message).not.toContain(MARK)
    }),
  )
})
