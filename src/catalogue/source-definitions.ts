/** Kinds of systems that are watched; those that report by themselves are not among them. */
export const WATCHED_KINDS = ['postgres'] as const

/** What every source has, in milliseconds. */
interface CommonDefinition {
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

/** A PostgreSQL server that is watched. Its password is a secret and not part of the catalogue: see `src/secrets/`. */
export interface PostgresDefinition extends CommonDefinition {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly tls: (typeof TLS_MODES)[number]
  readonly caFile: string | undefined
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

/** How a source's connection is encrypted: with the server's certificate checked, not checked, or not at all. */
export const TLS_MODES = ['verify', 'unverified', 'off'] as const

/** An outside system that is watched. */
export type SourceDefinition = PostgresDefinition

/** What every source in the configuration may have. */
interface CommonInput {
  /** Between two looks; `30s` if absent. */
  readonly interval?: string | undefined
  /** Longest time without a successful look until `gateway.source.blind`; `60s` if absent. */
  readonly blind_after?: string | undefined
  /** How long a condition has to hold until it is an event; `30s` if absent. */
  readonly open_after?: string | undefined
  /** How long a condition has to be over until its event is resolved; `60s` if absent. */
  readonly close_after?: string | undefined
}

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
  readonly tls?: (typeof TLS_MODES)[number] | undefined
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

/** A system that is watched, in the configuration. */
export type WatchedInput = PostgresInput
