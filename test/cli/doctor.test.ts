import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { recordStart } from '../../src/audit/record-start.ts'
import { generateArchiveKey } from '../../src/contract/archive-keys.ts'
import { generateKey } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { startEntraStandIn } from '../../src/stand-ins/entra.ts'
import { createSandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { startVault } from '../../src/stand-ins/vault.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { catalogueWith } from '../actions/acting.ts'
import { originOf } from '../audit/origin.ts'
import { embeddedFolder, freshDatabase } from '../services/database.ts'
import { freePort } from '../services/program.ts'
import { startedStore } from '../services/stores.ts'
import { MARK, runCli, runJson, serveHere } from './cli.ts'

interface Line {
  readonly check: string
  readonly status: string
  readonly detail: string
  readonly todo: string | null
}

const WEBHOOK = (name: string) =>
  `https://${name}.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${MARK}`

/** Settings without a problem, on a PostgreSQL that a gateway has used. */
async function settingsWithoutProblem(): Promise<Record<string, string>> {
  const vault = await startVault()
  onTestFinished(() => vault.stop())
  const tenantId = '0d5a6f0c-0000-4000-8000-000000000001'
  const clientSecret = MARK
  const signIn = { redirectUris: [], users: [] }
  const entra = await startEntraStandIn({ tenantId, clientId: 'app', clientSecret, scope: 'x/.default', signIn })
  onTestFinished(() => entra.close())
  const keys = ['security_eng', 'cloudops', 'runtime_eng', 'devops', 'sre', 'compliance', 'nphies_integration', 'pmo']
  vault.put('secret/teams/webhooks', Object.fromEntries(keys.map((key) => [key, WEBHOOK(key)])))
  vault.put('secret/teams/config', { hmac_secret: `${MARK}${MARK}` })
  const store = await startedStore('postgres')
  return {
    ...store,
    TEAMS_AUDIT_KEY: generateKey(await originOf(store)).privateKey,
    TEAMS_ARCHIVE_KEYS: generateArchiveKey().text,
    VAULT_ADDR: vault.url,
    VAULT_TOKEN: vault.createToken(),
    TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks',
    TEAMS_REDIS_URL: inject('redisUrl'),
    TEAMS_PUBLIC_URL: 'https://teams-actions.example.sa',
    TEAMS_PUBLIC_PORT: '0',
    TEAMS_LINK_SECRETS: MARK.repeat(4),
    TEAMS_SIGN_IN_CLIENT_ID: 'app',
    TEAMS_SIGN_IN_CLIENT_SECRET: MARK,
    TEAMS_SIGN_IN_TENANTS: tenantId,
    TEAMS_SIGN_IN_AUTHORITY: entra.authority,
  }
}

describe('doctor', () => {
  it('notes that the gateway that started last decided otherwise whether events climb', async () => {
    const store = await startedStore('postgres')
    const start = async (climb: 'on' | 'off') => {
      const database = await openDatabase(loadSettings(store))
      await recordStart(database.kysely, loadSettings({ ...store, TEAMS_ESCALATION: climb }), catalogueWith())
      await database.close()
    }
    const found = async (env: Readonly<Record<string, string>>) =>
      (await runJson(['doctor'], { env: { ...store, ...env } })).answer.checks.find(
        ({ check }: Line) => check === 'escalation',
      )
    await start('on')
    expect(await found({})).toMatchObject({
      status: 'note',
      detail: expect.stringMatching(
        /^events do not climb: .* is auto, .*; by the settings of the gateway that started last they do$/,
      ),
    })
    expect(await found({ TEAMS_API_TOKENS: `relay:act:${MARK.repeat(4)}` })).toMatchObject({ status: 'ok' })
    await start('off')
    expect(await found({})).toMatchObject({ status: 'ok' })
  })

  it('finds no problem in an empty environment, posts no card, and creates no file', async () => {
    const cwd = embeddedFolder()
    const { code, answer, stderr } = await runJson(['doctor'], { cwd })
    expect({ code, stderr, ok: answer.ok }).toEqual({ code: 0, stderr: '', ok: true })
    expect(answer.checks.filter(({ status }: Line) => status === 'wrong')).toEqual([])
    expect(answer.checks).toContainEqual(
      expect.objectContaining({ check: 'database', status: 'note', detail: expect.stringContaining('not made yet') }),
    )
    const again = await runJson(['doctor'], { cwd })
    expect(again.answer).toEqual(answer)
  })

  it('reports ok for each part of a complete installation', async () => {
    const env = await settingsWithoutProblem()
    expect(
      (await runCli(['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"v"}'], { env })).code,
    ).toBe(0)
    const { code, stdout, stderr } = await runCli(['doctor'], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trim().split('\n').slice(0, -2)
    expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([])
    const checks = lines.map((line) => line.split(/ {2,}/)[1])
    expect(checks.slice(0, 16)).toEqual([
      'settings',
      'configuration',
      'templates',
      'database',
      'migration',
      'engine',
      'escalation',
      'redis',
      'vault',
      'signature',
      'audit key',
      'audit trail',
      'audit rights',
      'archive key',
      'buttons',
      'sign-in',
    ])
    expect(checks.filter((check) => check?.startsWith('channel '))).toHaveLength(8)
  })

  it('reports every problem at once, each with what to do', async () => {
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, 'config.yaml'), 'channels:\n  sre: { langauge: ar }\n')
    const env = {
      TEAMS_MAX_RETRIES: 'many',
      TEAMS_LOG_LEVL: 'info',
      TEAMS_CONFIG_FILE: 'config.yaml',
      DATABASE_URL: `postgres://user:${MARK}@127.0.0.1:${await freePort()}/x`,
      TEAMS_REDIS_URL: `redis://:${MARK}@127.0.0.1:${await freePort()}`,
      VAULT_ADDR: `http://127.0.0.1:${await freePort()}`,
      VAULT_TOKEN: MARK,
      TEAMS_WEBHOOK_SRE: 'https://placeholder',
      TEAMS_WEBHOOK_PMO: `https://outlook.office.com/webhook/${MARK}/IncomingWebhook/x/y`,
      TEAMS_WEBHOOK_SER: WEBHOOK('x'),
      TEAMS_WEBHOOK_CLOUDOPS: WEBHOOK('cloudops'),
    }
    const { code, answer } = await runJson(['doctor', '--send-test'], { cwd, env })
    expect(code).toBe(3)
    const wrong: Line[] = answer.checks.filter(({ status }: Line) => status === 'wrong')
    const reported = wrong.map(({ check, detail }) => `${check}: ${detail.split(':')[0]}`)
    expect(reported).toEqual(
      expect.arrayContaining([
        'settings: TEAMS_MAX_RETRIES',
        'settings: TEAMS_LOG_LEVL',
        expect.stringContaining('configuration: '),
        'database: DATABASE_URL',
        'redis: TEAMS_REDIS_URL',
        'vault: VAULT_ADDR',
        'secrets: TEAMS_WEBHOOK_SER',
        'channel sre: TEAMS_WEBHOOK_SRE',
        'channel pmo: TEAMS_WEBHOOK_PMO',
        'channel devops: #devops-alerts has no webhook URL',
        'test cards: not sent, because of what is wrong above',
      ]),
    )
    expect(wrong.filter(({ todo }) => !todo)).toEqual([])
    expect(answer.checks).toContainEqual(expect.objectContaining({ check: 'channel cloudops', status: 'ok' }))
  })

  it.each([
    ['a setting is wrong', { TEAMS_HTTP_PORT: 'x' }, 2],
    ['a channel has no webhook URL while others have', { TEAMS_WEBHOOK_SRE: WEBHOOK('sre') }, 1],
    ['a folder can not be made', { TEAMS_DATA_DIR: '/dev/null/data' }, 2],
    ['Redis is away', { TEAMS_REDIS_URL: 'redis://127.0.0.1:9' }, 3],
  ])('exits with the code of its most severe finding: %s', async (_, env, code) => {
    expect(await runJson(['doctor'], { env })).toMatchObject({ code, answer: { ok: false } })
  })

  it.each([
    ['TEAMS_WEBHOOK_VAULT_PATH', { TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks' }],
    ['TEAMS_WEBHOOKS_FILE', { TEAMS_WEBHOOKS_FILE: '/dev/null' }],
    ['TEAMS_SANDBOX=off', { TEAMS_SANDBOX: 'off' }],
    ['another channel has a webhook URL', { TEAMS_WEBHOOK_SRE: WEBHOOK('sre') }],
  ])('reports why the sandbox does not replace a channel: %s', async (reason, env) => {
    const { stdout } = await runCli(['doctor'], { env })
    expect(stdout).toMatch(new RegExp(`^wrong +channel pmo .*its cards wait.*the sandbox is off: ${reason}`, 'm'))
  })

  it('reports that the sandbox is off because cards of the database went to real channels', async () => {
    const env = await startedStore('postgres')
    await runCli(['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"v"}'], { env })
    const client = new pg.Client({ connectionString: env.DATABASE_URL })
    await client.connect()
    await client.query("UPDATE teams_notifications SET webhook_url = 'https://x.environment.api.powerplatform.com/…'")
    await client.end()
    const { stdout } = await runCli(['doctor'], { env })
    expect(stdout).toMatch(/^wrong +channel pmo .*the sandbox is off: cards of this database went to real channels/m)
  })

  it('notes that a path of Vault without VAULT_ADDR keeps the sandbox off, and a misspelt name of a gateway', async () => {
    const env = { TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks', CLAIMLINC_TEAMS_ULR: `http://${MARK}` }
    const { stdout, stderr } = await runCli(['doctor'], { env })
    expect(stdout).toMatch(/^note +settings +TEAMS_WEBHOOK_VAULT_PATH: .*sandbox off.*TEAMS_SANDBOX=on/m)
    expect(stdout).toMatch(/^note +settings +CLAIMLINC_TEAMS_ULR: .*CLAIMLINC_TEAMS_URL/m)
    expect(stdout + stderr).not.toContain(MARK)
  })

  it('reports that a user may not change the schema, with the commands for its owner', async () => {
    const { url } = await freshDatabase()
    const owner = new pg.Client({ connectionString: url })
    await owner.connect()
    const user = `t_${randomBytes(6).toString('hex')}`
    onTestFinished(async () => {
      await owner.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`)
      await owner.end()
    })
    await owner.query(`CREATE ROLE ${user} LOGIN PASSWORD 'only-here'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
    const own = new URL(url)
    own.username = user
    own.password = 'only-here'
    const env = { DATABASE_URL: own.href }
    const grants = 'GRANT CREATE ON DATABASE <database> TO <user>; GRANT CREATE, USAGE ON SCHEMA public TO <user>'
    const migrate = await runCli(['migrate', 'up'], { env })
    expect([migrate.code, migrate.stderr.includes(grants)]).toEqual([3, true])
    const refused = await runJson(['doctor'], { env })
    expect(refused.code).toBe(3)
    for (const check of ['migration', 'engine'])
      expect(refused.answer.checks).toContainEqual(
        expect.objectContaining({ check, status: 'wrong', todo: expect.stringContaining(grants) }),
      )
    const database = own.pathname.slice(1)
    await owner.query(grants.replaceAll('<database>', `"${database}"`).replaceAll('<user>', user))
    const granted = await runJson(['doctor'], { env })
    for (const check of ['migration', 'engine'])
      expect(granted.answer.checks).toContainEqual(expect.objectContaining({ check, status: 'note' }))
    expect(await runCli(['migrate', 'up'], { env })).toMatchObject({ code: 0 })
  })

  it('goes on after settings that contradict each other or a default, and names each problem of one setting', async () => {
    const env = { TEAMS_MAX_RETRIES: '0', TEAMS_API_TOKENS: 'a:write:short', TEAMS_WEBHOOK_SRE: 'https://placeholder' }
    const { code, answer } = await runJson(['doctor'], { env })
    expect(code).toBe(2)
    const wrong: Line[] = answer.checks.filter(({ status }: Line) => status === 'wrong')
    expect(wrong.map(({ check, detail }) => `${check}: ${detail.split(':')[0]}`)).toEqual(
      expect.arrayContaining([
        'settings: TEAMS_BREAKER_THRESHOLD',
        'settings: TEAMS_API_TOKENS',
        'channel sre: TEAMS_WEBHOOK_SRE',
      ]),
    )
    expect(wrong.filter(({ detail }) => detail.startsWith('TEAMS_API_TOKENS'))).toHaveLength(2)
  })

  it('reports an old host, a signature beside a token, and values that override those of Vault', async () => {
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, 'config.yaml'), 'channels:\n  pmo: { auth: entra }\n')
    writeFileSync(
      join(cwd, '.env'),
      `TEAMS_WEBHOOK_CLOUDOPS=${WEBHOOK('other')}\nTEAMS_HMAC_SECRET_KEY=${MARK}-other-one\n`,
    )
    const old = `https://prod-7.westeurope.logic.azure.com:443/workflows/0f/triggers/manual/paths/invoke?sig=${MARK}`
    const env = {
      ...(await settingsWithoutProblem()),
      TEAMS_CONFIG_FILE: 'config.yaml',
      TEAMS_WEBHOOK_SRE: old,
      TEAMS_ENTRA_TENANT_ID: 't',
      TEAMS_ENTRA_CLIENT_ID: 'c',
      TEAMS_ENTRA_CLIENT_SECRET: MARK,
    }
    const { code, answer } = await runJson(['doctor'], { cwd, env })
    const about = (check: string) =>
      answer.checks
        .filter((line: Line) => line.check === check)
        .map(({ status, detail }: Line) => `${status} ${/URL below|URL with "sig"|stands above/.exec(detail)?.[0]}`)
    expect(about('channel sre')).toEqual(['note URL below', 'note stands above'])
    expect(about('channel pmo')).toEqual(['wrong URL with "sig"'])
    expect(about('channel cloudops')).toEqual(['note stands above'])
    expect(about('signature')).toEqual(['ok undefined', 'note stands above'])
    expect(answer.checks.filter(({ status, todo }: Line) => status !== 'ok' && !todo)).toEqual([])
    expect(JSON.stringify(answer)).not.toContain(MARK)
    expect(code).toBe(1)
  })

  it('asks the gateway that has the embedded database open, also for the name of the audit tree', async () => {
    const store = await startedStore('embedded')
    const tree = await originOf(store)
    const tokens = `doctor:read:${'t'.repeat(20)}`
    const env = { ...store, TEAMS_HTTP_PORT: String(await freePort()), TEAMS_API_TOKENS: tokens }
    const { origin } = await serveHere(env)
    const { code, answer } = await runJson(['doctor'], { env })
    expect(code).toBe(0)
    for (const check of ['database', 'engine'])
      expect(answer.checks).toContainEqual({
        check,
        status: 'ok',
        detail: `reachable, says the gateway at ${origin}`,
        todo: null,
      })
    expect(answer.checks.find(({ check }: Line) => check === 'audit key').todo).toContain(`--origin '${tree}'`)
    // The folder says where its gateway listens.
    expect(await runJson(['doctor'], { env: { ...env, TEAMS_HTTP_PORT: '0' } })).toMatchObject({ code: 0 })
  })

  it('posts test cards only with its option, and reports the outcome of each', async () => {
    const teams = await createSandboxServer()
    onTestFinished(() => teams.close())
    const env = { ...(await startedStore('embedded')), TEAMS_SANDBOX_ORIGIN: teams.origin }
    const addresses = {
      TEAMS_WEBHOOK_SRE: teams.addresses.get('sre') ?? '',
      TEAMS_WEBHOOK_PMO: teams.addresses.get('pmo') ?? '',
    }
    await runCli(['doctor'], { env: { ...env, ...addresses } })
    expect(teams.sandbox.messages('sre')).toEqual([])
    teams.sandbox.setFaults('pmo', { status: 401 })
    const { code, answer } = await runJson(['doctor', '--send-test'], { env: { ...env, ...addresses } })
    expect(code).toBe(1)
    expect(JSON.stringify(teams.sandbox.messages('sre'))).toContain('This is a test card')
    const tests = answer.checks.filter(({ check }: Line) => check.startsWith('test card '))
    expect(tests).toHaveLength(8)
    expect(tests).toContainEqual(expect.objectContaining({ check: 'test card sre', status: 'ok' }))
    expect(tests).toContainEqual(
      expect.objectContaining({
        check: 'test card pmo',
        status: 'wrong',
        detail: expect.stringContaining('unauthorized'),
      }),
    )
    expect(tests).toContainEqual(expect.objectContaining({ check: 'test card devops', status: 'note' }))
  })
})

it('doctor reports each line of .env that is no setting, and reads the others', async () => {
  const cwd = embeddedFolder()
  writeFileSync(join(cwd, '.env'), `TEAMS_HMAC_SECRET_KEY ${MARK}\nTEAMS_LANGUAGE=ar\n`)
  const { code, answer } = await runJson(['doctor'], { cwd })
  expect(code).toBe(2)
  expect(answer.checks.slice(0, 2)).toMatchObject([
    { check: 'settings', status: 'wrong', detail: '.env, line 1: found a line without "="' },
    { check: 'settings', status: 'ok' },
  ])
  expect(answer.checks.map(({ check }: { check: string }) => check)).toEqual(
    expect.arrayContaining(['templates', 'database']),
  )
})
