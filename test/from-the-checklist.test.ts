import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startServe } from './cli/cli.ts'
import { embeddedFolder } from './services/database.ts'
import { startedStore } from './services/stores.ts'

const page = readFileSync(new URL('../docs/guides/from-the-checklist.md', import.meta.url), 'utf8')

/** Words and steps of the two documents that a reader of them looks for. */
const THEIR_WORDS = [
  'Action.Execute',
  'Jinja2',
  'build_card()',
  'asyncio.gather',
  'alembic upgrade head',
  'alembic downgrade -1',
  'alembic current',
  'alembic history',
  'pip install',
  'openssl rand -hex 32',
  'cp .env.example .env',
  'vault kv put secret/teams/config',
  'vault kv put secret/teams/webhooks',
  'vault kv patch secret/teams/config',
  'logic.azure.com',
  'pg_dump -U postgres brainsait_nphies',
  'pytest',
  '38 tests',
  'htmlcov',
  'systemctl restart celery-worker',
  'Flower',
  "PSUBSCRIBE 'teams:events:*'",
  'http://localhost:8000/metrics',
  'Grafana',
  'submit_nphies_claim',
  'test-deploy-verification',
  'Teams notification sent successfully',
  'Notifications not arriving',
  'Rate limiting (429)',
  'HMAC signature failures',
  'Database migration failed',
  'Rollback',
  'Success metrics',
]

describe('docs/guides/from-the-checklist.md', () => {
  it.each(THEIR_WORDS)('answers by their own words: %s', (words) => {
    expect(page).toContain(words)
  })

  it('has a send_teams_notification for Python whose card arrives, is counted, and is logged as the checklist looks for it', async () => {
    const gateway = await startServe({ ...(await startedStore('embedded')), TEAMS_LOG_LEVEL: 'info' })
    const script = join(embeddedFolder(), 'teams.py')
    writeFileSync(script, /^```python\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '')
    const { stdout } = await promisify(execFile)('python3', [script], {
      env: {
        PATH: process.env.PATH,
        PYTHONPATH: fileURLToPath(new URL('../clients/python', import.meta.url)),
        PYTHONDONTWRITEBYTECODE: '1',
        CLAIMLINC_TEAMS_URL: gateway.origin,
        CLAIMLINC_TEAMS_OUTBOX: 'off',
      },
    })
    expect(stdout).toMatch(/state='accepted'.*correlation_id='test-deploy-verification'/)
    const [line] = await gateway.says(/^.*"channel":"nphies_integration".*Teams notification sent successfully.*$/m)
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      event: 'notification_sent',
      correlation_id: 'test-deploy-verification',
      event_type: 'nphies.claim.submitted',
      priority: 'INFO',
      attempt: 1,
      status: 202,
      msg: 'Teams notification sent successfully',
    })
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
    expect(metrics).toMatch(/^teams_notification_send_duration_seconds_bucket\{.*channel="nphies_integration"/m)
  })
})
