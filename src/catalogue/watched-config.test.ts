import { describe, expect, it } from 'vitest'
import { isGatewayError } from '../kernel/errors.ts'
import type { ConfigInput } from './config-input.ts'
import { loadCatalogue } from './load.ts'

const load = (sources: unknown) =>
  loadCatalogue({
    language: 'en',
    budget: { requests: 60, period: 60, burst: 10 },
    config: { sources } as ConfigInput,
  })

function problemsOf(sources: unknown): readonly string[] {
  try {
    load(sources)
  } catch (error) {
    if (isGatewayError(error)) return error.problems.map(({ at, expected }) => `${at}: ${expected}`)
    throw error
  }
  return []
}

const POSTGRES = { kind: 'postgres', host: 'db', user: 'monitor' }

describe('the section sources', () => {
  it('has the defaults of each kind', () => {
    const { sources } = load({ claims_db: POSTGRES, cache: { kind: 'redis', host: 'cache' } })
    expect(sources.get('cache')).toMatchObject({
      kind: 'redis',
      port: 6379,
      tls: 'verify',
      lagBytes: 16_777_216,
      lagSeconds: 30,
      replicas: 0,
    })
    expect(sources.get('claims_db')).toEqual({
      name: 'claims_db',
      kind: 'postgres',
      intervalMs: 30_000,
      blindAfterMs: 60_000,
      openAfterMs: 30_000,
      closeAfterMs: 60_000,
      host: 'db',
      port: 5432,
      database: 'postgres',
      user: 'monitor',
      tls: 'verify',
      caFile: undefined,
      connections: 0.9,
      lagBytes: 268_435_456,
      lagSeconds: 60,
      replicas: 0,
      slotBytes: 5_368_709_120,
      transactionSeconds: 3_600,
      idleSeconds: 600,
    })
  })

  it('is empty without one, and where all its entries are commented out', () => {
    expect(load(undefined).sources.size).toBe(0)
    expect(load(null).sources.size).toBe(0)
  })

  it('reports every problem at once, and a password that stands in it', () => {
    const problems = problemsOf({
      a: { ...POSTGRES, interval: '1s', lag: 'soon', port: 0, connections: 2, tls: 'maybe' },
      b: { ...POSTGRES, host: 'postgres://monitor:secret@db/claims', password: 'MARKEDVALUE' },
      c: { kind: 'postgre', host: 'db' },
      d: { kind: 'postgres' },
      e: { ...POSTGRES, interval: '5m' },
      f: { kind: 'redis', host: 'cache', blind_after: '49s' },
      g: { ...POSTGRES, interval: '40s' },
      'E-mail': POSTGRES,
    })
    expect(problems).toEqual([
      expect.stringContaining('sources.a.interval: a duration of at least 5 seconds'),
      'sources.a.tls: one of: verify, unverified, off',
      'sources.a.port: a whole number from 1 to 65535',
      'sources.a.connections: a number from 0.01 to 1',
      expect.stringContaining('sources.a.lag: a duration'),
      'sources.b.host: a host name or an address, without port',
      expect.stringContaining('sources.b.password: one of: kind, interval'),
      'sources.c.kind: one of: alertmanager, postgres, redis, celery',
      'sources.d.host: a host name or an address, without port',
      expect.stringContaining('sources.d.user: text of 1 to 63 characters'),
      expect.stringContaining('sources.E-mail: a key of a-z'),
      expect.stringContaining('sources.e.blind_after: at least 320s'),
      expect.stringContaining('sources.f.blind_after: at least 50s'),
    ])
    expect(problems.join()).not.toContain('MARKEDVALUE')
  })
})
