import type { RABBITMQ } from '../../src/catalogue/event-types/rabbitmq.ts'
import type { SOURCES } from '../../src/catalogue/event-types/sources.ts'
import type { Canonical, Sample } from './sample.ts'

export const PLATFORM: {
  readonly [T in Exclude<
    Canonical,
    `vault.${string}` | `celery.${string}` | `nphies.${string}` | keyof typeof SOURCES | keyof typeof RABBITMQ
  >]: Sample<T>
} = {
  'rabbitmq.node.down': {
    correlationId: 'rabbit@rmq-1',
    occurredAt: '2025-01-15T02:00:00Z',
    data: {
      component: 'RabbitMQ',
      summary: 'rabbit@rmq-1 left the cluster; two of three nodes remain.',
      node: 'rabbit@rmq-1',
      labels: { cluster: 'claims-prod', queues_without_leader: 0 },
    },
  },
  'redis.replica.lagging': {
    correlationId: 'redis-claims-replica-1',
    occurredAt: '2025-01-15T02:10:00Z',
    data: {
      component: 'Redis',
      summary: 'Replica redis-claims-1 is behind its primary.',
      node: 'redis-claims-1',
      value: 14.25,
      threshold: 10,
      unit: 's',
    },
  },
  'redis.connection.lost': {
    correlationId: 'redis-claims-prod',
    occurredAt: '2025-01-15T02:15:00Z',
    data: {
      component: 'redis-claims',
      summary: 'ECONNREFUSED 10.20.3.14:6379',
      node: 'redis-claims-0',
      healthy_nodes: 0,
      metrics: { reconnect_attempts: 12, last_seen_seconds: 47.5 },
    },
  },
  'postgres.connection.exhausted': {
    correlationId: 'pg-claims-prod',
    occurredAt: '2025-01-15T02:20:00Z',
    data: {
      component: 'PostgreSQL',
      summary: 'FATAL: remaining connection slots are reserved for superusers',
      node: 'pg-claims-0',
      value: 497,
      threshold: 500,
      unit: 'connections',
      runbook_url: 'https://runbooks.example.sa/postgres/connections',
      dashboard_url: 'https://grafana.example.sa/d/postgres',
    },
  },
  'postgres.replication.lag': {
    correlationId: 'pg-claims-replica-2',
    occurredAt: '2025-01-15T02:25:00Z',
    data: {
      component: 'PostgreSQL',
      summary: 'pg-claims-2 replays WAL late.',
      node: 'pg-claims-2',
      value: 1073741824,
      threshold: 536870912,
      unit: 'bytes',
    },
  },
  'kubernetes.pod.crashloop': {
    correlationId: 'claims-api-7c9d8b6f5-x2x7k',
    occurredAt: '2025-01-15T04:00:00Z',
    data: {
      component: 'claims-api',
      summary: 'Container "api" exits with code 137 (OOMKilled); 6 restarts in 20 minutes.',
      node: 'aks-apps-31887340-vmss000001',
      namespace: 'claims',
      pod: 'claims-api-7c9d8b6f5-x2x7k',
      crash_count: 6,
      labels: {
        image: 'registry.example.sa/claims-api:2025.01.3',
      },
    },
  },
  'security.alert': {
    correlationId: 'sec-2025-0117',
    occurredAt: '2025-01-15T04:20:00Z',
    data: {
      component: 'claims-api',
      summary: '412 failed sign-ins for one account within 5 minutes, from 37 addresses.',
      labels: { rule: 'auth-bruteforce', account: 'svc-batch' },
      starts_at: '2025-01-15T04:15:00Z',
      runbook_url: 'https://runbooks.example.sa/security/bruteforce',
    },
  },
  'prometheus.alert.firing': {
    correlationId: 'alert-5f2b9e',
    occurredAt: '2025-01-15T05:00:00Z',
    data: {
      component: 'NphiesHighErrorRate',
      summary: 'More than 5 % of NPHIES requests have failed for 10 minutes.',
      value: 7.4,
      threshold: 5,
      unit: '%',
      labels: {
        alertname: 'NphiesHighErrorRate',
        severity: 'high',
        job: 'nphies_gateway',
        __replica__: 'prometheus-0',
      },
      starts_at: '2025-01-15T04:50:00Z',
      runbook_url: 'https://runbooks.example.sa/nphies/error-rate',
      dashboard_url: 'https://grafana.example.sa/d/nphies',
    },
  },
  'prometheus.alert.resolved': {
    correlationId: 'alert-5f2b9e',
    occurredAt: '2025-01-15T05:30:00Z',
    data: {
      component: 'NphiesHighErrorRate',
      summary: 'The error rate is back at 0.3 %.',
      value: 0.3,
      threshold: 5,
      unit: '%',
      starts_at: '2025-01-15T04:50:00Z',
      ends_at: '2025-01-15T05:30:00Z',
    },
  },
  'backup.failed': {
    correlationId: 'backup-claims-2025-01-15',
    occurredAt: '2025-01-15T01:30:00Z',
    data: {
      subject: 'Nightly backup of claims_prod',
      description:
        'pgbackrest ended with code 82: the archive did not arrive within 60 s. The last good backup is of 14 January, 01:30.',
      regulation: 'HIPAA §164.308(a)(7)(ii)(A)',
      due_at: '2025-01-16T01:30:00Z',
      reference: 'INC-20931',
    },
  },
  'compliance.audit.event': {
    correlationId: 'audit-88121',
    occurredAt: '2025-01-15T06:00:00Z',
    data: {
      subject: 'Export of 1,240 claim records',
      description: 'User r.alharbi exported claim records outside of business hours.',
      regulation: 'NPHIES IG v0.4.0',
      reference: 'AUD-88121',
    },
  },
  'compliance.pdpl.notification': {
    correlationId: 'pdpl-2025-003',
    occurredAt: '2025-01-15T07:00:00Z',
    data: {
      subject: 'طلب محو بيانات شخصية',
      description:
        'تقدّم أحد المستفيدين بطلب محو بياناته الشخصية وفق نظام حماية البيانات الشخصية (PDPL).\nيجب الرد خلال 30 يومًا من تاريخ استلام الطلب DSR-2025-003.',
      regulation: 'PDPL Art. 4',
      due_at: '2025-02-14',
      reference: 'DSR-2025-003',
    },
  },
  'deployment.completed': {
    correlationId: 'deploy-2025.01.4',
    occurredAt: '2025-01-15T18:00:00Z',
    data: {
      component: 'claims-api',
      summary: 'Version 2025.01.4 is live in prod.',
      labels: { version: '2025.01.4', environment: 'prod', by: 'github-actions' },
    },
  },
  'deployment.failed': {
    correlationId: 'deploy-2025.01.5',
    occurredAt: '2025-01-15T19:00:00Z',
    data: {
      component: 'claims-api',
      summary: 'Rollout of 2025.01.5 did not become ready within 10 minutes; 2025.01.4 keeps serving.',
      labels: { version: '2025.01.5', environment: 'prod' },
      runbook_url: 'https://runbooks.example.sa/deploy/rollback',
    },
  },
  'deployment.rolledback': {
    correlationId: 'service/claims-api@prod',
    occurredAt: '2026-11-30T19:10:00Z',
    data: {
      component: 'service/claims-api',
      summary: 'service/claims-api is rolled back in prod: pkg:oci/claims-api@2026.11.4.',
      labels: { environment: 'prod', artifact: 'pkg:oci/claims-api@2026.11.4' },
    },
  },
  'deployment.removed': {
    correlationId: 'service/claims-legacy@prod',
    occurredAt: '2026-11-30T19:10:00Z',
    data: {
      component: 'service/claims-legacy',
      summary: 'service/claims-legacy is removed from prod.',
      labels: { environment: 'prod' },
    },
  },
  'deployment.environment.changed': {
    correlationId: 'prod',
    occurredAt: '2026-11-30T19:10:00Z',
    data: {
      component: 'production',
      summary: 'The environment production was modified.',
      dashboard_url: 'https://cluster.example.sa',
    },
  },
  'pipeline.failed': {
    correlationId: 'claims-ci',
    occurredAt: '2026-11-30T18:40:00Z',
    data: {
      component: 'claims-ci',
      summary: 'The pipeline claims-ci failed.',
      message: 'npm test: 2 of 4,120 tests failed',
      dashboard_url: 'https://ci.example.sa/claims/812',
    },
  },
  'pipeline.completed': {
    correlationId: 'claims-ci',
    occurredAt: '2026-11-30T18:55:00Z',
    data: {
      component: 'claims-ci',
      summary: 'The pipeline claims-ci succeeded.',
      dashboard_url: 'https://ci.example.sa/claims/813',
    },
  },
  'project.milestone.reached': {
    correlationId: 'milestone-phase-1',
    occurredAt: '2025-01-15T09:00:00Z',
    data: { component: 'ClaimLinc-GIVC', summary: 'Phase 1 is complete: architecture and core modules.' },
  },
  'followup.batch.status': {
    correlationId: 'followup-2025-01-15-B-2211',
    occurredAt: '2025-01-15T05:00:00Z',
    data: {
      branch: 'Riyadh – Al Olaya',
      insurance_company: 'Tawuniya (102)',
      batch_no: 'B-2025-2211',
      status_display: 'Rework',
      due_date_display: '19 Jan 2025',
      days_until_due: 4,
      resubmission_date_display: '17 Jan 2025',
      billing_amount_display: 'SAR 482,310.00',
      approved_to_pay_display: 'SAR 391,020.50',
      final_rejection_display: 'SAR 61,840.00',
      final_rejection_percent_display: '12.8 %',
      recovery_amount_display: 'SAR 29,449.50',
      processor: 'Nora Alqahtani',
      batch_type: 'Outpatient',
      rework_type: 'Missing authorization',
      alerts: ['The window for resubmission closes in 4 days.', '38 claims lack a prior authorization number.'],
      portal_resources: [
        {
          name: 'Tawuniya provider portal',
          url: 'https://provider.example.sa/',
          description: 'Resubmission of batches',
        },
        { name: 'NPHIES portal', url: 'https://portal.nphies.sa/' },
        { name: 'Claims desk', description: 'Extension 4410, Sunday to Thursday' },
      ],
    },
  },
  'audit.checkpoint': {
    correlationId: '01946a5f-6d68-7000-8000-0000000000c7',
    occurredAt: '2025-01-15T10:00:30Z',
    data: {
      component: 'claimlinc-teams/prod',
      summary: '1,204,771 entries',
      entries: 1204771,
      sealed_at: '2025-01-15T10:00:30Z',
      checkpoint: `claimlinc-teams/prod
1204771
aVm8tT5y3DI2nM6tGC6hyTOmwVZsxyq7yVh2Yb0lT4c=

— claimlinc-teams/prod Uw0K2o3CJ9fV5aDh0Q2i9T7R6yq1vXo8b3nS4pLkHjGfDsAqWeRtYuIoPzXcVbNmQwErTyUiOpAsDfGhJkLzXcVbNmA=
`,
    },
  },
  'gateway.digest': {
    correlationId: '01946a5f-6d68-7000-8000-00000000d193',
    occurredAt: '2025-01-15T10:00:30Z',
    data: {
      component: 'nphies.claim.submitted',
      summary: '9,990 × nphies.claim.submitted',
      count: 9990,
      first_at: '2025-01-15T10:00:01Z',
      last_at: '2025-01-15T10:00:29Z',
      event_types: [{ label: 'nphies.claim.submitted', count: 9990 }],
      group_by: 'payer',
      groups: [
        { label: 'Bupa Arabia', count: 4120 },
        { label: 'التعاونية', count: 3077 },
        { label: 'Medgulf', count: 1502 },
        { label: 'AXA Cooperative', count: 611 },
        { label: 'Al Rajhi Takaful', count: 240 },
        { label: 'SAICO', count: 121 },
        { label: 'Walaa', count: 118 },
        { label: 'Gulf Union', count: 83 },
        { label: 'Arabian Shield', count: 61 },
        { label: 'Malath', count: 37 },
        { label: 'Buruj', count: 14 },
        { label: 'Wataniya', count: 6 },
      ],
      correlation_ids: Array.from({ length: 20 }, (_, i) => `CLM-2025-${String(1201 + i).padStart(6, '0')}`),
      more: 9970,
      digest_id: '01946a5f-e2a0-7000-8000-00000000d193',
    },
  },
  'gateway.followup': {
    correlationId: 'vault-seal-abc123',
    occurredAt: '2025-01-15T10:02:11Z',
    data: {
      component: 'vault-seal-abc123',
      summary: 'acknowledge - Sara Alharbi',
      event: 'vault.seal.detected',
      done: 'acknowledge',
      by: 'Sara Alharbi',
      identity: 'not_verified',
      at: '2025-01-15T10:02:11Z',
      reason: 'Unsealing by hand',
      tier: 2,
      expires_at: '2025-01-15T11:02:11Z',
      quiet_until: '2025-01-15T12:02:11Z',
      events: 3,
      earlier: [
        { done: 'escalate', event: 'vault.seal.detected', by: 'Omar Hassan', at: '2025-01-15T10:01:40Z' },
        { done: 'retry_failed', event: 'celery.task.failed', by: 'هدى العتيبي', at: '2025-01-15T10:01:02Z' },
      ],
      more_earlier: 4,
    },
  },
}
