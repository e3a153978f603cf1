import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGateway } from '../src/app/gateway.ts'
import { rendererOptions } from '../src/cards/renderer.ts'
import { builtInCatalogue } from '../src/catalogue/built-in.ts'
import { parseEnvFile } from '../src/settings/env-file.ts'
import { loadSettings } from '../src/settings/load.ts'
import { settingNotices } from '../src/settings/notices.ts'
import { isPlatformName, PLATFORM_NAMES } from '../src/settings/platform.ts'
import { SETTINGS } from '../src/settings/table.ts'
import { runJson, startCli } from './cli/cli.ts'
import { embeddedFolder } from './services/database.ts'
import { startedStore } from './services/stores.ts'

const FILE = fileURLToPath(new URL('fixtures/platform.env', import.meta.url))
const { values: ENV } = parseEnvFile(readFileSync(FILE, 'utf8'), '.env')
const noticesOf = (env: Readonly<Record<string, string>>) =>
  Object.fromEntries(settingNotices(env, loadSettings(env)).map(({ at, says }) => [at, says]))

/** A folder with the platform's file as its `.env`. */
function folderOfPlatform(): string {
  const folder = embeddedFolder()
  copyFileSync(FILE, join(folder, '.env'))
  return folder
}

describe("the platform's own .env", () => {
  it('has every name that is read as another or not read', () => {
    for (const name of Object.keys(PLATFORM_NAMES)) expect(Object.keys(ENV)).toContain(name)
  })

  it('starts the gateway, which says a line for each name that means something else here', async () => {
    const cwd = folderOfPlatform()
    renameSync((await startedStore('embedded')).TEAMS_DATA_DIR, join(cwd, '.data'))
    const serve = startCli(['serve'], { cwd, env: { TEAMS_HTTP_PORT: '0' } })
    await serve.says(/"event":"gateway_listening"/)
    serve.child.kill('SIGTERM')
    const { code, stderr } = await serve.ended
    expect(code).toBe(0)
    for (const name of [
      'GRAFANA_URL',
      'CLAIMLINC_URL',
      'TEAMS_TEMPLATE_DIR',
      'TEAMS_SIGNING_KEY',
      'TEAMS_AUDIT_RETENTION_DAYS',
    ])
      expect(stderr).toContain(`"setting":"${name}"`)
    expect(stderr).not.toContain('signing-key-of-the-platform')
    expect(stderr).not.toContain('"setting":"TEAMS_AUDIT_TABLE"')
  })

  it.each(['asyncpg', 'psycopg', 'psycopg2'])('names its database as SQLAlchemy does, with %s', async (driver) => {
    const { DATABASE_URL = '' } = await startedStore('postgres')
    const env = { DATABASE_URL: DATABASE_URL.replace(/^postgres(ql)?:/, `postgresql+${driver}:`) }
    expect(env.DATABASE_URL).toContain(`+${driver}://`)
    expect(await runJson(['migrate', 'status'], { cwd: folderOfPlatform(), env })).toMatchObject({
      code: 0,
      answer: { up_to_date: true },
    })
  })

  it('has doctor say that 90 days are below the six years of HIPAA, and keeps them', async () => {
    expect(loadSettings(ENV).TEAMS_AUDIT_RETENTION_DAYS).toBe(90)
    const { answer } = await runJson(['doctor'], { cwd: folderOfPlatform() })
    expect(answer.checks).toContainEqual(
      expect.objectContaining({
        check: 'settings',
        status: 'note',
        detail: expect.stringMatching(/^TEAMS_AUDIT_RETENTION_DAYS: .*90 days.*six years/),
      }),
    )
  })

  it('gives the cards their links', () => {
    const catalogue = builtInCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
    expect(rendererOptions(catalogue, loadSettings(ENV)).links).toEqual({
      grafana: 'https://grafana.claimlinc.example',
      flower: 'http://localhost:5555',
      logs: "https://kibana.claimlinc.example/app/discover#/?_a=(query:(language:kuery,query:'%22{correlation_id}%22'))",
      claims: 'https://claimlinc.example/claims/{claim_id}',
      nphies: 'https://portal.nphies.example',
      nphiesStatus: 'https://status.nphies.example',
      nphiesDocs: 'https://docs.nphies.example',
      runbooks: {
        vault: 'https://docs.claimlinc.example/runbooks/vault',
        celery: 'https://docs.claimlinc.example/runbooks/celery',
        nphies: 'https://docs.claimlinc.example/runbooks/nphies',
      },
      notifications: undefined,
    })
  })
})

describe('a name of the platform', () => {
  it.each(Object.entries(ENV).filter(([name, value]) => value !== '' && isPlatformName(name)))(
    '%s alone is taken, and is read or explained',
    (name, value) => {
      const row: { instead?: string; readAs?: string; silentFor?: string } =
        PLATFORM_NAMES[name as keyof typeof PLATFORM_NAMES]
      expect(Object.keys(noticesOf({ [name]: value })).includes(name)).toBe(row.silentFor !== value)
    },
  )

  it('is a setting of ours, or in the table of those that are not', () => {
    const strange = Object.keys(ENV).filter(
      (name) => !Object.hasOwn(SETTINGS, name) && !isPlatformName(name) && !name.startsWith('TEAMS_WEBHOOK_'),
    )
    expect(strange).toEqual([])
  })

  it('gives way to the setting that it stands for', () => {
    const env = { GRAFANA_URL: 'https://old.example', TEAMS_LINK_GRAFANA: 'https://new.example' }
    expect(loadSettings(env).TEAMS_LINK_GRAFANA).toBe('https://new.example')
    expect(noticesOf(env)).toEqual({ GRAFANA_URL: 'Not read, because TEAMS_LINK_GRAFANA is set too.' })
  })

  it('that other programs have too is noted where it is no URL, and not refused', () => {
    expect(loadSettings({ GRAFANA_URL: 'grafana:3000' }).TEAMS_LINK_GRAFANA).toBeUndefined()
    expect(noticesOf({ GRAFANA_URL: 'grafana:3000' }).GRAFANA_URL).toMatch(/^Not read as TEAMS_LINK_GRAFANA/)
  })

  it('of ours alone is refused under its own name', () => {
    expect(() => loadSettings({ TEAMS_MAX_BURST_SIZE: 'many' })).toThrow(/TEAMS_MAX_BURST_SIZE/)
  })
})

it('TEAMS_WEBHOOK_ENABLED=false records events and sends no card', async () => {
  const gateway = await createGateway({
    env: {},
    settings: { ...(await startedStore('embedded')), TEAMS_LOG_LEVEL: 'silent', TEAMS_WEBHOOK_ENABLED: false },
  })
  onTestFinished(() => gateway.stop())
  const { notifications } = await gateway.send({ eventType: 'vault.seal.detected', data: { node: 'v' } })
  expect(notifications.map(({ state }) => state)).toEqual(['suppressed', 'suppressed', 'suppressed'])
})
