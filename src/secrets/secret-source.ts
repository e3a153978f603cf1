import type { ErrorCode } from '../kernel/error-codes.ts'
import type { Problem } from '../kernel/errors.ts'

/** A problem with the error code that it would have alone. */
export interface CodedProblem extends Problem {
  readonly code: ErrorCode
}

/** An unchecked value of a source and its place there: `TEAMS_WEBHOOK_SRE`, `secret/teams/webhooks: sre`. */
export interface Found {
  readonly at: string
  readonly value: unknown
}

/** The signing secrets of one source, unchecked. */
export interface FoundSigning {
  readonly current: Found | undefined
  readonly previous: Found | undefined
}

/** The result of reading a source once. */
export interface Reading {
  /** By channel key; undefined where reading failed, so that the URLs read before stay in use. */
  readonly webhooks: ReadonlyMap<string, Found> | undefined
  /** Undefined where reading failed, or where the source has no signing secret. */
  readonly signing: FoundSigning | undefined
  /**
   * The text with the keys of the audit trail. Undefined where reading failed, or where the source has none; the keys read
   * before then stay in use, so that a field deleted by mistake does not end the signatures.
   */
  readonly auditKeys?: Found | undefined
  /** The text with the keys of the archive. Undefined as for the audit keys: a field deleted by mistake makes no record unreadable. */
  readonly archiveKeys?: Found | undefined
  /** Keys and webhook secrets of pagers, by field (`<name>`, `<name>_webhook`); undefined where reading failed, or there are none. */
  readonly pagers?: ReadonlyMap<string, Found> | undefined
  /** Secrets of watched systems, by the name of the source in the configuration; undefined where reading failed, or there are none. */
  readonly sourceSecrets?: ReadonlyMap<string, Found> | undefined
  /** Why parts could not be read. */
  readonly problems: readonly Problem[]
}

/** A place that secrets are read from. */
export interface SecretSource {
  /** A label of `teams_secrets_refresh_failures_total`. */
  readonly kind: 'environment' | 'file' | 'vault'
  /** Its name in the log: the name of a setting. */
  readonly name: string
  /** Never throws: failures are problems of the reading. */
  read(): Promise<Reading>
  /** Aborts reads in flight. */
  close(): void
}

/** A value that is used, but most likely by mistake. */
export interface SecretWarning {
  /** Key of the channel; undefined for the signing secret, the audit keys and the archive keys. */
  readonly channel: string | undefined
  readonly at: string
  /** True where the address will refuse every card. */
  readonly refused: boolean
  readonly found: string
  readonly todo: string
}

/** The properties of a channel that decide which secret it needs. */
export interface SecretChannel {
  readonly key: string
  readonly auth: 'sas' | 'entra'
  /** A muted channel needs no address; an unusable address is then no problem. */
  readonly muted?: boolean
}
