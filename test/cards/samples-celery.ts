import type { CELERY as TYPES } from '../../src/catalogue/event-types/celery.ts'
import type { Sample } from './sample.ts'

const TASK = {
  task_name: 'workers.tasks.nphies_tasks.submit_nphies_claim',
  task_id: '9c2f7d34-0a5e-4f60-9b0c-2f3b1f1a8d55',
  queue: 'nphies_claims',
  worker: 'celery@worker-5.prod',
  retry_count: 0,
}
const TIMES = { starts_at: '2026-11-30T02:10:00Z', ends_at: '2026-11-30T02:20:00Z' }

export const CELERY: { readonly [T in keyof typeof TYPES]: Sample<T> } = {
  'celery.task.lost': {
    correlationId: TASK.task_id,
    occurredAt: '2026-11-30T02:10:40Z',
    data: { ...TASK, error: 'The worker is gone, and the task was started on it.' },
  },
  'celery.task.rejected': {
    correlationId: TASK.task_id,
    occurredAt: '2026-11-30T02:10:40Z',
    data: { ...TASK, error: 'The worker rejected the message.' },
  },
  'celery.task.revoked': {
    correlationId: TASK.task_id,
    occurredAt: '2026-11-30T02:10:40Z',
    data: { ...TASK, error: 'Revoked.' },
  },
  'celery.task.expired': {
    correlationId: TASK.task_id,
    occurredAt: '2026-11-30T02:10:40Z',
    data: { ...TASK, error: 'Expired in its queue.' },
  },
  'celery.worker.recovered': {
    correlationId: 'claims_workers.workers',
    occurredAt: '2026-11-30T02:20:00Z',
    data: { component: 'claims_workers', summary: 'workers: within its limits again, or gone.', ...TIMES },
  },
  'celery.worker.clock': {
    correlationId: 'claims_workers.clock',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_workers',
      summary: 'The clock of 1 worker differs by more than 16 s: celery@worker-5.prod by 3600 s.',
      value: 3600,
      threshold: 16,
      unit: 's',
      starts_at: TIMES.starts_at,
    },
  },
  'celery.queue.unattended': {
    correlationId: 'claims_workers.unattended.nphies_claims',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_workers',
      summary: 'No worker consumes nphies_claims, and 212 tasks wait.',
      node: 'nphies_claims',
      value: 212,
      unit: 'tasks',
      starts_at: TIMES.starts_at,
    },
  },
  'celery.queue.recovered': {
    correlationId: 'claims_workers.unattended.nphies_claims',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'claims_workers',
      summary: 'unattended nphies_claims: within its limits again, or gone.',
      ...TIMES,
    },
  },
  'celery.dlq.recovered': {
    correlationId: 'claims_workers.dead_letters.nphies_dlq',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'claims_workers',
      summary: 'dead_letters nphies_dlq: within its limits again, or gone.',
      ...TIMES,
    },
  },
  'celery.events.missing': {
    correlationId: 'claims_workers.events',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_workers',
      summary:
        'Tasks run, and no worker sends events about them. Start the workers with -E, or set worker_send_task_events = True.',
      starts_at: TIMES.starts_at,
    },
  },
  'celery.events.recovered': {
    correlationId: 'claims_workers.events',
    occurredAt: '2026-11-30T02:20:00Z',
    data: { component: 'claims_workers', summary: 'events: within its limits again, or gone.', ...TIMES },
  },
}
