import { createServer } from 'node:net'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGateway, type Gateway } from '../../src/app/gateway.ts'
import type { EventInput } from '../../src/contract/events.ts'
import type { GatewayOptions } from '../../src/gateway/options.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createLog } from '../../src/kernel/log.ts'
import { type Store, startedStore } from '../services/stores.ts'
import { QUICK } from './gateways.ts'

const ALERT: EventInput = { eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'] }

async function gatewayOn(store: Store, settings: GatewayOptions['settings'] = {}): Promise<Gateway> {
  const gateway = await createGateway({ env: {}, settings: { ...QUICK, ...store, ...settings } })
  onTestFinished(() => gateway.stop())
  return gateway
}

async function clientOf(store: Store): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: 'DATABASE_URL' in store ? store.DATABASE_URL : '' })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** A notification that no wake-up tells of. */
const INSERT_ONE = `
  WITH e AS (
    INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at)
    VALUES (gen_random_uuid(), 'vault.seal.detected', 'c', 'HIGH', '{sre}', '{"node":"v"}', 'test', now()) RETURNING *)
  INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language)
  SELECT gen_random_uuid(), id, correlation_id, event_type, stakeholders, priority, 'sre', 'en' FROM e`

/** How many notifications are in each state. */
const states = async (client: pg.Client) =>
  Object.fromEntries(
    (
      await client.query<{ state: string; n: number }>(
        'SELECT state, count(*)::int AS n FROM teams_notifications GROUP BY 1',
      )
    ).rows.map(({ state, n }) => [state, n]),
  )

describe('finish', () => {
  it('sends all due notifications, also while a turn runs already', async () => {
    const store = await startedStore('postgres')
    const gateway = await gatewayOn(store, { TEAMS_CONNECTIONS_PER_HOST: 2 })
    await gateway.start({ keepAlive: false })
    await gateway.sendMany(Array.from({ length: 20 }, () => ALERT))
    await gateway.finish()
    expect(await states(await clientOf(store))).toEqual({ accepted: 20 })
  })

  it('does not wait for a channel that has no address', async () => {
    const store = await startedStore('postgres')
    const gateway = await gatewayOn(store, { TEAMS_SANDBOX: 'off' })
    await gateway.start({ keepAlive: false })
    await gateway.send(ALERT)
    const since = Date.now()
    await gateway.finish()
    expect(Date.now() - since).toBeLessThan(5_000)
    expect(await states(await clientOf(store))).toEqual({ pending: 1 })
  })
})

/** Connections of this application to the database that a client is connected to. */
const connectionsOf = async (client: pg.Client, application: string) =>
  (
    await client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
      [application],
    )
  ).rows[0]?.n

describe('a gateway that can not be made', () => {
  it('leaves no job engine running', async () => {
    const store = await startedStore('postgres')
    await (await gatewayOn(store)).stop()
    const client = await clientOf(store)
    // The engine itself starts; its queues can not be made.
    await client.query('ALTER FUNCTION teams_engine.create_queue RENAME TO away')
    await expect(gatewayOn(store)).rejects.toThrow()
    await expect.poll(() => connectionsOf(client, 'claimlinc-teams-engine')).toBe(0)
    await expect.poll(() => connectionsOf(client, 'claimlinc-teams')).toBe(0)
    await client.query('ALTER FUNCTION teams_engine.away RENAME TO create_queue')
    await (await gatewayOn(store)).start()
  })
})

describe('start', () => {
  it('may be called again after it failed, and then starts every part', async () => {
    const store = await startedStore('postgres')
    const gateway = await gatewayOn(store)
    const client = await clientOf(store)
    await client.query('ALTER TABLE teams_engine.schedule RENAME TO away')
    await expect(gateway.start()).rejects.toThrow()
    await client.query('ALTER TABLE teams_engine.away RENAME TO schedule')
    await gateway.start()
    // Found by the sweep alone: no wake-up tells of it.
    await client.query(INSERT_ONE)
    await expect.poll(() => states(client), { timeout: 30_000 }).toEqual({ accepted: 1 })
  })

  it('is refused once the gateway was stopped', async () => {
    const gateway = await gatewayOn(await startedStore('postgres'))
    await gateway.stop()
    await expect(gateway.start()).rejects.toMatchObject({ code: 'gateway_stopped' })
    await expect(gateway.send(ALERT)).rejects.toMatchObject({ code: 'gateway_stopped' })
  })

  it('and stop at once leave nothing behind', async () => {
    const gateway = await gatewayOn(await startedStore('postgres'))
    const servers = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    const before = servers()
    const starting = gateway.start()
    await gateway.stop()
    await starting
    // A closed handle is gone a moment later.
    await expect.poll(servers, { timeout: 30_000 }).toBe(before)
  })
})

describe('stop', () => {
  it('waits for calls in flight', async () => {
    const store = await startedStore('postgres')
    const gateway = await gatewayOn(store)
    await gateway.start()
    const sent = Array.from({ length: 25 }, () => gateway.send(ALERT))
    await gateway.stop()
    const answers = await Promise.all(sent)
    const { rows } = await (await clientOf(store)).query<{ id: string }>('SELECT id FROM teams_events')
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(answers.map(({ eventId }) => eventId)))
  })

  it('ends turns and the job engine while the index of a past month is still being built', async () => {
    const store = await startedStore('postgres')
    const gateway = await gatewayOn(store)
    const client = await clientOf(store)
    // An index whose build waits for as long as this client holds a lock, as one of a large month takes minutes.
    await client.query(`
      CREATE TABLE teams_notifications_2015_03 PARTITION OF teams_notifications
        FOR VALUES FROM ('2015-03-01Z') TO ('2015-04-01Z');
      INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, created_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'c', 't', '{sre}', 'HIGH', 'unknown', 'en', '2015-03-07Z');
      CREATE FUNCTION after_the_lock(at timestamptz) RETURNS timestamptz IMMUTABLE LANGUAGE plpgsql SET lock_timeout = 0 AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock_shared(2015);
        RETURN at;
      END $$;
      CREATE INDEX teams_notifications_slow_idx ON ONLY teams_notifications (after_the_lock(created_at));
      SELECT pg_advisory_lock(2015)`)
    const builds = async () =>
      (
        await client.query(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE 'CREATE INDEX%'",
        )
      ).rows.length
    await gateway.start()
    await expect.poll(builds, { timeout: 20_000 }).toBe(1)
    const stopped = gateway.stop()
    // Turns end before the engine does.
    await expect.poll(() => connectionsOf(client, 'claimlinc-teams-engine'), { timeout: 20_000 }).toBe(0)
    expect(await builds()).toBe(1)
    await client.query('SELECT pg_advisory_unlock(2015)')
    await stopped
    await expect.poll(() => connectionsOf(client, 'claimlinc-teams')).toBe(0)
  })
})

it('a call that failed is logged with its name', async () => {
  const store = await startedStore('postgres')
  const lines: Record<string, unknown>[] = []
  const gateway = await createGateway({
    env: {},
    log: createLog('error', { write: (line) => void lines.push(JSON.parse(line)) }),
    settings: { ...QUICK, ...store },
    deliver: false,
  })
  onTestFinished(() => gateway.stop())
  await (await clientOf(store)).query('ALTER TABLE teams_events RENAME TO away')
  await expect(gateway.send(ALERT)).rejects.toMatchObject({ code: 'database_not_migrated' })
  await expect(gateway.service.getNotification(newId())).rejects.toMatchObject({ code: 'not_found' })
  expect(lines.map(({ call, code }) => [call, code])).toEqual([['accept', 'database_not_migrated']])
})

describe('callers that wait for each other', () => {
  it.each(['our own', "the host's"] as const)(
    'use up the connections of %s pool and keep nothing from being sent, recorded and renewed',
    { timeout: 60_000 },
    async (whose) => {
      const store = await startedStore('postgres')
      const pool = new pg.Pool({ connectionString: 'DATABASE_URL' in store ? store.DATABASE_URL : '', max: 2 })
      onTestFinished(() => pool.end())
      const gateway = await createGateway({
        env: {},
        settings: { ...QUICK, ...store, TEAMS_DATABASE_POOL: 2 },
        ...(whose === 'our own' ? {} : { database: pool }),
      })
      onTestFinished(() => gateway.stop())
      await gateway.start()
      const client = await clientOf(store)
      const other = await clientOf(store)
      const keyed = { ...ALERT, idempotencyKey: 'one' }
      await other.query('BEGIN')
      await gateway.send(keyed, { transaction: other })
      const waiting = [1, 2].map(() => gateway.send(keyed))
      // Both connections wait for the key that the open transaction has.
      await expect
        .poll(
          async () => (await client.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).rows.length,
        )
        .toBe(2)
      await client.query(INSERT_ONE)
      await expect.poll(() => states(client), { timeout: 20_000 }).toEqual({ accepted: 1 })
      await other.query('ROLLBACK')
      await Promise.all(waiting)
    },
  )
})

describe('an answer with a number that is no HTTP status', () => {
  it('is recorded as server_error, and the retry ends the notification', async () => {
    let answers = 0
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => {
        answers += 1
        socket.end(`HTTP/1.1 ${answers === 1 ? '777 Odd' : '202 Accepted'}\r\ncontent-length: 0\r\n\r\n`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const gateway = await createGateway({
      env: {},
      webhooks: { sre: `${origin}/sandbox/channels/sre/webhook` },
      settings: { ...QUICK, ...(await startedStore('postgres')), TEAMS_SANDBOX: 'off', TEAMS_SANDBOX_ORIGIN: origin },
    })
    onTestFinished(() => gateway.stop())
    await gateway.start()
    const { notifications } = await gateway.send(ALERT)
    const detail = () => gateway.service.getNotification(notifications[0]?.id ?? '')
    await expect.poll(async () => (await detail()).state, { timeout: 30_000 }).toBe('accepted')
    expect((await detail()).attempts.map(({ outcome, statusCode }) => [outcome, statusCode])).toEqual([
      ['server_error', null],
      ['accepted', 202],
    ])
    expect(answers).toBe(2)
  })
})

describe('a generated signing secret', () => {
  it('is logged as a warning by a gateway that delivers, and not by one that only accepts', async () => {
    for (const deliver of [true, false]) {
      const lines: string[] = []
      const gateway = await createGateway({
        env: {},
        settings: { ...(await startedStore('embedded')), TEAMS_HTTP_PORT: 0 },
        deliver,
        log: createLog('warn', { write: (line) => void lines.push(line) }),
      })
      await gateway.stop()
      expect(lines.filter((line) => JSON.parse(line).event === 'signing_secret_made_up')).toHaveLength(deliver ? 1 : 0)
    }
  })
})
