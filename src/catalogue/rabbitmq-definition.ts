import type { CommonDefinition, CommonInput, TlsMode } from './source-parts.ts'

/** A RabbitMQ cluster that is watched through its management API. Its password is a secret and not part of the catalogue. */
export interface RabbitmqDefinition extends CommonDefinition {
  readonly kind: 'rabbitmq'
  /** Where the management API is asked: the first that answers. */
  readonly hosts: readonly string[]
  readonly port: number
  readonly tls: TlsMode
  readonly caFile: string | undefined
  readonly user: string
  /** Nodes that the cluster has to have. */
  readonly nodes: number
  /** Virtual hosts whose queues are watched; all of them if undefined. */
  readonly vhosts: readonly string[] | undefined
  /** Patterns of the queues that are watched; all of them if undefined. */
  readonly queues: readonly string[] | undefined
  /** Patterns of the queues that must have a consumer; durable ones in which messages wait if undefined. */
  readonly consumers: readonly string[] | undefined
  /** Messages that may wait in a queue. */
  readonly backlog: number
  /** How long a message may wait. */
  readonly ageSeconds: number
  /** How long a queue may grow. */
  readonly growthSeconds: number
  /** Messages from which on a queue that grows is looked at. */
  readonly growthFrom: number
  /** Patterns of dead-letter queues. */
  readonly deadLetterQueues: readonly string[]
  /** Messages that may lie in a dead-letter queue. */
  readonly deadLetters: number
  /** Messages that may come into a dead-letter queue within {@link RabbitmqDefinition.growthSeconds}. */
  readonly deadLetterGrowth: number
}

/** A RabbitMQ cluster in the configuration. Its password is a secret: TEAMS_SOURCE_SECRET_<NAME>. */
export interface RabbitmqInput extends CommonInput {
  readonly kind: 'rabbitmq'
  /** A node with the management plugin. */
  readonly host: string
  /** Further nodes, which are asked where the one before does not answer. */
  readonly other_hosts?: readonly string[] | undefined
  /** Of the management API; 15671 if absent, or 15672 without TLS. */
  readonly port?: number | undefined
  /** A user with the tag `monitoring`, and a permission on each virtual host. */
  readonly user: string
  /** `verify` (the default), `unverified` or `off`. */
  readonly tls?: TlsMode | undefined
  /** Certificates of the authority that signed the server's, in PEM; those that Node knows if absent. */
  readonly ca_file?: string | undefined
  /** Nodes that the cluster has to have; 0 if absent. */
  readonly nodes?: number | undefined
  /** Virtual hosts whose queues are watched; all of them if absent. */
  readonly vhosts?: readonly string[] | undefined
  /** Patterns of the queues that are watched; all of them if absent. */
  readonly queues?: readonly string[] | undefined
  /** Patterns of the queues that must have a consumer; durable ones in which messages wait if absent. */
  readonly consumers?: readonly string[] | undefined
  /** Messages that may wait in a queue; 10,000 if absent. */
  readonly backlog?: number | undefined
  /** How long a message may wait; `15m` if absent. */
  readonly age?: string | undefined
  /** How long a queue may grow; `10m` if absent. */
  readonly growth?: string | undefined
  /** Messages from which on a queue that grows is looked at; 1,000 if absent. */
  readonly growth_from?: number | undefined
  /** Patterns of dead-letter queues; `*dlq*` and `*dead*` if absent. */
  readonly dead_letter_queues?: readonly string[] | undefined
  /** Messages that may lie in a dead-letter queue; 100 if absent. */
  readonly dead_letters?: number | undefined
  /** Messages that may come into a dead-letter queue within `growth`; 10 if absent. */
  readonly dead_letter_growth?: number | undefined
}
