import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Log } from '../kernel/log.ts'
import type { Secrets } from '../secrets/port.ts'

/** Which channels cards can be sent to, as far as the configuration and the secrets say. */
export interface Reachability {
  /**
   * True where a turn at the channel can do something with what waits: send it, or, where the channel is muted, suppress
   * it. A channel without a webhook URL is looked at when an event comes, each minute and when it gets one, not each second;
   * one that was taken out of the configuration has to come back first.
   */
  canWork(channelKey: string): boolean
  /** Logs which of these channels have no webhook URL and are not muted, so that their cards wait; nothing if none is so. */
  logUnaddressed(channelKeys: readonly string[]): void
}

/** Asks the catalogue and the secrets anew at each call. */
export function createReachability(options: {
  readonly catalogue: Catalogue
  readonly secrets: Secrets
  readonly log: Log
}): Reachability {
  const { catalogue, secrets, log } = options
  return {
    canWork(key) {
      const channel = catalogue.channels.get(key)
      return channel !== undefined && (channel.muted || secrets.webhook(key) !== undefined)
    },
    logUnaddressed(keys) {
      const channels = keys.filter((key) => {
        const channel = catalogue.channels.get(key)
        return channel !== undefined && !channel.muted && secrets.webhook(key) === undefined
      })
      if (channels.length > 0)
        log.warn(
          { channels, reason: 'address_missing' },
          'channels have no webhook URL; their notifications wait until one is set, or "muted: true"',
        )
    },
  }
}
