import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import type { Finding, Note } from '../../src/audit/verify/findings.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { createLog } from '../../src/kernel/log.ts'
import { applyRetention } from '../../src/store/maintenance.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

/** How long the gateway is verified under load. */
const LOAD_MS = 6_000
const CHANNELS = ['sre', 'devops', 'pmo', 'cloudops'] as const
/** A storm at each channel within a second, so that digests are made too. */
const STORMY = {
  TEAMS_RATE_LIMIT_REQUESTS: 40,
  TEAMS_RATE_LIMIT_PERIOD: 1,
  TEAMS_RATE_LIMIT_BURST: 20,
  TEAMS_DIGEST_AFTER: 2,
  TEAMS_DIGEST_URGENT: 60,
  TEAMS_MAX_RETRIES: 1,
  TEAMS_BREAKER_THRESHOLD: 2,
  TEAMS_MAX_RETRY_DELAY: 1,
}

it('a gateway under load is verified by a role that may only read, and has no finding', async () => {
  const store = await startedStore('postgres')
  const gateway = await serveQuick(store, STORMY)
  const { service, database, sandbox } = gateway.wired
  const db = database.kysely
  const role = `t_${randomBytes(6).toString('hex')}`
  await sql.raw(`CREATE ROLE ${role} LOGIN PASSWORD 'only-here'`).execute(db)
  onTestFinished(async () => {
    await sql.raw(`DROP OWNED BY ${role}; DROP ROLE ${role}`).execute(db)
  })
  // Not on the tables of single months.
  const { rows: tables } = await sql<{ name: string }>`
    SELECT relname::text AS name FROM pg_class
     WHERE relname ~ '^teams_' AND relkind IN ('r', 'p') AND NOT relispartition`.execute(db)
  await sql.raw(`GRANT SELECT ON ${tables.map(({ name }) => name).join()} TO ${role}`).execute(db)
  const own = new URL(store.DATABASE_URL)
  own.username = role
  own.password = 'only-here'
  const auditor = await openPostgres({ url: own.href, pool: 1, log: createLog('silent') })
  onTestFinished(() => auditor.close())

  const until = Date.now() + LOAD_MS
  let sent = 0
  const load = CHANNELS.map(async (channel, index) => {
    while (Date.now() < until) {
      sandbox?.model.setFaults(channel, { status: [500, 429, 400, 503][sent % 4] ?? 500, times: 3, retry_after: 1 })
      const events = Array.from(
        { length: 15 },
        (_, i): UncheckedEvent => ({
          eventType: 'prometheus.alert.firing',
          data: { component: channel, summary: `alert ${i}` },
          stakeholders: [channel],
          priority: i % 3 === 0 ? 'CRITICAL' : 'LOW',
          ...(i % 5 === 0 && { correlationId: `${channel}-${i}` }),
        }),
      )
      await service.accept(events, 'test')
      sent += events.length
      await setTimeout(40 + 10 * index)
    }
  })
  const operate = async () => {
    while (Date.now() < until) {
      const { notifications } = await service.listNotifications({ state: 'failed', limit: 5 })
      for (const { id } of notifications) await service.replayNotification(id, 'test')
      const { id } = await service.createSilence(
        {
          matchers: [{ field: 'correlation_id', operator: '=', value: 'pmo-*' }],
          endsAt: new Date(Date.now() + 60_000),
          reason: 'test',
        },
        'test',
      )
      await setTimeout(200)
      await service.endSilence(id, 'test')
      await applyRetention(db, 4_000, 0)
    }
  }
  const found: (Finding | Note)[] = []
  let verified = 0
  const verify = async () => {
    do {
      found.push(...(await inReadSnapshot(auditor.kysely, (t) => Array.fromAsync(verifyRows(t)))))
      verified += 1
    } while (Date.now() < until)
  }
  await Promise.all([...load, operate(), verify()])
  await verify()
  const { rows } = await sql<{ state: string }>`SELECT DISTINCT state FROM teams_notifications`.execute(db)
  expect(found).toEqual([])
  expect(verified).toBeGreaterThan(3)
  expect(rows.map(({ state }) => state)).toEqual(expect.arrayContaining(['accepted', 'digested', 'suppressed']))
})
