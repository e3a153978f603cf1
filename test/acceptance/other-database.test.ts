import { describe, expect, it } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import { runCli } from '../cli/cli.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

const WEBHOOK =
  'https://x.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=not-a-real-signature'

describe('a database under another name than DATABASE_URL', () => {
  it.each(['DATABASE_URI', 'POSTGRES_URL', 'DB_URL', 'SQLALCHEMY_DATABASE_URI'])(
    'stops the start, with real webhook URLs: %s',
    async (name) => {
      const env = { [name]: 'postgresql+psycopg2://u:secret@db.example/claims', TEAMS_LOG_LEVEL: 'silent' }
      const start = createGateway({ env, webhooks: { sre: WEBHOOK } })
      await expect(start).rejects.toMatchObject({
        code: 'invalid_settings',
        problems: [{ at: name, expected: expect.stringContaining('DATABASE_URL') }],
      })
      await expect(start).rejects.not.toThrow(/secret/)
    },
  )

  it('is a warning where only the sandbox gets cards, and in doctor', async () => {
    const cwd = embeddedFolder()
    const env = { DATABASE_URI: 'postgres://u:p@db.example/claims', TEAMS_HTTP_PORT: '0' }
    const { code, stdout } = await runCli(['doctor'], { env, cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^note .*DATABASE_URI.*→.*DATABASE_URL/m)
    const real = await runCli(['doctor'], { env: { ...env, TEAMS_WEBHOOK_SRE: WEBHOOK }, cwd })
    expect(real.code).toBe(2)
    expect(real.stdout).toMatch(/^wrong .*DATABASE_URI/m)
  })

  it('is ignored where TEAMS_DATA_DIR selects the embedded database', async () => {
    const env = { POSTGRES_URL: 'postgres://u:p@db.example/claims', TEAMS_LOG_LEVEL: 'silent' }
    const settings = await startedStore('embedded')
    const gateway = await createGateway({ env, settings, webhooks: { sre: WEBHOOK } })
    expect(gateway.service).toBeDefined()
    await gateway.stop()
  })
})
