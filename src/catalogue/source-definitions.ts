import type { CeleryDefinition, CeleryInput } from './celery-definition.ts'
import type { RabbitmqDefinition, RabbitmqInput } from './rabbitmq-definition.ts'
import type { CommonDefinition, CommonInput, TlsMode } from './source-parts.ts'
import type { VaultDefinition, VaultInput } from './vault-definition.ts'

/** Kinds of systems that are watched; those that report by themselves are not among them. */
export const WATCHED_KINDS = ['postgres', 'redis', 'celery', 'vault', 'rabbitmq'] as const

/** A PostgreSQL server that is watched. Its password is a secret and not part of the catalogue: see `src/secrets/`. */
export interface PostgresDefinition extends CommonDefinition {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  readonly caFile: string | undefined
  readonly database: string
  readonly user: string
  /** Share of `max_connections` in use; from 0 to 1. */
  readonly connections: number
  readonly lagBytes: number
  readonly lagSeconds: number
  /** Replicas that have to stream from it. */
  readonly replicas: number
  /** WAL that a replication slot may hold back. */
  readonly slotBytes: number
  readonly transactionSeconds: number
  readonly idleSeconds: number
}

/** A Redis or Valkey server that is watched. Its password is a secret, as that of a {@link PostgresDefinition}. */
export interface RedisDefinition extends CommonDefinition {
  readonly kind: 'redis'
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  readonly caFile: string | undefined
  /** Name of the ACL user; the default user if undefined. */
  readonly user: string | undefined
  readonly lagBytes: number
  readonly lagSeconds: number
  /** Replicas that have to be connected to it. */
  readonly replicas: number
}

/** An outside system that is watched. */
export type SourceDefinition =
  | PostgresDefinition
  | RedisDefinition
  | CeleryDefinition
  | VaultDefinition
  | RabbitmqDefinition

/** A PostgreSQL server in the configuration. Its password is a secret: TEAMS_SOURCE_SECRET_<NAME>. */
export interface PostgresInput extends CommonInput {
  readonly kind: 'postgres'
  readonly host: string
  /** 5432 if absent. */
  readonly port?: number | undefined
  /** `postgres` if absent. */
  readonly database?: string | undefined
  /** A role with the rights of `pg_monitor`. */
  readonly user: string
  /** `verify` (the default), `unverified` or `off`. */
  readonly tls?: TlsMode | undefined
  /** Certificates of the authority that signed the server's, in PEM; those that Node knows if absent. */
  readonly ca_file?: string | undefined
  /** Share of `max_connections` in use; 0.9 if absent. */
  readonly connections?: number | undefined
  /** Bytes of WAL that a replica has not replayed; 268435456 (256 MiB) if absent. */
  readonly lag_bytes?: number | undefined
  /** How late a replica replays; `60s` if absent. */
  readonly lag?: string | undefined
  /** Replicas that have to stream from the server; 0 if absent. */
  readonly replicas?: number | undefined
  /** Bytes of WAL that a replication slot may hold back; 5368709120 (5 GiB) if absent. */
  readonly slot_bytes?: number | undefined
  /** Longest transaction; `1h` if absent. */
  readonly transaction?: string | undefined
  /** Longest time that a transaction may be idle; `10m` if absent. */
  readonly idle_in_transaction?: string | undefined
}

/** A Redis or Valkey server in the configuration. Its password is a secret: TEAMS_SOURCE_SECRET_<NAME>. */
export interface RedisInput extends CommonInput {
  readonly kind: 'redis'
  readonly host: string
  /** 6379 if absent. */
  readonly port?: number | undefined
  /** An ACL user that may run INFO; the default user if absent. */
  readonly user?: string | undefined
  /** `verify` (the default), `unverified` or `off`. */
  readonly tls?: TlsMode | undefined
  /** Certificates of the authority that signed the server's, in PEM; those that Node knows if absent. */
  readonly ca_file?: string | undefined
  /** Bytes of the replication stream that a replica has not acknowledged; 16777216 (16 MiB) if absent. */
  readonly lag_bytes?: number | undefined
  /** How long ago a replica, or its primary, was heard of; `30s` if absent. */
  readonly lag?: string | undefined
  /** Replicas that have to be connected to the server; 0 if absent. */
  readonly replicas?: number | undefined
}

/** A system that is watched, in the configuration. */
export type WatchedInput = PostgresInput | RedisInput | CeleryInput | VaultInput | RabbitmqInput

/** Names of all secrets of sources: each source's own, and that of a Celery source's result backend, `<name>_results`. */
export function sourceSecretNames(sources: ReadonlyMap<string, SourceDefinition>): readonly string[] {
  return [...sources.values()].flatMap((source) => [
    source.name,
    ...(source.kind === 'celery' && source.results !== undefined ? [secretNameOf(source.name, 'results')] : []),
  ])
}

/** A second system that a source reads, with a secret of its own. */
export type SecretPart = 'results'

/** Name of the secret of a source, or of its second system. */
export function secretNameOf(name: string, part?: SecretPart): string {
  return part === undefined ? name : `${name}_${part}`
}
