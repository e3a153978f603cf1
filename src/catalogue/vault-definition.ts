import type { CommonDefinition, CommonInput, TlsMode } from './source-parts.ts'

/** A Vault cluster that is watched. Its token is a secret and not part of the catalogue: see `src/secrets/`. */
export interface VaultDefinition extends CommonDefinition {
  readonly kind: 'vault'
  /** The address of every node: scheme, host and port. */
  readonly nodes: readonly string[]
  readonly tls: Exclude<TlsMode, 'off'>
  readonly caFile: string | undefined
  /** Whether the token lists audit devices. */
  readonly audit: boolean
  /** Paths of audit devices that have to be enabled, with the slash at their end; those seen before if undefined. */
  readonly auditDevices: readonly string[] | undefined
  /** Whether the token reads the counters of failed audit records. */
  readonly metrics: boolean
  /** PKI mounts, and issuers (`pki/issuer/claims`), whose certificates are looked at. */
  readonly pki: readonly string[]
  /** Servers with TLS whose certificates are looked at, as `host:port`. */
  readonly certificates: readonly string[]
  readonly expiresWithinMs: number
}

/** A Vault cluster in the configuration. Its token is a secret: TEAMS_SOURCE_SECRET_<NAME>. */
export interface VaultInput extends CommonInput {
  readonly kind: 'vault'
  /** The address of every node, such as `https://vault-0.internal:8200`; never that of a load balancer. */
  readonly nodes: readonly string[]
  /** `verify` (the default) or `unverified`. */
  readonly tls?: Exclude<TlsMode, 'off'> | undefined
  /** Certificates of the authority that signed the nodes', in PEM; those that Node knows if absent. */
  readonly ca_file?: string | undefined
  /** Whether the token lists audit devices; true if absent. */
  readonly audit?: boolean | undefined
  /** Paths of audit devices that have to be enabled; those seen before if absent. */
  readonly audit_devices?: readonly string[] | undefined
  /** Whether the token reads `sys/metrics`; true if absent. */
  readonly metrics?: boolean | undefined
  /** PKI mounts, or issuers such as `pki/issuer/claims`, whose certificates are looked at; none if absent. */
  readonly pki?: readonly string[] | undefined
  /** Servers with TLS, as `host:port`, whose certificates are looked at; none if absent. */
  readonly certificates?: readonly string[] | undefined
  /** How long before its end a certificate is an event; `7d` if absent. */
  readonly expires_within?: string | undefined
}
