import type { Json } from '../../kernel/json.ts'

/** One channel of the stand-in, with the flow behind its webhook. */
export interface SandboxChannel {
  readonly key: string
  /** Display name, for example `#sre-alerts`. */
  readonly name: string
  /** Body that the flow takes: a message with attachments (the stock template), or the card alone. */
  readonly payload: 'envelope' | 'bare'
  /**
   * Authentication of the flow: the signed URL (the default), or an Entra token. Not called `auth` as in the gateway's
   * channels: for a channel with `auth: entra`, the gateway sends no token to the sandbox.
   */
  readonly access?: 'signed_url' | 'entra_token'
}

/**
 * One run of a flow, as `GET /sandbox/channels/{channel}/messages` returns it. A failed run posts no message, although
 * the sender got a 202.
 */
export interface RecordedMessage {
  readonly id: string
  readonly received_at: string
  /** Request headers, names in lower case, without those that carry credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** The request's body, unchanged, so that signatures can be verified. */
  readonly body: string
  /** The posted Adaptive Card; null where the run failed or posted none. */
  readonly card: Json
  /** Size of the message in bytes as Teams counts it; null for a request without a card. */
  readonly bytes: number | null
  readonly run: 'succeeded' | 'failed'
  /** Error of the failed run, as Power Automate words it. */
  readonly error?: string
}

/** A post that the trigger refused, so that no flow ran. */
export interface Refusal {
  readonly at: string
  readonly status: number
  /** Error code of the answer; `ConnectionCut` where the connection was cut instead. */
  readonly code: string
}

const CREDENTIALS = new Set(['authorization', 'proxy-authorization', 'cookie'])

/** Request headers for a recorded message: one text per name, without credentials. */
export function keptHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || CREDENTIALS.has(name.toLowerCase())) continue
    kept[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return kept
}
