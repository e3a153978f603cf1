import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const EVENTS = 300

/** A policy whose tiers follow each other at once, so that no test waits for a policy. */
const CONFIG = `
escalation:
  policies:
    quick:
      for: [{ priorities: [CRITICAL] }]
      tiers:
        - { after: 0s, channels: [sre] }
        - { after: 0s, channels: [devops] }
        - { after: 0s, channels: [pmo] }
`

/** Held by a test, it stops every tick between the change of its rows and its COMMIT. */
const LOCK = 4711
const HOLD_TICKS = `
  CREATE FUNCTION hold_ticks() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${LOCK});
    RETURN NEW;
  END $$;
  CREATE TRIGGER hold_ticks BEFORE INSERT ON teams_notifications FOR EACH ROW
    WHEN (NEW.escalation_step IS NOT NULL) EXECUTE FUNCTION hold_ticks()`

it('each tier of each event is called once by two replicas, of which one is killed in the middle of its tick', async () => {
  const store = await startedStore('postgres')
  const folder = mkdtempSync(join(inject('temporaryFolder'), 'escalation-'))
  writeFileSync(join(folder, 'config.yaml'), CONFIG)
  const env = {
    ...Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)])),
    ...store,
    TEAMS_ESCALATION: 'on',
    TEAMS_CONFIG_FILE: join(folder, 'config.yaml'),
  }
  const admin = new pg.Client({ connectionString: store.DATABASE_URL })
  await admin.connect()
  onTestFinished(() => admin.end())
  await admin.query(HOLD_TICKS)
  await admin.query('SELECT pg_advisory_lock($1)', [LOCK])

  const [killed, other] = await Promise.all([spawnGateway(env), spawnGateway(env)])
  const answer = await fetch(`${killed.origin}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(
      Array.from({ length: EVENTS }, (_, index) => ({
        event_type: 'celery.worker.offline',
        correlation_id: `kill-${index}`,
        stakeholders: ['runtime_eng'],
        data: { component: 'celery', summary: `worker ${index}` },
      })),
    ),
  })
  expect(answer.status).toBe(202)

  // Both are in the middle of a tick, each with rows of its own: more events are due than one transaction takes.
  const held = async () => {
    const { rows } = await admin.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted",
      [LOCK],
    )
    return rows[0]?.count
  }
  await expect.poll(held, { timeout: 30_000 }).toBe(2)
  await killed.end('SIGKILL')
  await admin.query('SELECT pg_advisory_unlock($1)', [LOCK])

  const open = async () => {
    const { rows } = await admin.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM teams_escalations WHERE next_at IS NOT NULL OR tier < 4',
    )
    return rows[0]?.count
  }
  await expect.poll(open, { timeout: 45_000 }).toBe(0)
  const { rows: cards } = await admin.query(
    `SELECT escalation_step, channel, count(*)::int AS cards, count(DISTINCT event_id)::int AS events
       FROM teams_notifications WHERE escalation_step IS NOT NULL GROUP BY 1, 2 ORDER BY 1`,
  )
  expect(cards).toEqual([
    { escalation_step: 2, channel: 'sre', cards: EVENTS, events: EVENTS },
    { escalation_step: 3, channel: 'devops', cards: EVENTS, events: EVENTS },
    { escalation_step: 4, channel: 'pmo', cards: EVENTS, events: EVENTS },
  ])
  const { rows: entries } = await admin.query(
    `SELECT kind, count(*)::int AS count
       FROM (SELECT convert_from(body, 'UTF8')::jsonb ->> 'kind' AS kind FROM teams_audit_entries) AS entries
      WHERE kind LIKE 'escalation.%' GROUP BY 1 ORDER BY 1`,
  )
  expect(entries).toEqual([
    { kind: 'escalation.called', count: 3 * EVENTS },
    { kind: 'escalation.started', count: EVENTS },
  ])
  await other.end('SIGTERM')
})
