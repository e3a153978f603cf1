import { codeOf, GatewayError } from '../kernel/errors.ts'

interface Explanation {
  readonly found: string
  readonly expected: string
}

const EXPECTED = 'an answer of the gateway'
const ADDRESS =
  'the http:// address at which "claimlinc-teams serve" says that it listens, or the https:// address of a proxy before it'
const CERTIFICATE: Explanation = {
  found: 'a certificate that can not be checked',
  expected: 'one that Node trusts; NODE_EXTRA_CA_CERTS names a file with further authorities',
}

/** Explanations of the error codes of Node and undici for requests without an answer. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: { found: 'no program that listens at this host and port', expected: ADDRESS },
  ENOTFOUND: { found: 'a host name that is not known', expected: ADDRESS },
  EAI_AGAIN: { found: 'no answer to the question for the host name', expected: 'a name server that answers' },
  UND_ERR_CONNECT_TIMEOUT: { found: 'no connection in time', expected: 'a host that is up, and no firewall between' },
  UND_ERR_SOCKET: {
    found: 'a connection that was closed before an HTTP answer came: the program there speaks no HTTP, or ended',
    expected: ADDRESS,
  },
  ECONNRESET: { found: 'a connection that was cut before the answer came', expected: EXPECTED },
  ERR_SSL_WRONG_VERSION_NUMBER: { found: 'a program that speaks no TLS, at an https:// address', expected: ADDRESS },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { found: 'a program that speaks no TLS, at an https:// address', expected: ADDRESS },
  EPROTO: { found: 'a program that speaks no TLS, at an https:// address', expected: ADDRESS },
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
}

/** Matches `found` where no connection was made, so that nothing was sent. */
const NOT_CONNECTED = /\((ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)\)$/

/** The error `gateway_unreachable` for the gateway at `base`. */
export function unreachable(base: string, found: string, expected: string = EXPECTED): GatewayError {
  return new GatewayError('gateway_unreachable', [{ at: base, found, expected }])
}

/** The error for a failed `fetch`. Contains the error's code and not its message, which may quote URLs and headers. */
export function noAnswer(base: string, error: unknown): GatewayError {
  if (error instanceof DOMException && error.name === 'TimeoutError') return unreachable(base, 'no answer in time')
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = codeOf(cause)
    // undici's error of a malformed answer has a name and no code.
    if (cause.name === 'HTTPParserError') return unreachable(base, 'a program that does not answer in HTTP', ADDRESS)
    if (code === undefined) continue
    const { found, expected } = EXPLANATIONS[code] ?? { found: 'a failed connection', expected: EXPECTED }
    return unreachable(base, `${found} (${code})`, expected)
  }
  return unreachable(base, 'a failed connection')
}

/** False where the error says that no connection was made, so that no event can have been accepted. */
export function mayHaveBeenSent({ problems }: GatewayError): boolean {
  return !problems.some(({ found }) => NOT_CONNECTED.test(found))
}
