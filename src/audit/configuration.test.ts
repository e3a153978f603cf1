import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import { loadSettings } from '../settings/load.ts'
import { SETTINGS } from '../settings/table.ts'
import { configurationParts } from './configuration.ts'

const DEFAULTS = { language: 'en', budget: { requests: 60, period: 60, burst: 10 } } as const

describe('configurationParts', () => {
  it('has every setting by its name, and the entries of the configuration file', () => {
    const catalogue = loadCatalogue({
      ...DEFAULTS,
      config: {
        channels: { sre: { muted: true } },
        event_types: { 'vault.seal.detected': { priority: 'HIGH' } },
        routes: [{ when: {}, channels: ['sre'] }],
      },
    })
    const parts = configurationParts(loadSettings({ TEAMS_LANGUAGE: 'ar' }), catalogue)
    expect([...parts.keys()]).toEqual(expect.arrayContaining(Object.keys(SETTINGS)))
    expect(parts.get('TEAMS_LANGUAGE')).toBe('"ar"')
    expect(parts.get('channels.sre')).toContain('"muted":true')
    expect(parts.get('event_types.vault.seal.detected')).toContain('HIGH')
    expect(parts.get('routes')).toContain('"sre"')
  })

  it('has no secret, and the names and scopes of callers', () => {
    const secrets = {
      DATABASE_URL: 'postgres://gateway:hunter2hunter2@db/claims',
      TEAMS_API_TOKENS: 'ops:read+act:0123456789abcdef',
      TEAMS_INBOUND_SECRETS: 'celery:fedcba9876543210',
      TEAMS_HMAC_SECRET_KEY: 'a secret of some length',
      HTTPS_PROXY: 'http://user:secretpassword@proxy:3128',
    }
    const parts = configurationParts(loadSettings(secrets), loadCatalogue(DEFAULTS))
    expect(parts.get('TEAMS_API_TOKENS')).toBe('[["ops","act","read"]]')
    expect(parts.get('TEAMS_INBOUND_SECRETS')).toBe('["celery"]')
    for (const name of ['DATABASE_URL', 'TEAMS_HMAC_SECRET_KEY', 'HTTPS_PROXY']) expect(parts.get(name)).toBe('"set"')
    const all = [...parts.values()].join('\n')
    for (const secret of ['hunter2', '0123456789abcdef', 'fedcba', 'of some length', 'secretpassword'])
      expect(all).not.toContain(secret)
  })
})
