import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import { createLog } from '../../src/kernel/log.ts'
import { ENGINE_POOL } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { freshDatabase } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'
import { QUICK, serveQuick } from './gateways.ts'

const EVENT = { eventType: 'celery.task.failed', data: { task_name: 't', task_id: '1', error: 'e' } } as const

async function administer(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

const nameOf = (url: string) => new URL(url).pathname.slice(1)

/** The same database as another user, who is gone after the test. */
async function asUser(url: string, options: string): Promise<string> {
  const user = `t_${randomBytes(6).toString('hex')}`
  await administer(
    url,
    `CREATE ROLE ${user} LOGIN PASSWORD 'only-here' ${options}`,
    `GRANT ALL ON DATABASE "${nameOf(url)}" TO ${user}`,
    `GRANT ALL ON SCHEMA public TO ${user}`,
  )
  onTestFinished(() => administer(url, `DROP OWNED BY ${user} CASCADE`, `DROP ROLE ${user}`))
  const own = new URL(url)
  own.username = user
  own.password = 'only-here'
  return own.href
}

/** Sends from many callers at once, and gives what each was answered. */
async function sendFromMany(origin: string, callers: number, each: number): Promise<number[]> {
  const statuses: number[] = []
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let n = 0; n < each; n++) {
        const body = JSON.stringify({
          event_type: EVENT.eventType,
          correlation_id: `c-${caller}-${n}`,
          data: EVENT.data,
          stakeholders: ['SRE', 'Integration Team'],
        })
        const answer = await fetch(`${origin}/v1/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
        statuses.push(answer.status)
        await answer.text()
      }
    }),
  )
  return statuses
}

describe('a database with defaults of its own', () => {
  it('accepts every event of many callers where transactions are serializable by default', async () => {
    const { url } = await freshDatabase()
    await administer(url, `ALTER DATABASE "${nameOf(url)}" SET default_transaction_isolation = 'serializable'`)
    const gateway = await serveQuick({ DATABASE_URL: url })
    const statuses = await sendFromMany(gateway.origin, 20, 10)
    expect(statuses).toEqual(Array(200).fill(202))
  })

  it('gives the job engine connections whose transactions are read committed', async () => {
    const { url } = await freshDatabase()
    await administer(url, `ALTER DATABASE "${nameOf(url)}" SET default_transaction_isolation = 'serializable'`)
    const engine = new pg.Pool({ connectionString: url, ...ENGINE_POOL })
    onTestFinished(() => engine.end())
    const { rows } = await engine.query('SHOW default_transaction_isolation')
    expect(rows).toEqual([{ default_transaction_isolation: 'read committed' }])
  })

  it('accepts events through a pool of the host, and leaves its default isolation level', async () => {
    const { url } = await freshDatabase()
    await administer(url, `ALTER DATABASE "${nameOf(url)}" SET default_transaction_isolation = 'serializable'`)
    const pool = new pg.Pool({ connectionString: url, max: 10 })
    onTestFinished(() => pool.end())
    const gateway = await createGateway({ env: {}, settings: QUICK, database: pool, deliver: false })
    onTestFinished(() => gateway.stop())
    await Promise.all(Array.from({ length: 100 }, () => gateway.send(EVENT)))
    const { rows } = await pool.query('SHOW default_transaction_isolation')
    expect(rows).toEqual([{ default_transaction_isolation: 'serializable' }])
  })
})

describe('a role with fewer connections than the pool', () => {
  it('makes callers wait for a connection, and refuses no call', async () => {
    const { DATABASE_URL: url } = await startedStore('postgres')
    const limited = await asUser(url, 'SUPERUSER')
    const user = new URL(limited).username
    await administer(url, `ALTER ROLE ${user} NOSUPERUSER CONNECTION LIMIT 8`)
    await administer(
      url,
      `GRANT USAGE ON SCHEMA teams_engine TO ${user}`,
      `GRANT ALL ON ALL TABLES IN SCHEMA public, teams_engine TO ${user}`,
      `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${user}`,
    )
    const gateway = await serveQuick({ DATABASE_URL: limited }, { TEAMS_DATABASE_POOL: 10, TEAMS_MIGRATE: false })
    const statuses = await sendFromMany(gateway.origin, 20, 5)
    expect(statuses).toEqual(Array(100).fill(202))
  })
})

describe('a database that can not be used', () => {
  const open = (url: string) => openPostgres({ url, pool: 2, log: createLog('silent') })
  const refusal = (found: RegExp, expected: RegExp = /./) => ({
    code: 'database_unreachable',
    problems: [{ at: 'DATABASE_URL', found: expect.stringMatching(found), expected: expect.stringMatching(expected) }],
  })

  it('says that it is read-only, also where it is migrated already', async () => {
    const { DATABASE_URL: url } = await startedStore('postgres')
    await administer(url, `ALTER DATABASE "${nameOf(url)}" SET default_transaction_read_only = on`)
    await expect(createGateway({ env: {}, settings: { ...QUICK, DATABASE_URL: url } })).rejects.toMatchObject(
      refusal(/can only be read/),
    )
  })

  it.each(['LATIN1', 'SQL_ASCII'])('says that %s can not keep Arabic', async (encoding) => {
    const { url } = await freshDatabase()
    const name = `${nameOf(url)}_e`
    await administer(url, `CREATE DATABASE "${name}" ENCODING '${encoding}' TEMPLATE template0 LOCALE 'C'`)
    onTestFinished(() => administer(url, `DROP DATABASE "${name}" WITH (FORCE)`))
    const own = new URL(url)
    own.pathname = `/${name}`
    await expect(open(own.href)).rejects.toMatchObject(refusal(new RegExp(encoding), /UTF8/))
    const pool = new pg.Pool({ connectionString: own.href })
    onTestFinished(() => pool.end())
    await expect(createGateway({ env: {}, settings: QUICK, database: pool })).rejects.toMatchObject({
      code: 'database_unreachable',
      problems: [{ at: 'database', found: expect.stringContaining(encoding) }],
    })
  })

  it.each([
    ['a wrong password', { password: 'wrong' }, /refuses this user or password \(28P01\)/],
    ['a database that is not there', { pathname: '/nowhere' }, /no such database \(3D000\)/],
    ['a port where nothing listens', { port: '1' }, /no PostgreSQL at this host and port/],
    ['TLS that the server does not have', { search: '?sslmode=require' }, /without TLS/],
    ['a file that is not there', { search: '?sslmode=verify-full&sslrootcert=/nowhere' }, /a file that is not there/],
    [
      'a schema that is not there',
      { search: '?options=-c%20search_path%3Dnowhere' },
      /search_path in which no schema is there/,
    ],
  ])('says what is wrong: %s', async (_what, change, found) => {
    const url = new URL((await freshDatabase()).url)
    Object.assign(url, change)
    await expect(open(url.href)).rejects.toMatchObject(refusal(found))
  })
})

describe('a database user who may not change the schema', () => {
  it('gets an error with the missing rights, and nothing is changed', async () => {
    const { url } = await freshDatabase()
    const user = await asUser(url, '')
    await administer(
      url,
      `REVOKE CREATE ON DATABASE "${nameOf(url)}" FROM "${new URL(user).username}"`,
      `REVOKE CREATE ON SCHEMA public FROM "${new URL(user).username}", PUBLIC`,
    )
    const refused = await createGateway({ settings: { DATABASE_URL: user }, env: {}, log: createLog('silent') }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: 'database_not_migrated' })
    expect(String(refused)).toContain('GRANT CREATE, USAGE ON SCHEMA public')
  })
})
