import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../src/kernel/errors.ts'
import type { Environment } from '../src/settings/env-file.ts'
import { loadSettings, usableSettings } from '../src/settings/load.ts'
import { SETTINGS, type SettingName } from '../src/settings/table.ts'
import { problemsOf, refused } from './settings/refused.ts'

const names = Object.keys(SETTINGS) as SettingName[]
const isSecret = (name: SettingName) => 'secret' in SETTINGS[name]

const TENANT = '0d5a6f0c-0000-4000-8000-000000000001'
const SIGN_IN = {
  TEAMS_SIGN_IN_CLIENT_ID: 'c',
  TEAMS_SIGN_IN_CLIENT_SECRET: 's',
  TEAMS_SIGN_IN_TENANTS: TENANT,
}

const LINK_SECRETS = { TEAMS_LINK_SECRETS: 'a-secret-of-links-0123456789abcdef' }

describe('defaults', () => {
  it('are the listed ones', () => {
    expect(loadSettings({})).toMatchObject({
      TEAMS_HTTP_HOST: '127.0.0.1',
      TEAMS_HTTP_PORT: 8080,
      TEAMS_RATE_LIMIT_REQUESTS: 60,
      TEAMS_RATE_LIMIT_PERIOD: 60,
      TEAMS_RATE_LIMIT_BURST: 10,
      TEAMS_MAX_RETRIES: 3,
      TEAMS_RETRY_FACTOR: 2,
      TEAMS_MAX_RETRY_DELAY: 60,
      TEAMS_TOTAL_CONNECTIONS: 100,
      TEAMS_CONNECTIONS_PER_HOST: 10,
      TEAMS_CONNECTION_TIMEOUT: 30,
      TEAMS_TLS_MIN_VERSION: 'TLSv1.3',
      TEAMS_EVENT_TTL: 86_400,
      TEAMS_DATA_DIR: './.data',
      TEAMS_CARD_HISTORY_RETENTION_DAYS: 90,
      TEAMS_PHI_POLICY: 'mask',
      TEAMS_MIGRATE: true,
    })
    expect(loadSettings({}).TEAMS_AUDIT_RETENTION_DAYS).toBeGreaterThanOrEqual(6 * 365)
  })

  it('replace empty and blank values, and values are trimmed', () => {
    expect(loadSettings(Object.fromEntries(names.map((name) => [name, ' \t'])))).toEqual(loadSettings({}))
    expect(loadSettings({ TEAMS_HTTP_PORT: ' 9000 ' }).TEAMS_HTTP_PORT).toBe(9000)
  })

  it('are undefined for settings without one', () => {
    for (const name of names) expect(loadSettings({})[name] === undefined, name).toBe(!('default' in SETTINGS[name]))
  })
})

describe('valid values', () => {
  it.each([
    ['TEAMS_HTTP_PORT', '0', 0],
    ['TEAMS_HTTP_PORT', '65535', 65_535],
    ['TEAMS_CONNECTION_TIMEOUT', '0.5', 0.5],
    ['TEAMS_MIGRATE', 'No', false],
    ['TEAMS_MIGRATE', 'on', true],
    ['TEAMS_LANGUAGE', 'ar', 'ar'],
    ['DATABASE_URL', 'postgresql://u:p@db:5432/x', 'postgresql://u:p@db:5432/x'],
    ['DATABASE_URL', 'postgresql+asyncpg://u:p@db/x', 'postgresql://u:p@db/x'],
    ['DATABASE_URL', 'postgresql+psycopg://u:p@db/x?sslmode=disable', 'postgresql://u:p@db/x?sslmode=disable'],
    ['DATABASE_URL', 'postgres+psycopg2://u:p@db/x', 'postgres://u:p@db/x'],
    [
      'DATABASE_URL',
      'postgresql+asyncpg://u:p@db/x?options=a&ssl=disable',
      'postgresql://u:p@db/x?options=a&sslmode=disable',
    ],
    ['DATABASE_URL', 'postgresql://u+asyncpg:p@db/x?ssl=1', 'postgresql://u+asyncpg:p@db/x?ssl=1'],
    ['TEAMS_REDIS_URL', 'rediss://cache', 'rediss://cache'],
    ['TEAMS_PUBLIC_URL', 'https://Actions.example.sa/', 'https://actions.example.sa'],
    ['TEAMS_WEBHOOK_HOST_SUFFIXES', '.azure-api.net, flow.example.sa ,', ['.azure-api.net', 'flow.example.sa']],
    ['TEAMS_TIME_ZONE', 'UTC', 'UTC'],
    ['HTTPS_PROXY', 'http://user:p%40ss@proxy.sa:3128', 'http://user:p%40ss@proxy.sa:3128'],
    ['HTTP_PROXY', 'proxy.sa:3128', 'http://proxy.sa:3128'],
    ['NO_PROXY', '.sa, vault:8200 10.0.0.7', ['.sa', 'vault:8200', '10.0.0.7']],
    [
      'TEAMS_INBOUND_SECRETS',
      'v1,whsec_MfKQ9r8GKYqrTwjUPD8I, a secret as text, v1,whsec_C2FVsBQIhrscChlQIMV+',
      ['whsec_MfKQ9r8GKYqrTwjUPD8I', 'a secret as text', 'whsec_C2FVsBQIhrscChlQIMV+'],
    ],
  ])('%s=%s', (name, text, value) => {
    expect(loadSettings({ ...LINK_SECRETS, [name]: text })).toMatchObject({ [name]: value })
  })

  it('name the tenants of a sign-in, each with its own name where it has one', () => {
    const { TEAMS_SIGN_IN_TENANTS: tenants } = loadSettings({
      ...SIGN_IN,
      TEAMS_SIGN_IN_TENANTS: `hospital:${TENANT.toUpperCase()}, ${TENANT}`,
    })
    expect(tenants).toEqual([
      { name: 'hospital', id: TENANT },
      { name: TENANT, id: TENANT },
    ])
  })
})

const PROXY = 'the address of an HTTP proxy, for example http://user:password@proxy.example:3128'

describe('an invalid value', () => {
  it.each([
    ['TEAMS_HTTP_PORT', '65536', '"65536"', 'a whole number from 0 to 65535'],
    ['TEAMS_HTTP_PORT', '80.5', '"80.5"', 'a whole number from 0 to 65535'],
    ['TEAMS_HTTP_PORT', '1e3', '"1e3"', 'a whole number from 0 to 65535'],
    ['TEAMS_HTTP_PORT', '0x50', '"0x50"', 'a whole number from 0 to 65535'],
    ['TEAMS_MAX_RETRIES', '-1', '"-1"', 'a whole number from 0 to 100'],
    ['TEAMS_CONNECTION_TIMEOUT', '30s', '"30s"', 'seconds, from 0.1 to 600'],
    ['TEAMS_CONNECTION_TIMEOUT', 'Infinity', '"Infinity"', 'seconds, from 0.1 to 600'],
    ['TEAMS_LANGUAGE', 'fr', '"fr"', 'one of: en, ar'],
    ['TEAMS_TLS_MIN_VERSION', 'TLSv1.1', '"TLSv1.1"', 'one of: TLSv1.3, TLSv1.2'],
    ['TEAMS_MIGRATE', 'maybe', '"maybe"', 'true or false'],
    ['TEAMS_LINK_GRAFANA', 'grafana', '"grafana"', 'a URL that starts with http:// or https://'],
    ['HTTPS_PROXY', 'socks5://proxy.sa', 'text of 17 characters', PROXY],
    ['HTTPS_PROXY', 'http://user:100%@proxy.sa', 'text of 25 characters', PROXY],
    ['VAULT_ADDR', 'vault:8200', 'text of 10 characters', 'a URL that starts with http:// or https://'],
    ['DATABASE_URL', 'mysql://db', 'text of 10 characters', 'a URL that starts with postgres:// or postgresql://'],
    [
      'TEAMS_WEBHOOK_HOST_SUFFIXES',
      'https://x.net',
      'text of 13 characters',
      'host names such as flows.azure-api.net, separated by commas; neither a top-level domain nor localhost',
    ],
    ...['com', '.sa', '*.net', 'localhost', 'flows.example.sa,com'].map((text): [string, string, string, string] => [
      'TEAMS_WEBHOOK_HOST_SUFFIXES',
      text,
      /[,*]/.test(text) ? `text of ${text.length} characters` : JSON.stringify(text),
      'host names such as flows.azure-api.net, separated by commas; neither a top-level domain nor localhost',
    ]),
    [
      'TEAMS_HMAC_SECRET_KEY',
      'short',
      'text of 5 characters',
      'at least 16 characters, for example from "openssl rand -hex 32"',
    ],
    [
      'TEAMS_TIME_ZONE',
      'Asia/Atlantis',
      'text of 13 characters that names no time zone',
      'a time zone name, for example Asia/Riyadh',
    ],
    [
      'TEAMS_TIME_ZONE',
      'AST',
      'AST, which means several places',
      'one of: Asia/Riyadh, America/Halifax, America/Anchorage',
    ],
    ['TEAMS_TIME_ZONE', 'gst', 'GST, which means several places', 'one of: Asia/Dubai, Atlantic/South_Georgia'],
    ['TEAMS_INBOUND_SECRETS', 'long-enough-for-a-secret,short', 'entry 2 of 5 characters', 'at least 16 characters'],
  ])('%s=%s', (name, text, found, expected) => {
    expect(problemsOf({ [name]: text })).toEqual([{ at: name, found, expected }])
  })

  it.each([
    ['token-without-name-or-scope', ['of one part']],
    ['send:0123456789abcdef', ['of 2 parts']],
    ['ci:send:0123456789abcdef:more', ['of 4 parts']],
    ['ci:send:short', ['with a token of 5 characters']],
    ['ci:send:', ['with a token of 0 characters']],
    ['ci:write:0123456789abcdef', ['with a scope that is not known']],
    ['ci::0123456789abcdef', ['with a scope that is not known']],
    [':send:0123456789abcdef', ['with a name that can not be used']],
    ['ci:send:01234567 89abcdef', ['with a token that no Authorization header can hold']],
    ['ci:send:0123456789abcdéf', ['with a token that no Authorization header can hold']],
    [
      '"ci:send:0123456789abcdef\t"',
      ['with a name that can not be used', 'with a token that no Authorization header can hold'],
    ],
    ['"ci:send:0123456789abcdef"', ['with a name that can not be used']],
    ['c\ni:send:0123456789abcdef', ['with a name that can not be used']],
    ['signed:send:0123456789abcdef', ['with a name that can not be used']],
    ['ci:0123456789abcdef:send', ['with a scope that is not known', 'with a token of 4 characters']],
  ])('TEAMS_API_TOKENS=%s: names each invalid part', (entry, parts) => {
    const error = refused({ TEAMS_API_TOKENS: `ok:send+read:fedcba9876543210,${entry}` })
    expect(error.problems.map(({ at, found }) => [at, found])).toEqual(
      parts.map((part) => ['TEAMS_API_TOKENS', `entry 2 ${part}`]),
    )
    for (const secret of ['0123456', 'fedcba', 'token-without']) expect(error.message).not.toContain(secret)
  })

  it.each([
    ['name', 'ci:send:0123456789abcdef,ci:read:fedcba9876543210'],
    ['token', 'ci:send:0123456789abcdef,web:read:0123456789abcdef'],
  ])('TEAMS_API_TOKENS with the same %s twice', (_, entries) => {
    expect(problemsOf({ TEAMS_API_TOKENS: entries })).toMatchObject([{ at: 'TEAMS_API_TOKENS' }])
  })

  it('of any text is a value within bounds or a problem that names the setting, and nothing else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.oneof(fc.string(), fc.double().map(String)), (name, text) => {
        let value: unknown
        try {
          value = loadSettings({ [name]: text })[name]
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect((error as GatewayError).code).toBe('invalid_settings')
          expect((error as GatewayError).message).toContain(name)
          return
        }
        if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a secret', () => {
  it('is never quoted in any problem', () => {
    const secret = fc.stringMatching(/^[a-z0-9!@:/+,.-]{13,40}$/)
    fc.assert(
      fc.property(fc.constantFrom(...names), secret, (name, text) => {
        // Set under the name of a secret, or by mistake under any other.
        const env = { [name]: text, TEAMS_HTTP_PORT: 'wrong', TEAMS_HTTP_HOST: '0.0.0.0', [`TEAMS_X_${name}`]: text }
        const error = refused(env)
        expect(`${error.message}\n${JSON.stringify(error.problems)}`).not.toContain(text)
      }),
      { numRuns: 500 },
    )
  })

  it.each(names.filter(isSecret))('%s: a short one is described, not quoted', (name) => {
    const error = refused({ [name]: 'zq', TEAMS_HTTP_PORT: 'wrong' })
    expect(error.message).not.toContain('zq')
  })
})

describe('variables of proxies', () => {
  it('are read in lower case too, and named as they were written', () => {
    const settings = loadSettings({ https_proxy: 'http://proxy.sa:3128', no_proxy: 'vault.sa' })
    expect(settings).toMatchObject({ HTTPS_PROXY: 'http://proxy.sa:3128', NO_PROXY: ['vault.sa'] })
    expect(problemsOf({ http_proxy: 'ftp://x' })).toMatchObject([{ at: 'http_proxy', expected: PROXY }])
    expect(loadSettings({ HTTPS_PROXY: 'http://one.sa', https_proxy: 'http://two.sa' }).HTTPS_PROXY).toBe(
      'http://one.sa',
    )
    expect(loadSettings({ teams_language: 'ar' }).TEAMS_LANGUAGE).toBe('en')
  })
})

describe('contradictions', () => {
  it.each<[string, Environment, string]>([
    ['an open interface without tokens', { TEAMS_HTTP_HOST: '0.0.0.0' }, 'TEAMS_HTTP_HOST'],
    ['a list of no tokens', { TEAMS_API_TOKENS: ', ,' }, 'TEAMS_API_TOKENS'],
    ['a list of no secrets', { TEAMS_INBOUND_SECRETS: ',' }, 'TEAMS_INBOUND_SECRETS'],
    [
      'keys that are forgotten while a signature still holds',
      { TEAMS_INBOUND_SECRETS: 'x'.repeat(16), TEAMS_EVENT_TTL: '599' },
      'TEAMS_EVENT_TTL',
    ],
    [
      'a client secret that travels in the clear',
      { TEAMS_ENTRA_AUTHORITY: 'http://login.example' },
      'TEAMS_ENTRA_AUTHORITY',
    ],
    ['a breaker that opens after the retries', { TEAMS_MAX_RETRIES: '1' }, 'TEAMS_BREAKER_THRESHOLD'],
    ['more connections to one host than in all', { TEAMS_TOTAL_CONNECTIONS: '5' }, 'TEAMS_CONNECTIONS_PER_HOST'],
    ['cards that outlive their rows', { TEAMS_AUDIT_RETENTION_DAYS: '30' }, 'TEAMS_CARD_HISTORY_RETENTION_DAYS'],
    ['Vault without a login', { VAULT_ADDR: 'https://vault' }, 'VAULT_ADDR'],
    ['a Vault token that travels in the clear', { VAULT_ADDR: 'http://vault:8200', VAULT_TOKEN: 't' }, 'VAULT_ADDR'],
    ['half an AppRole', { VAULT_ADDR: 'https://vault', VAULT_ROLE_ID: 'r' }, 'VAULT_ADDR'],
    [
      'two of three Entra settings',
      { TEAMS_ENTRA_TENANT_ID: 't', TEAMS_ENTRA_CLIENT_ID: 'c' },
      'TEAMS_ENTRA_TENANT_ID',
    ],
    [
      'an old secret without a new one',
      { TEAMS_HMAC_SECRET_KEY_PREVIOUS: 'x'.repeat(16) },
      'TEAMS_HMAC_SECRET_KEY_PREVIOUS',
    ],
    [
      'links that act and travel in the clear',
      { ...LINK_SECRETS, TEAMS_PUBLIC_URL: 'http://actions.example' },
      'TEAMS_PUBLIC_URL',
    ],
    ['links without a secret of their own', { TEAMS_PUBLIC_URL: 'https://actions.example' }, 'TEAMS_LINK_SECRETS'],
    [
      'links with the secret that receivers of posts have',
      { TEAMS_LINK_SECRETS: 'x'.repeat(32), TEAMS_HMAC_SECRET_KEY: 'x'.repeat(32) },
      'TEAMS_LINK_SECRETS',
    ],
    [
      'one port for the API and for the public',
      { TEAMS_PUBLIC_PORT: '9000', TEAMS_HTTP_PORT: '9000' },
      'TEAMS_PUBLIC_PORT',
    ],
    ['a short secret of links', { TEAMS_LINK_SECRETS: `${'x'.repeat(32)},short` }, 'TEAMS_LINK_SECRETS'],
    ['no secret of links', { TEAMS_LINK_SECRETS: ',' }, 'TEAMS_LINK_SECRETS'],
    ['half a sign-in', { TEAMS_SIGN_IN_CLIENT_ID: 'c' }, 'TEAMS_SIGN_IN_CLIENT_ID'],
    ['sign-in without an address to come back to', { ...SIGN_IN, TEAMS_SANDBOX: 'off' }, 'TEAMS_SIGN_IN_CLIENT_ID'],
    [
      'a secret of sign-in that travels in the clear',
      { TEAMS_SIGN_IN_AUTHORITY: 'http://login.example' },
      'TEAMS_SIGN_IN_AUTHORITY',
    ],
  ])('%s', (_, env, at) => {
    expect(problemsOf(env).map((problem) => problem.at)).toEqual([at])
  })

  it.each<[string, Environment]>([
    ['an open interface with a token', { TEAMS_HTTP_HOST: '0.0.0.0', TEAMS_API_TOKENS: 'ci:send:0123456789abcdef' }],
    ['a stand-in for Entra on this machine', { TEAMS_ENTRA_AUTHORITY: 'http://[::1]:8080' }],
    ['any loopback name without one', { TEAMS_HTTP_HOST: 'localhost' }],
    ['Vault with a token', { VAULT_ADDR: 'https://vault', VAULT_TOKEN: 't', TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams' }],
    ['Vault on this machine, without TLS', { VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_TOKEN: 't' }],
    ['Vault on this machine, by name', { VAULT_ADDR: 'http://localhost:8200', VAULT_TOKEN: 't' }],
    ['Vault on this machine, by IPv6', { VAULT_ADDR: 'http://[::1]:8200', VAULT_TOKEN: 't' }],
    [
      'Vault without TLS where that is allowed',
      { VAULT_ADDR: 'http://vault:8200', VAULT_TOKEN: 't', TEAMS_VAULT_ALLOW_HTTP: 'true' },
    ],
    ['Vault by AppRole', { VAULT_ADDR: 'https://vault', VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's' }],
    ['Vault by Kubernetes', { VAULT_ADDR: 'https://vault', VAULT_KUBERNETES_ROLE: 'teams' }],
    [
      'pages on this machine, without TLS',
      { ...LINK_SECRETS, TEAMS_PUBLIC_URL: 'http://127.0.0.1:8081', TEAMS_PUBLIC_PORT: '8081' },
    ],
    [
      'sign-in with an address',
      { ...SIGN_IN, ...LINK_SECRETS, TEAMS_PUBLIC_URL: 'https://actions.example', TEAMS_SANDBOX: 'off' },
    ],
    ['no retries, and a breaker for that', { TEAMS_MAX_RETRIES: '0', TEAMS_BREAKER_THRESHOLD: '1' }],
  ])('are none: %s', (_, env) => {
    expect(() => loadSettings(env)).not.toThrow()
  })
})

describe('all at once', () => {
  it('names each invalid value, contradiction and misspelt name in one error', () => {
    const error = refused({
      TEAMS_HTTP_PORT: 'eighty',
      DATABASE_URL: 'mysql://db',
      TEAMS_HTTP_HOST: '0.0.0.0',
      TEAMS_ENTRA_CLIENT_ID: 'c',
      TEAMS_RATE_LIMIT_REQEUSTS: '5',
    })
    const at = [
      'TEAMS_HTTP_PORT',
      'DATABASE_URL',
      'TEAMS_HTTP_HOST',
      'TEAMS_ENTRA_TENANT_ID',
      'TEAMS_RATE_LIMIT_REQEUSTS',
    ]
    expect(error.code).toBe('invalid_settings')
    expect(error.problems.map((problem) => problem.at)).toEqual(at)
    for (const name of at) expect(error.message).toContain(name)
  })

  it.each<[string, Environment]>([
    ['TEAMS_MAX_RETRIES', { TEAMS_MAX_RETRIES: 'one', TEAMS_BREAKER_THRESHOLD: '50' }],
    ['TEAMS_API_TOKENS', { TEAMS_API_TOKENS: 'crm:send:short', TEAMS_HTTP_HOST: '0.0.0.0' }],
  ])('reports no contradiction that only follows from an invalid %s', (name, env) => {
    expect(problemsOf(env).map((problem) => problem.at)).toEqual([name])
    expect(usableSettings(env).problems.map((problem) => problem.at)).toEqual([name])
  })

  it('reports an invalid https_proxy behind an invalid HTTPS_PROXY, where it goes on without invalid values', () => {
    const env = { HTTPS_PROXY: 'socks5://a', https_proxy: 'socks5://b' }
    expect(usableSettings(env).problems.map((problem) => problem.at)).toEqual(['HTTPS_PROXY', 'https_proxy'])
  })
})

describe('a name that no setting has', () => {
  it.each([
    ['TEAMS_RATE_LIMIT_REQEUSTS', 'a name from .env.example, perhaps TEAMS_RATE_LIMIT_REQUESTS'],
    ['TEAMS_WEBHOOKS_FIEL', 'a name from .env.example, perhaps TEAMS_WEBHOOKS_FILE'],
    ['TEAMS_SOMETHING_ENTIRELY_ELSE', 'a name from .env.example'],
  ])('%s', (name, expected) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([{ at: name, found: 'a setting of this name', expected }])
  })

  it('is ignored without our prefixes, and read when it names a channel', () => {
    expect(() => loadSettings({ PATH: '/bin', VAULT_CACERT: '/x', TEAMS_WEBHOOK_SRE: 'https://x' })).not.toThrow()
  })
})
