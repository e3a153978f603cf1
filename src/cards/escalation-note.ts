import type { Language } from '../catalogue/language.ts'
import type { EscalationNote } from '../contract/escalations.ts'
import type { Formatter } from './format.ts'
import { filledTitle, type Strings, textAt } from './strings.ts'

/** The texts and formats of a language. */
interface Words {
  readonly language: Language
  readonly strings: Strings
  readonly formatter: Formatter
}

/** What a card says of the tier that it calls, or of the acknowledgement that is about to expire. */
export function writtenEscalation(note: EscalationNote, words: Words): string {
  if (note.kind === 'reminder')
    return filled('reminder', words, { time: words.formatter.time(new Date(note.expires_at)) })
  return filled(note.by_hand ? 'tier_by_hand' : 'tier', words, {
    tier: String(note.tier),
    of: String(note.of),
    time: duration(note.minutes, words.language),
  })
}

/** The same on the smallest cards. */
export function shortEscalation(note: EscalationNote, words: Words): string {
  return note.kind === 'reminder'
    ? filled('reminder_short', words, {})
    : filled('tier_short', words, { tier: String(note.tier) })
}

const UNITS = [
  { unit: 'day', minutes: 1_440 },
  { unit: 'hour', minutes: 60 },
  { unit: 'minute', minutes: 1 },
] as const

/** In whole minutes, from two hours on in hours, from two days on in days. Intl knows the plurals of Arabic. */
function duration(minutes: number, language: Language): string {
  const { unit, minutes: size } = UNITS.find((one) => minutes >= 2 * one.minutes) ?? UNITS[2]
  const locale = language === 'ar' ? 'ar-u-nu-latn' : 'en'
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.floor(minutes / size))
}

function filled(key: string, { strings }: Words, values: Readonly<Record<string, string>>): string {
  return filledTitle(textAt(strings, 'notice', key) ?? '', (name) => values[name] ?? '')
}
