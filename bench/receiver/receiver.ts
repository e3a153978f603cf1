import { startChild } from '../child.ts'

/** A card as the receiver got it. */
export interface Arrival {
  /** `nowMs()` at the last byte of its body. */
  readonly at: number
  readonly channel: string
  /** Header webhook-id: the notification's id. */
  readonly id: string
  readonly bytes: number
}

/** A whole post, for the ceiling to repeat. */
export interface RecordedPost {
  readonly id: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Requests to the receiver's process. `await` is answered once `count` cards are there, or none has come for `quietMs`. */
export type ReceiverRequest =
  | { readonly kind: 'await'; readonly count: number; readonly quietMs: number }
  | { readonly kind: 'take' }
  | { readonly kind: 'record' }
  | { readonly kind: 'takeRecorded' }

/** Answers, in the order of the requests. */
export type ReceiverAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'arrived'; readonly count: number }
  | { readonly kind: 'taken'; readonly arrivals: readonly Arrival[] }
  | { readonly kind: 'recording' }
  | { readonly kind: 'recorded'; readonly posts: readonly RecordedPost[] }

/** The receiver of all cards, in a process of its own. */
export interface Receiver {
  /** For example `http://127.0.0.1:41234`. */
  readonly origin: string
  /** The webhook URL of a channel. */
  address(channel: string): string
  /** Resolves once so many cards are there since the last `take`, or none has come for `quietMs`. One call at a time. */
  arrived(count: number, quietMs: number): Promise<void>
  /** All cards since the last call, in the order of their arrival. */
  take(): Promise<readonly Arrival[]>
  /** Keeps whole posts from now on. */
  record(): Promise<void>
  /** The posts kept since `record`; ends the recording. */
  takeRecorded(): Promise<readonly RecordedPost[]>
  stop(): Promise<void>
}

/** Starts the receiver. */
export async function startReceiver(): Promise<Receiver> {
  const child = startChild<ReceiverAnswer>(new URL('process.ts', import.meta.url))
  const ask = <K extends ReceiverAnswer['kind']>(request: ReceiverRequest, kind: K) => child.ask(request, kind)
  const { port } = await child.answer('listening')
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    address: (channel) => `${origin}/channels/${channel}/webhook`,
    arrived: async (count, quietMs) => void (await ask({ kind: 'await', count, quietMs }, 'arrived')),
    take: async () => (await ask({ kind: 'take' }, 'taken')).arrivals,
    record: async () => void (await ask({ kind: 'record' }, 'recording')),
    takeRecorded: async () => (await ask({ kind: 'takeRecorded' }, 'recorded')).posts,
    stop: () => child.stop(),
  }
}
