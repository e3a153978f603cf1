import { onTestFinished } from 'vitest'
import type { Channel } from '../../src/catalogue/catalogue.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { SendRequest, Transport } from '../../src/transports/transport.ts'
import { destinationAt } from '../../src/transports/workflows/addresses.ts'
import { createWorkflowsTransport, type WorkflowsTransportOptions } from '../../src/transports/workflows/transport.ts'
import { type Certificate, type Handler, type Receiver, startReceiver } from './receiver.ts'

/** Values that must never come out of the transport; each is found by its own text. */
export const MARKED = {
  sig: 'MARKEDsig-u4Xy_0123456789abcdefghijk',
  hmac: 'MARKEDhmac-secret-0123456789',
  clientSecret: 'MARKEDclient~secret.0123456789',
  patient: 'MARKEDpatient123456789',
} as const

export const CARD: JsonObject = {
  type: 'AdaptiveCard',
  version: '1.5',
  body: [{ type: 'TextBlock', text: `المريض ${MARKED.patient}` }],
}

export const PATH = '/powerautomate/automations/direct/workflows/0123456789abcdef/triggers/manual/paths/invoke'
export const QUERY = `?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${MARKED.sig}`

export const CHANNEL: Channel = {
  key: 'sre',
  name: '#sre-alerts',
  payload: 'envelope',
  auth: 'sas',
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  mentions: [],
  muted: false,
}

/** What a test changes of a request: parts of it, or the webhook URL of its destination. */
export type RequestChanges = Partial<SendRequest> & { readonly address?: Secret }

/** A request for a card to a receiver; `more` changes parts of it. */
export function requestTo(
  receiver: { readonly origin: string },
  { address = new Secret(`${receiver.origin}${PATH}${QUERY}`), ...more }: RequestChanges = {},
): SendRequest {
  return {
    channel: CHANNEL,
    destination: destinationAt(address),
    card: () => JSON.stringify(CARD),
    notificationId: '01930000-0000-7000-8000-000000000001',
    correlationId: 'vault-seal-abc123',
    priority: 'CRITICAL',
    attempt: 1,
    repeat: false,
    signal: new AbortController().signal,
    callOff: new AbortController().signal,
    mayPost: () => true,
    ...more,
  }
}

/** A transport with small limits that takes `sandbox` without TLS; closed when the test ends. */
export function transportFor(
  sandbox: { readonly origin: string } | undefined,
  more: Partial<WorkflowsTransportOptions> = {},
): Transport {
  const transport = createWorkflowsTransport({
    webhook: () => undefined,
    signingSecrets: () => [new Secret(MARKED.hmac)],
    totalConnections: 100,
    connectionsPerHost: 10,
    timeoutMs: 20_000,
    maxRetryAfterMs: 3_600_000,
    tls: { minVersion: 'TLSv1.3' },
    extraHostSuffixes: ['localhost'],
    sandboxOrigin: () => sandbox?.origin,
    ...more,
  })
  onTestFinished(() => transport.close())
  return transport
}

/** A receiver that is closed when the test ends, after the transports that were made later. */
export async function receiverFor(
  handler: Handler,
  tls?: Certificate & { readonly maxVersion?: 'TLSv1.2' },
): Promise<Receiver> {
  const receiver = await startReceiver(handler, tls)
  onTestFinished(() => receiver.close())
  return receiver
}
