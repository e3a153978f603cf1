import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import { freshDatabase } from '../services/database.ts'
import { QUICK } from './gateways.ts'

it('a gateway starts and sends as a user who may not create tables, also in a month without a partition', async () => {
  const { url } = await freshDatabase()
  const settings = { ...QUICK, DATABASE_URL: url }
  const owner = await createGateway({ env: {}, settings })
  await owner.start()
  await owner.stop()
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const user = `t_${randomBytes(6).toString('hex')}`
  onTestFinished(async () => {
    await admin.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`)
    await admin.end()
  })
  await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'only-here';
    GRANT USAGE ON SCHEMA public, teams_engine TO ${user};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, teams_engine TO ${user}`)
  // Entries of the audit trail take their ids from it; without, a start is refused, as it could not be recorded.
  const withoutEntries = await createGateway({ env: {}, settings: { ...settings, ...asUser(url, user) } })
  await expect(withoutEntries.start()).rejects.toMatchObject({ code: 'database_not_migrated' })
  await withoutEntries.stop()
  await admin.query(`GRANT USAGE ON SEQUENCE teams_audit_entries_id_seq TO ${user}`)
  const { rows } = await admin.query<{ month: string }>(
    "SELECT right(max(relname), 7) AS month FROM pg_class WHERE relname ~ '^teams_events_\\d{4}_\\d{2}$'",
  )
  for (const table of ['teams_events', 'teams_notifications', 'teams_attempts'])
    await admin.query(`DROP TABLE ${table}_${rows[0]?.month}`)

  const gateway = await createGateway({ env: {}, settings: { ...settings, ...asUser(url, user) } })
  onTestFinished(() => gateway.stop())
  await gateway.start()
  const { notifications } = await gateway.send({
    eventType: 'vault.seal.detected',
    data: { node: 'v' },
    stakeholders: ['sre'],
  })
  const state = async () => (await gateway.service.getNotification(notifications[0]?.id ?? '')).state
  await expect.poll(state, { timeout: 30_000 }).toBe('accepted')
})

function asUser(url: string, user: string) {
  const own = new URL(url)
  own.username = user
  own.password = 'only-here'
  return { DATABASE_URL: own.href, TEAMS_MIGRATE: false }
}
