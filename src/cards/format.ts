import type { Language } from '../catalogue/language.ts'
import { GatewayError } from '../kernel/errors.ts'
import { timeZoneProblem } from '../kernel/time-zone.ts'
import { amountInText, withCurrency } from './amounts.ts'

/** Formats values for one language, always with Latin digits. */
export interface Formatter {
  /** Formats an RFC 3339 time in the time zone, with the zone's name, or a date; returns other text unchanged. */
  moment(text: string): string
  /** Formats a time in the time zone, with the zone's name. */
  time(moment: Date): string
  /** `SAR 1,234.50`, in Arabic `1,234.50 ر.س`: a number, which means SAR, or text with an amount. */
  amount(value: string | number): string
  /** Formats a number with thousands separators. A number other than 0 is never shown as 0. */
  number(value: number): string
}

// Arabic month names, but Latin digits and the Gregorian calendar, as hospitals and insurers write to each other.
const LOCALES = { en: 'en-GB', ar: 'ar-SA-u-ca-gregory-nu-latn' } as const satisfies Record<Language, string>

/** Bidi isolates that keep the digits and the zone of an Arabic time in left-to-right order. */
const TIME_ISOLATES = { en: ['', ''], ar: ['\u2066', '\u2069'] } as const satisfies Record<Language, readonly string[]>

/** Number of formatted times in the cache, one per second. */
const MAX_CACHED_TIMES = 256

/**
 * Makes a formatter. `Intl` formats are slow to make and fast to use, so make it once.
 *
 * @throws GatewayError `invalid_settings` for a time zone that does not exist.
 */
export function createFormatter(language: Language, timeZone: string): Formatter {
  const date = { day: 'numeric', month: language === 'en' ? 'short' : 'long', year: 'numeric' } as const
  const days = inZone(LOCALES[language], { ...date, timeZone })
  // A date without time has no zone; UTC keeps its day.
  const dates = inZone(LOCALES[language], { ...date, timeZone: 'UTC' })
  const clock = inZone(LOCALES.en, {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  const comma = language === 'en' ? ', ' : '، '
  const [start, end] = TIME_ISOLATES[language]
  const amounts = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 6 })
  const small = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 })
  const number = (value: number) => {
    const size = Math.abs(value)
    // In JavaScript's exponent notation, 4.2e-7 or 1.5e+300, instead of many zeros.
    if (size !== 0 && (size < 1e-6 || size >= 1e21)) return String(Number(value.toPrecision(6)))
    return (size < 1 ? small : numbers).format(value)
  }
  const written = (moment: Date) => `${days.format(moment)}${comma}${start}${clock.format(moment)}${end}`
  // A cache, since events come in bursts, each goes to several channels, and cards show whole seconds.
  const recent = new Map<number, string>()
  const time = (moment: Date) => {
    const second = Math.floor(moment.getTime() / 1000)
    const known = recent.get(second)
    if (known !== undefined) return known
    const text = written(moment)
    if (recent.size === MAX_CACHED_TIMES) recent.clear()
    recent.set(second, text)
    return text
  }
  return {
    time,
    moment(text) {
      const moment = new Date(text)
      if (Number.isNaN(moment.getTime()) || !/^\d{4}-\d\d-\d\d/.test(text)) return text
      return text.length === 10 ? dates.format(moment) : time(moment)
    },
    amount(value) {
      if (typeof value === 'string') return amountInText(value, language)
      // Less than a halala, which two decimals would show as 0.00.
      const written = value !== 0 && Math.abs(value) < 0.005 ? number(value) : amounts.format(value)
      return withCurrency(written, 'SAR', language)
    },
    number,
  }
}

function inZone(
  locale: string,
  options: Intl.DateTimeFormatOptions & { readonly timeZone: string },
): Intl.DateTimeFormat {
  const problem = timeZoneProblem(options.timeZone)
  if (problem) throw new GatewayError('invalid_settings', [{ at: 'TEAMS_TIME_ZONE', ...problem }])
  return new Intl.DateTimeFormat(locale, options)
}
