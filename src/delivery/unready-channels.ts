import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import type { Log } from '../kernel/log.ts'
import { noteUnreadyChannel } from '../store/waiting.ts'
import type { Destination, Transport } from '../transports/transport.ts'
import type { TurnContext } from './turn-context.ts'

/** Milliseconds until a channel without a destination is checked again; a new webhook URL wakes it at once. */
const LOOK_AGAIN_MS = 60_000
/** Milliseconds between two notes for one channel: in a storm, each event must not cost a statement. */
const BETWEEN_NOTES_MS = 1_000
/**
 * Milliseconds between the acceptance of an event and its commit within which the next note still gives it its reason.
 */
const LATEST_COMMIT_MS = 3_600_000

/** Why nothing can be sent to a channel. */
type UnreadyReason = Extract<Destination, { readonly ready: false }>['reason']

/** The channels that their transport can not send to now. */
export interface UnreadyChannels {
  /**
   * True where a turn could work on the channel's backlog: send it, or suppress it where the channel is muted. A
   * channel without a destination is checked when an event comes, once a minute and when it gets a destination, not
   * every second; a channel that was removed from the configuration, once it is back.
   */
  canWork(channelKey: string): boolean
  /**
   * Logs which of these channels have no destination and are not muted, so that their notifications wait; nothing where
   * there is none.
   */
  log(channelKeys: readonly string[]): void
}

/** Makes the checks, which ask the catalogue and the transport at each call. */
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

/** What this process remembers of a channel without a destination. */
export interface UnreadyNote {
  /** When it was last noted, in milliseconds of `performance.now()`. */
  notedAt: number
  /** Notifications that were accepted before have their reason. */
  since: Date | undefined
}

/** The note of a channel that this process has not noted yet. */
export const neverNoted = (): UnreadyNote => ({ notedAt: Number.NEGATIVE_INFINITY, since: undefined })

/**
 * Records why a channel has no destination, as the reason of its waiting notifications.
 *
 * @returns milliseconds until the channel has to be checked again
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
