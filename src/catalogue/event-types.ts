import type { CardData, CardName } from './card-data.ts'
import type { Priority } from './priority.ts'
import type { StakeholderKey } from './stakeholder-groups.ts'

interface CatalogueRow {
  readonly priority: Priority
  readonly stakeholders: readonly StakeholderKey[]
  readonly card: CardName
  /** Older names under which the type is still accepted. */
  readonly aliases?: readonly string[]
}

/**
 * The event types that the gateway ships: default priority, default stakeholders and card. Users add their
 * own in the configuration file; `docs/reference/events.md` is written from this table.
 *
 * `gateway.digest` is written by the gateway itself, one for each digest, with the priority of what stands in it and for
 * the one channel; callers can not send it.
 */
export const EVENT_TYPES = {
  'vault.seal.detected': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'cloudops'],
    card: 'vault_security_event',
  },
  'vault.unseal.failed': { priority: 'HIGH', stakeholders: ['security_eng', 'sre'], card: 'vault_security_event' },
  'vault.unseal.complete': { priority: 'INFO', stakeholders: ['security_eng', 'sre'], card: 'vault_security_event' },
  'vault.audit.disabled': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'compliance'],
    card: 'vault_security_event',
  },
  'vault.audit.log.full': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'sre', 'compliance'],
    card: 'vault_security_event',
  },
  'vault.token.renewal.failed': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'devops'],
    card: 'vault_security_event',
  },
  'vault.secret.rotation.complete': {
    priority: 'INFO',
    stakeholders: ['security_eng', 'devops'],
    card: 'vault_security_event',
  },
  'vault.certificate.expiring': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'vault_security_event',
  },
  'celery.task.failed': {
    priority: 'HIGH',
    stakeholders: ['runtime_eng', 'devops', 'sre'],
    card: 'celery_task_failure',
    aliases: ['celery.task.failure'],
  },
  'celery.task.retry': { priority: 'MEDIUM', stakeholders: ['runtime_eng', 'devops'], card: 'celery_task_failure' },
  'celery.task.timeout': { priority: 'HIGH', stakeholders: ['runtime_eng', 'sre'], card: 'celery_task_failure' },
  'celery.task.dlq': { priority: 'CRITICAL', stakeholders: ['runtime_eng', 'devops'], card: 'celery_task_failure' },
  'celery.dlq.threshold': { priority: 'HIGH', stakeholders: ['runtime_eng', 'devops', 'pmo'], card: 'system_alert' },
  'celery.worker.offline': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
  },
  'celery.queue.backlog': { priority: 'MEDIUM', stakeholders: ['runtime_eng', 'sre', 'pmo'], card: 'system_alert' },
  'nphies.eligibility.success': {
    priority: 'INFO',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'nphies_eligibility',
  },
  'nphies.eligibility.denied': {
    priority: 'MEDIUM',
    stakeholders: ['nphies_integration', 'compliance'],
    card: 'nphies_eligibility',
  },
  'nphies.eligibility.failed': {
    priority: 'HIGH',
    stakeholders: ['nphies_integration', 'devops', 'runtime_eng'],
    card: 'nphies_api_error',
  },
  'nphies.claim.submitted': {
    priority: 'INFO',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'nphies_claim_submission',
  },
  'nphies.claim.approved': {
    priority: 'INFO',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'nphies_claim_approved',
  },
  'nphies.claim.rejected': {
    priority: 'HIGH',
    stakeholders: ['nphies_integration', 'compliance'],
    card: 'nphies_claim_rejected',
  },
  'nphies.api.error': {
    priority: 'CRITICAL',
    stakeholders: ['nphies_integration', 'devops', 'sre'],
    card: 'nphies_api_error',
  },
  'nphies.certificate.invalid': {
    priority: 'CRITICAL',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'nphies_api_error',
  },
  'nphies.jwt.expired': {
    priority: 'HIGH',
    stakeholders: ['security_eng', 'nphies_integration'],
    card: 'nphies_api_error',
    aliases: ['nphies.jwt.error'],
  },
  'nphies.network.timeout': {
    priority: 'HIGH',
    stakeholders: ['nphies_integration', 'devops'],
    card: 'nphies_api_error',
  },
  'rabbitmq.node.down': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.rabbitmq.node_down'],
  },
  'redis.replica.lagging': {
    priority: 'MEDIUM',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
  },
  'redis.connection.lost': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.redis.connection_lost'],
  },
  'postgres.connection.exhausted': {
    priority: 'CRITICAL',
    stakeholders: ['runtime_eng', 'sre', 'cloudops'],
    card: 'system_alert',
  },
  'postgres.replication.lag': {
    priority: 'MEDIUM',
    stakeholders: ['sre', 'devops', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.postgres.replication_lag'],
  },
  'kubernetes.pod.crashloop': {
    priority: 'CRITICAL',
    stakeholders: ['devops', 'sre', 'cloudops'],
    card: 'system_alert',
    aliases: ['system.kubernetes.pod_crashlooping'],
  },
  'security.alert': { priority: 'HIGH', stakeholders: ['security_eng', 'sre'], card: 'system_alert' },
  'prometheus.alert.firing': { priority: 'HIGH', stakeholders: ['sre', 'devops', 'cloudops'], card: 'system_alert' },
  'prometheus.alert.resolved': { priority: 'INFO', stakeholders: ['sre', 'devops', 'cloudops'], card: 'system_alert' },
  'backup.failed': { priority: 'HIGH', stakeholders: ['sre', 'compliance', 'pmo'], card: 'compliance_notification' },
  'compliance.audit.event': { priority: 'MEDIUM', stakeholders: ['compliance'], card: 'compliance_notification' },
  'compliance.pdpl.notification': { priority: 'HIGH', stakeholders: ['compliance'], card: 'compliance_notification' },
  'deployment.completed': { priority: 'INFO', stakeholders: ['devops', 'pmo'], card: 'system_alert' },
  'deployment.failed': { priority: 'HIGH', stakeholders: ['devops', 'pmo'], card: 'system_alert' },
  'project.milestone.reached': { priority: 'INFO', stakeholders: ['pmo'], card: 'system_alert' },
  'followup.batch.status': {
    priority: 'MEDIUM',
    stakeholders: ['nphies_integration', 'pmo'],
    card: 'followup_status',
  },
  'gateway.digest': { priority: 'INFO', stakeholders: [], card: 'digest' },
} as const satisfies Record<string, CatalogueRow>

type Catalogue = typeof EVENT_TYPES
type AliasesOf<T extends keyof Catalogue> = Catalogue[T] extends {
  readonly aliases: readonly (infer A extends string)[]
}
  ? A
  : never

/** The type of the events that the gateway writes itself when it makes a digest. */
export const DIGEST_TYPE = 'gateway.digest'

/** All that a caller may send; digests the gateway writes itself. */
type BuiltInTypes = {
  [T in Exclude<keyof Catalogue, typeof DIGEST_TYPE> as T | AliasesOf<T>]: CardData<Catalogue[T]['card']>
}

/**
 * Event types and the type of their data. Add your own, so that the compiler checks them like the built-in ones:
 *
 * ```ts
 * declare module 'claimlinc-teams' {
 *   interface EventTypes { 'lab.result.ready': { lab: string; result_id: string } }
 * }
 * ```
 */
export interface EventTypes extends BuiltInTypes {}

/** The name of an event type, an alias among them. */
export type EventType = keyof EventTypes & string
