import { z } from 'zod'

/** A time as RFC 3339 and ISO 8601 allow it: small letters, a blank for the T, an offset without its colon. */
const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)([.,]\d+)?)?([Zz]|[+-]\d\d(?::?\d\d)?)$/

/** The years that calendars of the Hijra count now, and no machine does otherwise. */
const HIJRI_YEAR = /^1[345]\d\d-/

/**
 * A time in the one form that the gateway keeps: `2026-11-21T10:00:00+03:00`. Text that is no time stays as it is.
 *
 * A leap second becomes the second before it, because neither JavaScript nor PostgreSQL has one; a 60th second that is
 * none stays as it is, and is refused.
 */
export function plainMoment(text: string): string {
  const parts = TIME.exec(text)
  if (!parts) return text
  const [, date = '', minute = '', second, fraction = '', offset = ''] = parts
  const zone = /^[Zz]$/.test(offset) ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`
  if (second !== '60') {
    const seconds = second === undefined ? '' : `:${second}${fraction.replace(',', '.')}`
    return `${date}T${minute}${seconds}${zone}`
  }
  const before = `${date}T${minute}:59${zone}`
  const utc = new Date(before)
  return utc.getUTCHours() === 23 && utc.getUTCMinutes() === 59 ? before : text
}

/** Go's zero time, which Alertmanager and Grafana send where there is no time, in whatever zone. */
export function isZeroTime(text: string): boolean {
  return text.startsWith('0001-01-01')
}

/** True for a date whose year can only be one of the Hijra, such as 1447. */
export function isHijri(text: string): boolean {
  return HIJRI_YEAR.test(text)
}

/** What is told of such a date: it is not converted, because nobody says by which of the calendars it was reckoned. */
export const GREGORIAN_EXPECTED =
  'a Gregorian date; a year such as 1447 is one of the Hijra, and has to be converted before it is sent'

const withZone = z.iso.datetime({ offset: true })

/** True for text that is a time with its zone, in the form of {@link plainMoment}. */
export function isTimeWithZone(value: unknown): value is string {
  return typeof value === 'string' && withZone.safeParse(value).success
}

/** What is asked for where there is none. */
export const TIME_EXPECTED = 'a time with its zone, such as 2026-11-21T10:00:00Z'

/** A Date, or a time with its zone as text, from 1970 to 9998; undefined for anything else. */
export function readTime(value: unknown): Date | undefined {
  const date = value instanceof Date || isTimeWithZone(value) ? new Date(value) : undefined
  return date && date.getTime() > Date.UTC(1970, 0, 1) && date.getTime() < Date.UTC(9999, 0, 1) ? date : undefined
}
