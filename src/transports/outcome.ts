import { OUTCOMES, type OutcomeName, type OutcomeRow } from '../contract/outcomes.ts'
import { isObject } from '../kernel/json.ts'
import type { Outcome } from './transport.ts'

const ROWS = Object.entries(OUTCOMES) as [OutcomeName, OutcomeRow][]

/** What a receiver answered. */
export interface Answer {
  readonly status: number
  /** As much of the body as was read; it may be cut anywhere. */
  readonly body: string
  readonly retryAfterMs?: number | undefined
  /** Texts that we sent, and secrets. An error code that gives one of them back, such as the URL's signature, is dropped. */
  readonly sent?: () => readonly string[]
}

/** True where an attempt came to this in the gateway itself, so that it says nothing about the receiver. */
export function isOwn(name: OutcomeName): boolean {
  const row: OutcomeRow = OUTCOMES[name]
  return row.own === true
}

/** Makes an outcome whose message comes from the table. */
export function outcome(
  name: OutcomeName,
  details: {
    readonly statusCode?: number | undefined
    readonly retryAfterMs?: number | undefined
    readonly errorCode?: string | undefined
    readonly mayHaveArrived?: boolean
  } = {},
): Outcome {
  return {
    name,
    statusCode: details.statusCode,
    retryAfterMs: details.retryAfterMs,
    errorCode: details.errorCode,
    message: messageOf(name, details.statusCode, details.errorCode),
    // A flow whose gateway answers 502 or 504 may well have run.
    mayHaveArrived: details.mayHaveArrived ?? name === 'server_error',
  }
}

/**
 * What an answer of the receiver means. A known code in the body comes first, then what a 2xx says in its body, then
 * the status. A 2xx whose body was cut, or never ended, is accepted all the same: with its status line Teams has taken the
 * card, and sending it again would show it twice.
 */
export function outcomeOfAnswer({ status, body, retryAfterMs, sent = () => [] }: Answer): Outcome {
  const json = parse(body)
  const code = receiverCode(codeIn(json), sent)
  const details = { statusCode: status, retryAfterMs, errorCode: code }
  const byCode = ROWS.find(([, row]) => code !== undefined && row.bodyCodes?.includes(code))
  if (byCode) return outcome(byCode[0], details)
  const byStatus = outcomeOfStatus(status)
  if (byStatus !== 'accepted') return outcome(byStatus, details)

  // Connectors answered "200" with the failure as text, on purpose, and fronts that speak to an old flow still do:
  // https://github.com/MicrosoftDocs/msteams-docs/issues/7635
  if (/Webhook message delivery failed/i.test(body)) {
    const inner = /HTTP error (\d{3})\b/i.exec(body)?.[1]
    const withInner = { ...details, errorCode: inner === undefined ? code : `HTTP_${inner}` }
    return outcome(inner === '429' ? 'rate_limited' : 'refused_in_body', withInner)
  }
  if (isObject(json) && json.error) return outcome('refused_in_body', details)
  // Power Automate answers with nothing or with JSON. Whatever drew a page for people has not taken the card.
  if (isWebPage(body)) return outcome('web_page', { statusCode: status, retryAfterMs })
  return outcome('accepted', details)
}

/** The row of the table that a status leads to. A number that is no HTTP status counts as a failure of the receiver. */
function outcomeOfStatus(status: number): OutcomeName {
  const found = ROWS.find(([, row]) =>
    row.statuses?.some((entry) =>
      typeof entry === 'number' ? entry === status : entry[0] <= status && status <= entry[1],
    ),
  )
  return found?.[0] ?? 'server_error'
}

/**
 * What a thrown network error means. An error that the table does not name counts as a broken connection, which is
 * retried: better once too often than a card lost to a code that nobody foresaw.
 *
 * @param mayHaveArrived whether some of the post may have been written before.
 */
export function outcomeOfError(error: unknown, mayHaveArrived: boolean): Outcome {
  const codes = codesOf(error)
  for (const code of codes) {
    const found = ROWS.find(([, row]) => row.errors?.some((pattern) => matches(pattern, code)))
    if (found) return outcome(found[0], { errorCode: code, mayHaveArrived })
  }
  return outcome('connection_failed', { errorCode: codes[0], mayHaveArrived })
}

/**
 * A receiver's error code, if it is one: letters, digits and `_.-`, at most 64. Whatever else a receiver writes is its own
 * text, may quote the card or the URL, and is dropped. So is a code that gives back a part of what we sent.
 */
export function receiverCode(code: unknown, sent: () => readonly string[]): string | undefined {
  if (typeof code === 'number') return receiverCode(String(code), sent)
  if (typeof code !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(code)) return undefined
  if (ROWS.some(([, row]) => row.bodyCodes?.includes(code))) return code
  const echo = sent().some((text) => text.includes(code) || (text.length >= 8 && code.includes(text)))
  return echo ? undefined : code
}

function messageOf(name: OutcomeName, status: number | undefined, code: string | undefined): string {
  const { meaning, todo } = OUTCOMES[name]
  const seen = [status === undefined ? undefined : `status ${status}`, code].filter((part) => part !== undefined)
  const what = seen.length === 0 ? meaning : meaning.replace(/\.(?= |$)/, ` (${seen.join(', ')}).`)
  return `${what} ${todo.replace(/^Nothing[^.]*\.\s*/, '')}`.trimEnd()
}

function matches(pattern: string, code: string): boolean {
  return pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern
}

/** The codes of an error, of its cause, and of the errors it gathers (a host with several addresses), in that order. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 3) return []
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  const own = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? [code] : []
  const inner = [cause, ...(Array.isArray(errors) ? errors.slice(0, 8) : [])]
  return [...own, ...inner.flatMap((one) => codesOf(one, depth + 1))]
}

/** Skips comments and declarations one by one: one pattern for all of them takes exponential time on a body made for it. */
function isWebPage(body: string): boolean {
  let rest = body
    .slice(0, 8_192)
    .replace(/^\uFEFF/, '')
    .trimStart()
  for (const [start, end] of [
    ['<?', '?>'],
    ['<!--', '-->'],
  ] as const)
    while (rest.startsWith(start)) {
      const at = rest.indexOf(end)
      if (at < 0) return false
      rest = rest.slice(at + end.length).trimStart()
    }
  return /^<(?:!doctype\s+html|html|head|body)\b/i.test(rest)
}

function parse(body: string): unknown {
  const text = body.replace(/^\uFEFF/, '').trim()
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `{"error":{"code":…}}` of Power Automate, `{"error":"…"}` of OAuth, `{"code":…}` of API Management. */
function codeIn(json: unknown): unknown {
  if (!isObject(json)) return undefined
  if (isObject(json.error)) return json.error.code
  return json.error ?? json.code
}
