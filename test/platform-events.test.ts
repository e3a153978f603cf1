import { beforeAll, describe, expect, it } from 'vitest'
import { createGateway, type Gateway } from '../src/app/gateway.ts'
import { DEMO_EVENTS } from '../src/gateway/demo.ts'
import { whenDone } from './services/cleanup.ts'
import { startedStore } from './services/stores.ts'

/** Events as the platform's programs send them, with the name, priority and channels under which they are kept. */
const PLATFORM_EVENTS = [
  [
    { event_type: 'system.redis.connection_lost', data: { service: 'redis', message: 'connection refused' } },
    ['redis.connection.lost', 'CRITICAL', 'runtime_eng sre cloudops'],
  ],
  [
    {
      event_type: 'system.kubernetes.pod_crashlooping',
      data: {
        service: 'claims-api',
        message: 'OOMKilled',
        pod: 'api-1',
        namespace: 'claims',
        crash_count: 6,
        metrics: { restarts: 6 },
      },
    },
    ['kubernetes.pod.crashloop', 'CRITICAL', 'devops sre cloudops'],
  ],
  [
    {
      event_type: 'system.postgres.replication_lag',
      data: {
        service: 'postgres',
        message: 'replica is late',
        lag_seconds: 31.5,
        healthy_nodes: 2,
        dashboard_id: 'pg',
      },
    },
    ['postgres.replication.lag', 'MEDIUM', 'sre devops cloudops'],
  ],
  [
    { event_type: 'system.rabbitmq.node_down', data: { service: 'rabbitmq', message: 'node left' } },
    ['rabbitmq.node.down', 'CRITICAL', 'runtime_eng sre cloudops'],
  ],
  [
    { event_type: 'celery.task.failure', data: { task_name: 't', task_id: '1', error: 'e' } },
    ['celery.task.failed', 'HIGH', 'runtime_eng devops sre'],
  ],
  [
    {
      event_type: 'nphies.jwt.error',
      priority: 'high',
      data: {
        error_type: 'jwt',
        operation: 'poll',
        error_message: '401',
        http_status: 401,
        endpoint: 'https://n',
        jwt_error: 'expired',
      },
    },
    ['nphies.jwt.expired', 'HIGH', 'security_eng nphies_integration'],
  ],
  [
    {
      event_type: 'nphies.network.timeout',
      data: { error_type: 'network', operation: 'submit', error_message: 'timeout' },
    },
    ['nphies.network.timeout', 'HIGH', 'nphies_integration devops'],
  ],
  [
    {
      event_type: 'nphies.certificate.invalid',
      data: {
        error_type: 'certificate',
        operation: 'tls',
        error_message: 'x',
        certificate_expires: '2025-02-18',
        certificate_expired: true,
      },
    },
    ['nphies.certificate.invalid', 'CRITICAL', 'security_eng nphies_integration'],
  ],
  [
    { event_type: 'vault.audit.log.full', data: { node: 'vault-0' } },
    ['vault.audit.log.full', 'CRITICAL', 'security_eng sre compliance'],
  ],
  [
    { event_type: 'vault.audit.disabled', data: { node: 'vault-0' } },
    ['vault.audit.disabled', 'CRITICAL', 'security_eng sre compliance'],
  ],
  [
    { event_type: 'security.alert', data: { component: 'api', summary: 'many failed sign-ins' } },
    ['security.alert', 'HIGH', 'security_eng sre'],
  ],
  [
    {
      event_type: 'followup.batch.status',
      priority: 'medium',
      stakeholders: ['NPHIES Integration', 'PMO'],
      data: {
        branch: 'Riyadh',
        insurance_company: 'Tawuniya',
        batch_no: 2211,
        status_display: 'Rework',
        due_date_display: '19 Jan 2025',
        resubmission_date_display: '17 Jan 2025',
        billing_amount_display: 'SAR 482,310.00',
        approved_to_pay_display: 'SAR 391,020.50',
        final_rejection_display: 'SAR 61,840.00',
        final_rejection_percent_display: '12.8%',
        recovery_amount_display: 'SAR 29,449.50',
        alerts: ['The window closes in 4 days.'],
        portal_resources: [{ name: 'Portal', url: null, description: null }],
        processor: 'Nora',
        rework_type: null,
        batch_type: 'Outpatient',
        days_until_due: -2,
      },
    },
    ['followup.batch.status', 'MEDIUM', 'nphies_integration pmo'],
  ],
] as const

describe("the platform's events", () => {
  let gateway: Gateway
  beforeAll(async () => {
    gateway = await createGateway({
      env: {},
      settings: { ...(await startedStore('embedded')), TEAMS_LOG_LEVEL: 'silent' },
      deliver: false,
    })
    whenDone(() => gateway.stop())
  })
  const accept = async (wire: object) => {
    const { event_type, correlation_id, ...rest } = wire as Record<string, unknown>
    const [answer] = await gateway.service.accept(
      [{ eventType: event_type, correlationId: correlation_id, ...rest }],
      'test',
    )
    return Promise.all((answer?.notifications ?? []).map(({ id }) => gateway.service.getNotification(id)))
  }

  it.each(PLATFORM_EVENTS)('%j is kept under its name here', async (event, [type, priority, channels]) => {
    const notifications = await accept(event)
    expect(notifications.map(({ channel }) => channel).join(' ')).toBe(channels)
    expect(new Set(notifications.map((one) => `${one.eventType} ${one.priority}`))).toEqual(
      new Set([`${type} ${priority}`]),
    )
    // Nothing that it lists is lost; what it names otherwise than the card is there under both names.
    const given = Object.entries(event.data).filter(([, value]) => value !== null)
    for (const [field] of given) expect(Object.keys(notifications[0]?.data ?? {})).toContain(field)
  })

  it('what they call service and message is component and summary of a system alert', async () => {
    const [one] = await accept(PLATFORM_EVENTS[0][0])
    expect(one?.data).toMatchObject({ component: 'redis', summary: 'connection refused' })
  })

  it.each(DEMO_EVENTS)('the usage example $eventType works as the wire has it', async (event) => {
    const { eventType, correlationId, priority, ...rest } = event
    const notifications = await accept({
      event_type: eventType,
      correlation_id: correlationId,
      // The platform writes priorities in lower case.
      priority: priority.toLowerCase(),
      ...rest,
    })
    expect(notifications).toHaveLength(event.stakeholders.length)
    expect(new Set(notifications.map((one) => one.priority))).toEqual(new Set([priority]))
    expect(notifications[0]?.correlationId).toBe(correlationId)
  })
})
