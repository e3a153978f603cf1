import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { checkSecrets } from '../../src/secrets/check.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { startVault, type VaultStandIn } from '../../src/stand-ins/vault.ts'
import { startProxy } from '../transports/proxy-server.ts'
import { makeCertificate } from '../transports/receiver.ts'
import { CHANNELS, createWorld, known, MARK, PREVIOUS, SIGNING, signs, urlOf } from './harness.ts'

const PATHS = ['secret/data/teams/webhooks', 'secret/data/teams/config']
let world: ReturnType<typeof createWorld>
let vault: VaultStandIn
let folder: string

beforeEach(async () => {
  world = createWorld()
  vault = await startVault({ now: world.clock.now })
  folder = mkdtempSync(join(tmpdir(), 'vault-'))
  vault.policy('teams', PATHS)
  vault.put('secret/teams/webhooks', { sre: urlOf('sre1'), security_eng: urlOf('sec1') })
  vault.put('secret/teams/config', { hmac_secret: SIGNING, hmac_secret_previous: PREVIOUS })
})

afterEach(async () => {
  const cameOut = await world.end()
  await vault.stop()
  rmSync(folder, { recursive: true })
  expect(cameOut).not.toContain(MARK)
  expect(cameOut).not.toContain('hvs.')
})

const withVault = (more: Record<string, string>) => ({
  VAULT_ADDR: vault.url,
  TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks',
  ...more,
})
const withToken = (options: Parameters<VaultStandIn['createToken']>[0] = { policies: ['teams'] }) =>
  withVault({ VAULT_TOKEN: vault.createToken(options) })
const failures = async () =>
  /^teams_secrets_refresh_failures_total\{source="vault"\} (\d+)$/m.exec((await world.metrics.expose()).body)?.[1] ??
  '0'
const logins = () => vault.requests.filter((request) => request.endsWith('/login')).length

describe('logins', () => {
  const appRole = { VAULT_ROLE_ID: 'role-1', VAULT_SECRET_ID: `${MARK}-secret-id` }

  it('logs in with a token', async () => {
    const secrets = await world.start(withToken())
    expect(known(secrets)).toEqual({ sre: urlOf('sre1'), security_eng: urlOf('sec1') })
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
    expect(secrets.signingSecretIsMadeUp).toBe(false)
  })

  it('logs in by AppRole, once for both paths', async () => {
    vault.appRole({ roleId: 'role-1', secretId: `${MARK}-secret-id`, policies: ['teams'], ttl: 3600, uses: 1 })
    const secrets = await world.start(withVault(appRole))
    expect(known(secrets)).toHaveProperty('sre', urlOf('sre1'))
    expect(logins()).toBe(1)
  })

  it('logs in as a Kubernetes service account, with the current token of the file', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, `${MARK}-jwt-1\n`)
    vault.kubernetesRole({ role: 'teams', jwt: `${MARK}-jwt-1`, policies: ['teams'], ttl: 600 })
    const kubernetes = { VAULT_KUBERNETES_ROLE: 'teams', VAULT_KUBERNETES_TOKEN_FILE: file }
    const secrets = await world.start(withVault(kubernetes))
    expect(known(secrets)).toHaveProperty('sre', urlOf('sre1'))
    vault.kubernetesRole({ role: 'teams', jwt: `${MARK}-jwt-2`, policies: ['teams'], ttl: 600 })
    writeFileSync(file, `${MARK}-jwt-2\n`)
    vault.revokeAll()
    vault.put('secret/teams/webhooks', { sre: urlOf('sre2') })
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre2') })
  })

  it('names the invalid setting, for each login', async () => {
    vault.appRole({ roleId: 'role-1', secretId: 'another', policies: ['teams'] })
    const file = join(folder, 'token')
    writeFileSync(file, `${MARK}-jwt`)
    vault.kubernetesRole({ role: 'teams', jwt: 'another' })
    const said = async (env: Record<string, string>) => {
      const { problems } = await checkSecrets({
        settings: loadSettings(env),
        env,
        channels: CHANNELS,
        clock: world.clock,
      })
      expect(JSON.stringify(problems)).not.toContain(MARK)
      return problems.map(({ code, at, found }) => `${code} ${at}: ${found}`)
    }
    expect(await said(withVault({ VAULT_TOKEN: `${MARK}-token` }))).toEqual([
      'secrets_unreachable VAULT_TOKEN: a token that Vault refuses (403)',
    ])
    expect(await said(withVault(appRole))).toEqual([
      'secrets_unreachable VAULT_ROLE_ID: credentials that Vault refuses (status 400)',
    ])
    const kubernetes = { VAULT_KUBERNETES_ROLE: 'teams', VAULT_KUBERNETES_TOKEN_FILE: file }
    expect(await said(withVault(kubernetes))).toEqual([
      'secrets_unreachable VAULT_KUBERNETES_ROLE: credentials that Vault refuses (status 403)',
    ])
    rmSync(file)
    expect((await said(withVault(kubernetes)))[0]).toMatch(/^secrets_unreachable VAULT_KUBERNETES_TOKEN_FILE: no file/)
    expect(await said(withVault({ ...appRole, VAULT_NAMESPACE: 'nowhere' }))).toEqual([
      'secrets_unreachable VAULT_ROLE_ID: a login that Vault does not offer (404)',
    ])
    vault.policy('less', PATHS.slice(0, 1))
    expect(await said(withToken({ policies: ['less'] }))).toEqual([
      'secrets_unreachable secret/teams/config: a path that the token may not read (403)',
    ])
    const noPath = { ...withToken({}), TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/nothing' }
    expect(await said(noPath)).toEqual(['secrets_unreachable secret/teams/nothing: nothing at this path'])
    vault.seal()
    expect(await said(withToken())).toEqual(['secrets_unreachable VAULT_ADDR: a sealed Vault'])
    await vault.stop()
    expect((await said(withToken())).join()).toMatch(/^secrets_unreachable VAULT_ADDR: no answer \([A-Z_]+\)$/)
    await vault.start()
  })

  it('reads the secrets of VAULT_NAMESPACE', async () => {
    const other = await startVault({ now: world.clock.now, namespace: 'claims/prod' })
    other.put('secret/teams/webhooks', { pmo: urlOf('pmo9') })
    const env = { ...withVault({ VAULT_TOKEN: other.createToken() }), VAULT_ADDR: `${other.url}/` }
    const secrets = await world.start({ ...env, VAULT_NAMESPACE: 'claims/prod' })
    expect(known(secrets)).toEqual({ pmo: urlOf('pmo9') })
    expect(known(await world.start(env))).toEqual({})
    await other.stop()
  })

  it('accepts a path of the API as well', async () => {
    const secrets = await world.start({ ...withToken(), TEAMS_WEBHOOK_VAULT_PATH: '/secret/data/teams/webhooks' })
    expect(known(secrets)).toHaveProperty('sre', urlOf('sre1'))
  })

  /** A standby that does not forward requests, and names `location` instead. */
  async function standby(status: number, location: (path: string) => string) {
    const paths: string[] = []
    const server = createServer((request, response) => {
      paths.push(request.url ?? '')
      response.writeHead(status, { location: location(request.url ?? '') }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const address = server.address()
    return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, paths }
  }

  it.each([307, 308])('follows a standby that answers %i to the active node, with the token', async (status) => {
    const { url } = await standby(status, (path) => `${vault.url}${path}`)
    const secrets = await world.start({ ...withToken(), VAULT_ADDR: url })
    expect(known(secrets)).toEqual({ sre: urlOf('sre1'), security_eng: urlOf('sec1') })
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
  })

  it('follows it to another host where that is allowed', async () => {
    const { url } = await standby(307, (path) => `${vault.url.replace('127.0.0.1', 'localhost')}${path}`)
    const env = { ...withToken(), VAULT_ADDR: url, TEAMS_VAULT_REDIRECT_HOSTS: 'vault.example.sa,LOCALHOST' }
    expect(known(await world.start(env))).toEqual({ sre: urlOf('sre1'), security_eng: urlOf('sec1') })
  })

  it.each<[string, number, (path: string) => string, string]>([
    [
      'another host',
      307,
      (path) => vault.url.replace('127.0.0.1', 'localhost') + path,
      'to localhost, where the token',
    ],
    ['a host below one that is allowed by name', 307, (path) => `http://x.vault.example.sa${path}`, 'to x.vault.'],
    ['another scheme', 307, (path) => vault.url.replace('http:', 'https:') + path, '(307) to another scheme'],
    ['credentials in the address', 307, (path) => vault.url.replace('//', '//a:b@') + path, 'to another scheme'],
    ['a redirect of another kind', 302, (path) => vault.url + path, 'a redirect (302)'],
    ['itself', 307, (path) => path, 'one redirect (307) after the other'],
  ])('does not send the token to %s, and says what to do', async (_, status, location, part) => {
    const { url, paths } = await standby(status, location)
    await world.start({ ...withToken(), VAULT_ADDR: url, TEAMS_VAULT_REDIRECT_HOSTS: 'vault.example.sa' })
    const [line] = world.problemLines(part)
    expect(line).toMatchObject({ code: 'secrets_unreachable', subject: 'VAULT_ADDR' })
    expect(vault.requests).toEqual([])
    expect(paths.length).toBeLessThanOrEqual(6)
  })
})

describe('a proxy', () => {
  it.each(['https', 'http'])('is used for a Vault on another machine: %s', async (scheme) => {
    const proxy = await startProxy({ credentials: `user:${MARK}` })
    const own = new URL(vault.url).port
    let port = own
    if (scheme === 'https') {
      const certificate = makeCertificate('vault.example.sa')
      const before = getCACertificates('default')
      setDefaultCACertificates([...before, certificate.cert])
      const front = createTlsServer(certificate, (socket) => {
        const inner = connect(Number(own), '127.0.0.1')
        for (const end of [socket, inner]) end.on('error', () => undefined)
        socket.pipe(inner).pipe(socket)
      })
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => {
        front.close()
        setDefaultCACertificates(before)
      })
      port = String((front.address() as AddressInfo).port)
    }
    const env = {
      ...withToken(),
      VAULT_ADDR: `${scheme}://vault.example.sa:${port}`,
      TEAMS_VAULT_ALLOW_HTTP: 'true',
      [`${scheme}_proxy`]: proxy.url.replace('//', `//user:${MARK}@`),
    }
    expect(known(await world.start(env))).toEqual({ sre: urlOf('sre1'), security_eng: urlOf('sec1') })
    expect(new Set(proxy.asked)).toEqual(new Set([`vault.example.sa:${port}`]))
  })

  it('that refuses is reported with its status, and without its address', async () => {
    const proxy = await startProxy({ refuse: 407 })
    const HTTPS_PROXY = proxy.url.replace('//', `//user:${MARK}@`)
    await world.start({ ...withToken(), VAULT_ADDR: 'https://vault.example.sa:8200', HTTPS_PROXY })
    expect(world.problemLines('no answer (PROXY_407)')).toHaveLength(1)
  })
})

describe('rotation', () => {
  it('reads new values without a restart, and logs which channels changed', async () => {
    const secrets = await world.start(withToken())
    const changes: (readonly string[])[] = []
    const stop = secrets.onChange((channels) => changes.push(channels))
    const before = secrets.webhook('sre')
    await world.look()
    expect(changes).toEqual([])
    vault.put('secret/teams/webhooks', { sre: urlOf('sre1'), security_eng: urlOf('sec2'), pmo: urlOf('pmo1') })
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre1'), security_eng: urlOf('sec2'), pmo: urlOf('pmo1') })
    expect(secrets.webhook('sre')).toBe(before)
    vault.put('secret/teams/config', { hmac_secret: `${SIGNING}-next`, hmac_secret_previous: SIGNING })
    await world.look()
    expect(signs(secrets)).toEqual([`${SIGNING}-next`, SIGNING])
    vault.put('secret/teams/webhooks', { sre: urlOf('sre1') })
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre1') })
    expect(changes).toEqual([['security_eng', 'pmo'], [], ['security_eng', 'pmo']])
    stop()
    vault.put('secret/teams/webhooks', { sre: urlOf('sre2') })
    await world.look()
    expect(changes).toHaveLength(3)
  })

  it('keeps the previous URL instead of an invalid one, and logs it once', async () => {
    const secrets = await world.start(withToken())
    vault.put('secret/teams/webhooks', { sre: `placeholder-${MARK}`, security_eng: urlOf('sec2') })
    await world.look()
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre1'), security_eng: urlOf('sec2') })
    expect(world.problemLines('webhook_placeholder')).toMatchObject([{ subject: 'secret/teams/webhooks: sre' }])
    vault.put('secret/teams/config', { hmac_secret: `${MARK}`.slice(0, 5) })
    await world.look()
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
    expect(world.problemLines('secret/teams/config: hmac_secret')).toHaveLength(1)
  })

  it('survives a listener that throws', async () => {
    const secrets = await world.start(withToken())
    const changes: (readonly string[])[] = []
    secrets.onChange(() => {
      throw new Error(MARK)
    })
    secrets.onChange((channels) => changes.push(channels))
    vault.put('secret/teams/webhooks', { sre: urlOf('sre2') })
    await world.look()
    expect(changes).toEqual([['sre', 'security_eng']])
  })
})

describe('outages', () => {
  it('starts with a sealed Vault, retries, and uses the values it then reads', async () => {
    vault.seal()
    const secrets = await world.start(withToken())
    expect(known(secrets)).toEqual({})
    expect(secrets.signingSecretIsMadeUp).toBe(true)
    const madeUp = signs(secrets)
    expect(madeUp[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(world.wait()).toBe(5_000)
    for (const _ of [1, 2, 3]) await world.look()
    expect(signs(secrets)).toEqual(madeUp)
    expect(world.problemLines('a sealed Vault')).toMatchObject([{ code: 'secrets_unreachable', subject: 'VAULT_ADDR' }])
    expect(await failures()).toBe('4')
    vault.unseal()
    const changes: (readonly string[])[] = []
    secrets.onChange((channels) => changes.push(channels))
    await world.look()
    expect(changes).toEqual([['sre', 'security_eng']])
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
    expect(secrets.signingSecretIsMadeUp).toBe(false)
    expect(world.wait()).toBe(30_000)
  })

  it('keeps known values through a later outage, with one log line for each', async () => {
    const secrets = await world.start(withToken())
    const all = { sre: urlOf('sre1'), security_eng: urlOf('sec1') }
    for (const [stop, go] of [
      [vault.seal, vault.unseal],
      [vault.stop, vault.start],
      [() => vault.delete('secret/teams/webhooks'), () => vault.put('secret/teams/webhooks', all)],
    ] as const) {
      await stop()
      await world.look()
      await world.look()
      expect(known(secrets)).toEqual(all)
      expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
      await go()
      await world.look()
    }
    expect(world.problemLines('secrets_unreachable').map(({ problems }) => problems.length)).toEqual([1, 1, 1])
    expect(await failures()).toBe('6')
  })

  it('keeps the URLs current while only the signing secret can not be read', async () => {
    const secrets = await world.start(withToken())
    vault.policy('teams', PATHS.slice(0, 1))
    vault.put('secret/teams/webhooks', { sre: urlOf('sre2') })
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre2') })
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
  })

  it('does not ask Vault for a signing secret that the environment has', async () => {
    vault.policy('teams', PATHS.slice(0, 1))
    const secrets = await world.start({ ...withToken(), TEAMS_HMAC_SECRET_KEY: `${SIGNING}-env` })
    expect(signs(secrets)).toEqual([`${SIGNING}-env`])
    expect(world.problemLines('secrets_unreachable')).toEqual([])
  })

  it('closes during a refresh', async () => {
    const secrets = await world.start(withToken())
    const hanging = vault.hang()
    world.begin()
    await hanging
    await secrets.close()
    expect(known(secrets)).toHaveProperty('sre', urlOf('sre1'))
    expect(world.problemLines('')).toEqual([])
    expect(await failures()).toBe('0')
  })
})

describe('leases', () => {
  it('renews a token before its lease ends', async () => {
    const secrets = await world.start(withToken({ policies: ['teams'], ttl: 300, renewable: true }))
    for (let look = 0; look < 40; look++) await world.look()
    expect(await failures()).toBe('0')
    expect(vault.requests.filter((request) => request.includes('renew-self')).length).toBeGreaterThan(3)
    vault.put('secret/teams/webhooks', { sre: urlOf('sre2') })
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre2') })
  })

  it('logs in again where the token can not be renewed, and near the end of its max TTL', async () => {
    const role = { roleId: 'role-1', secretId: `${MARK}-secret-id`, policies: ['teams'] }
    vault.appRole({ ...role, ttl: 300, renewable: false })
    await world.start(withVault({ VAULT_ROLE_ID: 'role-1', VAULT_SECRET_ID: `${MARK}-secret-id` }))
    for (let look = 0; look < 20; look++) await world.look()
    const made = logins()
    expect(made).toBeGreaterThan(2)
    vault.appRole({ ...role, ttl: 300, maxTtl: 900, renewable: true })
    vault.revokeAll()
    for (let look = 0; look < 40; look++) await world.look()
    expect(await failures()).toBe('0')
    // 20 minutes with a longest life of 15: one login at once, one more on the way.
    expect(logins() - made).toBe(2)
  })

  it('logs in again when the token ended early, and logs why when that fails', async () => {
    vault.appRole({ roleId: 'r', secretId: `${MARK}-secret-id`, policies: ['teams'], ttl: 3600, uses: 2 })
    const secrets = await world.start(withVault({ VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: `${MARK}-secret-id` }))
    vault.revokeAll()
    vault.put('secret/teams/webhooks', { sre: urlOf('sre2') })
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre2') })
    expect(logins()).toBe(2)
    vault.revokeAll()
    await world.look()
    expect(world.problemLines('VAULT_ROLE_ID: found credentials that Vault refuses (status 400)')).toHaveLength(1)
    expect(known(secrets)).toEqual({ sre: urlOf('sre2') })
  })

  it('does not log in again for a path that the policy forbids', async () => {
    vault.policy('less', ['secret/data/teams/webhooks'])
    vault.appRole({ roleId: 'r', secretId: `${MARK}-secret-id`, policies: ['less'], ttl: 3600 })
    await world.start(withVault({ VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: `${MARK}-secret-id` }))
    await world.look()
    await world.look()
    expect(logins()).toBe(1)
    expect(world.problemLines('secret/teams/config: found a path that the token may not read')).toHaveLength(1)
  })

  it('logs that a given token ended, and keeps known values', async () => {
    const secrets = await world.start(withToken({ policies: ['teams'], ttl: 60 }))
    world.pass(61_000)
    await world.look()
    expect(world.problemLines('VAULT_TOKEN: found a token that Vault refuses (403)')).toHaveLength(1)
    expect(known(secrets)).toHaveProperty('sre', urlOf('sre1'))
  })
})

describe('at start', () => {
  it('refuses placeholders, naming path and field, all at once', async () => {
    vault.put('secret/teams/webhooks', {
      sre: 'placeholder',
      security_eng: `https://outlook.office.com/webhook/${MARK}`,
      pmo: 5,
    })
    vault.put('secret/teams/config', { hmac_secret: '<generated-secret>' })
    expect(await world.refusal(withToken())).toMatchObject({
      code: 'webhook_placeholder',
      problems: [
        { at: 'secret/teams/webhooks: sre', found: 'a placeholder' },
        { at: 'secret/teams/webhooks: security_eng' },
        { at: 'secret/teams/webhooks: pmo', found: 'a number' },
        { at: 'secret/teams/config: hmac_secret', found: 'a placeholder' },
      ],
    })
  })

  it('ignores fields that are no channel, and logs them', async () => {
    vault.put('secret/teams/webhooks', { sre: urlOf('sre1'), sree: urlOf('x') })
    expect(known(await world.start(withToken()))).toEqual({ sre: urlOf('sre1') })
    expect(world.problemLines('secret/teams/webhooks: sree')).toMatchObject([{ expected: 'perhaps sre' }])
  })

  it('ignores a placeholder for a muted channel', async () => {
    vault.put('secret/teams/webhooks', { sre: urlOf('sre1'), pmo: 'placeholder' })
    const secrets = await world.start(withToken(), [
      { key: 'sre', auth: 'sas' },
      { key: 'pmo', auth: 'sas', muted: true },
    ])
    expect(known(secrets)).toEqual({ sre: urlOf('sre1') })
  })
})

describe('the stand-in', () => {
  it('answers like Vault', async () => {
    const token = vault.createToken()
    const ask = async (path: string, init: RequestInit = { headers: { 'x-vault-token': token } }) => {
      const response = await fetch(`${vault.url}/v1/${path}`, init)
      return { status: response.status, body: await response.json() }
    }
    const login = (path: string, body: object) =>
      ask(`auth/${path}/login`, { method: 'POST', body: JSON.stringify(body) })
    expect(await ask('secret/data/teams/nothing')).toEqual({ status: 404, body: { errors: [] } })
    expect(await ask('secret/teams/webhooks')).toMatchObject({
      status: 404,
      body: { warnings: [expect.stringContaining('Invalid path for a versioned K/V secrets engine')] },
    })
    vault.put('secret/a', { b: 1 })
    vault.put('secret/a', { b: 2 })
    expect(await ask('secret/data/a')).toMatchObject({
      status: 200,
      body: { data: { data: { b: 2 }, metadata: { version: 2 } } },
    })
    vault.delete('secret/a')
    expect(await ask('secret/data/a')).toMatchObject({ status: 404, body: { data: { data: null } } })
    expect(await ask('secret/data/a', {})).toEqual({ status: 403, body: { errors: ['permission denied'] } })
    expect(await login('approle', { role_id: 'a', secret_id: 'b' })).toEqual({
      status: 400,
      body: { errors: ['invalid role or secret ID'] },
    })
    expect(await login('kubernetes', { role: 'a', jwt: 'b' })).toEqual({
      status: 400,
      body: { errors: ['invalid role name "a"'] },
    })
    vault.seal()
    expect(await ask('secret/data/a')).toEqual({ status: 503, body: { errors: ['Vault is sealed'] } })
  })
})
