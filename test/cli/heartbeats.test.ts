import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { QUICK } from '../acceptance/gateways.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'
import { runCli } from './cli.ts'

it('heartbeats: ping reports to a gateway or a database, list and doctor say how they stand', async () => {
  const store = await startedStore('postgres')
  const cwd = embeddedFolder()
  writeFileSync(join(cwd, 'config.yaml'), 'heartbeats: { backup: { every: 1h, title: Backup of claims } }\n')
  writeFileSync(join(cwd, 'log'), 'no space left on device\n')
  const config = { heartbeats: { backup: { every: '1h' } } }
  const gateway = await serveGateway({
    env: {},
    settings: { ...QUICK, ...store, TEAMS_API_TOKENS: 'job:ping:only-for-reports-0123' },
    config,
  })
  onTestFinished(() => gateway.stop())
  const { DATABASE_URL } = store as { readonly DATABASE_URL: string }
  const own = { cwd, env: { DATABASE_URL, TEAMS_CONFIG_FILE: 'config.yaml' } }
  const remote = { cwd, env: { CLAIMLINC_TEAMS_URL: gateway.origin, CLAIMLINC_TEAMS_TOKEN: 'only-for-reports-0123' } }

  expect((await runCli(['doctor'], own)).stdout).toContain('no sign yet: backup')
  expect(await runCli(['heartbeats', 'ping', 'backup', '--start', '--run-id', 'r1'], remote)).toMatchObject({ code: 0 })
  const failed = ['heartbeats', 'ping', 'backup', '--exit-code', '3', '--run-id', 'r1', '--output', 'log']
  expect((await runCli(failed, remote)).stdout).toContain('backup: failed; next success until')
  expect((await runCli(failed, remote)).code).toBe(0)
  expect(await runCli(['heartbeats', 'list'], own)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('Backup of claims'),
  })
  expect((await runCli(['doctor'], own)).stdout).toContain('without a success in time: backup (failed)')
  expect((await runCli(['heartbeats', 'list'], remote)).stderr).toContain('forbidden')
  const rows = await gateway.wired.database.kysely.selectFrom('teams_events').select('data').execute()
  expect(rows).toMatchObject([{ data: { message: 'no space left on device' } }])

  expect(
    (await runCli(['heartbeats', 'ping', 'backup', '--output', '-', '--json'], { ...own, stdin: 'done' })).stdout,
  ).toContain('"ok"')
  expect(await runCli(['heartbeats', 'list'], own)).toMatchObject({ code: 0 })
  for (const wrong of [
    ['--start', '--failure'],
    ['--exit-code', '300'],
    ['--start', '--exit-code', '0'],
    ['--output', 'absent'],
  ])
    expect((await runCli(['heartbeats', 'ping', 'backup', ...wrong], own)).code).toBe(2)
  expect(await runCli(['heartbeats', 'ping', 'backups'], own)).toMatchObject({
    stderr: expect.stringContaining('perhaps backup'),
  })
})
