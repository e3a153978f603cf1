// Parts of the definitions of sources that the kinds share.

/** What every source has, in milliseconds. */
export interface CommonDefinition {
  /** Its name in the configuration, which its events, its row and its secrets have. */
  readonly name: string
  /** Between two looks. */
  readonly intervalMs: number
  /** Longest time without a look that succeeded, until the source is reported as blind. */
  readonly blindAfterMs: number
  /** How long a condition has to hold until it is an event. */
  readonly openAfterMs: number
  /** How long a condition has to be over until its event is resolved. */
  readonly closeAfterMs: number
}

/** How a source's connection is encrypted: with the server's certificate checked, not checked, or not at all. */
export const TLS_MODES = ['verify', 'unverified', 'off'] as const
export type TlsMode = (typeof TLS_MODES)[number]

/** What every source in the configuration may have. */
export interface CommonInput {
  /** Between two looks; `30s` if absent. */
  readonly interval?: string | undefined
  /** Longest time without a successful look until `gateway.source.blind`; `60s` if absent. */
  readonly blind_after?: string | undefined
  /** How long a condition has to hold until it is an event; `30s` if absent. */
  readonly open_after?: string | undefined
  /** How long a condition has to be over until its event is resolved; `60s` if absent. */
  readonly close_after?: string | undefined
}
