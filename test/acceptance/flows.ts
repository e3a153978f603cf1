import type { ServerResponse } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { makeCertificate, type Receiver, startReceiver } from '../transports/receiver.ts'

/** How a stand-in for a flow answers; it gets all that it was sent, and likes to give it back. */
export type Behaviour = (response: ServerResponse, echo: string) => void

const JSON_TYPE = { 'content-type': 'application/json' }

/** Everything that a receiver can do with a card besides taking it, each giving back the URL, the headers and the card. */
export const BEHAVIOURS = {
  bad_request: (response, echo) => response.writeHead(400, headersWith(echo)).end(errorWith(echo)),
  too_large: (response, echo) => response.writeHead(413, JSON_TYPE).end(echo),
  rate_limited: (response, echo) => response.writeHead(429, { ...headersWith(echo), 'retry-after': '3600' }).end(echo),
  server_error: (response, echo) => response.writeHead(500, headersWith(echo)).end(errorWith(echo)),
  unauthorized: (response, echo) => response.writeHead(401, headersWith(echo)).end(errorWith(echo)),
  gone: (response, echo) => response.writeHead(404, JSON_TYPE).end(errorWith(echo)),
  redirected: (response, echo) => response.writeHead(302, headersWith(echo)).end(echo),
  refused_in_body: (response, echo) =>
    response
      .writeHead(200, JSON_TYPE)
      .end(`Webhook message delivery failed with error: ${echo} HTTP error 413 ${echo}`),
  connection_failed: (response) => response.socket?.resetAndDestroy(),
  timed_out: () => {},
  accepted: (response, echo) => response.writeHead(202, headersWith(echo)).end(echo),
} as const satisfies Record<string, Behaviour>

/** What a behaviour comes to: the name of an outcome. */
export type Failing = Exclude<keyof typeof BEHAVIOURS, 'accepted'>

function headersWith(echo: string): Record<string, string> {
  const safe = encodeURIComponent(echo).slice(0, 2_000)
  return { ...JSON_TYPE, location: `https://localhost/${safe}`, 'x-ms-error-code': safe, 'www-authenticate': safe }
}

/** The error code of the body is what the gateway keeps; here it is the signature of the URL. */
function errorWith(echo: string): string {
  const code = /sig=([^&"]+)/.exec(echo)?.[1]
  return JSON.stringify({ error: { code, message: echo }, code })
}

/** Flows behind HTTPS, each under a path of its own. */
export interface Flows extends Receiver {
  /** The webhook URL of one channel, with this signature; without one where it takes a token. */
  address(channel: string, sig: string | undefined): string
  /** From now on this channel's flow does that. */
  behave(channel: string, as: keyof typeof BEHAVIOURS): void
  /** The certificate, for processes that have to trust it too (NODE_EXTRA_CA_CERTS). */
  readonly ca: string
}

/** Starts them, trusted by this process from now on as by an operator's NODE_EXTRA_CA_CERTS. */
export async function startFlows(): Promise<Flows> {
  const certificate = makeCertificate()
  setDefaultCACertificates([...getCACertificates('default'), certificate.cert])
  const behaviours = new Map<string, keyof typeof BEHAVIOURS>()
  const receiver = await startReceiver((response, received) => {
    const channel = /workflows\/(\w+)\//.exec(received.path)?.[1] ?? ''
    const echo = `${received.path} ${JSON.stringify(received.headers)} ${received.body}`
    BEHAVIOURS[behaviours.get(channel) ?? 'accepted'](response, echo)
  }, certificate)
  // By its address: TEAMS_WEBHOOK_HOST_SUFFIXES takes no localhost.
  const origin = receiver.origin.replace('localhost', '127.0.0.1')
  return {
    ...receiver,
    origin,
    ca: certificate.cert,
    address: (channel, sig) =>
      `${origin}/powerautomate/automations/direct/workflows/${channel}/triggers/manual/paths/invoke?api-version=1${
        sig === undefined ? '' : `&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${sig}`
      }`,
    behave: (channel, as) => void behaviours.set(channel, as),
  }
}
