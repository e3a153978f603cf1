import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { serveQuick } from '../test/acceptance/gateways.ts'
import { embeddedFolder } from '../test/services/database.ts'
import { startedStore } from '../test/services/stores.ts'
import { output, TOOL_VARIABLES } from './tools.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const TOKEN = 'apprise-token-0123456789'

const APPRISE = [
  '-vvvv',
  `--plugin-path=${root}examples/apprise`,
  '--title=claims-db',
  '--body=No backup for 26 hours',
  '--notification-type=failure',
]

/** Runs one of the newest programs of Python, outside of the checkout, so that the installed client is used. */
function program(
  name: 'python' | 'apprise',
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = embeddedFolder(),
): Promise<string> {
  return output(join(dirname(process.env[TOOL_VARIABLES.python] ?? '/usr/bin/python3'), name), args, {
    signal: AbortSignal.timeout(120_000),
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, PYTHONDONTWRITEBYTECODE: '1', ...env },
  })
}

describe('the Python client', () => {
  it('is installed by pip with its types, and is integrations.teams too', async () => {
    const code = [
      'import claimlinc_teams, integrations.teams, os',
      'assert integrations.teams.send_teams_notification is claimlinc_teams.send_teams_notification',
      "print(os.path.exists(os.path.join(os.path.dirname(claimlinc_teams.__file__), 'py.typed')), claimlinc_teams.__file__)",
    ]
    expect(await program('python', ['-c', code.join('\n')])).toMatch(/^True .*site-packages/)
  })

  it('passes mypy --strict, and so does a program that uses it', async () => {
    const cache = `--cache-dir=${embeddedFolder()}`
    const checked = ['claimlinc_teams', 'integrations', 'tests']
    expect(
      await program('python', ['-m', 'mypy', '--strict', cache, ...checked], {}, `${root}clients/python`),
    ).toContain('Success')
    const caller = [
      'from integrations.teams import Receipt, TeamsPriority, send_teams_notification',
      "receipt: Receipt = send_teams_notification('backup.failed', {'subject': 'x'}, priority=TeamsPriority.HIGH)",
      'state: str = receipt.state',
    ]
    expect(await program('python', ['-m', 'mypy', '--strict', cache, '-c', caller.join('\n')])).toContain('Success')
  })
})

describe('Apprise', () => {
  it('sends by the plugin of the guide, and is told why its json:// can not be an event', async () => {
    const gateway = await serveQuick(await startedStore('embedded'), { TEAMS_API_TOKENS: `apprise:send+read:${TOKEN}` })
    const run = (url: string) =>
      program('apprise', [...APPRISE, url], {
        CLAIMLINC_TEAMS_URL: gateway.origin,
        CLAIMLINC_TEAMS_TOKEN: TOKEN,
        CLAIMLINC_TEAMS_OUTBOX: 'off',
      })
    await run('claimlinc://backup.failed/apprise-interop')
    const list = await fetch(`${gateway.origin}/v1/notifications?correlation_id=apprise-interop&channel=sre`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    })
    expect(await list.json()).toMatchObject({ notifications: [{ event_type: 'backup.failed', priority: 'HIGH' }] })
    const cards = await gateway.wired.sandbox?.model.waitFor('sre', 1)
    expect(JSON.stringify(cards)).toContain('No backup for 26 hours')

    const host = new URL(gateway.origin).host
    await expect(run(`json://apprise:${TOKEN}@${host}/v1/events`)).rejects.toThrow(/a field that events do not have/)
  })
})
