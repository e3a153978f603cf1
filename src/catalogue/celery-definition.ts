import type { CommonDefinition, CommonInput, TlsMode } from './source-parts.ts'

/** Where a server is, and how its connection is encrypted. */
interface Server {
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  readonly caFile: string | undefined
}

/** A RabbitMQ broker of Celery. */
export interface RabbitmqBroker extends Server {
  readonly kind: 'rabbitmq'
  readonly user: string
  readonly vhost: string
}

/** A Redis server that Celery uses, as its broker or its result backend. */
export interface RedisServer extends Server {
  /** Name of the ACL user; the default user if undefined. */
  readonly user: string | undefined
  readonly database: number
  /** `global_keyprefix` of Celery, before every key and channel; empty if there is none. */
  readonly keyPrefix: string
}

/** A Redis broker of Celery. */
export interface RedisBroker extends RedisServer {
  readonly kind: 'redis'
}

/** Celery workers that are watched, through their broker. Its password is a secret; that of `results` is another, `<name>_results`. */
export interface CeleryDefinition extends CommonDefinition {
  readonly kind: 'celery'
  readonly broker: RabbitmqBroker | RedisBroker
  /** The result backend, where it is a Redis server. */
  readonly results: RedisServer | undefined
  /** Exchange of Celery's events. */
  readonly eventExchange: string
  /** Queues whose consumers and backlog are watched. */
  readonly queues: readonly string[]
  readonly deadLetterQueues: readonly string[]
  /** True where each retry is an event of its own. */
  readonly retries: boolean
  /** True where each revoked or expired task is an event of its own. */
  readonly revoked: boolean
  /** Keyword arguments of tasks that are no patient data, and stand in events. */
  readonly harmless: readonly string[]
  /** Names of tasks that people may run again from a card; a star at the end stands for any text. */
  readonly retryTasks: readonly string[]
  /** Time without a heartbeat after which a worker counts as offline. */
  readonly workerOfflineMs: number
  /** Tasks that may wait in a queue. */
  readonly backlog: number
  /** Tasks by which a queue may grow in a minute. */
  readonly backlogPerMinute: number
  /** How long the oldest task of a queue may wait. */
  readonly backlogSeconds: number
  /** Messages in a dead-letter queue at which it is an event. */
  readonly deadLetters: number
}

/** Where a server is, in the configuration. */
interface ServerInput {
  readonly host: string
  /** `verify` (the default), `unverified` or `off`. */
  readonly tls?: TlsMode | undefined
  /** Certificates of the authority that signed the server's, in PEM; those that Node knows if absent. */
  readonly ca_file?: string | undefined
}

/** The result backend of Celery in the configuration. Its password is a secret: TEAMS_SOURCE_SECRET_<NAME>_RESULTS. */
export interface CeleryResultsInput extends ServerInput {
  /** 6379 if absent. */
  readonly port?: number | undefined
  /** An ACL user that may GET `celery-task-meta-*`; the default user if absent. */
  readonly user?: string | undefined
  /** 0 if absent. */
  readonly database?: number | undefined
  /** `global_keyprefix` of Celery's result backend. */
  readonly key_prefix?: string | undefined
}

/** Celery workers in the configuration. The broker's password is a secret: TEAMS_SOURCE_SECRET_<NAME>. */
export interface CeleryInput extends CommonInput, ServerInput {
  readonly kind: 'celery'
  readonly broker: 'rabbitmq' | 'redis'
  /** 5671, or 5672 without TLS; of Redis 6379. */
  readonly port?: number | undefined
  /** Of RabbitMQ required; of Redis an ACL user, the default user if absent. */
  readonly user?: string | undefined
  /** Virtual host of RabbitMQ; `/` if absent. */
  readonly vhost?: string | undefined
  /** Database number of Redis; 0 if absent. */
  readonly database?: number | undefined
  /** `global_keyprefix` of Celery's transport options, of Redis. */
  readonly key_prefix?: string | undefined
  readonly results?: CeleryResultsInput | undefined
  /** `event_exchange` of Celery; `celeryev` if absent. */
  readonly event_exchange?: string | undefined
  /** Queues that workers consume. */
  readonly queues?: readonly string[] | undefined
  /** Queues of RabbitMQ that get rejected and expired messages. */
  readonly dead_letter_queues?: readonly string[] | undefined
  /** True for an event at each retry; false if absent. */
  readonly retries?: boolean | undefined
  /** True for an event at each revoked or expired task; true if absent. */
  readonly revoked?: boolean | undefined
  /** Keyword arguments of tasks that are no patient data. */
  readonly harmless?: readonly string[] | undefined
  /** Names of tasks that people may run again from a card, such as `tasks.nphies.check_*`; none if absent. */
  readonly retry_tasks?: readonly string[] | undefined
  /** Time without a heartbeat; `30s` if absent. */
  readonly worker_offline?: string | undefined
  /** Tasks that may wait in a queue; 1000 if absent. */
  readonly backlog?: number | undefined
  /** Tasks by which a queue may grow in a minute; 500 if absent. */
  readonly backlog_per_minute?: number | undefined
  /** How long the oldest task may wait; `15m` if absent. */
  readonly backlog_age?: string | undefined
  /** Messages in a dead-letter queue; 50 if absent. */
  readonly dead_letters?: number | undefined
}
