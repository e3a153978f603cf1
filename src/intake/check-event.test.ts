import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SAMPLES } from '../../test/cards/samples.ts'
import { LANGUAGES } from '../catalogue/language.ts'
import { loadCatalogue } from '../catalogue/load.ts'
import { PRIORITIES } from '../catalogue/priority.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { isGatewayError, type Problem } from '../kernel/errors.ts'
import { createAcceptor } from './acceptor.ts'
import { checkEvent } from './check-event.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const acceptor = createAcceptor({
  catalogue,
  phiPolicy: 'mask',
  keyTtl: 60,
  repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
  clock: { now: () => new Date(), after: () => () => {} },
  wake: async () => {},
})

function check(event: unknown): { event: ReturnType<typeof checkEvent>; problems: Problem[] } {
  const problems: Problem[] = []
  return { event: checkEvent(catalogue, event as UncheckedEvent, 'events[0]', problems), problems }
}

const GOOD = { eventType: 'vault.seal.detected', data: { node: 'vault-1' } }

/** Values that no JSON has, and objects that do not want to be looked at. */
const hostile = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  }),
  fc
    .constantFrom<() => unknown>(
      () => Symbol('s'),
      () => () => 'a function',
      () => new Date(Number.NaN),
      () => {
        const circle: unknown[] = []
        circle.push(circle)
        return circle
      },
      () => nested(100_000),
      () => doubled(16),
      () => new Array(2 ** 32 - 1),
      () => 'x'.repeat(3_000_000),
      () => Object.fromEntries(Array.from({ length: 3 }, (_, index) => [String(index).repeat(300_000), 1])),
      () => ({
        get node() {
          throw new Error('MARK')
        },
      }),
      () => ({
        toJSON() {
          throw new Error('MARK')
        },
      }),
      () => ({ toJSON: () => undefined }),
      () => ({ toJSON: () => 'text' }),
      () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{}},"toString":null}'),
      () => revoked({}),
      () => revoked([]),
      () => new Proxy(new Date(), {}),
      () =>
        new Proxy([], {
          get() {
            throw new Error('MARK')
          },
        }),
    )
    .map((make) => new Maker(make)),
)

/** Stands for a value until the check gets it: fast-check itself does not survive a look at some of them. */
class Maker {
  readonly make: () => unknown
  constructor(make: () => unknown) {
    this.make = make
  }
}

function made(value: unknown): unknown {
  if (value instanceof Maker) return value.make()
  if (Array.isArray(value)) return value.map(made)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const copy = {}
  for (const [key, item] of Object.entries(value))
    Object.defineProperty(copy, key, { value: made(item), enumerable: true })
  return copy
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** Sixteen lists, each twice in the next: nothing in memory, and two to the sixteenth times itself as a tree. */
function doubled(levels: number): unknown {
  let value: unknown = ['a part that is shared and shared again']
  for (let level = 0; level < levels; level++) value = [value, value, value, value]
  return value
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const name = fc.oneof(
  fc.constantFrom(...catalogue.eventTypes.keys(), ...catalogue.aliases.keys()),
  fc.string(),
  hostile,
)

const nearlyEvent = fc.record(
  {
    eventType: name,
    data: fc.oneof(
      fc.constantFrom(...Object.values(SAMPLES).map((sample) => sample.data)),
      fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('node', 'services', 'labels', 'errors', 'patient_id')),
        hostile,
      ),
      hostile,
    ),
    correlationId: fc.oneof(fc.string({ unit: 'binary' }), hostile),
    stakeholders: fc.oneof(fc.array(fc.oneof(fc.constantFrom('SRE', 'pmo', ' cloudops'), hostile)), hostile),
    priority: hostile,
    occurredAt: fc.oneof(fc.date({ noInvalidDate: false }), fc.date().map(String), hostile),
    idempotencyKey: hostile,
    language: fc.oneof(fc.constantFrom('en', 'AR'), hostile),
    somethingElse: hostile,
  },
  { requiredKeys: [] },
)

describe('any value as an event', () => {
  it('is accepted or refused with problems, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyEvent, hostile), (given) => {
        const { event, problems } = check(made(given))
        expect(event === undefined).toBe(problems.length > 0)
        for (const problem of problems) {
          expect(problem.at).toMatch(/^events\[0\]/)
          expect(problem.found).not.toBe('')
          expect(problem.expected).not.toBe('')
        }
        if (!event) return
        expect(catalogue.eventTypes.get(event.definition.name)).toBe(event.definition)
        expect(PRIORITIES).toContain(event.priority)
        for (const key of event.stakeholders) expect(catalogue.groups.has(key)).toBe(true)
        expect(JSON.parse(JSON.stringify(event.data))).toEqual(event.data)
        expect([undefined, ...LANGUAGES]).toContain(event.language)
      }),
      { numRuns: 1_000 },
    )
    expect({}).not.toHaveProperty('polluted')
  })

  it('is refused in a GatewayError that names every invalid event', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(GOOD), nearlyEvent, hostile), { maxLength: 5 }), (given) => {
        const events = given.map(made)
        try {
          expect(acceptor.check(events as UncheckedEvent[])).toHaveLength(events.length)
        } catch (error) {
          if (!isGatewayError(error, 'invalid_event')) throw error
          const bad = events.flatMap((event, index) => (check(event).event ? [] : [`events[${index}]`]))
          expect([...new Set(error.problems.map(({ at }) => /^events\[\d+\]/.exec(at)?.[0]))]).toEqual(bad)
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each<unknown>([null, undefined, 'x', 7, {}, new Map()])('is refused where %j stands for the list', (events) => {
    expect(() => acceptor.check(events as UncheckedEvent[])).toThrow(/found .+; expected a list of events/)
  })

  it('is checked also at a hole of the list', () => {
    const events: UncheckedEvent[] = []
    events[1] = GOOD
    expect(() => acceptor.check(events)).toThrow(/events\[0\]: found nothing/)
  })

  it('is refused quickly as a thousand events with every problem', () => {
    const bad = {
      eventType: 'nphies.claim.submittee',
      data: { claim_id: 'C', provider: 'p', payer: 'p', total_amount: 1, services: Array(900).fill(1) },
      stakeholders: Array.from({ length: 100 }, (_, index) => `an unknown group number ${index} of the sender`),
    }
    const started = process.cpuUsage()
    try {
      acceptor.check(Array(1_000).fill(bad))
      expect.unreachable()
    } catch (error) {
      if (!isGatewayError(error)) throw error
      expect(new Set(error.problems.map(({ at }) => /\d+/.exec(at)?.[0])).size).toBe(1_000)
      expect(error.problems.length).toBeLessThan(4_000)
    }
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(20_000)
  })
})

describe('problems', () => {
  /** With digits, as ids and tokens have; as letters, as names have; in Arabic. */
  const marks = fc.constantFrom('QZX7431990', 'Qzxmarkedname', 'Qzx Marked Name', 'محمد القزاز')
  const around = fc
    .tuple(fc.string({ maxLength: 3 }), marks, fc.string({ maxLength: 3 }))
    .map((parts) => parts.join(''))
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      around,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(around, fc.constantFrom('description', 'field', 'name')), tie('value'), { maxKeys: 3 }),
    ),
  })).value

  it('never quote a value or a key of the caller', () => {
    const fields = [...new Set([...catalogue.eventTypes.values()].flatMap((type) => Object.keys(type.schema.shape)))]
    const event = fc.record(
      {
        eventType: fc.oneof(around, fc.constantFrom(...catalogue.eventTypes.keys())),
        data: fc.oneof(value, fc.dictionary(fc.oneof(fc.constantFrom(...fields), around), value)),
        correlationId: fc.oneof(
          value,
          around.map((text) => `${text}\u0000`),
        ),
        stakeholders: fc.oneof(value, fc.array(value)),
        priority: value,
        occurredAt: value,
        idempotencyKey: fc.oneof(
          value,
          around.map((text) => `${text}\n`),
        ),
        language: value,
      },
      { requiredKeys: [] },
    )
    const withStrangeKey = fc.tuple(
      event,
      around.filter((text) => !/^[A-Za-z_]+$/.test(text)),
      value,
    )
    let refused = 0
    fc.assert(
      fc.property(
        fc.oneof(
          event,
          withStrangeKey.map(([e, key, v]) => ({ ...e, [key]: v })),
        ),
        (given) => {
          const { problems } = check(given)
          refused += problems.length
          expect(JSON.stringify(problems)).not.toMatch(/qzx|marked|7431990|محمد|القزاز/i)
        },
      ),
      { numRuns: 2_000 },
    )
    expect(refused).toBeGreaterThan(5_000)
  })

  it('suggest the nearest name', () => {
    const { problems } = check({
      eventType: 'vault.seal.detectd',
      corelationId: 'c',
      claim_id: 'C-1',
      P123456789: 1,
      data: { node: 'n' },
      stakeholders: ['SRE', 'Security Egn.', 'Mohammed Al Harbi', 7, null],
      priority: 'URGENT',
      language: 'fr',
      occurredAt: '2026-11-21T10:00:00',
    })
    expect(problems.map(({ at, found, expected }) => `${at}: ${found} | ${expected}`)).toMatchInlineSnapshot(`
      [
        "events[0].corelationId: a field that events do not have | perhaps correlationId; data of your own belongs into data",
        "events[0].claim_id: a field that events do not have | one of eventType, data, correlationId, stakeholders, priority, occurredAt, idempotencyKey, language; data of your own belongs into data",
        "events[0]: a field that events do not have | one of eventType, data, correlationId, stakeholders, priority, occurredAt, idempotencyKey, language; data of your own belongs into data",
        "events[0].eventType: the unknown type "vault.seal.detectd" | a known type, perhaps vault.seal.detected",
        "events[0].stakeholders[1]: the unknown group "Security Egn." | a known group, perhaps Security Eng.",
        "events[0].stakeholders[2]: the unknown group of 17 characters | one of security_eng, cloudops, runtime_eng, devops, sre, compliance, nphies_integration, pmo",
        "events[0].stakeholders[3]: a number | one of security_eng, cloudops, runtime_eng, devops, sre, compliance, nphies_integration, pmo",
        "events[0].stakeholders[4]: null | one of security_eng, cloudops, runtime_eng, devops, sre, compliance, nphies_integration, pmo",
        "events[0].priority: text of 6 characters | one of CRITICAL, HIGH, MEDIUM, LOW, INFO",
        "events[0].occurredAt: text of 19 characters | a time with its zone, such as 2026-11-21T10:00:00Z",
        "events[0].language: text of 2 characters | one of en, ar",
      ]
    `)
  })

  it('name the place of a wrong label and not its key', () => {
    const data = { component: 'c', summary: 's', labels: { fine: 1, P123456789: [], Mohammed: {} } }
    const { problems } = check({ eventType: 'prometheus.alert.firing', data })
    expect(problems).toEqual([
      {
        at: 'events[0].data.labels.(entry 2)',
        found: 'a list of 0',
        expected: 'text, a number or a boolean',
      },
      {
        at: 'events[0].data.labels.(entry 3)',
        found: 'an object',
        expected: 'text, a number or a boolean',
      },
    ])
  })
})

describe('the fields beside the data', () => {
  it('accept a priority in any letter case', () => {
    const anyCase = fc.constantFrom(...PRIORITIES).chain((priority) =>
      fc
        .array(fc.boolean(), { minLength: priority.length, maxLength: priority.length })
        .map((upper) => [...priority].map((c, index) => (upper[index] ? c : c.toLowerCase())).join(''))
        .map((text) => ({ text, priority })),
    )
    fc.assert(
      fc.property(anyCase, ({ text, priority }) => {
        expect(check({ ...GOOD, priority: text }).event?.priority).toBe(priority)
      }),
    )
  })

  it.each([...catalogue.aliases])('accept the alias %s for %s', (alias, type) => {
    const { data } = SAMPLES[type as keyof typeof SAMPLES]
    expect(check({ eventType: alias, data }).event?.definition.name).toBe(type)
  })

  it('accept groups by key and by every name, in any letter case, each once', () => {
    for (const [key, group] of catalogue.groups) {
      const names = [key, ...group.names].flatMap((one) => [one, one.toUpperCase(), ` ${one.toLowerCase()} `])
      expect(check({ ...GOOD, stakeholders: names }).event?.stakeholders).toEqual([key])
    }
  })

  it('treat null as absent', () => {
    const nothing = { correlationId: null, stakeholders: null, priority: null, occurredAt: null, language: null }
    expect(check({ ...GOOD, ...nothing, idempotencyKey: null }).event).toMatchObject({
      priority: 'CRITICAL',
      stakeholders: ['security_eng', 'sre', 'cloudops'],
      correlationId: undefined,
      occurredAt: undefined,
      idempotencyKey: undefined,
      language: undefined,
    })
  })

  it('treat empty text as absent, except for an idempotency key', () => {
    const nothing = { correlationId: '', priority: '', occurredAt: '', language: '' }
    expect(check({ ...GOOD, ...nothing }).event).toMatchObject({
      priority: 'CRITICAL',
      correlationId: undefined,
      occurredAt: undefined,
      language: undefined,
    })
    expect(check({ ...GOOD, occurredAt: '0001-01-01T00:00:00Z' }).event?.occurredAt).toBeUndefined()
    expect(check({ ...GOOD, idempotencyKey: '' }).problems.map(({ at }) => at)).toEqual(['events[0].idempotencyKey'])
  })

  it('accept a time as a Date or text with a zone, and no other', () => {
    const at = (occurredAt: unknown) => check({ ...GOOD, occurredAt }).event?.occurredAt?.toISOString()
    expect(at(new Date(1e12))).toBe('2001-09-09T01:46:40.000Z')
    expect(at('2026-11-21T10:00:00+03:00')).toBe('2026-11-21T07:00:00.000Z')
    expect(at('2026-11-21T10:00:00+0300')).toBe('2026-11-21T07:00:00.000Z')
    expect(at('2016-12-31T23:59:60Z')).toBe('2016-12-31T23:59:59.000Z')
    expect(check({ ...GOOD, occurredAt: '1447-06-01T10:00:00+03:00' }).problems).toEqual([
      expect.objectContaining({ at: 'events[0].occurredAt', expected: expect.stringContaining('Hijra') }),
    ])
    const wrong = ['2026-11-21', '2026-11-21T10:00:00', 'yesterday', 1e12, new Date(Number.NaN), new Date(-1), {}]
    for (const occurredAt of wrong)
      expect(check({ ...GOOD, occurredAt }).problems.map((problem) => problem.at)).toEqual(['events[0].occurredAt'])
  })

  it('accept ids of up to 65,536 characters without control characters', () => {
    for (const id of ['x', 'x'.repeat(65_536), 'حالة 7 #!', '😀'])
      expect(check({ ...GOOD, correlationId: id, idempotencyKey: id }).problems).toEqual([])
    for (const id of ['  ', 'x'.repeat(65_537), 'a\nb', 'a\u0000', '\ud800', 7, [], {}])
      expect(check({ ...GOOD, correlationId: id, idempotencyKey: id }).problems.map(({ at }) => at)).toEqual([
        'events[0].correlationId',
        'events[0].idempotencyKey',
      ])
  })
})
