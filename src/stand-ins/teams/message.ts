import type { Json } from '../../kernel/json.ts'

/** One channel of the stand-in, with the flow behind its webhook. */
export interface SandboxChannel {
  readonly key: string
  /** What people call it, for example `#sre-alerts`. */
  readonly name: string
  /** What the flow takes: a message with attachments (the stock template), or the card alone. */
  readonly payload: 'envelope' | 'bare'
  /**
   * Who may start the flow: whoever has the signed URL (the default), or who brings an Entra token. Not called `auth`
   * as in the gateway's own channels: a sandbox made from those has no Entra, and the gateway sends it no token.
   */
  readonly access?: 'signed_url' | 'entra_token'
}

/**
 * What one run of a flow came to, as `GET /sandbox/channels/{channel}/messages` gives it. A failed run posts
 * nothing: people in the channel see nothing, and the sender has seen a 202 all the same.
 */
export interface RecordedMessage {
  readonly id: string
  readonly received_at: string
  /** Request headers, names in lower case, without those that carry credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** The request's body, exactly as it came, so that signatures can be checked. */
  readonly body: string
  /** The Adaptive Card that is shown; null where the run failed or posted none. */
  readonly card: Json
  /** Size of the message in bytes as Teams counts it; null where the flow got no card. */
  readonly bytes: number | null
  readonly run: 'succeeded' | 'failed'
  /** Why the run failed, in the platform's words. */
  readonly error?: string
}

/** A post that the platform refused at once, so that no run was started. */
export interface Refusal {
  readonly at: string
  readonly status: number
  /** The platform's error code; `ConnectionCut` where the connection was cut instead of an answer. */
  readonly code: string
}

const CREDENTIALS = new Set(['authorization', 'proxy-authorization', 'cookie'])

/** Request headers as they are kept: one text per name, nothing that lets its reader in somewhere. */
export function keptHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || CREDENTIALS.has(name.toLowerCase())) continue
    kept[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return kept
}
