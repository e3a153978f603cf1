import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { CARD_DATA, type CardData, type CardName } from './card-data.ts'
import type { Catalogue } from './catalogue.ts'
import { entries, texts } from './config-readers.ts'
import { expectedOneOf } from './config-schema.ts'
import { isBuiltInCard, phiFieldsOf } from './data-fields.ts'
import type { EVENT_TYPES } from './event-types.ts'
import { createIdentifierNames } from './identifier-names.ts'

/** The data field whose values are counted on a digest, by card; absent for a card without an informative one. */
export const GROUPED_BY: { readonly [C in CardName]?: keyof CardData<C> & string } = {
  vault_security_event: 'node',
  celery_task_failure: 'task_name',
  nphies_eligibility: 'payer',
  nphies_claim_submission: 'payer',
  nphies_claim_approved: 'payer',
  nphies_claim_rejected: 'rejection_code',
  nphies_api_error: 'error_type',
  system_alert: 'component',
  compliance_notification: 'subject',
  followup_status: 'insurance_company',
}

/** Event types that resolve others of the same subject. */
export const RESOLVES: { readonly [T in keyof typeof EVENT_TYPES]?: readonly (keyof typeof EVENT_TYPES)[] } = {
  'vault.unseal.complete': ['vault.seal.detected', 'vault.unseal.failed'],
  'vault.cluster.recovered': [
    'vault.leader.missing',
    'vault.node.removed',
    'vault.node.uninitialized',
    'vault.node.disconnected',
    'vault.node.unreachable',
  ],
  'vault.audit.recovered': ['vault.audit.disabled', 'vault.audit.blocking', 'vault.audit.log.full'],
  'vault.certificate.renewed': ['vault.certificate.expiring', 'vault.certificate.unseen'],
  'vault.token.renewed': ['vault.token.renewal.failed'],
  'prometheus.alert.resolved': ['prometheus.alert.firing'],
  'nphies.eligibility.success': ['nphies.eligibility.failed'],
  'nphies.claim.approved': ['nphies.claim.rejected'],
  'celery.worker.recovered': ['celery.worker.offline', 'celery.worker.clock'],
  'celery.queue.recovered': ['celery.queue.backlog', 'celery.queue.unattended'],
  'celery.dlq.recovered': ['celery.dlq.threshold'],
  'celery.events.recovered': ['celery.events.missing'],
  'deployment.completed': ['deployment.failed', 'deployment.rolledback'],
  'pipeline.completed': ['pipeline.failed'],
  'gateway.source.recovered': ['gateway.source.blind'],
  'postgres.connection.recovered': ['postgres.connection.exhausted'],
  'postgres.replication.recovered': ['postgres.replication.lag', 'postgres.replica.missing'],
  'postgres.slot.recovered': ['postgres.slot.retaining'],
  'postgres.transaction.ended': ['postgres.transaction.long'],
  'redis.replica.recovered': ['redis.replica.lagging', 'redis.replica.missing'],
  'redis.persistence.recovered': ['redis.persistence.failing'],
  'heartbeat.recovered': ['heartbeat.missed', 'heartbeat.failed'],
  'backup.recovered': ['backup.failed'],
  'rabbitmq.node.recovered': ['rabbitmq.node.down'],
  'rabbitmq.alarm.cleared': ['rabbitmq.alarm.raised'],
  'rabbitmq.cluster.recovered': ['rabbitmq.cluster.partitioned', 'rabbitmq.quorum.critical'],
  'rabbitmq.queue.recovered': ['rabbitmq.queue.unavailable', 'rabbitmq.queue.unconsumed', 'rabbitmq.queue.backlog'],
  'rabbitmq.dlq.recovered': ['rabbitmq.dlq.threshold', 'rabbitmq.dlq.growing'],
}

/**
 * Checks the references of storm control in the configuration: data fields of the type that are no patient data, because
 * their hash or value is shown on a digest and stored; and existing event types.
 */
export function stormProblems(input: unknown, builtIn: Catalogue): Problem[] {
  const identifierOf = createIdentifierNames()
  const types = entries(input, 'event_types')
  const names = [
    ...builtIn.eventTypes.keys(),
    ...builtIn.aliases.keys(),
    ...types.flatMap(([name, type]) => [name, ...texts(type.aliases)]),
  ]
  return types.flatMap(([name, type]) => {
    const at = `event_types.${name}`
    const { known, phi } = fieldsOfType(name, type, builtIn)
    const named: [string, string][] = [
      ...texts(type.fingerprint).map((field, index): [string, string] => [`${at}.fingerprint[${index}]`, field]),
      ...texts(type.dedup).map((field, index): [string, string] => [`${at}.dedup[${index}]`, field]),
      ...(typeof type.group_by === 'string' ? [[`${at}.group_by`, type.group_by] satisfies [string, string]] : []),
    ]
    return [
      ...named.flatMap(([place, field]) => {
        if (phi.has(field))
          return [{ at: place, found: 'a field of patient data', expected: 'a field that anybody may see' }]
        if (known.has(field)) return []
        // An undeclared field counts as declared here, unless its name is nearly that of a declared one: a typing error.
        if (nearestName(known, field) !== undefined)
          return [
            { at: place, found: 'a name that no field of the type has', expected: expectedOneOf([...known], field) },
          ]
        return identifierOf(field)
          ? [{ at: place, found: 'a name that looks like patient data', expected: 'a field that anybody may see' }]
          : []
      }),
      ...texts(type.resolves).flatMap((other, index) =>
        names.includes(other)
          ? []
          : [
              {
                at: `${at}.resolves[${index}]`,
                found: 'a name that no event type has',
                expected: 'the name of an event type of docs/reference/events.md, or of this file',
              },
            ],
      ),
    ]
  })
}

function fieldsOfType(name: string, type: Readonly<Record<string, unknown>>, builtIn: Catalogue) {
  const base = builtIn.eventTypes.get(name)
  const card = typeof type.card === 'string' ? type.card : base?.card
  const schema = card !== undefined && isBuiltInCard(card) ? CARD_DATA[card] : base?.schema
  const given = isObject(type.data) ? Object.entries(type.data) : []
  const marked = given.filter(([, field]) => isObject(field) && field.phi === true).map(([field]) => field)
  return {
    known: new Set([...Object.keys(schema?.shape ?? {}), ...given.map(([field]) => field)]),
    phi: new Set([...(base?.phiFields ?? []), ...(schema ? phiFieldsOf(schema) : []), ...marked]),
  }
}
