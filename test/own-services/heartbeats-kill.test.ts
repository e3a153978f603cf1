import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

/** Longest time until a replica looks again, on a busy machine. */
const LOOKED_MS = 30_000

it('heartbeats that are missed make one event each though replicas are killed, and none after a time without replicas', async () => {
  const store = await startedStore('postgres')
  const file = join(mkdtempSync(join(inject('temporaryFolder'), 'heartbeats-')), 'config.yaml')
  const names = ['first', 'second', 'third']
  writeFileSync(file, `heartbeats:\n${names.map((name) => `  ${name}: { every: 1h }\n`).join('')}`)
  const env = {
    ...Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)])),
    ...store,
    TEAMS_CONFIG_FILE: file,
  }
  const admin = new pg.Client({ connectionString: store.DATABASE_URL })
  await admin.connect()
  onTestFinished(() => admin.end())
  const count = async (sql: string) => Number((await admin.query(sql)).rows[0]?.count)
  const missed = () => count("SELECT count(*) FROM teams_events WHERE event_type = 'heartbeat.missed'")
  const resumed = () => count('SELECT count(*) FROM teams_heartbeats WHERE resumed_at IS NOT NULL')
  const wait = (minutes: number, watched: string) =>
    admin.query(`UPDATE teams_heartbeats SET watched_at = ${watched}, resumed_at = resumed_at - interval '${minutes} min',
                   waiting_since = waiting_since - interval '${minutes} min'`)

  const [first, second] = await Promise.all([spawnGateway(env), spawnGateway(env)])
  const client = createClient({ url: second.origin })
  await expect
    .poll(async () => (await client.heartbeats.list()).map(({ status }) => status))
    .toEqual(['new', 'new', 'new'])
  await expect.poll(() => count('SELECT count(*) FROM teams_heartbeats')).toBe(3)
  await wait(66, 'clock_timestamp()')
  await first.end('SIGKILL')
  await expect.poll(missed, { timeout: LOOKED_MS }).toBe(3)
  await Promise.all(names.map((name) => client.heartbeats.ping(name, { signal: 'success' })))
  await second.end('SIGKILL')

  await wait(500, "watched_at - interval '500 min'")
  const third = await spawnGateway(env)
  await expect.poll(resumed, { timeout: LOOKED_MS }).toBe(3)
  expect(await missed()).toBe(3)
  await wait(66, 'clock_timestamp()')
  await expect.poll(missed, { timeout: LOOKED_MS }).toBe(6)
  await third.end('SIGTERM')
  const recovered = await count("SELECT count(*) FROM teams_events WHERE event_type = 'heartbeat.recovered'")
  expect({ missed: await missed(), recovered }).toEqual({ missed: 6, recovered: 3 })
}, 120_000)
