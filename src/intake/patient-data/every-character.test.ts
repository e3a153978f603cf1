import { expect, it } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import { readEvents } from '../../contract/events-request.ts'
import { characterKind, cleanText } from '../../kernel/characters.ts'
import { systemClock } from '../../kernel/clock.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { createAcceptor } from '../acceptor.ts'
import { createPatientDataGuard } from './patient-data.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const guard = createPatientDataGuard(catalogue.eventTypes.values(), 'mask')
const acceptor = createAcceptor({
  catalogue,
  phiPolicy: 'mask',
  keyTtl: 60,
  repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
  clock: systemClock,
  wake: async () => {},
})

/** Visible text on a card: cleaned as cards are, without invisible characters. */
function read(text: string): string {
  return cleanText(text)
    .normalize('NFKD')
    .replace(/[\p{Cf}\p{Cc}\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}\u0640]/gu, (unseen) =>
      unseen === '\n' || unseen === '\t' ? ' ' : '',
    )
    .replace(/[\s\u2800]+/g, ' ')
}

const ALL = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff)
/** All with which a text reads as without them, or as with a blank. */
const UNREAD = ALL.filter((code) => [' ', ''].includes(read(`a${String.fromCodePoint(code)}b`).slice(1, -1)))
/** Characters other than letters: invisible, blank, combining, or digits. */
const SPECIAL = ALL.filter((code) => characterKind(String.fromCodePoint(code)) !== 'other')

/** The same texts of an event after the policy, in their order. */
function masked(patient: string, texts: readonly string[]): readonly string[] {
  const definition = catalogue.eventTypes.get('celery.task.failed')
  if (!definition) throw new TypeError('no such type')
  const data: JsonObject = { patient_id: patient, texts }
  return guard({ definition, data, given: data, correlationId: undefined }).data.texts as readonly string[]
}

it.each([
  ['an id', 'P123456789', 'P12345', '6789'],
  ['a name', 'Sara Alharbi', 'Sara', 'Alharbi'],
  ['a name with a blank beside the character', 'Sara Alharbi', 'Sara ', 'Alharbi'],
])(
  '%s is found with any character inside that a card does not show, or shows as a blank',
  (_what, patient, a, b) => {
    const wrong: string[] = []
    let hidden = 0
    for (let from = 0; from < UNREAD.length; from += 4_096) {
      const codes = UNREAD.slice(from, from + 4_096)
      const texts = codes.map((code) => `no ${a}${String.fromCodePoint(code)}${b} here`)
      for (const [index, text] of masked(patient, texts).entries()) {
        if (!read(texts[index] ?? '').includes(patient)) continue
        hidden += 1
        if (read(text).includes(patient)) wrong.push(codes[index]?.toString(16) ?? '')
      }
    }
    expect(wrong).toEqual([])
    expect(hidden).toBeGreaterThan(15)
  },
  60_000,
)

/** The correlation ids that are stored of events; undefined for each that is refused. */
async function stored(ids: readonly string[], toEvent: (id: string) => Record<string, unknown>) {
  const body = ids.map(toEvent)
  try {
    const format = body[0] && 'specversion' in body[0] ? 'batch' : 'json'
    const { events } = readEvents(format, {}, Buffer.from(JSON.stringify(body)))
    return (await acceptor.protect(acceptor.check(events))).map((event) => event.stored.correlationId)
  } catch (error) {
    if (!isGatewayError(error, 'invalid_event')) throw error
    return undefined
  }
}

const data = { task_name: 't', task_id: 'i', error: 'e', patient_id: 'P123456789' }

it.each<[string, (id: string) => Record<string, unknown>]>([
  ['a correlation id', (id) => ({ event_type: 'celery.task.failed', correlation_id: id, data })],
  [
    'the subject of a CloudEvent',
    (id) => ({ specversion: '1.0', type: 'celery.task.failed', source: '/x', id: '1', subject: id, data }),
  ],
])(
  'a patient in %s is found with any such character inside, or the event is refused',
  async (_what, toEvent) => {
    let taken = 0
    const look = (code: number, kept: string | undefined) => {
      taken += 1
      expect(read(kept ?? ''), code.toString(16)).not.toContain('P123456789')
    }
    for (let from = 0; from < SPECIAL.length; from += 500) {
      const codes = SPECIAL.slice(from, from + 500)
      const ids = codes.map((code) => `job-P12345${String.fromCodePoint(code)}6789`)
      const kept = await stored(ids, toEvent)
      if (kept) for (const [index, id] of kept.entries()) look(codes[index] ?? 0, id)
      // One that is refused takes the others with it.
      else
        for (const [index, id] of ids.entries()) {
          const [one] = (await stored([id], toEvent)) ?? []
          if (one !== undefined) look(codes[index] ?? 0, one)
        }
    }
    expect(taken).toBeGreaterThan(SPECIAL.length - 100)
  },
  120_000,
)

it.each([
  ['colours', 'P12345\u001B[31m6789\u001B[0m'],
  ['a link', 'P12345\u001B]8;;https://x.example\u001B\\6789'],
  ['the value itself in an escape sequence', '\u001B[123456789m'],
])('a value is found with %s of a terminal inside', (_what, text) => {
  const [kept = ''] = masked(text.includes('[1') ? '123456789' : 'P123456789', [text])
  expect(kept).not.toContain('123456789')
  expect(cleanText(kept)).not.toContain('P123456789')
})

it.each([
  ['1098765432', 'no 109-876-5432 here'],
  ['1098765432', 'no 109 876 5432 here'],
  ['1098765432', 'no 109.876.5432 here'],
  ['1098765432', 'no ١٠٩-٨٧٦-٥٤٣٢ here'],
  ['1098765432', 'x?id=109%2D876%2D5432'],
  ['109-876-5432', 'no 1098765432 here'],
  ['P-123-456-789', 'no P123456789 here'],
  ['Sara Alharbi', 'sara.alharbi@x'],
])('%j is found in %j', (patient, text) => {
  const [kept = ''] = masked(patient, [text])
  expect(kept).toContain('••••')
  expect(kept.replace(/[^a-z0-9٠-٩]/gi, '')).not.toMatch(/1098765432|١٠٩٨٧٦٥٤٣٢|123456789|saraalharbi/i)
})
