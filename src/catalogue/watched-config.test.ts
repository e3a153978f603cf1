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

  it('has the defaults of a Vault cluster, and its nodes without a slash', () => {
    const { sources } = load({
      vault_prod: { kind: 'vault', nodes: ['https://vault-0:8200/', 'http://10.0.0.1:8200'], audit_devices: ['file'] },
    })
    expect(sources.get('vault_prod')).toEqual({
      name: 'vault_prod',
      kind: 'vault',
      intervalMs: 15_000,
      blindAfterMs: 60_000,
      openAfterMs: 30_000,
      closeAfterMs: 60_000,
      nodes: ['https://vault-0:8200', 'http://10.0.0.1:8200'],
      tls: 'verify',
      caFile: undefined,
      audit: true,
      auditDevices: ['file/'],
      metrics: true,
      pki: [],
      certificates: [],
      expiresWithinMs: 604_800_000,
    })
  })

  it('reports every problem of a Vault cluster, and quotes no password', () => {
    const nodes = ['https://vault-0:8200']
    const problems = problemsOf({
      a: { kind: 'vault', nodes: ['https://root:MARKEDVALUE@vault-0:8200', 'vault-1:8200', 'https://vault-2:8200/ui'] },
      b: { kind: 'vault', nodes: [...nodes, 'https://vault-0:8200/'] },
      c: { kind: 'vault', nodes, interval: '31s', blind_after: '34s', tls: 'off', pki: ['../sys', 'pki/'] },
      d: {
        kind: 'vault',
        nodes,
        certificates: ['claims.internal', 'claims.internal:70000', 'https://claims.internal'],
      },
      e: { kind: 'vault', nodes: [] },
      f: { kind: 'vault', nodes, blind_after: '34s' },
    })
    const node = 'the address of one node, such as https://vault-0.internal:8200'
    const path = 'a path without slashes at its ends, such as pki or pki/issuer/claims'
    const server = 'a host and a port, such as claims.internal:443'
    expect(problems).toEqual([
      ...[0, 1, 2].map((index) => `sources.a.nodes[${index}]: ${node}`),
      'sources.b.nodes: at most 20 addresses of nodes, each once',
      'sources.c.interval: a duration from 5 to 30 seconds, such as 15s',
      'sources.c.tls: one of: verify, unverified',
      ...[0, 1].map((index) => `sources.c.pki[${index}]: ${path}`),
      ...[0, 1, 2].map((index) => `sources.d.certificates[${index}]: ${server}`),
      'sources.e.nodes: a list of addresses of nodes, at least one',
      'sources.c.blind_after: at least 51s: the interval, and the longest time of a look',
      'sources.f.blind_after: at least 35s: the interval, and the longest time of a look',
    ])
    expect(problems.join()).not.toContain('MARKEDVALUE')
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
      'sources.c.kind: one of: alertmanager, postgres, redis, celery, vault, rabbitmq',
      'sources.d.host: a host name or an address, without port',
      expect.stringContaining('sources.d.user: text of 1 to 63 characters'),
      expect.stringContaining('sources.E-mail: a key of a-z'),
      expect.stringContaining('sources.e.blind_after: at least 320s'),
      expect.stringContaining('sources.f.blind_after: at least 50s'),
    ])
    expect(problems.join()).not.toContain('MARKEDVALUE')
  })
})
