import type { Channel } from '../catalogue/catalogue.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { OutcomeName } from '../contract/outcomes.ts'
import type { Secret } from '../kernel/secret.ts'

/** The destination of a channel's cards: an address for {@link Transport.send}, and its redacted form for records. */
export interface ReadyDestination {
  readonly ready: true
  /**
   * A webhook URL, or a bot's conversation reference as text. Only the transport that made it reads it. Delivery
   * compares it with `equals`, to find whether an attempt went to the channel's current address.
   */
  readonly address: Secret
  /** The address for records and displays, without signature, keys and ids. */
  readonly recordedAddress: string
}

/** The channel's destination; without one, the outcome with which its notifications wait. */
export type Destination =
  | ReadyDestination
  | { readonly ready: false; readonly reason: Extract<OutcomeName, 'address_missing'> }

/** One card on its way to one channel. */
export interface SendRequest {
  readonly channel: Channel
  readonly destination: ReadyDestination
  /**
   * Renders the card as JSON. Called once the post has a connection: posts to a busy host wait for theirs, and cards
   * rendered earlier would fill the memory. May throw where rendering fails: then nothing is posted, and the caller
   * ignores the outcome of `send`.
   */
  readonly card: () => string
  readonly notificationId: string
  readonly correlationId: string
  readonly priority: Priority
  /** 1 for the first post of this notification, 2 for the second. */
  readonly attempt: number
  /** True when an earlier attempt was interrupted and may have arrived. */
  readonly repeat: boolean
  /** Aborts the post, even while it waits for the answer. */
  readonly signal: AbortSignal
  /** Aborts a post that is not begun yet, for example while it waits for a connection; its outcome is `handed_back`. */
  readonly callOff: AbortSignal
  /**
   * Called right before the first byte is written, after all waiting. With false, nothing is written, and the outcome is
   * `handed_back`.
   */
  readonly mayPost: () => boolean
}

/** The result of an attempt. */
export interface Outcome {
  readonly name: OutcomeName
  /** HTTP status, where there was one. */
  readonly statusCode: number | undefined
  /** Retry-After of the answer, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The receiver's error code, where it sent one (see `receiverCode`), or the code of a network error. */
  readonly errorCode: string | undefined
  /** For people: cause and remedy, without secrets and patient data. */
  readonly message: string
  /**
   * True where it is unknown whether Teams took the card: the post was begun and then interrupted, or the receiver
   * answered 5xx. The next attempt is then a {@link SendRequest.repeat}. Every transport sets it; absent means false.
   */
  readonly mayHaveArrived?: boolean
}

/** Sends cards to Teams. Never throws: every failure is an outcome. */
export interface Transport {
  /**
   * The destination of a channel, from this process's memory; cheap enough to be called before each card.
   *
   * The interface has no event for a changed destination. A changed webhook URL is reported by `Secrets.onChange`,
   * since each process reads secrets by itself. A bot's conversation reference will be a row, and writing it wakes the
   * channel through the job engine, as an event does. Only one of the two implementations would use an event here.
   */
  destination(channel: Channel): Destination
  send(request: SendRequest): Promise<Outcome>
  /** Closes connections once posts in flight have ended. */
  close(): Promise<void>
}
