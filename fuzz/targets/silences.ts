import { readSilence } from '../../src/cli/read-silence.ts'
import type { AcceptedEvent } from '../../src/contract/events.ts'
import { camelName } from '../../src/contract/json-names.ts'
import type { Silence } from '../../src/contract/silences.ts'
import { checkSilence } from '../../src/intake/silences/check-silence.ts'
import { findSilence } from '../../src/intake/silences/match.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject } from '../../src/kernel/json.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { holdProblems, textsIn } from '../properties/refusal.ts'
import { allFit } from '../properties/silence.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { shippedCatalogue } from './checks.ts'
import { createEventMaker } from './drawing.ts'
import { sampleEvents, WORDS } from './samples.ts'

const NOW = new Date('2026-11-21T10:00:00Z')
const MATCHER_WORDS = [
  ...WORDS,
  ...[
    'matchers',
    'field',
    'operator',
    'value',
    '=',
    '!=',
    'event_type',
    'priority',
    'channel',
    'stakeholder',
    'correlation_id',
  ],
  ...[
    'data.node',
    'data.labels.alertname',
    'data.labels.patient_id',
    'data.labels.memberIds',
    'data.patient_id',
    'data.claim_id',
    'data.',
    'data',
    '*',
    'vault.*',
    '*.failed',
    'a*b*c',
  ],
  ...[
    'starts_at',
    'ends_at',
    'every',
    'day',
    'week',
    'maintenance',
    'silence',
    'reason',
    'kind',
    '2h',
    '1d12h',
    '99999w',
  ],
  ...['event_type=celery.*', 'data.queue!=claims', 'priority=high', '=', 'a=b=c'],
]

/** A silence: its matchers over the API and as text on the command line, and what it then keeps back. */
export const target: Target = {
  name: 'silences',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 1_000,
  maxSteps: (bytes) => 100_000 + 2_000 * bytes,
  seeds() {
    const matchers = [
      [{ field: 'event_type', operator: '=', value: 'vault.*' }],
      [
        { field: 'data.node', operator: '!=', value: '*prod*' },
        { field: 'priority', operator: '=', value: 'high' },
      ],
      [
        { field: 'stakeholder', operator: '=', value: 'SRE' },
        { field: 'correlation_id', operator: '=', value: '*-*' },
      ],
      [
        { field: 'data.labels.severity', operator: '=', value: 'critical' },
        { field: 'channel', operator: '!=', value: 'pmo' },
      ],
    ]
    const seeds = sampleEvents().map((event, i) => ({
      silence: { matchers: matchers[i % matchers.length], ends_at: '2026-11-22T10:00:00Z', reason: 'works' },
      flags: { match: ['event_type=celery.*', 'data.queue!=claims'], for: '2h', reason: 'works' },
      event,
      channel: 'sre',
    }))
    return seeds.map((seed) => Buffer.from(JSON.stringify(seed)))
  },
  mutate(input, other, random) {
    const value = parsed(input)
    if (!isObject(value) || random.oneIn(2)) return mutateBody(input, other, random, MATCHER_WORDS)
    const matcher = matcherFor(value.event, random)
    const silence = { ...(isObject(value.silence) ? value.silence : {}), matchers: [matcher] }
    const flags = {
      ...(isObject(value.flags) ? value.flags : {}),
      match: [matcher.field + matcher.operator + matcher.value],
    }
    return Buffer.from(JSON.stringify({ ...value, silence, flags }))
  },
  async open(): Promise<OpenTarget> {
    const catalogue = shippedCatalogue()
    const maker = createEventMaker(catalogue)

    /** The silence as it would be made; a list of traits where it is refused. */
    function checked(given: unknown, texts: readonly string[]): Silence | readonly string[] {
      try {
        const silence = checkSilence(given, catalogue, NOW)
        const made = { id: '1', createdBy: 'fuzz', createdAt: NOW, endedBy: null, endedAt: null }
        return { ...silence, ...made }
      } catch (error) {
        return refusal(error, texts)
      }
    }

    return {
      async run(bytes) {
        const input = parsed(bytes)
        if (!isObject(input)) return ['no input']
        const traits: string[] = []
        const event = maker.accepted(input.event, 'mask')
        for (const [way, given] of givenIn(input)) {
          const texts = textsIn(input)
          const silence = given instanceof Error ? refusal(given, texts) : checked(given, texts)
          if (isList(silence)) {
            traits.push(...silence.map((trait) => `${way} ${trait}`))
            continue
          }
          traits.push(`${way} accepted with ${silence.matchers.length} matchers`)
          for (const { field } of silence.matchers)
            hold(!/^data\.(?:.*\.)?(?:patient|member)_?ids?$/i.test(field), 'silenced', () => `${field} may be matched`)
          if (event)
            traits.push(
              ...held(silence, event, typeof input.channel === 'string' ? input.channel : 'sre').map(
                (trait) => `${way} ${trait}`,
              ),
            )
        }
        return traits
      },
      async close() {},
    }
  },
}

/** A matcher on a text of the event: its beginning, a star, its end, which may overlap. */
function matcherFor(event: unknown, random: Random) {
  const data = isObject(event) && isObject(event.data) ? event.data : {}
  const fields = [
    ['event_type', isObject(event) ? event.event_type : ''],
    ['correlation_id', isObject(event) ? event.correlation_id : ''],
    ...Object.entries(data).map(([name, value]) => [`data.${name}`, value]),
    // What may not be named, in ways in which it might be all the same.
    [
      random.pick(['data.patient_id', 'data.labels.patient_id', 'data.labels.memberIds', 'data.PATIENT-ID']),
      'ZX123456789',
    ],
  ]
  const [field, value] = random.pick(fields)
  const text = String(value)
  const pieces = Array.from({ length: 1 + random.whole(3) }, () => {
    const start = random.whole(text.length)
    return text.slice(start, start + random.whole(4))
  })
  const pattern = [
    text.slice(0, random.whole(text.length + 1)),
    ...pieces.slice(1),
    text.slice(random.whole(text.length + 1)),
  ]
  return { field: String(field), operator: random.pick(['=', '!=']), value: pattern.join('*') }
}

/** What an input gives: an object as the API takes it, and flags of the command line, read by its own code. */
function givenIn(input: Readonly<Record<string, unknown>>): [string, unknown][] {
  const api = isObject(input.silence)
    ? Object.fromEntries(Object.entries(input.silence).map(([name, value]) => [camelName(name), value]))
    : input.silence
  const flags = isObject(input.flags) ? input.flags : {}
  const text = (name: string) => (typeof flags[name] === 'string' ? { [name]: flags[name] } : {})
  const times = { ...text('for'), ...text('from'), ...text('until'), ...text('every'), ...text('reason') }
  const match = Array.isArray(flags.match) ? flags.match.filter((one) => typeof one === 'string') : []
  let read: unknown
  try {
    read = readSilence({ match, maintenance: flags.maintenance === true, ...times }, NOW)
  } catch (error) {
    if (!isGatewayError(error)) throw error
    read = error
  }
  return [
    ['api', api],
    ['cli', read],
  ]
}

/** Traits of a refusal; any other error is thrown again. */
function refusal(error: unknown, texts: readonly string[]): readonly string[] {
  if (!isGatewayError(error, 'invalid_silence')) throw error
  return holdProblems(error.code, error.problems, error.message, texts)
}

function isList(value: Silence | readonly string[]): value is readonly string[] {
  return Array.isArray(value)
}

/** Whether it keeps the event back is what its matchers say, while it lasts. */
function held(silence: Silence, event: AcceptedEvent, channel: string): string[] {
  const subject = { ...event, channel }
  const expected = allFit(silence.matchers, subject)
  const during = findSilence([silence], subject, silence.startsAt)
  const before = findSilence([silence], subject, new Date(silence.startsAt.getTime() - 1))
  const shown = JSON.stringify(silence.matchers).slice(0, 300)
  hold(
    (during !== undefined) === expected,
    'silenced',
    () => `${shown} ${expected ? 'lets through' : 'keeps back'} an event`,
  )
  hold(before === undefined, 'silenced', () => 'it keeps something back before it begins')
  return [expected ? 'kept back' : 'let through']
}
