import { describe, expect, it } from 'vitest'
import { isGatewayError } from '../kernel/errors.ts'
import type { ConfigInput } from './config-input.ts'
import { loadCatalogue } from './load.ts'
import { sourceSecretNames } from './source-definitions.ts'

const load = (sources: unknown) =>
  loadCatalogue({
    language: 'en',
    budget: { requests: 60, period: 60, burst: 10 },
    config: { sources } as ConfigInput,
  })

const RABBITMQ = { kind: 'celery', broker: 'rabbitmq', host: 'rabbitmq', user: 'monitor' }
const REDIS = { kind: 'celery', broker: 'redis', host: 'redis' }

describe('a Celery source in the configuration', () => {
  it('has its defaults by broker', () => {
    const { sources } = load({ claims: RABBITMQ, plain: { ...RABBITMQ, tls: 'off' }, cache: REDIS })
    expect(sources.get('claims')).toMatchObject({
      kind: 'celery',
      broker: { kind: 'rabbitmq', host: 'rabbitmq', port: 5671, tls: 'verify', user: 'monitor', vhost: '/' },
      results: undefined,
      eventExchange: 'celeryev',
      queues: [],
      deadLetterQueues: [],
      retries: false,
      revoked: true,
      retryTasks: [],
      workerOfflineMs: 30_000,
      backlog: 1_000,
      deadLetters: 50,
    })
    expect(sources.get('plain')).toMatchObject({ broker: { port: 5672 } })
    expect(sources.get('cache')).toMatchObject({
      broker: { kind: 'redis', port: 6379, user: undefined, database: 0, keyPrefix: '' },
    })
  })

  it('has a secret of its own for the result backend', () => {
    const { sources } = load({ claims: { ...RABBITMQ, results: { host: 'redis', database: 1 } }, cache: REDIS })
    expect(sourceSecretNames(sources)).toEqual(['claims', 'claims_results', 'cache'])
    expect(sources.get('claims')).toMatchObject({ results: { host: 'redis', port: 6379, database: 1 } })
  })

  it('reports every problem at once', () => {
    let problems: readonly string[] = []
    try {
      load({
        a: { kind: 'celery', broker: 'rabbitmq', host: 'rabbitmq', database: 1 },
        b: { ...REDIS, vhost: '/claims', dead_letter_queues: ['dlq'], worker_offline: '2s' },
        c: { ...RABBITMQ, broker: 'sqs', harmless: ['patient id'], retry_tasks: ['tasks.*.claim'] },
        d: { ...REDIS, results: { host: 'redis', password: 'MARKEDVALUE' } },
        d_results: REDIS,
        e: { ...REDIS, blind_after: '40s' },
      })
    } catch (error) {
      if (!isGatewayError(error)) throw error
      problems = error.problems.map(({ at, expected }) => `${at}: ${expected}`)
    }
    expect(problems).toEqual([
      'sources.b.worker_offline: a duration of at least 10 seconds, such as 30s',
      'sources.c.broker: one of: rabbitmq, redis',
      expect.stringContaining('sources.c.harmless[0]: a list of names of keyword arguments'),
      expect.stringContaining('sources.c.retry_tasks[0]: a list of names of tasks'),
      expect.stringContaining('sources.d.results.password: one of: host, tls'),
      'sources.e.blind_after: at least 50s: the interval, and the longest time of a look',
      'sources.a.database: no database with the broker rabbitmq',
      expect.stringContaining('sources.a.user: a user of RabbitMQ'),
      'sources.b.vhost: no vhost with the broker redis',
      'sources.b.dead_letter_queues: no dead_letter_queues with the broker redis',
      'sources.d_results: another name for one of them',
    ])
    expect(problems.join()).not.toContain('MARKEDVALUE')
  })
})
