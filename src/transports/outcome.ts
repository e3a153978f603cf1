import { OUTCOMES, type OutcomeName, type OutcomeRow } from '../contract/outcomes.ts'
import { isObject } from '../kernel/json.ts'
import type { Outcome } from './transport.ts'

const ROWS = Object.entries(OUTCOMES) as [OutcomeName, OutcomeRow][]

/** An answer of the receiver, input of {@link outcomeOfAnswer}. */
export interface ReceiverAnswer {
  readonly status: number
  /** The start of the body; it may be cut anywhere. */
  readonly body: string
  readonly retryAfterMs?: number | undefined
  /**
   * Texts of the request, and secrets. An error code that repeats one of them, such as the URL's signature, is dropped.
   */
  readonly sent?: () => readonly string[]
}

/** True for outcomes that arise in the gateway, without the receiver: they say nothing about the channel's health. */
export function isInternal(name: OutcomeName): boolean {
  const row: OutcomeRow = OUTCOMES[name]
  return row.isInternal === true
}

/** Makes an outcome with the message of the table OUTCOMES. */
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
    // With 502 or 504 from the front of Power Automate, the flow may have run.
    mayHaveArrived: details.mayHaveArrived ?? name === 'server_error',
  }
}

/**
 * The outcome of an answer. A known error code in the body decides first, then the status, and for a 2xx an error or a
 * web page in the body. A 2xx with a body that was cut or never ended is accepted: Teams has taken the card by the
 * status line, and a second post would show it twice.
 */
export function outcomeOfAnswer({ status, body, retryAfterMs, sent = () => [] }: ReceiverAnswer): Outcome {
  const json = parse(body)
  const code = receiverCode(codeIn(json), sent)
  const details = { statusCode: status, retryAfterMs, errorCode: code }
  const byCode = ROWS.find(([, row]) => code !== undefined && row.bodyCodes?.includes(code))
  if (byCode) return outcome(byCode[0], details)
  const byStatus = outcomeOfStatus(status)
  if (byStatus !== 'accepted') return outcome(byStatus, details)

  // Office 365 connectors answered 200 with the failure as text, by design; proxies in front of old flows still do:
  // https://github.com/MicrosoftDocs/msteams-docs/issues/7635
  if (/Webhook message delivery failed/i.test(body)) {
    const innerStatus = /HTTP error (\d{3})\b/i.exec(body)?.[1]
    const withInner = { ...details, errorCode: innerStatus === undefined ? code : `HTTP_${innerStatus}` }
    return outcome(innerStatus === '429' ? 'rate_limited' : 'refused_in_body', withInner)
  }
  if (isObject(json) && json.error) return outcome('refused_in_body', details)
  // Power Automate answers with an empty body or JSON. A web page comes from another server, such as a proxy's login.
  if (isWebPage(body)) return outcome('web_page', { statusCode: status, retryAfterMs })
  return outcome('accepted', details)
}

/** The first row of OUTCOMES with this status; `server_error` for a number that is no HTTP status. */
function outcomeOfStatus(status: number): OutcomeName {
  const found = ROWS.find(([, row]) =>
    row.statuses?.some((entry) =>
      typeof entry === 'number' ? entry === status : entry[0] <= status && status <= entry[1],
    ),
  )
  return found?.[0] ?? 'server_error'
}

/**
 * The outcome of a network error. A code that OUTCOMES does not name becomes `connection_failed`, which is retried: one
 * post too many is better than a card lost to an unforeseen code.
 *
 * @param mayHaveArrived true where a part of the request may have been written before the error
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
 * The receiver's error code: up to 64 letters, digits and `_.-`. Undefined for other text, which may quote the card or
 * the URL, and for a code that repeats a part of the request.
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
  const details = [status === undefined ? undefined : `status ${status}`, code].filter((part) => part !== undefined)
  const sentence = details.length === 0 ? meaning : meaning.replace(/\.(?= |$)/, ` (${details.join(', ')}).`)
  return `${sentence} ${todo.replace(/^Nothing[^.]*\.\s*/, '')}`.trimEnd()
}

function matches(pattern: string, code: string): boolean {
  return pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern
}

/** The codes of an error, of its cause, and of the errors it gathers (a host with several addresses), in that order. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 3) return []
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  const ofError = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? [code] : []
  const inner = [cause, ...(Array.isArray(errors) ? errors.slice(0, 8) : [])]
  return [...ofError, ...inner.flatMap((error) => codesOf(error, depth + 1))]
}

/**
 * True for a body that starts as an HTML page. Comments and declarations before it are skipped one by one: a single
 * regular expression for all of them takes exponential time on a hostile body (ReDoS).
 */
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
