import type { Faults } from './faults.ts'
import type { RecordedMessage, Refusal } from './message.ts'
import type { Post } from './trigger.ts'

/** What is answered to a post, and how badly. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds to wait before the answer. */
  readonly delayMs?: number
  /** Where the connection is cut. */
  readonly cut?: 'before' | 'headers' | 'body'
  /** True where no answer ever comes. */
  readonly hang?: boolean
}

/** A channel as `GET /sandbox/channels` lists it. */
export interface ChannelSummary {
  readonly key: string
  readonly name: string
  /** Messages since the start or since they were cleared, whether still kept or not. */
  readonly messages: number
  readonly faults: Faults
  /** Posts that were refused, and the last of them. */
  readonly refused: number
  readonly last_refusal: Refusal | null
}

/** What the sandbox tells its listeners. */
export type SandboxEvent =
  | { readonly type: 'message'; readonly channel: ChannelSummary; readonly message: RecordedMessage }
  | { readonly type: 'refused' | 'cleared' | 'faults'; readonly channel: ChannelSummary }

/** A choice of messages. */
export interface MessageFilter {
  /** A message's id, or a moment (RFC 3339): only what came after it. */
  readonly since?: string
  /** At most so many, the newest. */
  readonly limit?: number
}

/** A stand-in for Teams, in memory: channels, the webhooks and flows behind them, and what they have posted. */
export interface Sandbox {
  /** Takes one post, as the platform would. Never throws: an unknown channel is a 404 as well. */
  receive(channel: string, post: Post): Answer
  channels(): ChannelSummary[]
  /** Messages of a channel, the oldest first. Throws `not_found` for an unknown channel. */
  messages(channel: string, filter?: MessageFilter): readonly RecordedMessage[]
  /** Sets a channel's faults; an empty object clears them. Throws `invalid_request` and `not_found`. */
  setFaults(channel: string, faults: unknown): Faults
  /** Forgets a channel's messages and counts. */
  clear(channel: string): void
  /** Webhook addresses by channel key, for a stand-in that is reached at `origin`. They change with every start. */
  addresses(origin: string): ReadonlyMap<string, string>
  /**
   * Resolves with the kept messages once a channel has got `count` of them. Rejects with the signal's reason when it
   * is aborted; without a signal it waits for ever.
   */
  waitFor(channel: string, count: number, signal?: AbortSignal): Promise<readonly RecordedMessage[]>
  /** Calls `listener` for all that happens; the returned function ends that. */
  subscribe(listener: (event: SandboxEvent) => void): () => void
}
