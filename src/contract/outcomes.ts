/**
 * What an outcome means for what was sent:
 *
 * - `accepted`: done; Teams has taken it.
 * - `retry`: try again later; uses up one of the notification's retries.
 * - `pause`: the channel rests for Retry-After; uses up nothing.
 * - `channel`: the destination itself is broken; the channel's breaker opens, and its notifications wait, using up nothing.
 * - `failed`: this notification will never be taken; dead letter, replayable.
 */
export type Consequence = 'accepted' | 'retry' | 'pause' | 'channel' | 'failed'

/** One row of {@link OUTCOMES}. */
export interface OutcomeRow {
  readonly consequence: Consequence
  /** HTTP statuses that lead here, single or from-to. */
  readonly statuses?: readonly (number | readonly [number, number])[]
  /** Error codes of Node and undici that lead here; a star at the end stands for any ending. */
  readonly errors?: readonly string[]
  /** Error codes in the receiver's body that lead here whatever the status. */
  readonly bodyCodes?: readonly string[]
  /** True where it came to this in the gateway, whatever the receiver does: then it says nothing about the channel. */
  readonly own?: boolean
  readonly meaning: string
  readonly todo: string
}

/**
 * Every outcome an attempt can have, and what each HTTP status and network failure leads to: the one table that
 * the transport, the drain, `docs/reference/outcomes.md`, the metrics and the tests share. Rows are tried in order.
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
    meaning: 'The answer was 2xx, but its body says that the card was not delivered.',
    todo: 'Look at the run history of the flow.',
  },
  web_page: {
    consequence: 'channel',
    meaning: 'The answer was 2xx, but a web page: something in between answered, and not the flow.',
    todo: "Look for a proxy's block or sign-in page, let the webhook's host through, and check HTTPS_PROXY and NO_PROXY.",
  },
  rate_limited: {
    consequence: 'pause',
    statuses: [429],
    meaning: 'The channel gets too many cards. It rests for Retry-After, or for a growing while where that is absent.',
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
      'The webhook refuses us: the signature in the URL is wrong, or the flow wants an Entra token, or has one and wants none.',
    todo: 'Copy the URL again from Teams, or set "auth: entra" for this channel; with "auth: entra" the URL must have no "sig".',
  },
  gone: {
    consequence: 'channel',
    statuses: [404, 410],
    meaning: 'There is no such webhook any more.',
    todo: 'Create the workflow again and set the new URL.',
  },
  redirected: {
    consequence: 'channel',
    statuses: [[300, 399]],
    meaning: 'The webhook answers with a redirect, which is never followed: it would take the card elsewhere.',
    todo: 'Copy the URL again from Teams.',
  },
  address_invalid: {
    consequence: 'channel',
    meaning: "The channel's webhook URL can not be used.",
    todo: 'See the error code and correct the URL.',
  },
  address_missing: {
    consequence: 'channel',
    meaning: 'The channel has no webhook URL. Its notifications wait.',
    todo: 'Set the webhook URL, or "muted: true" for the channel.',
  },
  token_unavailable: {
    consequence: 'channel',
    meaning: 'Entra gave no token for this channel.',
    todo: "Check the TEAMS_ENTRA_ settings and the app's permission for the flow; where the code is one of TLS, TEAMS_TLS_MIN_VERSION and the CA certificates.",
  },
  proxy_refused: {
    consequence: 'channel',
    errors: ['PROXY_*'],
    meaning: 'The proxy of HTTPS_PROXY lets no connection to the receiver through.',
    todo: 'Check the credentials in HTTPS_PROXY (407), what the proxy allows (403), and NO_PROXY.',
  },
  tls_version: {
    consequence: 'channel',
    errors: ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_NO_PROTOCOLS_AVAILABLE'],
    meaning: 'The receiver, or a proxy in between, speaks no TLS version as new as TEAMS_TLS_MIN_VERSION.',
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
    meaning: 'No TLS connection could be made: most often the certificate is not trusted.',
    todo: 'Check proxies in between and their CA certificate (NODE_EXTRA_CA_CERTS), and TEAMS_TLS_MIN_VERSION.',
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
    meaning: 'The receiver asks to send again later.',
    todo: 'Nothing; it is retried.',
  },
  server_error: {
    consequence: 'retry',
    statuses: [
      [500, 599],
      [100, 199],
      [600, 999],
    ],
    meaning: 'The receiver failed, or answered with a status that is no answer.',
    todo: 'Nothing; it is retried, and the channel rests if it goes on.',
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
    meaning: 'The connection could not be made, or broke.',
    todo: 'Nothing; it is retried. If it goes on, check DNS, proxy and firewall.',
  },
  bad_request: {
    consequence: 'failed',
    statuses: [[400, 499]],
    meaning: 'The receiver will never take this card.',
    todo: 'See the error code; correct the template or the channel\'s "payload", then replay.',
  },
  render_failed: {
    consequence: 'failed',
    own: true,
    meaning: 'No card could be made from this event.',
    todo: 'Run "claimlinc-teams templates check", correct the template, then replay.',
  },
  retries_exhausted: {
    consequence: 'failed',
    meaning: 'The last of the retries failed too.',
    todo: 'See the attempts, then replay.',
  },
  interrupted: {
    consequence: 'retry',
    own: true,
    meaning: 'The process that was sending it was killed or lost its hold; the card may have arrived.',
    todo: 'Nothing; it is sent again, marked as a repeat.',
  },
  handed_back: {
    consequence: 'retry',
    own: true,
    meaning: 'The process stopped, or lost its turn, before this one was posted.',
    todo: 'Nothing; another turn sends it.',
  },
} as const satisfies Record<string, OutcomeRow>

/** The name of an outcome, a key of {@link OUTCOMES}. */
export type OutcomeName = keyof typeof OUTCOMES
