/** A card as the receiving end saw it. */
export interface Arrival {
  /** `nowMs()` when the last byte of its body was there. */
  readonly at: number
  readonly channel: string
  /** Header webhook-id: the notification's id. */
  readonly id: string
  readonly correlationId: string
  readonly bytes: number
  /** True where the sender said that it may have been here before. */
  readonly repeat: boolean
}

/** A post as it came, for the ceiling to make again. */
export interface RecordedPost {
  readonly id: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the process of the receiving end is told. `await` is answered once that many cards are there, or none has come for a while. */
export type ReceiverRequest =
  | { readonly ask: 'await'; readonly count: number; readonly quietMs: number }
  | { readonly ask: 'take' }
  | { readonly ask: 'record' }
  | { readonly ask: 'takeRecorded' }

/** What it answers, in the order in which it was asked. */
export type ReceiverAnswer =
  | { readonly told: 'listening'; readonly port: number }
  | { readonly told: 'arrived'; readonly count: number }
  | { readonly told: 'taken'; readonly arrivals: readonly Arrival[] }
  | { readonly told: 'recording' }
  | { readonly told: 'recorded'; readonly posts: readonly RecordedPost[] }
