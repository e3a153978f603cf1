import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkSecrets } from '../../src/secrets/check.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { startVault } from '../../src/stand-ins/vault.ts'
import { CHANNELS, createWorld, known, MARK, PREVIOUS, SIGNING, signs, urlOf } from './harness.ts'

let world: ReturnType<typeof createWorld>
let folder: string

beforeEach(() => {
  world = createWorld()
  folder = mkdtempSync(join(tmpdir(), 'secrets-'))
})

afterEach(async () => {
  const cameOut = await world.end()
  rmSync(folder, { recursive: true })
  expect(cameOut).not.toContain(MARK)
})

/** Puts a file in place the way Kubernetes and careful people do: by renaming. */
function write(name: string, text: string): string {
  writeFileSync(join(folder, `${name}.new`), text)
  renameSync(join(folder, `${name}.new`), join(folder, name))
  return join(folder, name)
}

describe('the environment', () => {
  it('gives URLs and signing secrets, and is read once', async () => {
    const secrets = await world.start({
      TEAMS_WEBHOOK_SRE: ` ${urlOf('sre')}\n`,
      TEAMS_WEBHOOK_PMO: '',
      TEAMS_HMAC_SECRET_KEY: SIGNING,
      TEAMS_HMAC_SECRET_KEY_PREVIOUS: PREVIOUS,
    })
    expect(known(secrets)).toEqual({ sre: urlOf('sre') })
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
    expect(secrets.signingSecretIsMadeUp).toBe(false)
    expect(world.wait()).toBeUndefined()
  })

  it('generates a signing secret where there is none, another one at each start', async () => {
    const [one, two] = [await world.start({}), await world.start({})]
    expect(one.signingSecretIsMadeUp).toBe(true)
    expect(signs(one)).not.toEqual(signs(two))
  })

  it('does not quote a secret that stands in place of the path of its file', async () => {
    const key = `PRIVATE+KEY+example.org/trail+00000000+${MARK}`
    for (const env of [{ TEAMS_AUDIT_KEY_FILE: key }, { TEAMS_WEBHOOK_SRE_FILE: urlOf('sre') }]) {
      const text = String(await world.refusal(env))
      expect(text).toContain('no such file: [a secret, not a path]')
      expect(text).not.toContain(Object.values(env)[0])
    }
  })

  it('refuses every problem in one error, settings first', async () => {
    const env = {
      TEAMS_WEBHOOK_SER: urlOf('sre'),
      TEAMS_WEBHOOK_WEATHER_REPORT: urlOf('x'),
      TEAMS_WEBHOOK_PMO: `https://${MARK}.webhook.office.com/webhookb2/x`,
      TEAMS_WEBHOOK_SECURITY_ENG: `http://${MARK}.example.org/`,
      TEAMS_WEBHOOK_SRE_FILE: join(folder, 'none'),
      TEAMS_WEBHOOKS_FILE: write('urls.yaml', `sre: [${MARK}\n`),
    }
    const error = await world.refusal(env)
    expect(error).toMatchObject({ code: 'invalid_settings' })
    expect(String(error).replaceAll(folder, '<folder>')).toMatchInlineSnapshot(`
      "GatewayError: The settings are not valid (invalid_settings).
        TEAMS_WEBHOOK_SER: found a webhook URL for a channel that there is not; expected perhaps TEAMS_WEBHOOK_SRE
        TEAMS_WEBHOOK_WEATHER_REPORT: found a webhook URL for a channel that there is not; expected one of: TEAMS_WEBHOOK_SRE, TEAMS_WEBHOOK_SECURITY_ENG, TEAMS_WEBHOOK_PMO
        TEAMS_WEBHOOK_SRE_FILE: found no such file: <folder>/none; expected a file that the gateway may read
        TEAMS_WEBHOOKS_FILE: found a syntax error in line 2, column 1: bad indent; expected YAML or JSON: a webhook URL for each channel key
        TEAMS_WEBHOOK_SECURITY_ENG: found a placeholder; expected the URL that Teams shows under Workflows > "Send webhook alerts to a channel"
        TEAMS_WEBHOOK_PMO: found the URL of an Office 365 connector, which Microsoft has switched off; expected a new workflow in the same channel and its URL: the URL that Teams shows under Workflows > "Send webhook alerts to a channel"
      Correct each setting that the error names. .env.example lists all settings with their defaults."
    `)
    const { problems } = await checkSecrets({
      settings: loadSettings(env),
      env,
      channels: CHANNELS,
      clock: world.clock,
    })
    expect(problems.map(({ code }) => code)).toEqual([
      'invalid_settings',
      'invalid_settings',
      'secrets_unreachable',
      'secrets_unreachable',
      'webhook_placeholder',
      'webhook_retired',
    ])
  })

  it('gives the error code of the first problem where only URLs are invalid', async () => {
    expect(
      await world.refusal({
        TEAMS_WEBHOOK_SRE: `https://${MARK}.attacker.test/?sig=x`,
        TEAMS_WEBHOOK_PMO: 'placeholder',
      }),
    ).toMatchObject({ code: 'webhook_invalid', problems: [{ at: 'TEAMS_WEBHOOK_SRE' }, { at: 'TEAMS_WEBHOOK_PMO' }] })
  })

  it('refuses a channel with auth entra without the Entra settings', async () => {
    const channels = [{ key: 'sre', auth: 'entra' }] as const
    const url = urlOf('sre').replace(/&sig=.*/, '')
    expect(await world.refusal({ TEAMS_WEBHOOK_SRE: url }, channels)).toMatchObject({
      code: 'invalid_settings',
      problems: [{ at: 'TEAMS_WEBHOOK_SRE', expected: expect.stringContaining('TEAMS_ENTRA_CLIENT_ID') }],
    })
    const entra = { TEAMS_ENTRA_TENANT_ID: 't', TEAMS_ENTRA_CLIENT_ID: 'c', TEAMS_ENTRA_CLIENT_SECRET: `${MARK}-entra` }
    expect(known(await world.start({ TEAMS_WEBHOOK_SRE: url, ...entra }, channels))).toEqual({ sre: url })
  })
})

describe('host suffixes', () => {
  it.each(['com.sa', '.co.uk', '*.gov.sa', 'flows.example.sa, com.kw'])(
    'below which anybody can have a host are refused: %s',
    async (TEAMS_WEBHOOK_HOST_SUFFIXES) => {
      const env = { TEAMS_WEBHOOK_SRE: urlOf('sre'), TEAMS_WEBHOOK_HOST_SUFFIXES }
      const problem = { at: 'TEAMS_WEBHOOK_HOST_SUFFIXES', found: expect.stringContaining('anybody can have a host') }
      expect(await world.refusal(env)).toMatchObject({ code: 'invalid_settings', problems: [problem] })
      const settings = loadSettings(env)
      expect((await checkSecrets({ settings, env, channels: CHANNELS, clock: world.clock })).problems).toMatchObject([
        problem,
      ])
    },
  )

  it('of own hosts are accepted', async () => {
    const TEAMS_WEBHOOK_HOST_SUFFIXES = 'flows.example.com.sa, azure-api.net, 10.1.2.3'
    const url = `https://flows.example.com.sa/x?sig=${MARK}`
    expect(known(await world.start({ TEAMS_WEBHOOK_SRE: url, TEAMS_WEBHOOK_HOST_SUFFIXES }))).toEqual({ sre: url })
  })
})

describe('a questionable value that is used', () => {
  const warningsOf = async (env: Record<string, string>, channels: Parameters<typeof checkSecrets>[0]['channels']) => {
    const { warnings } = await checkSecrets({ settings: loadSettings(env), env, channels, clock: world.clock })
    await world.start(env, channels)
    const logged = world.problemLines('webhook_questionable')
    expect(logged).toHaveLength(warnings.length)
    expect(JSON.stringify([warnings, logged])).not.toContain(MARK)
    return warnings.map(({ channel, at, refused }) => ({ channel, at, refused }))
  }

  it('is a URL of the old host, and one with a signature where a token is wanted', async () => {
    const old = `https://prod-07.westeurope.logic.azure.com:443/workflows/0f/triggers/manual/paths/invoke?sig=${MARK}`
    const entra = { TEAMS_ENTRA_TENANT_ID: 't', TEAMS_ENTRA_CLIENT_ID: 'c', TEAMS_ENTRA_CLIENT_SECRET: MARK }
    const env = { TEAMS_WEBHOOK_SRE: old, TEAMS_WEBHOOK_PMO: urlOf('pmo'), TEAMS_WEBHOOK_SECURITY_ENG: old, ...entra }
    const channels = [
      { key: 'sre', auth: 'sas' },
      { key: 'pmo', auth: 'entra' },
      { key: 'security_eng', auth: 'sas', muted: true },
    ] as const
    expect(await warningsOf(env, channels)).toEqual([
      { channel: 'sre', at: 'TEAMS_WEBHOOK_SRE', refused: false },
      { channel: 'pmo', at: 'TEAMS_WEBHOOK_PMO', refused: true },
    ])
  })

  it('is a value that overrides a different one in another source', async () => {
    const map = write(
      'urls.yaml',
      `sre: ${urlOf('file')}
pmo: ${urlOf('pmo')}
`,
    )
    const env = {
      TEAMS_WEBHOOK_SRE: urlOf('environment'),
      TEAMS_WEBHOOK_PMO: urlOf('pmo'),
      TEAMS_WEBHOOKS_FILE: map,
    }
    expect(await warningsOf(env, CHANNELS)).toEqual([{ channel: 'sre', at: 'TEAMS_WEBHOOK_SRE', refused: false }])
  })
})

describe('files', () => {
  it('may hold a URL as a block, which ends with a line break', async () => {
    const map = write(
      'urls.yaml',
      `sre: |
  ${urlOf('sre')}
pmo: " ${urlOf('pmo')} "
`,
    )
    expect(known(await world.start({ TEAMS_WEBHOOKS_FILE: map }))).toEqual({ sre: urlOf('sre'), pmo: urlOf('pmo') })
  })

  it('are read again when they change', async () => {
    const one = write('sre', `${urlOf('sre1')}\n`)
    const map = write('urls.json', JSON.stringify({ pmo: urlOf('pmo1') }))
    const secrets = await world.start({
      TEAMS_WEBHOOK_SRE_FILE: one,
      TEAMS_WEBHOOKS_FILE: map,
      TEAMS_VAULT_REFRESH: '7',
    })
    expect(known(secrets)).toEqual({ sre: urlOf('sre1'), pmo: urlOf('pmo1') })
    expect(world.wait()).toBe(7_000)
    const changes: (readonly string[])[] = []
    secrets.onChange((channels) => changes.push(channels))
    write('sre', urlOf('sre2'))
    await world.look()
    write('urls.json', `security_eng: "${urlOf('sec1')}"\n`)
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre2'), security_eng: urlOf('sec1') })
    expect(changes).toEqual([['sre'], ['security_eng', 'pmo']])
  })

  it('keep their last values while they are missing or invalid, with one log line for each outage', async () => {
    const file = write('urls.yaml', `sre: ${urlOf('sre1')}\n`)
    const secrets = await world.start({ TEAMS_WEBHOOKS_FILE: file })
    rmSync(file)
    await world.look()
    await world.look()
    write('urls.yaml', `sre: ${urlOf('sre2')}\nsre: ${MARK}\n`)
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre1') })
    write('urls.yaml', `sre: ${urlOf('sre3')}\n`)
    await world.look()
    expect(known(secrets)).toEqual({ sre: urlOf('sre3') })
    const lines = world.problemLines('secrets_unreachable')
    expect(lines.map(({ subject, problems }) => [subject, problems.length])).toEqual([
      ['TEAMS_WEBHOOKS_FILE', 1],
      ['TEAMS_WEBHOOKS_FILE', 1],
    ])
    expect((await world.metrics.expose()).body).toContain('teams_secrets_refresh_failures_total{source="file"} 3')
  })

  it('are refused with a key that no channel has', async () => {
    const file = write('urls.yaml', `sre: ${urlOf('sre')}\nsecurty_eng: ${urlOf('sec')}\n`)
    expect(await world.refusal({ TEAMS_WEBHOOKS_FILE: file })).toMatchObject({
      code: 'invalid_settings',
      problems: [{ at: 'TEAMS_WEBHOOKS_FILE: securty_eng', expected: 'perhaps security_eng' }],
    })
  })
})

describe('precedence', () => {
  it('is environment, its file, the map of URLs, Vault', async () => {
    const vault = await startVault()
    const all = (from: string) => ({
      sre: urlOf(`sre${from}`),
      pmo: urlOf(`pmo${from}`),
      security_eng: urlOf(`s${from}`),
    })
    vault.put('secret/teams/webhooks', { ...all('vault'), cloudops: urlOf('cloudvault') })
    vault.put('secret/teams/config', { hmac_secret: SIGNING })
    const { cloudops: _, ...map } = { ...all('map'), cloudops: '' }
    const env = {
      TEAMS_WEBHOOK_SRE: urlOf('sreenv'),
      TEAMS_WEBHOOK_SRE_FILE: write('sre', urlOf('srefile')),
      TEAMS_WEBHOOK_PMO_FILE: write('pmo', urlOf('pmofile')),
      TEAMS_WEBHOOKS_FILE: write('urls.json', JSON.stringify(map)),
      TEAMS_HMAC_SECRET_KEY_PREVIOUS: PREVIOUS,
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: vault.createToken(),
      TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks',
    }
    const channels = [...CHANNELS, { key: 'cloudops', auth: 'sas' }] as const
    const secrets = await world.start(env, channels)
    expect(known(secrets)).toEqual({
      sre: urlOf('sreenv'),
      pmo: urlOf('pmofile'),
      security_eng: urlOf('smap'),
      cloudops: urlOf('cloudvault'),
    })
    expect(signs(secrets)).toEqual([SIGNING, PREVIOUS])
    const report = await checkSecrets({ settings: loadSettings(env), env, channels, clock: world.clock })
    expect(report).toMatchObject({
      channels: [
        { key: 'sre', at: 'TEAMS_WEBHOOK_SRE' },
        { key: 'security_eng', at: 'TEAMS_WEBHOOKS_FILE: security_eng' },
        { key: 'pmo', at: 'TEAMS_WEBHOOK_PMO_FILE' },
        { key: 'cloudops', at: 'secret/teams/webhooks: cloudops' },
      ],
      signingAt: 'secret/teams/config: hmac_secret',
      problems: [],
    })
    expect(JSON.stringify(report)).not.toContain(MARK)
    await vault.stop()
  })
})
