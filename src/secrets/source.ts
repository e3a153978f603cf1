import type { ErrorCode } from '../kernel/error-codes.ts'
import type { Problem } from '../kernel/errors.ts'

/** A problem with the error code that it would have alone. */
export interface CodedProblem extends Problem {
  readonly code: ErrorCode
}

/** A value as it lies in its source, not yet checked, and where that is: `TEAMS_WEBHOOK_SRE`, `secret/teams/webhooks: sre`. */
export interface Found {
  readonly at: string
  readonly value: unknown
}

/** Secrets that sign, as they lie in one source. */
export interface FoundSigning {
  readonly current: Found | undefined
  readonly previous: Found | undefined
}

/** What one look at a source came to. */
export interface Reading {
  /** By channel key; undefined where it could not be read, so that what was read before stays. */
  readonly webhooks: ReadonlyMap<string, Found> | undefined
  /** Undefined where it could not be read, or where there is none. */
  readonly signing: FoundSigning | undefined
  /** Why something could not be read. */
  readonly problems: readonly Problem[]
}

/** Where secrets lie. Never throws: what goes wrong is in the reading. */
export interface SecretSource {
  /** A label of `teams_secrets_refresh_failures_total`. */
  readonly kind: 'environment' | 'file' | 'vault'
  /** What the log calls it: the name of a setting. */
  readonly name: string
  read(): Promise<Reading>
  /** Gives up a look under way. */
  close(): void
}

/** Something that can be used and most likely is not meant so. */
export interface Doubt {
  /** The channel that it is about; undefined for the signing secret. */
  readonly channel: string | undefined
  readonly at: string
  /** True where no card will be taken. */
  readonly refused: boolean
  readonly found: string
  readonly todo: string
}

/** A channel, as far as its secret is concerned. */
export interface SecretChannel {
  readonly key: string
  readonly auth: 'sas' | 'entra'
  /** A muted channel needs no address; one that can not be used is then no mistake. */
  readonly muted?: boolean
}
