import type { Faults } from './faults.ts'
import type { RecordedMessage, Refusal } from './message.ts'
import type { Post } from './trigger.ts'

/** The answer of a webhook to a post, with faults. */
export interface WebhookAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds before the answer is sent. */
  readonly delayMs?: number
  /** Where the connection is cut. */
  readonly cut?: 'before' | 'headers' | 'body'
  /** True where no answer is sent. */
  readonly hang?: boolean
}

/** A channel as `GET /sandbox/channels` lists it. */
export interface ChannelSummary {
  readonly key: string
  readonly name: string
  /** Number of messages since the start or the last clearing, with those that are no longer kept. */
  readonly messages: number
  readonly faults: Faults
  /** Number of refused posts, and the last of them. */
  readonly refused: number
  readonly last_refusal: Refusal | null
}

/** An event for listeners of the sandbox. */
export type SandboxEvent =
  | { readonly type: 'message'; readonly channel: ChannelSummary; readonly message: RecordedMessage }
  | { readonly type: 'refused' | 'cleared' | 'faults'; readonly channel: ChannelSummary }

/** Selects messages of a channel. */
export interface MessageFilter {
  /** A message's id, or a time (RFC 3339): only messages after it. */
  readonly since?: string
  /** Only this many, the newest. */
  readonly limit?: number
}

/** A stand-in for Teams, in memory: channels, their webhooks and flows, and the posted messages. */
export interface Sandbox {
  /** Handles one post as Power Automate does. Never throws: for an unknown channel it answers 404. */
  receive(channel: string, post: Post): WebhookAnswer
  channels(): ChannelSummary[]
  /** Messages of a channel, the oldest first. Throws `not_found` for an unknown channel. */
  messages(channel: string, filter?: MessageFilter): readonly RecordedMessage[]
  /** Sets a channel's faults; an empty object clears them. Throws `invalid_request` and `not_found`. */
  setFaults(channel: string, faults: unknown): Faults
  /** Removes a channel's messages and resets its counts. */
  clear(channel: string): void
  /** Webhook addresses by channel key, for a stand-in that is reached at `origin`. They change with every start. */
  addresses(origin: string): ReadonlyMap<string, string>
  /**
   * Resolves with the kept messages once a channel has `count` of them. Rejects with the signal's reason when it aborts;
   * without a signal it may wait for ever.
   */
  waitFor(channel: string, count: number, signal?: AbortSignal): Promise<readonly RecordedMessage[]>
  /** Calls `listener` for each event; returns a function that unsubscribes. */
  subscribe(listener: (event: SandboxEvent) => void): () => void
}
