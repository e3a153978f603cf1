import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import type { Log } from '../kernel/log.ts'
import { noteUnreadyChannel } from '../store/waiting.ts'
import type { Destination, Transport } from '../transports/transport.ts'
import type { TurnContext } from './turn-context.ts'

/** Milliseconds until a channel without a destination is looked at again; a new webhook URL wakes it at once. */
const LOOK_AGAIN_MS = 60_000
/** Milliseconds between two notes for one channel: a storm on it must not be a statement for each event. */
const BETWEEN_NOTES_MS = 1_000
/** Milliseconds by which an event may be committed after it was accepted, and still get its reason by the next note. */
const LATEST_COMMIT_MS = 3_600_000

/** Why nothing can be sent to a channel. */
type UnreadyReason = Extract<Destination, { readonly ready: false }>['reason']

/** Which channels their transport can not send to now. */
export interface UnreadyChannels {
  /**
   * True where a turn at the channel can do something with its backlog: send it, or, where the channel is muted, suppress it.
   * A channel without a destination is looked at when an event comes, each minute and when it gets one, not each second; one
   * that was taken out of the configuration has to come back first.
   */
  canWork(channelKey: string): boolean
  /** Logs which of these channels have no destination and are not muted, so that their cards wait; nothing if none is so. */
  log(channelKeys: readonly string[]): void
}

/** Asks the catalogue and the transport anew at each call. */
export function createUnreadyChannels(options: {
  readonly catalogue: Catalogue
  readonly transport: Pick<Transport, 'destination'>
  readonly log: Log
}): UnreadyChannels {
  const { catalogue, transport, log } = options
  return {
    canWork(key) {
      const channel = catalogue.channels.get(key)
      return channel !== undefined && (channel.muted || transport.destination(channel).ready)
    },
    log(keys) {
      const byReason = new Map<UnreadyReason, string[]>()
      for (const key of keys) {
        const channel = catalogue.channels.get(key)
        if (!channel || channel.muted) continue
        const destination = transport.destination(channel)
        if (!destination.ready) byReason.set(destination.reason, [...(byReason.get(destination.reason) ?? []), key])
      }
      for (const [reason, channels] of byReason) log.write('channel_address_missing', { channels, reason })
    },
  }
}

/** What a process remembers of a channel that has no destination. */
export interface UnreadyNote {
  /** When it was noted, by the process's own clock in milliseconds. */
  notedAt: number
  /** What was accepted before has its reason. */
  since: Date | undefined
}

/** Nothing was noted yet. */
export const neverNoted = (): UnreadyNote => ({ notedAt: Number.NEGATIVE_INFINITY, since: undefined })

/**
 * Records why a channel has no destination, and that this is why its notifications wait.
 *
 * @returns milliseconds until the channel has to be looked at again
 */
export async function noteUnready(
  { kysely }: Pick<TurnContext, 'kysely'>,
  channel: Channel,
  turn: string,
  reason: UnreadyReason,
  note: UnreadyNote,
): Promise<number> {
  const early = note.notedAt + BETWEEN_NOTES_MS - performance.now()
  if (early > 0) return early
  note.notedAt = performance.now()
  const now = await noteUnreadyChannel(kysely, channel.key, turn, reason, note.since)
  note.since = new Date(now.getTime() - LATEST_COMMIT_MS)
  return LOOK_AGAIN_MS
}
