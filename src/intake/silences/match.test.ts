import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Matcher, Silence } from '../../contract/silences.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { dataKeysOf, findSilence, matchesPattern, type SilenceSubject } from './match.ts'

const NOW = new Date('2026-11-21T10:00:00Z')
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000)

const SUBJECT: SilenceSubject = {
  eventType: 'celery.task.failed',
  priority: 'HIGH',
  channel: 'sre',
  stakeholders: ['runtime_eng', 'sre'],
  correlationId: 'corr-77',
  data: {
    queue: 'claims',
    retry_count: 3,
    final: true,
    nothing: null,
    list: ['claims'],
    labels: { alertname: 'DiskFull', 'app.kubernetes.io/name': 'nphies', deep: { er: 1 } },
    'a.b': 'dotted',
    a: { b: 'nested' },
  },
}

const matcher = (text: string): Matcher => {
  const [, field = '', not, value = ''] = /^([^=!]+)(!?)=(.*)$/.exec(text) ?? []
  return { field, operator: not === '!' ? '!=' : '=', value }
}

const silence = (matchers: readonly string[], other: Partial<Silence> = {}): Silence => ({
  id: '0190c8f0-0000-7000-8000-000000000001',
  kind: 'silence',
  matchers: matchers.map(matcher),
  startsAt: minutes(-10),
  endsAt: minutes(10),
  every: null,
  reason: 'test',
  createdBy: 'test',
  createdAt: minutes(-10),
  endedBy: null,
  endedAt: null,
  ...other,
})

const silenced = (matchers: readonly string[], subject = SUBJECT) =>
  findSilence([silence(matchers)], subject, NOW) !== undefined

describe('a matcher', () => {
  it.each([
    ['event_type=celery.task.failed', true],
    ['event_type=celery.*', true],
    ['event_type=*.failed', true],
    ['event_type=vault.*', false],
    ['event_type!=vault.*', true],
    ['event_type!=celery.*', false],
    ['priority=HIGH', true],
    ['priority!=HIGH', false],
    ['channel=sre', true],
    ['channel=sr', false],
    ['stakeholder=sre', true],
    ['stakeholder=runtime*', true],
    ['stakeholder=pmo', false],
    ['stakeholder!=pmo', true],
    ['stakeholder!=sre', false],
    ['correlation_id=corr-*', true],
    ['data.queue=claims', true],
    ['data.queue=Claims', false],
    ['data.queue!=claims', false],
    ['data.retry_count=3', true],
    ['data.retry_count=3.0', false],
    ['data.final=true', true],
    ['data.absent=*', false],
    ['data.absent!=*', true],
    ['data.nothing=*', false],
    ['data.nothing!=null', true],
    ['data.list=*', false],
    ['data.labels=*', false],
    ['data.labels.alertname=Disk*', true],
    ['data.labels.app.kubernetes.io/name=nphies', true],
    ['data.labels.deep.er=1', true],
    ['data.labels.absent=*', false],
    ['data.queue.deeper=*', false],
    ['data.a.b=dotted', true],
    ['data.constructor=*', false],
    ['data.__proto__=*', false],
    ['data.toString.name=*', false],
    ['of_the_future=*', false],
    ['of_the_future!=x', false],
  ])('%s: %s', (text, expected) => {
    expect(silenced([text])).toBe(expected)
  })
})

describe('a silence', () => {
  it('matches when all its matchers do', () => {
    expect(silenced(['event_type=celery.*', 'channel=sre', 'data.queue!=mail'])).toBe(true)
    expect(silenced(['event_type=celery.*', 'channel=pmo'])).toBe(false)
  })

  it('matches only while it is active', () => {
    const all = ['event_type=*']
    const at = (other: Partial<Silence>, now = NOW) => findSilence([silence(all, other)], SUBJECT, now)
    expect(at({ startsAt: minutes(1) })).toBeUndefined()
    expect(at({ startsAt: NOW })).toBeDefined()
    expect(at({ endsAt: NOW })).toBeUndefined()
    expect(at({ endedAt: minutes(-1), endedBy: 'x' })).toBeUndefined()
    expect(at({ kind: 'maintenance', every: 'day' }, minutes(24 * 60 + 5))).toBeDefined()
    expect(at({ kind: 'maintenance', every: 'day' }, minutes(24 * 60 + 10))).toBeUndefined()
    expect(at({ kind: 'maintenance', every: 'week' }, minutes(24 * 60 + 5))).toBeUndefined()
    expect(at({ kind: 'maintenance', every: 'week' }, minutes(7 * 24 * 60 + 5))).toBeDefined()
  })

  it('that was created first is returned, in any order of the list', () => {
    const ids = ['2', '1', '3'].map((end) => `0190c8f0-0000-7000-8000-00000000000${end}`)
    const [second, first, third] = ids.map((id) => silence(['event_type=*'], { id }))
    const other = silence(['event_type=vault.*'], { createdAt: minutes(-99) })
    const later = silence(['event_type=*'], { createdAt: minutes(-1), id: '0190c8f0-0000-7000-8000-000000000000' })
    fc.assert(
      fc.property(fc.shuffledSubarray([first, second, third, other, later], { minLength: 5 }), (silences) => {
        expect(findSilence(silences as Silence[], SUBJECT, NOW)).toBe(first)
      }),
    )
  })

  it('returned for a list is one that matches alone, for any event', () => {
    const pattern = fc.constantFrom('event_type=celery.*', 'data.x=1', 'data.x!=1', 'data.y.z=*', 'stakeholder!=sre')
    const data = fc.oneof(
      fc.constant({}),
      fc.record({ x: fc.constantFrom('1', 1, true, null), y: fc.constantFrom({ z: 0 }, [], 'z') }),
    )
    fc.assert(
      fc.property(fc.array(fc.array(pattern, { minLength: 1 })), data, (lists, given) => {
        const subject = { ...SUBJECT, data: given as JsonObject }
        const silences = lists.map((list) => silence(list))
        const found = findSilence(silences, subject, NOW)
        const alone = silences.filter((one) => findSilence([one], subject, NOW) !== undefined)
        expect(found === undefined ? alone.length === 0 : alone.includes(found)).toBe(true)
      }),
    )
  })
})

it('a silence names the data fields that its matchers read', () => {
  expect(dataKeysOf(['channel=sre', 'data.queue=a', 'data.queue!=b', 'data.labels.x.y=1'].map(matcher))).toEqual([
    'queue',
    'labels.x.y',
    'labels',
  ])
})

/** Exhaustive search: tries every split of the text among the stars. */
function fitsExhaustively(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] !== '*')
    return text[0] === pattern[0] && text !== '' && fitsExhaustively(pattern.slice(1), text.slice(1))
  return fitsExhaustively(pattern.slice(1), text) || (text !== '' && fitsExhaustively(pattern, text.slice(1)))
}

describe('a pattern', () => {
  it.each([
    ['celery.*', 'celery.task.failed', true],
    ['celery.*', 'celery', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ba*', 'aba', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
    ['Celery.*', 'celery.task', false],
    ['**a**', 'bab', true],
    ['*\n*', 'a\nb', true],
  ])('%j and the text %j: %s', (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected)
  })

  it('matches the same texts as an exhaustive search', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 7 })
    fc.assert(
      fc.property(pattern, letters, (given, text) => {
        expect(matchesPattern(given, text)).toBe(fitsExhaustively(given, text))
      }),
      { numRuns: 5_000 },
    )
  })

  it('matches every text that it was generated from', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (pieces, between) => {
        const text = pieces.flatMap((piece, index) => [piece, between[index] ?? '']).join('')
        expect(matchesPattern(`${pieces.join('*')}*`, text)).toBe(true)
      }),
    )
  })

  it('takes linear time', () => {
    const seconds = (pattern: string, length: number) => {
      const text = 'a'.repeat(length)
      const start = process.cpuUsage()
      expect(matchesPattern(pattern, text)).toBe(false)
      return process.cpuUsage(start).user / 1_000_000
    }
    for (const pattern of [`${'*a'.repeat(99)}*b`, `*${'a'.repeat(90)}b${'a'.repeat(90)}*`, `*${'ab'.repeat(98)}*`])
      expect(seconds(pattern, 512 * 1_024)).toBeLessThan(1)
  })
})
