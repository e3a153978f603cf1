import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { PostgresDefinition } from '../../../src/catalogue/source-definitions.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createPostgresSource } from '../../../src/sources/postgres/source.ts'
import { type Postgres, startPostgres, startReplica } from '../../services/postgres.ts'
import { lookOnce } from './one-look.ts'

const PASSWORD = 'MARKEDVALUE-of-the-monitor'
let primary: Postgres
let replica: Postgres
let admin: pg.Client

beforeAll(async () => {
  primary = await startPostgres({ durable: false, settings: { max_connections: 20 } })
  replica = await startReplica(primary, 'replica-1')
  admin = await connected(primary)
  // The least that the guide of sources asks for.
  await admin.query(`CREATE ROLE claimlinc_monitor LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`)
  await admin.query(`CREATE ROLE nobody LOGIN PASSWORD '${PASSWORD}'`)
})
afterAll(async () => {
  await admin?.end()
  await replica?.stop()
  await primary?.stop()
})

async function connected(server: Postgres): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url, application_name: 'claims-worker' })
  client.on('error', () => {})
  await client.connect()
  return client
}

function definitionOf(server: Postgres, limits: Partial<PostgresDefinition> = {}): PostgresDefinition {
  return {
    name: 'claims_db',
    kind: 'postgres',
    intervalMs: 30_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    host: '127.0.0.1',
    port: Number(new URL(server.url).port),
    database: 'postgres',
    user: 'claimlinc_monitor',
    tls: 'off',
    caFile: undefined,
    connections: 1,
    lagBytes: Number.MAX_SAFE_INTEGER,
    lagSeconds: 86_400,
    replicas: 0,
    slotBytes: Number.MAX_SAFE_INTEGER,
    transactionSeconds: 86_400,
    idleSeconds: 86_400,
    ...limits,
  }
}

const sourceOf = (server: Postgres, limits?: Partial<PostgresDefinition>, password: string | null = PASSWORD) =>
  createPostgresSource(definitionOf(server, limits), {
    secret: () => (password === null ? undefined : new Secret(password)),
    clock: systemClock,
  })
const look = (server: Postgres, limits?: Partial<PostgresDefinition>) => lookOnce(sourceOf(server, limits))
const writeWal = () =>
  admin.query("SELECT pg_logical_emit_message(false, 'test', repeat('x', 200000)), pg_switch_wal()")

describe('a PostgreSQL source', () => {
  it('sees a healthy primary and its replica with the rights of pg_monitor alone', async () => {
    await expect
      .poll(() => look(primary, { replicas: 1 }), { timeout: 30_000 })
      .toMatchObject({ events: [], code: undefined })
    // The replica has the role once it has replayed its creation.
    await expect.poll(() => look(replica), { timeout: 30_000 }).toMatchObject({ events: [], code: undefined })
    const [connection, rights] = await sourceOf(primary).check(new AbortController().signal)
    expect(connection).toMatchObject({ what: 'connection', ok: true })
    expect(rights).toMatchObject({
      what: 'rights',
      ok: true,
      found: expect.stringMatching(/a primary; \d+ of 17 connections, 1 replica/),
    })
  })

  it.each([
    ['secret_refused', { user: 'claimlinc_monitor' }, 'wrong'],
    ['secret_missing', { user: 'claimlinc_monitor' }, null],
    ['rights_missing', { user: 'nobody' }, PASSWORD],
    ['refused', { database: 'absent' }, PASSWORD],
    ['tls_failed', { tls: 'verify' as const }, PASSWORD],
    ['not_reached', { port: 1 }, PASSWORD],
  ])('says %s', async (code, limits, password) => {
    const source = sourceOf(primary, limits, password)
    expect(await lookOnce(source)).toMatchObject({ code, events: [] })
    const checks = await source.check(new AbortController().signal)
    expect(checks.at(-1)).toMatchObject({ ok: false, code })
    expect(JSON.stringify(checks)).not.toContain('MARKEDVALUE')
  })

  it('reports idle and long transactions without their statements, and when they have ended', async () => {
    const client = await connected(primary)
    await client.query("BEGIN; SELECT 'patient 1234567890'")
    const limits = { idleSeconds: 0, transactionSeconds: 0 }
    const first = await look(primary, limits)
    // An idle transaction is an open one as well, however short its present idle spell is.
    expect(first.events).toMatchObject([
      { eventType: 'postgres.transaction.long', correlationId: 'claims_db.transaction' },
      {
        eventType: 'postgres.transaction.long',
        correlationId: 'claims_db.idle_in_transaction',
        data: { component: 'claims_db', labels: { count: 1, application: 'claims-worker', user: 'postgres' } },
      },
    ])
    expect(JSON.stringify(first)).not.toContain('patient')
    await client.query('COMMIT')
    await client.end()
    await expect
      .poll(async () => (await lookOnce(sourceOf(primary, limits), first.checkpoint)).events, { timeout: 10_000 })
      .toMatchObject([
        { eventType: 'postgres.transaction.ended', correlationId: 'claims_db.transaction' },
        { eventType: 'postgres.transaction.ended', correlationId: 'claims_db.idle_in_transaction' },
      ])
  })

  it('reports a replica that replays late, from both sides', async () => {
    const standby = await connected(replica)
    onTestFinished(() => standby.end())
    await standby.query('SELECT pg_wal_replay_pause()')
    await writeWal()
    const limits = { lagBytes: 100_000 }
    await expect
      .poll(async () => (await look(primary, limits)).events, { timeout: 20_000 })
      .toMatchObject([
        {
          eventType: 'postgres.replication.lag',
          correlationId: 'claims_db.lag.replica-1',
          data: { node: 'replica-1' },
        },
      ])
    await expect
      .poll(async () => (await look(replica, limits)).events, { timeout: 20_000 })
      .toMatchObject([{ eventType: 'postgres.replication.lag', correlationId: 'claims_db.lag' }])
    const { checkpoint } = await look(primary, limits)
    await standby.query('SELECT pg_wal_replay_resume()')
    await expect
      .poll(async () => (await lookOnce(sourceOf(primary, limits), checkpoint)).events, { timeout: 20_000 })
      .toMatchObject([{ eventType: 'postgres.replication.recovered', correlationId: 'claims_db.lag.replica-1' }])
  })

  it('reports a slot that retains WAL, until it is dropped', async () => {
    await admin.query("SELECT pg_create_physical_replication_slot('reporting', true)")
    await writeWal()
    const limits = { slotBytes: 100_000 }
    const found = await look(primary, limits)
    expect(found.events).toMatchObject([
      {
        eventType: 'postgres.slot.retaining',
        correlationId: 'claims_db.slot.reporting',
        data: { labels: { slot: 'reporting', active: false } },
      },
    ])
    await admin.query("SELECT pg_drop_replication_slot('reporting')")
    expect((await lookOnce(sourceOf(primary, limits), found.checkpoint)).events).toMatchObject([
      { eventType: 'postgres.slot.recovered' },
    ])
  })

  it('is busy by the limit of its own role, and reports nothing about the server', async () => {
    await admin.query(`CREATE ROLE limited LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT 1 IN ROLE pg_monitor`)
    const url = new URL(primary.url)
    url.username = 'limited'
    url.password = PASSWORD
    const other = await connected({ ...primary, url: url.href })
    onTestFinished(() => other.end())
    expect(await look(primary, { user: 'limited' })).toMatchObject({ code: 'busy', events: [] })
  })

  it('reports connections by their share, and that the server refuses more', async () => {
    const clients: pg.Client[] = []
    onTestFinished(async () => {
      await Promise.all(clients.map((client) => client.end()))
    })
    const fill = async () => {
      for (;;) {
        try {
          clients.push(await connected(primary))
        } catch {
          return
        }
      }
    }
    for (let count = 0; count < 8; count++) clients.push(await connected(primary))
    expect((await look(primary, { connections: 0.5 })).events).toMatchObject([
      { eventType: 'postgres.connection.exhausted', data: { threshold: 9, unit: 'connections' } },
    ])
    expect((await look(primary, { connections: 0.95 })).events).toEqual([])
    await fill()
    // Slots and lag were not looked at: what is open there stays as it is.
    const open = { finding: 'slot', subject: 'reporting', since: '2026-11-30T10:00:00.000Z', open: true }
    const full = await lookOnce(sourceOf(primary), { findings: [open] })
    expect(full).toMatchObject({
      code: 'busy',
      events: [
        {
          eventType: 'postgres.connection.exhausted',
          data: { summary: 'The server refuses connections: all are in use.' },
        },
      ],
      checkpoint: { findings: [open, { finding: 'connections', open: true }] },
    })
  })

  it('reports a replica that is gone, and a replica whose primary is', async () => {
    expect((await look(primary, { replicas: 2 })).events).toMatchObject([
      { eventType: 'postgres.replica.missing', data: { value: 1, threshold: 2 } },
    ])
    await admin.end()
    await primary.kill()
    await expect
      .poll(async () => (await look(replica)).events, { timeout: 30_000 })
      .toMatchObject([{ eventType: 'postgres.replica.missing', correlationId: 'claims_db.receiver' }])
    expect((await look(primary)).code).toBe('not_reached')
  })
})
