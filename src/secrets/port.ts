import type { Secret } from '../kernel/secret.ts'

/** The secrets as they stand now; each look may find newer ones. */
export interface Secrets {
  /** The webhook URL of a channel; undefined where none is set. */
  webhook(channelKey: string): Secret | undefined
  /** Keys of all channels that have a webhook URL. */
  webhookKeys(): readonly string[]
  /** Secrets that sign, the current one first; at least one, at most two. */
  signingSecrets(): readonly Secret[]
  /** True while the signing secret is one that was made at start because none was set. */
  readonly signingSecretIsMadeUp: boolean
  /** Calls `listener` after a change, with the keys of the channels whose URL changed; returns how to stop that. */
  onChange(listener: (changedChannels: readonly string[]) => void): () => void
  close(): Promise<void>
}
