import type { VAULT_AND_CELERY as TYPES } from '../../src/catalogue/event-types/vault-and-celery.ts'
import type { Sample } from './sample.ts'

const TRACEBACK = `Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/celery/app/trace.py", line 477, in trace_task
    R = retval = fun(*args, **kwargs)
  File "/app/workers/tasks/nphies_tasks.py", line 214, in poll_nphies_response
    response = client.poll(poll_id=poll_id, timeout=30)
  File "/app/integrations/nphies/client.py", line 131, in poll
    raise NphiesTimeout(f"no answer after {timeout} s")
integrations.nphies.errors.NphiesTimeout: no answer after 30 s`

export const VAULT_AND_CELERY: {
  readonly [T in keyof typeof TYPES]: Sample<T>
} = {
  'vault.seal.detected': {
    correlationId: 'vault-seal-abc123',
    occurredAt: '2025-01-15T14:23:45Z',
    data: {
      node: 'vault-node-2.prod.svc.cluster.local',
      cluster_id: 'cluster-abc123',
      sealed_at: '2025-01-15T14:23:45Z',
      auto_unseal_attempted: true,
      auto_unseal_error: 'Azure Key Vault timeout',
    },
  },
  'vault.unseal.failed': {
    correlationId: 'vault-seal-abc123',
    occurredAt: '2025-01-15T14:31:02Z',
    data: {
      node: 'vault-node-2.prod.svc.cluster.local',
      cluster_id: 'cluster-abc123',
      sealed_at: '2025-01-15T14:23:45Z',
      auto_unseal_attempted: true,
      auto_unseal_error:
        'Azure Key Vault: 403 Forbidden, the managed identity lacks "unwrapKey" on key vault-unseal-prod.',
      impact:
        'One of three nodes serves no secrets. The cluster still has a leader; a second sealed node would stop it.',
      recommended_actions: [
        'Check the access policy of the key vault-unseal-prod for the identity vault-prod.',
        'Unseal by hand: vault operator unseal, with three of the five key shares.',
        'Watch vault status on all three nodes until "Sealed" is false.',
      ],
    },
  },
  'vault.unseal.complete': {
    correlationId: 'vault-seal-abc123',
    occurredAt: '2025-01-15T14:52:10Z',
    data: { node: 'vault-node-2.prod.svc.cluster.local', cluster_id: 'cluster-abc123' },
  },
  'vault.audit.disabled': {
    correlationId: 'vault-audit-7f21',
    occurredAt: '2025-02-03T03:12:09Z',
    data: {
      node: 'vault-node-1.prod.svc.cluster.local',
      cluster_id: 'cluster-abc123',
      audit_device: 'file/ (/vault/logs/audit.log)',
      impact: 'Reads of patient-related secrets since 06:12 are not recorded (HIPAA §164.312(b)).',
      recommended_actions: ['Enable the device again: vault audit enable file file_path=/vault/logs/audit.log'],
    },
  },
  'vault.audit.log.full': {
    correlationId: 'vault-audit-file-1',
    occurredAt: '2025-01-15T03:40:00Z',
    data: {
      node: 'vault-node-1.prod.svc.cluster.local',
      audit_device: 'file/ (/vault/logs/audit.log)',
      impact: 'No audit device can write, so Vault answers no request.',
      recommended_actions: ['Rotate or move the audit log', 'Check that Vault answers again'],
    },
  },
  'vault.token.renewal.failed': {
    correlationId: 'vault-token-claims-api',
    occurredAt: '2025-02-03T09:40:00Z',
    data: {
      node: 'vault-node-3.prod.svc.cluster.local',
      secret_path: 'auth/kubernetes/role/claims-api',
      impact: 'claims-api loses its database password in 40 minutes.',
    },
  },
  'vault.secret.rotation.complete': {
    correlationId: 'vault-rotation-2025-02-01',
    occurredAt: '2025-02-01T00:00:07Z',
    data: { node: 'vault-node-1.prod.svc.cluster.local', secret_path: 'database/creds/claims_rw' },
  },
  'vault.certificate.expiring': {
    correlationId: 'cert-nphies-prod-2025',
    occurredAt: '2025-02-10T05:00:00Z',
    data: {
      node: 'vault-node-1.prod.svc.cluster.local',
      certificate_subject: 'CN=claimlinc.givc.sa, O=GIVC, C=SA',
      certificate_expires: '2025-02-17T20:59:59Z',
      secret_path: 'pki/nphies/issue/gateway',
      recommended_actions: ['Issue a new certificate.', 'Register it in the NPHIES portal before 17 February.'],
    },
  },
  'celery.task.failed': {
    correlationId: 'corr-claim-xyz789',
    occurredAt: '2025-01-15T11:05:31Z',
    data: {
      task_name: 'workers.tasks.nphies_tasks.poll_nphies_response',
      task_id: '3f0c1c4e-93a3-4c6f-a8f5-1d9a9e2b7c11',
      queue: 'nphies_polling',
      worker: 'celery@worker-5.prod',
      retry_count: 3,
      max_retries: 3,
      error: 'NphiesTimeout: no answer after 30 s',
      traceback: TRACEBACK,
      patient_id: 'P••••6789',
      member_id: 'M••••4321',
      payer: 'Saudi Payer (701)',
    },
  },
  'celery.task.retry': {
    correlationId: 'corr-claim-xyz789',
    occurredAt: '2025-01-15T11:02:31Z',
    data: {
      task_name: 'workers.tasks.nphies_tasks.poll_nphies_response',
      task_id: '3f0c1c4e-93a3-4c6f-a8f5-1d9a9e2b7c11',
      queue: 'nphies_polling',
      retry_count: 1,
      max_retries: 3,
      error: 'NphiesTimeout: no answer after 30 s',
    },
  },
  'celery.task.timeout': {
    correlationId: 'corr-elig-0042',
    occurredAt: '2025-01-15T12:10:00Z',
    data: {
      task_name: 'workers.tasks.nphies_tasks.check_nphies_eligibility',
      task_id: 'b1d7a0a2-7d0e-4d1c-8b8e-5c3a6f0f9e77',
      queue: 'nphies_realtime',
      worker: 'celery@worker-2.prod',
      error: 'SoftTimeLimitExceeded: 120 s',
      member_id: 'M••••4321',
      payer: 'Bupa Arabia (301)',
    },
  },
  'celery.task.dlq': {
    correlationId: 'corr-claim-abc456',
    occurredAt: '2025-01-15T13:20:00Z',
    data: {
      task_name: 'workers.tasks.nphies_tasks.submit_nphies_claim',
      task_id: '9c2f7d34-0a5e-4f60-9b0c-2f3b1f1a8d55',
      queue: 'nphies_claims.dlq',
      retry_count: 5,
      max_retries: 5,
      error: 'ValidationError: Claim.item[2].productOrService has no code of the SBS system',
      patient_id: 'P••••2210',
      payer: 'Tawuniya (102)',
    },
  },
  'celery.dlq.threshold': {
    correlationId: 'dlq-nphies-claims',
    occurredAt: '2025-01-15T13:30:00Z',
    data: {
      component: 'nphies_claims.dlq',
      summary: '57 failed tasks are waiting; the limit is 50.',
      value: 57,
      threshold: 50,
      unit: 'tasks',
      dashboard_url: 'https://grafana.example.sa/d/celery-dlq',
    },
  },
  'celery.worker.offline': {
    correlationId: 'worker-5-prod',
    occurredAt: '2025-01-15T10:58:00Z',
    data: {
      component: 'celery@worker-5.prod',
      summary: 'No heartbeat for 5 minutes.',
      node: 'aks-workers-31887340-vmss000002',
      labels: { queues: 'nphies_polling, nphies_realtime', version: '2025.01.3' },
      runbook_url: 'https://runbooks.example.sa/celery/worker-offline',
    },
  },
  'celery.queue.backlog': {
    correlationId: 'queue-nphies-polling',
    occurredAt: '2025-01-15T10:45:00Z',
    data: {
      component: 'nphies_polling',
      summary: 'The oldest task has been waiting for 14 minutes.',
      value: 12480,
      threshold: 5000,
      unit: 'tasks',
      starts_at: '2025-01-15T10:31:00Z',
    },
  },
}
