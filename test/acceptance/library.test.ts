import { execFile } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createGateway, type Gateway } from '../../src/app/gateway.ts'
import type { EventInput } from '../../src/contract/events.ts'
import type { GatewayOptions } from '../../src/gateway/options.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { serveHere } from '../cli/cli.ts'
import { embeddedFolder, freshDatabase } from '../services/database.ts'
import { nodeEnvironment } from '../services/node-environment.ts'
import { freePort } from '../services/program.ts'
import { startedStore, untouchedStore } from '../services/stores.ts'
import { type Flows, startFlows } from './flows.ts'
import { QUICK } from './gateways.ts'

const SEED_CHANNELS = ['security_eng', 'sre', 'cloudops', 'nphies_integration', 'pmo']
let flows: Flows
/** Posts that earlier tests have left behind. */
let before = 0

beforeAll(async () => {
  flows = await startFlows()
})
afterAll(() => flows.close())
beforeEach(() => {
  before = flows.received.length
})

const webhooks = (...channels: readonly string[]) =>
  Object.fromEntries(channels.map((key) => [key, flows.address(key, 'a-signature-of-a-flow')]))
/** Channel and correlation id of each card that has arrived in this test, in order. */
const arrived = () =>
  flows.received
    .slice(before)
    .map(({ path, headers }) => `${/workflows\/(\w+)\//.exec(path)?.[1]}: ${headers['x-correlation-id']}`)
const untilArrived = (count: number) => flows.arrived(before + count)

/** A gateway whose cards go to the flows; stopped after the test. */
async function gatewayOn(options: GatewayOptions, ...channels: readonly string[]): Promise<Gateway> {
  const settings = { ...QUICK, TEAMS_WEBHOOK_HOST_SUFFIXES: '127.0.0.1', ...options.settings }
  const gateway = await createGateway({ env: {}, webhooks: webhooks(...channels), ...options, settings })
  onTestFinished(() => gateway.stop())
  return gateway
}

function alert(correlationId: string, ...stakeholders: readonly string[]): EventInput {
  return {
    eventType: 'vault.seal.detected',
    correlationId,
    data: { node: 'vault-1' },
    stakeholders: stakeholders.length > 0 ? stakeholders : ['SRE'],
  }
}

describe.each(['embedded', 'postgres'] as const)('a gateway in a program, on %s', (kind) => {
  it('sends an event to every channel that its groups read', async () => {
    const gateway = await gatewayOn({ settings: await startedStore(kind) }, 'sre', 'cloudops')
    await gateway.start()
    const answer = await gateway.send(alert('one', 'SRE', 'CloudOps'))
    expect(answer).toMatchObject({ correlationId: 'one', duplicate: false })
    expect(answer.notifications.map(({ channel, state }) => [channel, state])).toEqual([
      ['sre', 'pending'],
      ['cloudops', 'pending'],
    ])
    await untilArrived(2)
    expect(arrived().sort()).toEqual(['cloudops: one', 'sre: one'])
  })

  it('stores events accepted before start(), and sends them after it', async () => {
    const gateway = await gatewayOn({ settings: await startedStore(kind) }, 'sre')
    await gateway.sendMany([alert('early-1'), alert('early-2')])
    expect(arrived()).toEqual([])
    await Promise.all([gateway.start(), gateway.start()])
    await untilArrived(2)
    expect(arrived().sort()).toEqual(['sre: early-1', 'sre: early-2'])
  })

  it('accepts all events of a call or none', async () => {
    const gateway = await gatewayOn({ settings: await startedStore(kind) }, 'sre')
    await gateway.start()
    const wrong = { ...alert('none'), priority: 'URGENT' }
    const error = await gateway.sendMany([alert('none'), wrong as EventInput, alert('none')]).catch((reason) => reason)
    expect(isGatewayError(error, 'invalid_event') && error.problems.map(({ at }) => at)).toEqual(['events[1].priority'])
    await gateway.send(alert('all'))
    await gateway.finish()
    expect(arrived()).toEqual(['sre: all'])
  })

  it('sends due notifications before it ends, and leaves the rest to the next gateway', async () => {
    const settings = await startedStore(kind)
    const first = await gatewayOn({ settings }, 'sre')
    await first.start()
    await first.sendMany(Array.from({ length: 30 }, (_, index) => alert(`due-${index}`)))
    await first.send(alert('without an address', 'PMO'))
    await first.finish()
    expect(new Set(arrived()).size).toBe(30)
    await expect(first.send(alert('too late'))).rejects.toMatchObject({ code: 'gateway_stopped' })
    await first.stop()

    const second = await gatewayOn({ settings }, 'sre', 'pmo')
    await second.start()
    await untilArrived(31)
    expect(arrived().at(-1)).toBe('pmo: without%20an%20address')
  })

  it('shares no state with another gateway in the same process', async () => {
    const one = await gatewayOn({ settings: await startedStore(kind) }, 'sre')
    const other = await gatewayOn({ settings: await startedStore(kind) }, 'cloudops')
    await Promise.all([one.start(), other.start()])
    const event = { ...alert('twin', 'SRE', 'CloudOps'), idempotencyKey: 'the same' }
    const answers = await Promise.all([one.send(event), other.send(event)])
    expect(answers.map(({ duplicate }) => duplicate)).toEqual([false, false])
    await untilArrived(2)
    expect(arrived().sort()).toEqual(['cloudops: twin', 'sre: twin'])
    await one.stop()
    await other.send(alert('alone', 'CloudOps'))
    await untilArrived(3)
    expect(arrived().at(-1)).toBe('cloudops: alone')
    const counted = async (gateway: Gateway) =>
      (await gateway.service.metrics()).body.match(/teams_events_accepted_total\{.*\} (\d+)/)?.[1]
    expect(await counted(other)).toBe('2')
  })
})

it('programs with different names on one database share no idempotency keys', async () => {
  const { DATABASE_URL: url } = await startedStore('postgres')
  const make = async (options: GatewayOptions) => {
    const gateway = await createGateway({
      env: {},
      settings: { ...QUICK, DATABASE_URL: url },
      deliver: false,
      ...options,
    })
    onTestFinished(() => gateway.stop())
    return gateway
  }
  const claims = await make({ name: 'claims' })
  const billing = await make({ env: { TEAMS_CALLER_NAME: 'billing' } })
  const task = (text: string): EventInput => ({ ...alert(text, 'SRE'), idempotencyKey: 'task-42' })
  const [first, second] = [await claims.send(task('of claims')), await billing.send(task('of billing'))]
  expect([first.duplicate, second.duplicate]).toEqual([false, false])
  expect(await claims.send(task('of claims'))).toMatchObject({ duplicate: true, eventId: first.eventId })
  await expect(claims.send(task('another'))).rejects.toMatchObject({
    code: 'idempotency_key_reused',
    problems: [{ at: 'events[0].idempotencyKey' }],
  })
  await expect(make({ name: 'a b' })).rejects.toMatchObject({
    code: 'invalid_settings',
    problems: [{ at: 'TEAMS_CALLER_NAME' }],
  })
})

/** Databases that a program has open already, each with a transaction of its own kind. */
const SHARED = {
  'a pg pool': async () => {
    const pool = new pg.Pool({ connectionString: (await freshDatabase()).url })
    pool.on('error', () => {})
    return {
      database: pool,
      ask: (text: string) => pool.query(text),
      async within(run: (transaction: pg.PoolClient) => Promise<unknown>) {
        const client = await pool.connect()
        try {
          await client.query('BEGIN')
          await run(client)
          await client.query('COMMIT')
        } catch (error) {
          await client.query('ROLLBACK')
          throw error
        } finally {
          client.release()
        }
      },
      close: () => pool.end(),
    }
  },
  'a Kysely': async () => {
    const pool = new pg.Pool({ connectionString: (await freshDatabase()).url })
    pool.on('error', () => {})
    return sharedKysely(new Kysely<{ claims: { id: string } }>({ dialect: new PostgresDialect({ pool }) }))
  },
  'a PGlite': async () => {
    const pglite = await PGlite.create(join((await untouchedStore('embedded')).TEAMS_DATA_DIR, 'pglite'))
    const kysely = sharedKysely(new Kysely<{ claims: { id: string } }>({ dialect: new PGliteDialect({ pglite }) }))
    return { ...kysely, database: pglite }
  },
} as const

function sharedKysely(kysely: Kysely<{ claims: { id: string } }>) {
  return {
    database: kysely,
    ask: (text: string) => sql.raw(text).execute(kysely),
    within: (
      run: (
        transaction: Parameters<Parameters<ReturnType<typeof kysely.transaction>['execute']>[0]>[0],
      ) => Promise<unknown>,
    ) => kysely.transaction().execute(run),
    close: () => kysely.destroy(),
  }
}

describe.each(Object.entries(SHARED))('a gateway on %s of the program', (_name, open) => {
  it('sends events of a transaction of the program after its COMMIT, and none after a ROLLBACK', async () => {
    const host = await open()
    onTestFinished(() => host.close())
    await host.ask('CREATE TABLE claims (id text)')
    const gateway = await gatewayOn({ database: host.database }, 'sre')
    await gateway.start()
    const save = (claim: string, fails: boolean) =>
      host.within(async (transaction) => {
        const [answer] = await gateway.sendMany([alert(claim)], { transaction })
        expect(answer).toMatchObject({ correlationId: claim, notifications: [{ channel: 'sre', state: 'pending' }] })
        if (fails) throw new Error('the claim could not be saved')
      })
    await expect(save('rolled-back', true)).rejects.toThrow('the claim could not be saved')
    await save('committed', false)
    await untilArrived(1)
    await gateway.send(alert('last'))
    await untilArrived(2)
    await gateway.finish()
    expect(arrived()).toEqual(['sre: committed', 'sre: last'])

    // It is the program's, which goes on with it.
    const { rows } = await host.ask('SELECT correlation_id, state FROM teams_notifications ORDER BY created_at')
    expect(rows).toEqual([
      { correlation_id: 'committed', state: 'accepted' },
      { correlation_id: 'last', state: 'accepted' },
    ])
  })
})

it('a gateway that is given its environment reads no .env beside it', async () => {
  const folder = embeddedFolder()
  writeFileSync(join(folder, '.env'), 'TEAMS_LANGUAGE=none\n')
  const settings = JSON.stringify({ ...(await startedStore('embedded')), TEAMS_LOG_LEVEL: 'silent' })
  const library = new URL('../../src/index.ts', import.meta.url).href
  const run = (options: string) =>
    new Promise<string>((resolve) => {
      const program = `import { createGateway } from '${library}'
        try { await (await createGateway(${options})).stop(); console.log('made') } catch ({ code }) { console.log(code) }`
      const args = ['--input-type=module', '-e', program]
      execFile(
        process.execPath,
        args,
        { cwd: folder, env: { PATH: process.env.PATH, ...nodeEnvironment() } },
        (_error, stdout) => resolve(stdout.trim()),
      )
    })
  expect(await run(`{ env: {}, settings: ${settings} }`)).toBe('made')
  expect(await run('{}')).toBe('invalid_settings')
})

it('an unreachable database behind a pool of the program is database_unreachable', async () => {
  const pool = new pg.Pool({ connectionString: `postgres://u:a-password@127.0.0.1:${await freePort()}/none` })
  onTestFinished(() => pool.end())
  const error = await createGateway({ env: {}, database: pool, settings: QUICK }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'database_unreachable' })
  expect(String(error)).not.toContain('a-password')
})

it('a gateway that only accepts leaves delivery to the one that delivers', async () => {
  const { DATABASE_URL: url } = await startedStore('postgres')
  const accepts = await gatewayOn({ settings: { DATABASE_URL: url }, deliver: false }, 'sre')
  await expect(accepts.start()).rejects.toMatchObject({ code: 'invalid_settings' })
  await accepts.send(alert('handed over'))
  const delivers = await gatewayOn({ settings: { DATABASE_URL: url } }, 'sre')
  await delivers.start()
  await untilArrived(1)
  await accepts.send(alert('and again'))
  await untilArrived(2)
  expect(arrived()).toEqual(['sre: handed%20over', 'sre: and%20again'])
})

it('a gateway that only accepts does not read templates, which stop one that delivers where they are wrong', async () => {
  const templates = embeddedFolder()
  writeFileSync(join(templates, 'vault_security_event.json'), '{"type": ')
  const options = { settings: await startedStore('postgres'), config: { templates } }
  const accepts = await gatewayOn({ ...options, deliver: false })
  expect(await accepts.send(alert('kept'))).toMatchObject({ notifications: [{ state: 'pending' }] })
  await expect(gatewayOn(options)).rejects.toMatchObject({ code: 'invalid_template' })
})

it('types, groups, channels, routes and templates of the user’s own reach the user’s own channel', async () => {
  const templates = embeddedFolder()
  writeFileSync(
    join(templates, 'lab_result.json'),
    JSON.stringify({
      type: 'AdaptiveCard',
      version: '1.5',
      fallbackText: 'A result of the laboratory',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the templates' own expressions look so
      body: [{ type: 'TextBlock', text: 'Result ${data.result_id} of ${data.patient_id} is ready', wrap: true }],
    }),
  )
  const gateway = await gatewayOn(
    {
      settings: await startedStore('embedded'),
      config: {
        channels: { lab: { name: '#lab', payload: 'bare' }, night: {} },
        stakeholder_groups: { lab: { names: ['Laboratory'], channels: ['lab'] } },
        event_types: {
          'lab.result.ready': {
            priority: 'INFO',
            stakeholders: ['Laboratory'],
            card: 'lab_result',
            aliases: ['lab.result.done'],
            data: { result_id: { type: 'text', required: true }, patient_id: { type: 'text', phi: true } },
          },
        },
        routes: [{ when: { event_type: 'lab.*', priorities: ['critical'] }, channels: ['night'], mode: 'only' }],
        templates,
      },
    },
    'lab',
    'night',
  )
  await gateway.start()
  const ready = { data: { result_id: 'R-7', patient_id: 'P123456789' } }
  // Without a declaration of its own the type is not one that the compiler knows.
  const send = (event: object) => gateway.send(event as EventInput)
  await send({ eventType: 'lab.result.ready', ...ready, correlationId: 'by-day' })
  await send({
    eventType: 'lab.result.done',
    ...ready,
    correlationId: 'by-night',
    priority: 'critical',
    stakeholders: ['SRE'],
  })
  await untilArrived(2)
  expect(arrived().sort()).toEqual(['lab: by-day', 'night: by-night'])
  const [byDay] = flows.received.slice(before).filter(({ path }) => path.includes('/lab/'))
  expect(JSON.parse(byDay?.body ?? '{}')).toMatchObject({ type: 'AdaptiveCard' })
  expect(byDay?.body).toContain('Result R-7 of P••••6789 is ready')
  await expect(send({ eventType: 'lab.result.ready', data: {} })).rejects.toThrow('data.result_id: found nothing')
})

describe('sendTeamsNotification as the only call of a program', () => {
  /** Runs the program until it exits by itself. */
  function run(
    env: Record<string, string>,
    folder = embeddedFolder(),
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const certificate = join(folder, 'ca.pem')
    writeFileSync(certificate, flows.ca)
    const urls = Object.entries(webhooks(...SEED_CHANNELS)).map(([key, url]) => [
      `TEAMS_WEBHOOK_${key.toUpperCase()}`,
      url,
    ])
    return new Promise((resolve) => {
      const script = new URL('send-script.ts', import.meta.url).pathname
      const child = execFile(
        process.execPath,
        [script],
        {
          cwd: folder,
          env: {
            PATH: process.env.PATH,
            ...nodeEnvironment(),
            NODE_EXTRA_CA_CERTS: certificate,
            TEAMS_WEBHOOK_HOST_SUFFIXES: '127.0.0.1',
            TEAMS_LOG_LEVEL: 'warn',
            ...Object.fromEntries(urls),
            ...env,
          },
        },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      )
    })
  }
  const cards = [
    'cloudops: vault-seal-abc123',
    'nphies_integration: corr-claim-xyz789',
    'pmo: corr-claim-xyz789',
    'security_eng: vault-seal-abc123',
    'sre: vault-seal-abc123',
  ]

  it('delivers with the embedded database, and the program ends once the cards have arrived', async () => {
    const folder = embeddedFolder()
    renameSync((await startedStore('embedded')).TEAMS_DATA_DIR, join(folder, '.data'))
    const running = run({}, folder)
    await untilArrived(5)
    const all = performance.now()
    const { code, stdout, stderr } = await running
    // Less than the ten seconds for which PostgreSQL's own timers would keep it.
    expect(performance.now() - all).toBeLessThan(9_000)
    // Whatever has arrived by now has arrived before the end.
    expect(arrived().sort()).toEqual(cards)
    expect({
      code,
      stderr: stderr.split('\n').filter((line) => !/no signing secret|have no destination/.test(line)),
    }).toEqual({
      code: 0,
      stderr: [''],
    })
    expect(JSON.parse(stdout)).toMatchObject([
      { correlationId: 'vault-seal-abc123' },
      { correlationId: 'corr-claim-xyz789' },
    ])
  })

  it('only accepts with DATABASE_URL, and the program exits without waiting for delivery', async () => {
    const { DATABASE_URL: url } = await startedStore('postgres')
    const { code, stdout } = await run({ DATABASE_URL: url })
    expect([code, arrived()]).toEqual([0, []])
    expect(JSON.parse(stdout)).toHaveLength(2)
    const gateway = await gatewayOn({ settings: { DATABASE_URL: url } }, ...SEED_CHANNELS)
    const { notifications } = await gateway.service.listNotifications({ limit: 10 })
    expect(notifications.map(({ state }) => state)).toEqual(Array(5).fill('pending'))
    await gateway.start()
    await untilArrived(5)
    expect(arrived().sort()).toEqual(cards)
  })

  it('goes to the gateway that has the embedded database open, and the program ends without waiting for it', async () => {
    const env = { ...(await startedStore('embedded')), TEAMS_API_TOKENS: 'workers:send+read:0123456789abcdef' }
    const gateway = await serveHere(env)
    const { code, stdout, stderr } = await run({
      ...env,
      TEAMS_HTTP_PORT: String(await freePort()),
      CLAIMLINC_TEAMS_ULR: 'http://elsewhere.example',
    })
    expect(code).toBe(0)
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ setting: 'CLAIMLINC_TEAMS_ULR', notice: expect.stringContaining('CLAIMLINC_TEAMS_URL') }])
    expect(JSON.parse(stdout)).toMatchObject([
      { correlationId: 'vault-seal-abc123', duplicate: false },
      { correlationId: 'corr-claim-xyz789', duplicate: false },
    ])
    const elsewhere = await run({
      CLAIMLINC_TEAMS_URL: gateway.origin,
      CLAIMLINC_TEAMS_TOKEN: '0123456789abcdef',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    })
    expect(elsewhere).toMatchObject({ code: 0, stderr: '' })
    // Not delivered by the program, which knows the addresses of the flows: the gateway has them, and its sandbox.
    expect(arrived()).toEqual([])
    const headers = { authorization: 'Bearer 0123456789abcdef' }
    const kept: unknown = await (await fetch(`${gateway.origin}/v1/notifications`, { headers })).json()
    expect(kept).toMatchObject({ notifications: expect.objectContaining({ length: 10 }) })
  })

  it('rejects with the reason, and the program exits with an error', async () => {
    const { code, stderr } = await run({ DATABASE_URL: 'postgres://nobody:a-password@127.0.0.1:1/none' })
    expect(code).toBe(1)
    expect(stderr).toContain('The database can not be reached (database_unreachable)')
    expect(stderr).not.toContain('a-password')
  })
})
