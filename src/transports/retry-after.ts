const SECONDS = /^\d{1,32}(\.\d{1,9})?$/
/** IMF-fixdate, and the two obsolete forms that RFC 9110, 5.6.7 requires a recipient to accept. */
const DATES = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
]

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3): seconds or an HTTP date. Returns milliseconds, at least 1 and at most
 * `maxMs`; undefined where the header is absent, malformed, zero, negative or in the past, so that the caller's
 * exponential backoff applies. A receiver whose clock is behind would otherwise cause an immediate retry.
 */
export function parseRetryAfter(
  header: string | readonly string[] | undefined,
  now: Date,
  maxMs: number,
): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim()
  if (text === undefined) return undefined
  const waitMs = SECONDS.test(text) ? Number(text) * 1000 : msUntil(text, now)
  if (!(waitMs > 0)) return undefined
  return Math.max(1, Math.min(Math.ceil(waitMs), maxMs))
}

/** Milliseconds until an HTTP date; NaN for other text. `Date.parse` alone would read "-5" and "2" as dates. */
function msUntil(text: string, now: Date): number {
  if (!DATES.some((form) => form.test(text))) return Number.NaN
  const zoned = text.endsWith('GMT') ? text : `${text} GMT`
  return Date.parse(zoned.replace(/^\w+day, (\d{2})-(\w{3})-(\d{2}) /, withFullYear(now))) - now.getTime()
}

/** Replaces a year of two digits by four. A year more than 50 years ahead is in the past (RFC 9110, 5.6.7). */
function withFullYear(now: Date): (match: string, day: string, month: string, year: string) => string {
  return (_match, day, month, year) => {
    const thisYear = now.getUTCFullYear()
    const full = thisYear - (thisYear % 100) + Number(year)
    return `${day} ${month} ${full > thisYear + 50 ? full - 100 : full} `
  }
}
