/**
 * The effect of an outcome on the notification and its channel:
 *
 * - `accepted`: done; Teams has taken the card.
 * - `retry`: another attempt follows later; uses up one of the notification's retries.
 * - `pause`: the channel rests for Retry-After; uses up no retry.
 * - `channel`: the destination itself is broken; the channel breaker opens and its notifications wait; uses up no retry.
 * - `failed`: dead letter, replayable; another attempt with the same card would fail too.
 */
export type Consequence = 'accepted' | 'retry' | 'pause' | 'channel' | 'failed'

/** One row of {@link OUTCOMES}. */
export interface OutcomeRow {
  readonly consequence: Consequence
  /** HTTP statuses with this outcome: single ones, or inclusive ranges. */
  readonly statuses?: readonly (number | readonly [number, number])[]
  /** Error codes of Node and undici with this outcome; a star at the end stands for any ending. */
  readonly errors?: readonly string[]
  /** Error codes in the response body with this outcome, for any HTTP status. */
  readonly bodyCodes?: readonly string[]
  /** True for an outcome that arises inside the gateway. It neither opens nor closes the channel breaker. */
  readonly isInternal?: boolean
  readonly meaning: string
  readonly todo: string
}

/**
 * Every outcome an attempt can have, with the HTTP statuses and network errors that lead to it. The transport, delivery,
 * `docs/reference/outcomes.md`, the metrics and the tests share this table. Rows are tried in order; the first match counts.
 */
export const OUTCOMES = {
  accepted: {
    consequence: 'accepted',
    statuses: [[200, 299]],
    meaning: 'Teams has taken the card. With a workflow this means queued, not yet shown.',
    todo: 'Nothing.',
  },
  refused_in_body: {
    consequence: 'retry',
    meaning: 'The status was 2xx, but the response body says that the card was not delivered.',
    todo: 'Look at the run history of the flow.',
  },
  web_page: {
    consequence: 'channel',
    meaning: 'The response was a web page with a 2xx status. It came from a proxy or firewall, not from the flow.',
    todo: "Look for a block page or sign-in page of a proxy. Allow the webhook's host there. Check HTTPS_PROXY and NO_PROXY.",
  },
  rate_limited: {
    consequence: 'pause',
    statuses: [429],
    meaning:
      'Teams refused the card because the channel gets too many cards. The channel rests for Retry-After. Without that header the rest doubles with each 429 in a row.',
    todo: 'Lower TEAMS_RATE_LIMIT_REQUESTS if it happens often.',
  },
  flow_off: {
    consequence: 'channel',
    bodyCodes: ['WorkflowTriggerIsNotEnabled', 'WorkflowNotFound', 'WorkflowDisabled'],
    meaning: 'The flow behind the webhook is turned off or deleted.',
    todo: 'Turn the flow on in Power Automate, or create it again and set the new URL.',
  },
  unauthorized: {
    consequence: 'channel',
    statuses: [401, 403, 407],
    bodyCodes: ['DirectApiAuthorizationRequired', 'DirectApiRequestHasMoreThanOneAuthorization'],
    meaning:
      'The webhook refused the request: the signature ("sig") in the URL is wrong, the flow requires an Entra token, or the flow accepts no Entra token and got one.',
    todo: 'Copy the URL again from Teams, or set "auth: entra" for this channel. With "auth: entra" the URL must have no "sig".',
  },
  gone: {
    consequence: 'channel',
    statuses: [404, 410],
    meaning: 'The webhook does not exist any more.',
    todo: 'Create the workflow again and set the new URL.',
  },
  redirected: {
    consequence: 'channel',
    statuses: [[300, 399]],
    meaning:
      'The webhook answered with a redirect. Redirects are never followed, because they could send the card to another host.',
    todo: 'Copy the URL again from Teams.',
  },
  address_invalid: {
    consequence: 'channel',
    meaning: "The channel's webhook URL can not be used.",
    todo: 'Correct the URL as the error code says.',
  },
  address_missing: {
    consequence: 'channel',
    meaning: 'The channel has no webhook URL. Its notifications wait.',
    todo: 'Set the webhook URL, or "muted: true" for the channel.',
  },
  token_unavailable: {
    consequence: 'channel',
    meaning: 'Entra issued no token for this channel.',
    todo: "Check the TEAMS_ENTRA_ settings and the app's permission for the flow. For a TLS error code, check TEAMS_TLS_MIN_VERSION and the CA certificates.",
  },
  proxy_refused: {
    consequence: 'channel',
    errors: ['PROXY_*'],
    meaning: 'The proxy in HTTPS_PROXY refused the connection to the receiver.',
    todo: "Check the credentials in HTTPS_PROXY (407), the proxy's list of allowed hosts (403), and NO_PROXY.",
  },
  tls_version: {
    consequence: 'channel',
    errors: ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_NO_PROTOCOLS_AVAILABLE'],
    meaning: 'The receiver, or a proxy before it, supports no TLS version as new as TEAMS_TLS_MIN_VERSION.',
    todo: 'Set TEAMS_TLS_MIN_VERSION=TLSv1.2, if TLS 1.2 is acceptable to you.',
  },
  tls_failed: {
    consequence: 'channel',
    errors: [
      'CERT_*',
      'UNABLE_TO_*',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'HOSTNAME_MISMATCH',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'PATH_LENGTH_EXCEEDED',
      'ERR_TLS_*',
      'ERR_SSL_*',
      'EPROTO',
    ],
    meaning: 'The TLS connection failed. The most common cause is a certificate that is not trusted.',
    todo: 'Check for proxies before the receiver and their CA certificate (NODE_EXTRA_CA_CERTS), and TEAMS_TLS_MIN_VERSION.',
  },
  too_large: {
    consequence: 'failed',
    statuses: [413],
    bodyCodes: ['RequestEntityTooLarge', 'MessageSizeTooBig'],
    meaning: 'The card is larger than the receiver takes.',
    todo: 'Lower TEAMS_CARD_MAX_BYTES and replay the notification.',
  },
  request_timeout: {
    consequence: 'retry',
    statuses: [408, 425],
    meaning: 'The receiver asked for the request to be sent again later.',
    todo: 'Nothing; it is retried.',
  },
  server_error: {
    consequence: 'retry',
    statuses: [
      [500, 599],
      [100, 199],
      [600, 999],
    ],
    meaning: 'The receiver failed (5xx), or answered with a status that is not a final HTTP status.',
    todo: 'Nothing; it is retried. As many failures in a row as TEAMS_BREAKER_THRESHOLD open the channel breaker.',
  },
  timed_out: {
    consequence: 'retry',
    errors: ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT', 'ERR_SEND_TIMEOUT'],
    meaning: 'No answer came within TEAMS_CONNECTION_TIMEOUT; the card may have arrived.',
    todo: 'Nothing; it is retried, marked as a repeat.',
  },
  connection_failed: {
    consequence: 'retry',
    errors: [
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'UND_ERR_SOCKET',
      'UND_ERR_CONNECT_TIMEOUT',
      'UND_ERR_CLOSED',
      'UND_ERR_DESTROYED',
      'HPE_*',
    ],
    meaning: 'The connection could not be opened, or it broke.',
    todo: 'Nothing; it is retried. If it keeps failing, check DNS, proxy and firewall.',
  },
  bad_request: {
    consequence: 'failed',
    statuses: [[400, 499]],
    meaning: 'The receiver refused this card and would refuse it again.',
    todo: 'Correct the template or the channel\'s "payload" as the error code says, then replay.',
  },
  render_failed: {
    consequence: 'failed',
    isInternal: true,
    meaning: 'No card could be made from this event.',
    todo: 'Run "claimlinc-teams templates check", correct the template, then replay.',
  },
  retries_exhausted: {
    consequence: 'failed',
    meaning: 'The last retry failed too.',
    todo: 'Read the outcomes of its attempts, correct the cause, then replay.',
  },
  interrupted: {
    consequence: 'retry',
    isInternal: true,
    meaning: 'The process that was sending it was killed, or its turn lost its lease. The card may have arrived.',
    todo: 'Nothing; it is sent again, marked as a repeat.',
  },
  handed_back: {
    consequence: 'retry',
    isInternal: true,
    meaning: 'The process stopped, or its turn lost its lease, before this card was posted.',
    todo: 'Nothing; another turn sends it.',
  },
} as const satisfies Record<string, OutcomeRow>

/** The name of an outcome, a key of {@link OUTCOMES}. */
export type OutcomeName = keyof typeof OUTCOMES
