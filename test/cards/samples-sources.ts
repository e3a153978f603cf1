import type { SOURCES as TYPES } from '../../src/catalogue/event-types/sources.ts'
import type { Sample } from './sample.ts'

export const SOURCES: { readonly [T in keyof typeof TYPES]: Sample<T> } = {
  'gateway.source.blind': {
    correlationId: 'claims_db',
    occurredAt: '2026-11-30T02:01:00Z',
    data: {
      component: 'claims_db',
      summary: 'Not seen since 2026-11-30T02:00:00.000Z: No connection could be opened.',
      labels: { kind: 'postgres', code: 'not_reached' },
      value: 60,
      threshold: 60,
      unit: 's',
      starts_at: '2026-11-30T02:00:00Z',
    },
  },
  'gateway.source.recovered': {
    correlationId: 'claims_db',
    occurredAt: '2026-11-30T03:00:10Z',
    data: {
      component: 'claims_db',
      summary: 'Seen again after 3610 s.',
      labels: { kind: 'postgres' },
      starts_at: '2026-11-30T02:00:00Z',
      ends_at: '2026-11-30T03:00:10Z',
    },
  },
  'postgres.connection.recovered': {
    correlationId: 'claims_db.connections',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'claims_db',
      summary: '120 of 500 connections are in use.',
      value: 120,
      threshold: 450,
      unit: 'connections',
      starts_at: '2026-11-30T02:10:00Z',
      ends_at: '2026-11-30T02:20:00Z',
    },
  },
  'postgres.replication.recovered': {
    correlationId: 'claims_db.lag.pg-claims-2',
    occurredAt: '2026-11-30T02:20:00Z',
    data: {
      component: 'claims_db',
      summary: 'pg-claims-2 is within its limits.',
      node: 'pg-claims-2',
      starts_at: '2026-11-30T02:10:00Z',
      ends_at: '2026-11-30T02:20:00Z',
    },
  },
  'postgres.replica.missing': {
    correlationId: 'claims_db.replicas',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_db',
      summary: '1 of 2 replicas streams.',
      value: 1,
      threshold: 2,
      unit: 'replicas',
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'postgres.slot.retaining': {
    correlationId: 'claims_db.slot.reporting',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_db',
      summary: 'Slot reporting retains 12.0 GiB of WAL.',
      labels: { slot: 'reporting', active: false, wal_status: 'extended' },
      value: 12884901888,
      threshold: 5368709120,
      unit: 'bytes',
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'postgres.slot.recovered': {
    correlationId: 'claims_db.slot.reporting',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      component: 'claims_db',
      summary: 'Slot reporting is within its limit, or was removed.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:30:00Z',
    },
  },
  'postgres.transaction.long': {
    correlationId: 'claims_db.idle_in_transaction',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_db',
      summary: '3 transactions are idle; the oldest for 754 s.',
      labels: { count: 3, pid: 81724, user: 'claims_app', application: 'claims-worker' },
      value: 754,
      threshold: 600,
      unit: 's',
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'redis.replica.missing': {
    correlationId: 'claims_cache.replicas',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_cache',
      summary: '0 of 1 replicas are connected.',
      value: 0,
      threshold: 1,
      unit: 'replicas',
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'redis.replica.recovered': {
    correlationId: 'claims_cache.lag.10.20.3.15:6379',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      component: 'claims_cache',
      summary: 'lag 10.20.3.15:6379: within its limits again, or gone.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:30:00Z',
    },
  },
  'redis.persistence.failing': {
    correlationId: 'claims_cache.persistence',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      component: 'claims_cache',
      summary: 'Failed: rdb_last_bgsave_status.',
      labels: { rdb_last_bgsave_status: 'err' },
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'redis.persistence.recovered': {
    correlationId: 'claims_cache.persistence',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      component: 'claims_cache',
      summary: 'persistence: within its limits again, or gone.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:30:00Z',
    },
  },
  'postgres.transaction.ended': {
    correlationId: 'claims_db.idle_in_transaction',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      component: 'claims_db',
      summary: 'No transaction is idle for longer than 600 s.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:30:00Z',
    },
  },
  'heartbeat.missed': {
    correlationId: 'heartbeat.nightly_import',
    occurredAt: '2026-11-30T23:30:02Z',
    data: {
      component: 'Nightly import of price lists',
      summary:
        'No success since it was due at 2026-11-30T23:00:00.000Z, and 30m of grace are over. Last success: 2026-11-29T23:04:10.000Z.',
      labels: { heartbeat: 'nightly_import', schedule: '0 2 * * * (Asia/Riyadh)' },
      runbook_url: 'https://runbooks.example.sa/nightly-import',
      starts_at: '2026-11-30T23:00:00Z',
    },
  },
  'heartbeat.failed': {
    correlationId: 'heartbeat.nightly_import',
    occurredAt: '2026-11-30T23:02:10Z',
    data: {
      component: 'Nightly import of price lists',
      summary: 'Failed with exit code 3. Last success: 2026-11-29T23:04:10.000Z.',
      message: 'fetching price lists of 14 payers\nerror: payer 9: 503 Service Unavailable after 5 tries',
      labels: { heartbeat: 'nightly_import', schedule: '0 2 * * * (Asia/Riyadh)', exit_code: 3 },
      starts_at: '2026-11-30T23:02:10Z',
    },
  },
  'heartbeat.recovered': {
    correlationId: 'heartbeat.nightly_import',
    occurredAt: '2026-12-01T06:02:10Z',
    data: {
      component: 'Nightly import of price lists',
      summary: 'Succeeded, 7h after it was reported as failed.',
      labels: { heartbeat: 'nightly_import', schedule: '0 2 * * * (Asia/Riyadh)' },
      starts_at: '2026-11-30T23:02:10Z',
      ends_at: '2026-12-01T06:02:10Z',
    },
  },
  'backup.recovered': {
    correlationId: 'heartbeat.nightly_backup',
    occurredAt: '2026-12-01T06:02:10Z',
    data: {
      subject: 'Nightly backup of claims_prod',
      description: 'Succeeded, 7h after it was reported as missed.',
    },
  },
}
