import { expect, it } from 'vitest'
import { isGatewayError } from '../kernel/errors.ts'
import type { ConfigInput } from './config-input.ts'
import { loadCatalogue } from './load.ts'

const load = (sources: unknown) =>
  loadCatalogue({
    language: 'en',
    budget: { requests: 60, period: 60, burst: 10 },
    config: { sources } as ConfigInput,
  })

const BROKER = { kind: 'rabbitmq', host: 'rabbit-1', user: 'monitor' }

it('a RabbitMQ source has its defaults, and the port of the management API by its TLS', () => {
  const { sources } = load({
    broker: BROKER,
    plain: { ...BROKER, tls: 'off', other_hosts: ['rabbit-2', 'rabbit-1'] },
  })
  expect(sources.get('broker')).toEqual({
    name: 'broker',
    kind: 'rabbitmq',
    intervalMs: 30_000,
    blindAfterMs: 60_000,
    openAfterMs: 30_000,
    closeAfterMs: 60_000,
    hosts: ['rabbit-1'],
    port: 15_671,
    tls: 'verify',
    caFile: undefined,
    user: 'monitor',
    nodes: 0,
    vhosts: undefined,
    queues: undefined,
    consumers: undefined,
    backlog: 10_000,
    ageSeconds: 900,
    growthSeconds: 600,
    growthFrom: 1_000,
    deadLetterQueues: ['*dlq*', '*dead*'],
    deadLetters: 100,
    deadLetterGrowth: 10,
  })
  expect(sources.get('plain')).toMatchObject({ hosts: ['rabbit-1', 'rabbit-2'], port: 15_672 })
})

it('a RabbitMQ source reports every problem at once', () => {
  let problems: readonly string[] = []
  try {
    load({
      a: { ...BROKER, queues: [], consumers: 'nphies_*', growth: '30s', backlog: 0, password: 'MARKEDVALUE' },
      b: { kind: 'rabbitmq', host: 'http://rabbit-1:15672', other_hosts: ['rabbit-2/'] },
      c: { ...BROKER, vhosts: [''], queues: Array(21).fill('a'), blind_after: '40s' },
    })
  } catch (error) {
    if (!isGatewayError(error)) throw error
    problems = error.problems.map(({ at, expected }) => `${at}: ${expected}`)
  }
  expect(problems.toSorted()).toEqual([
    'sources.a.backlog: a whole number from 1 to 9007199254740991',
    'sources.a.consumers: a list of patterns, in which * is any text',
    'sources.a.growth: a duration of at least 60s',
    expect.stringContaining('sources.a.password: one of: kind'),
    'sources.a.queues: a list of patterns, in which * is any text, at least one',
    'sources.b.host: a host name or an address, without port',
    'sources.b.other_hosts[0]: a host name or an address, without port',
    expect.stringContaining('sources.b.user: text of 1 to 255 characters'),
    'sources.c.blind_after: at least 50s: the interval, and the longest time of a look',
    'sources.c.queues: at most 20 patterns, in which * is any text',
    expect.stringContaining('sources.c.vhosts[0]: text of 1 to 255 characters'),
  ])
  expect(problems.join()).not.toContain('MARKEDVALUE')
})
