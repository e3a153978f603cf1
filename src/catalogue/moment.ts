import { z } from 'zod'

/** A time in the notations of RFC 3339 and ISO 8601: lower case, a blank for the T, an offset without its colon. */
const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)([.,]\d+)?)?([Zz]|[+-]\d\d(?::?\d\d)?)$/

/** Years 1300 to 1599: current in Hijri calendars, and not to be expected from a machine as Gregorian years. */
const HIJRI_YEAR = /^1[345]\d\d-/

/**
 * Normalises a time to the gateway's format: `2026-11-21T10:00:00+03:00`. Returns any other text unchanged.
 *
 * A leap second becomes the second before it, because neither JavaScript nor PostgreSQL has leap seconds. A second 60 at any
 * other time of day stays unchanged, and is refused later.
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

/** True for Go's zero time in any zone, which Alertmanager and Grafana send for a missing time. */
export function isZeroTime(text: string): boolean {
  return text.startsWith('0001-01-01')
}

/** True for a date with a Hijri year, such as 1447. */
export function isHijri(text: string): boolean {
  return HIJRI_YEAR.test(text)
}

/** `expected` of a problem with a Hijri date. Rejected: converting it, because there are several Hijri calendars. */
export const GREGORIAN_EXPECTED =
  'a Gregorian date; a year such as 1447 is one of the Hijra, and has to be converted before it is sent'

const withZone = z.iso.datetime({ offset: true })

/** True for a text that is a time with its offset, in the format of {@link plainMoment}. */
export function isTimeWithZone(value: unknown): value is string {
  return typeof value === 'string' && withZone.safeParse(value).success
}

/** `expected` of a problem with a time. */
export const TIME_EXPECTED = 'a time with its zone, such as 2026-11-21T10:00:00Z'

/** Converts a Date, or a time with its offset as text, from 1970 to 9998; undefined for any other value. */
export function readTime(value: unknown): Date | undefined {
  const date = value instanceof Date || isTimeWithZone(value) ? new Date(value) : undefined
  return date && date.getTime() > Date.UTC(1970, 0, 1) && date.getTime() < Date.UTC(9999, 0, 1) ? date : undefined
}
