import type { Channel } from '../catalogue/catalogue.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { OutcomeName } from '../contract/outcomes.ts'
import type { Secret } from '../kernel/secret.ts'

/** Where a channel's cards go: what {@link Transport.send} needs and what delivery records. */
export interface ReadyDestination {
  readonly ready: true
  /**
   * A webhook URL, or a bot's conversation reference as text. Only the transport that gave it reads it; all others compare it
   * with `equals`, to see whether an attempt went to where the channel's cards go now.
   */
  readonly address: Secret
  /** The address as it is recorded and shown: without signature, keys and ids. */
  readonly recordedAddress: string
}

/** Whether a card can be sent to a channel now, and if not, the outcome that its notifications wait with. */
export type Destination =
  | ReadyDestination
  | { readonly ready: false; readonly reason: Extract<OutcomeName, 'address_missing'> }

/** One card on its way to one channel. */
export interface SendRequest {
  readonly channel: Channel
  readonly destination: ReadyDestination
  /**
   * Gives the card as JSON; asked for once there is a connection to post it over. Posts of a busy host stand in line for
   * theirs, and cards that were made before would fill the memory meanwhile. Throws where no card can be made: then nothing
   * is posted, and whatever outcome `send` gives says nothing.
   */
  readonly card: () => string
  readonly notificationId: string
  readonly correlationId: string
  readonly priority: Priority
  /** 1 for the first post of this notification, 2 for the second. */
  readonly attempt: number
  /** True when an earlier attempt was cut off and may have arrived. */
  readonly repeat: boolean
  /** Ends the post, also one whose answer is awaited. */
  readonly signal: AbortSignal
  /** What the post waits for, such as a connection, it no longer waits for: a post that is not begun yet is `handed_back`. */
  readonly callOff: AbortSignal
  /**
   * Asked right before the first byte is written, after whatever the post had to wait for. False where it may not be posted
   * any more: then nothing is written, and it is `handed_back`.
   */
  readonly mayPost: () => boolean
}

/** What an attempt came to. */
export interface Outcome {
  readonly name: OutcomeName
  /** HTTP status, where there was one. */
  readonly statusCode: number | undefined
  /** What Retry-After asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The receiver's own error code, where it sent one of letters and digits. */
  readonly errorCode: string | undefined
  /** For people: what happened and, where there is something, what to do; no secret, no patient data. */
  readonly message: string
  /**
   * True where nobody knows whether the card was taken: the post was begun and then cut off, or the receiver failed over it
   * (5xx). The next attempt is then a {@link SendRequest.repeat}. Every transport sets it; absent means false.
   */
  readonly mayHaveArrived?: boolean
}

/** How a card reaches Teams. Never throws: whatever happens is an outcome. */
export interface Transport {
  /**
   * Whether a card can be sent to a channel now, as far as this process knows without asking anybody; cheap enough to be asked
   * before each card.
   *
   * That a destination changed is not heard here. A new webhook URL is news of the secrets (`Secrets.onChange`), which each
   * process reads for itself; a bot's conversation reference will be a row, and writing it wakes the channel through the job
   * engine, as an event does. An event of this interface would have one of the two implementations, never both.
   */
  destination(channel: Channel): Destination
  send(request: SendRequest): Promise<Outcome>
  /** Closes connections once posts under way are done. */
  close(): Promise<void>
}
