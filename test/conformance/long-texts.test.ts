import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { MAX_DATA_BYTES } from '../../src/contract/limits.ts'
import { readNotificationQuery } from '../../src/contract/notification-query.ts'
import { type Engine, startEngine } from '../../src/delivery/engine.ts'
import { type Acceptor, createAcceptor } from '../../src/intake/acceptor.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { createLog } from '../../src/kernel/log.ts'
import type { Database } from '../../src/store/database.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

describe.each(KINDS)('texts that are too long, on %s', (kind) => {
  let database: Database
  let engine: Engine
  let acceptor: Acceptor

  beforeAll(async () => {
    database = await openMigrated(kind)
    engine = await startEngine(database, createLog('silent'), { deliver: false })
    acceptor = createAcceptor({
      catalogue: loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } }),
      phiPolicy: 'mask',
      keyTtl: 86_400,
      repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
      clock: systemClock,
      wake: engine.wake,
    })
  })
  afterAll(async () => {
    await engine.stop()
    await database.close()
  })

  async function accept(...events: readonly UncheckedEvent[]) {
    const kept = await acceptor.protect(acceptor.check(events))
    const { acceptances } = await database.kysely.transaction().execute((tx) => acceptor.accept(tx, kept, 'test'))
    return acceptances
  }
  async function stored(eventId: string | undefined) {
    const { rows } = await sql<{ data: JsonObject; correlation_id: string }>`
      SELECT data, correlation_id FROM teams_events WHERE id = ${eventId}`.execute(database.kysely)
    return rows[0]
  }

  it('are cut and marked, and lose no event of the batch', async () => {
    const traceback = `Traceback\n${'  File "/app/claims.py", line 7\n'.repeat(60_000)}ValueError: no such claim`
    const task = { task_name: 't', task_id: 'i', error: 'e'.repeat(40_000), traceback }
    const data = {
      component: 'c',
      summary: 's',
      labels: Object.fromEntries([...'abc'].map((k) => [k, k.repeat(900_000)])),
    }
    const [first, second] = await accept(
      { eventType: 'celery.task.failed', data: task },
      { eventType: 'prometheus.alert.firing', data },
    )
    const kept = (await stored(first?.eventId))?.data ?? {}
    expect(kept.error).toBe(`${'e'.repeat(19_999)}…`)
    expect(kept.traceback).toMatch(/^Traceback\n.*line 7\n…\n.*\nValueError: no such claim$/s)
    const labels = (await stored(second?.eventId))?.data.labels
    expect(labels).toEqual(Object.fromEntries([...'abc'].map((k) => [k, `${k.repeat(19_999)}…`])))
    expect(Buffer.byteLength(JSON.stringify([kept, labels]))).toBeLessThan(MAX_DATA_BYTES)
  })

  it('are left out and named where they are URLs', async () => {
    const runbook_url = `https://wiki.example.sa/${'x'.repeat(2_000)}`
    const [answer] = await accept({
      eventType: 'prometheus.alert.firing',
      data: { component: 'c', summary: 's', runbook_url },
    })
    expect(answer?.ignored).toEqual(['runbook_url'])
    expect((await stored(answer?.eventId))?.data).toEqual({ component: 'c', summary: 's' })
  })

  it('show no part of a patient id at the cut', async () => {
    for (const before of [19_990, 19_995, 19_999]) {
      const error = `${'e'.repeat(before)}1098765432${'e'.repeat(30_000)}`
      const task = { task_name: 't', task_id: 'i', patient_id: '1098765432', error }
      const [answer] = await accept({ eventType: 'celery.task.failed', data: task })
      expect(JSON.stringify(await stored(answer?.eventId))).not.toMatch(/1098|8765/)
    }
  })

  it('become start and hash of a correlation id, which still finds repeats and notifications', async () => {
    const subject = (end: string) => `/blobServices/default/containers/${'claims/'.repeat(60)}${end}`
    const alert = { eventType: 'vault.seal.detected', data: { node: 'n' }, stakeholders: ['sre'] }
    const [one, other] = await accept(
      { ...alert, correlationId: subject('a.json') },
      { ...alert, correlationId: subject('b.json') },
    )
    expect(one?.correlationId).toMatch(/^\/blobServices\/.*…[0-9a-f]{24}$/)
    expect(one?.correlationId).toHaveLength(200)
    expect(other?.correlationId).not.toBe(one?.correlationId)
    const [again] = await accept({ ...alert, correlationId: subject('a.json') })
    expect(again?.notifications).toMatchObject([{ state: 'suppressed' }])
    expect(readNotificationQuery({ correlation_id: subject('a.json') }).correlationId).toBe(one?.correlationId)
  })
})
