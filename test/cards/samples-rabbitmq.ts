import type { RABBITMQ as TYPES } from '../../src/catalogue/event-types/rabbitmq.ts'
import type { Sample } from './sample.ts'

const LABELS = { vhost: '/', queue: 'nphies_claims', type: 'quorum' }

export const RABBITMQ: { readonly [T in keyof typeof TYPES]: Sample<T> } = {
  'rabbitmq.node.recovered': {
    correlationId: 'broker.node.rabbit@rmq-2',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'broker',
      summary: 'node rabbit@rmq-2: within its limits again, or gone.',
      starts_at: '2026-11-30T02:10:00Z',
      ends_at: '2026-11-30T02:20:00Z',
    },
  },
  'rabbitmq.alarm.raised': {
    correlationId: 'broker.alarm.memory rabbit@rmq-1',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: 'The alarm of memory is on at rabbit@rmq-1: the whole cluster takes no messages from publishers.',
      node: 'rabbit@rmq-1',
      labels: { alarm: 'memory', cluster: 'claims-prod' },
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.alarm.cleared': {
    correlationId: 'broker.alarm.memory rabbit@rmq-1',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'broker',
      summary: 'alarm memory rabbit@rmq-1: within its limits again, or gone.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:20:00Z',
    },
  },
  'rabbitmq.cluster.partitioned': {
    correlationId: 'broker.partition',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: 'The cluster is partitioned: rabbit@rmq-1 does not see rabbit@rmq-3.',
      value: 1,
      unit: 'nodes',
      labels: { cluster: 'claims-prod' },
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.quorum.critical': {
    correlationId: 'broker.quorum',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: '2 of 3 quorum queues and streams have no node to spare: nphies_claims, nphies_eligibility.',
      value: 2,
      unit: 'queues',
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.cluster.recovered': {
    correlationId: 'broker.quorum',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'broker',
      summary: 'quorum: within its limits again, or gone.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:20:00Z',
    },
  },
  'rabbitmq.queue.unavailable': {
    correlationId: 'broker.unavailable',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: '1 of 12 queues are not available: reports.',
      value: 1,
      unit: 'queues',
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.queue.unconsumed': {
    correlationId: 'broker.unconsumed.2026-11-30T02:09:30.000Z',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: '5 of 12 queues have no consumer.',
      value: 5,
      unit: 'queues',
      alerts: [
        'nphies_claims has no consumer. 41 messages wait.',
        'nphies_eligibility has no consumer. 7 messages wait.',
        'reports has no consumer. 1 messages wait.',
      ],
      more_alerts: 2,
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.queue.backlog': {
    correlationId: 'broker.backlog.%2F/nphies_claims',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: '12400 messages wait in nphies_claims. At the present rate it is empty in 34 min.',
      value: 12400,
      threshold: 10000,
      unit: 'messages',
      labels: { ...LABELS, consumers: 2 },
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.queue.recovered': {
    correlationId: 'broker.backlog.%2F/nphies_claims',
    occurredAt: '2026-11-30T02:50:00Z',
    data: {
      component: 'broker',
      summary: 'backlog %2F/nphies_claims: within its limits again, or gone.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:50:00Z',
    },
  },
  'rabbitmq.dlq.threshold': {
    correlationId: 'broker.dead_letters.%2F/nphies_dlq',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: '130 messages lie in nphies_dlq.',
      value: 130,
      threshold: 100,
      unit: 'messages',
      labels: { ...LABELS, queue: 'nphies_dlq', type: 'classic' },
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.dlq.growing': {
    correlationId: 'broker.dead_letters_growing.%2F/nphies_dlq',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'broker',
      summary: '25 messages came into nphies_dlq; now 31 lie there.',
      value: 25,
      threshold: 10,
      unit: 'messages',
      labels: { ...LABELS, queue: 'nphies_dlq', type: 'classic', messages: 31 },
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'rabbitmq.dlq.recovered': {
    correlationId: 'broker.dead_letters_growing.%2F/nphies_dlq',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      component: 'broker',
      summary: 'dead_letters_growing %2F/nphies_dlq: within its limits again, or gone.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:30:00Z',
    },
  },
}
