import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import type { LogEventRow } from '../../src/kernel/log-events/fields.ts'
import { LOG_EVENTS } from '../../src/kernel/log-events/table.ts'
import { startEntraStandIn } from '../../src/stand-ins/entra.ts'
import { startVault } from '../../src/stand-ins/vault.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { type Failing, startFlows } from '../acceptance/flows.ts'
import { embeddedFolder } from '../services/database.ts'
import { nodeEnvironment } from '../services/node-environment.ts'
import { startPostgres } from '../services/postgres.ts'
import { startRedis } from '../services/redis.ts'
import { type Caller, createCaller, knockWrongly, sendEveryWay } from './marked/caller.ts'
import { startCapture } from './marked/capture.ts'
import { CONFIG, FAILING, onTheWire, patientEvent } from './marked/events.ts'
import { createMarks, leaksIn, needlesFor } from './marked/marks.ts'
import { captureFiles, captureRows } from './marked/stored.ts'
import { startWrongly } from './marked/wrong-starts.ts'

/**
 * Secrets and patient data never appear in logs, errors, metrics, stored rows or answers. A whole gateway gets marked
 * values in every input, works and fails in every known way, and all its output is searched for each mark. A webhook's signature may be in one place: the request line of a post to that webhook.
 */
const MAIN = new URL('../../src/app/main.ts', import.meta.url).pathname

/** Makes things that are stopped again, last first. */
function createStops() {
  const stops: (() => unknown)[] = []
  return {
    add: (stop: () => unknown) => void stops.push(stop),
    async run() {
      for (let stop = stops.pop(); stop; stop = stops.pop()) await stop()
    },
  }
}

describe.each(['embedded', 'postgres'] as const)('on %s, marked values', (kind) => {
  const marks = createMarks()
  const { secrets, patient } = marks
  let capture: ReturnType<typeof startCapture>
  const others: Record<string, string> = {}
  const stops = createStops()
  const reached = {
    accepted: 0,
    statuses: [] as readonly number[],
    tables: [] as readonly string[],
    files: 0,
  }
  let flows: Awaited<ReturnType<typeof startFlows>>
  let caller: Caller
  let gateway: ServedGateway

  beforeAll(async () => {
    capture = startCapture()
    const folder = embeddedFolder()
    const dataDir = join(folder, 'data')
    flows = await startFlows()
    stops.add(flows.close)
    const vault = await startVault()
    stops.add(vault.stop)
    const redis = await startRedis()
    stops.add(redis.stop)
    const postgres = await startPostgres()
    stops.add(postgres.stop)
    others['database password'] = new URL(postgres.url).password
    const entra = await startEntraStandIn({
      tenantId: 'tenant',
      clientId: 'client',
      clientSecret: secrets.entra ?? '',
      scope: 'https://flow/.default',
    })
    stops.add(entra.close)

    // Redis: an own user with a marked password, and a listener to published events.
    const listener = createClient({ url: redis.url })
    stops.add(() => listener.destroy())
    listener.on('error', () => {})
    await listener.connect()
    await listener.sendCommand([
      'ACL',
      'SETUSER',
      'marked',
      'on',
      `>${secrets.redis}`,
      'allkeys',
      'allchannels',
      'allcommands',
    ])
    await listener.pSubscribe('*', (message, channel) => capture.add('live message', `${channel} ${message}`))
    const redisUrl = new URL(redis.url)
    redisUrl.username = 'marked'
    redisUrl.password = secrets.redis ?? ''

    // Webhook URLs from everywhere that they may come from.
    vault.put('secret/teams/webhooks', {
      pmo: flows.address('pmo', secrets.sigInVault),
      compliance: flows.address('compliance', secrets.sigInVault),
    })
    vault.put('secret/teams/config', { hmac_secret: secrets.hmac, hmac_secret_previous: secrets.hmacPrevious })
    others['Vault token'] = vault.createToken()
    const webhooksFile = join(folder, 'webhooks.yaml')
    writeFileSync(webhooksFile, `devops: "${flows.address('devops', secrets.sigInFile)}"\n`)
    const env = {
      ...(kind === 'postgres' ? { DATABASE_URL: postgres.url } : { TEAMS_DATA_DIR: dataDir }),
      ...(kind === 'postgres'
        ? { TEAMS_HMAC_SECRET_KEY: secrets.hmac, TEAMS_HMAC_SECRET_KEY_PREVIOUS: secrets.hmacPrevious }
        : {}),
      TEAMS_HTTP_PORT: '0',
      // Once with what no type declares in it, once without.
      TEAMS_UNDECLARED_DATA: kind === 'postgres' ? 'keep' : 'drop',
      TEAMS_API_TOKENS: `everything:admin:${secrets.token},reader:read:${secrets.readToken}`,
      TEAMS_INBOUND_SECRETS: secrets.inbound,
      TEAMS_MAX_BODY_BYTES: '100000',
      TEAMS_WEBHOOK_HOST_SUFFIXES: '127.0.0.1',
      TEAMS_WEBHOOKS_FILE: webhooksFile,
      TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks',
      TEAMS_WEBHOOK_NPHIES_INTEGRATION: flows.address('nphies_integration', undefined),
      TEAMS_VAULT_REFRESH: '1',
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: others['Vault token'],
      TEAMS_REDIS_URL: redisUrl.href,
      HTTPS_PROXY: `http://marked:${secrets.proxy}@127.0.0.1:9`,
      TEAMS_ENTRA_TENANT_ID: 'tenant',
      TEAMS_ENTRA_CLIENT_ID: 'client',
      TEAMS_ENTRA_CLIENT_SECRET: secrets.entra,
      TEAMS_ENTRA_SCOPE: 'https://flow/.default',
      TEAMS_ENTRA_AUTHORITY: entra.authority,
      TEAMS_PUBLIC_URL: 'http://127.0.0.1:9',
      TEAMS_PUBLIC_PORT: '0',
      TEAMS_LINK_SECRETS: secrets.links,
      TEAMS_SIGN_IN_CLIENT_ID: 'client',
      TEAMS_SIGN_IN_CLIENT_SECRET: secrets.signIn,
      TEAMS_SIGN_IN_TENANTS: '0d5a6f0c-0000-4000-8000-000000000001',
      TEAMS_SIGN_IN_AUTHORITY: entra.authority,
      TEAMS_CONNECTION_TIMEOUT: '1',
      TEAMS_MAX_RETRIES: '1',
      TEAMS_BREAKER_THRESHOLD: '2',
      TEAMS_BREAKER_PROBE_DELAY: '0.2',
      TEAMS_RATE_LIMIT_BURST: '100',
      TEAMS_LINK_LOGS: 'https://logs.example.sa/?q={correlation_id}',
      TEAMS_LINK_FLOWER: 'https://flower.example.sa',
    }
    const channels = ['sre', 'security_eng', 'cloudops', 'runtime_eng', ...FAILING]
    const webhooks = Object.fromEntries(channels.map((key) => [key, flows.address(key, secrets.sig)]))
    gateway = await serveGateway({ env, webhooks, config: CONFIG, log: capture.log })
    stops.add(() => gateway.stop())
    const { service } = gateway.wired
    caller = createCaller(gateway.origin, secrets.token ?? '', capture)
    const { ask } = caller

    reached.accepted = await sendEveryWay(caller, marks)
    const library = await service.accept(
      [patientEvent(marks, 'library', ['sre', 'devops', 'pmo', 'compliance'])],
      'library',
    )
    reached.accepted += library.length
    await capture.failure('library', () =>
      service.accept([{ eventType: patient.id, data: { [patient.id]: 1n } }], 'library'),
    )
    reached.statuses = await knockWrongly(caller, marks)
    for (const channel of ['sre', 'devops', 'pmo', 'compliance'])
      await capture.logged({ channel, outcome: 'accepted', correlation_id: library[0]?.correlationId })

    // Every way to fail, with the whole request in the answer; a token that is refused; and a replay.
    for (const outcome of FAILING as Failing[]) flows.behave(outcome, outcome)
    flows.behave('nphies_integration', 'unauthorized')
    await service.accept(
      FAILING.map((key) => patientEvent(marks, `fails-${key}`, [key])),
      'library',
    )
    await service.accept([patientEvent(marks, 'fails-token', ['nphies_integration'])], 'library')
    for (const outcome of FAILING) await capture.logged({ channel: outcome, outcome })
    await capture.logged({ channel: 'nphies_integration', outcome: 'unauthorized' })
    entra.failNext({
      kind: 'status',
      status: 401,
      body: JSON.stringify({ error: secrets.entra, error_description: secrets.entra }),
    })
    await capture.logged({ channel: 'nphies_integration', outcome: 'token_unavailable' })
    for (const post of flows.received) {
      const { authorization, ...headers } = post.headers
      if (authorization) others['Entra token'] = authorization.slice('Bearer '.length).split('.')[2] ?? ''
      capture.add('post', `${JSON.stringify(headers)} ${post.body}`)
    }
    const { notifications: failed } = await service.listNotifications({ state: 'failed', limit: 100 })
    flows.behave('bad_request', 'accepted')
    for (const { id, channel } of failed) {
      await ask('show', `/v1/notifications/${id}`)
      await ask('replay', `/v1/notifications/${id}/replay`, { method: 'POST' })
      if (channel === 'bad_request') await capture.logged({ notification_id: id, outcome: 'accepted' })
      await ask('replay again', `/v1/notifications/${id}/replay`, { method: 'POST' })
    }
    const look = async (when: string) => {
      const correlation = encodeURIComponent(`library-${patient.id}`)
      for (const path of [
        '/v1/notifications?limit=500',
        `/v1/notifications?correlation_id=${correlation}`,
        `/v1/notifications?correlation_id=${correlation}%00`,
        `/v1/notifications/${library[0]?.notifications[0]?.id}`,
        '/v1/channels',
        '/metrics',
        '/readyz',
        '/healthz',
        '/openapi.json',
        '/',
      ])
        await ask(`${when}: ${path}`, path)
      await ask(`${when}: event`, '/v1/events', { body: onTheWire(patientEvent(marks, `late-${when}`)) })
      await ask(`${when}: replay`, `/v1/notifications/${failed[0]?.id}/replay`, { method: 'POST' })
    }
    await look('well')
    // Refused by the database, whose driver keeps the parameters with its error.
    const odd = { correlationId: patient.id, limit: -5 }
    await capture.failure('odd query', () => service.listNotifications(odd))

    // Secrets that change to what can not be used, and then to what can; Vault and Redis that go away.
    vault.put('secret/teams/webhooks', {
      pmo: `http://${secrets.sigNew}.example.sa/?sig=${secrets.sigNew}`,
      [secrets.sigNew ?? '']: secrets.sigNew,
    })
    await capture.logged({ event: 'secret_refused' })
    vault.put('secret/teams/webhooks', { pmo: flows.address('pmo', secrets.sigNew) })
    await capture.logged({ event: 'secrets_changed' })
    writeFileSync(webhooksFile, `devops: "${secrets.sigInFile}\n - [`)
    vault.revokeAll()
    await capture.logged({ subject: 'VAULT_ADDR' })
    await capture.logged({ subject: 'TEAMS_WEBHOOKS_FILE' })
    await redis.kill()

    // The command line, in processes of their own.
    const cli = (name: string, args: string[], input = '', more: Record<string, string | undefined> = {}) =>
      new Promise<void>((resolve) => {
        const child = execFile(
          process.execPath,
          [MAIN, ...args],
          {
            env: {
              PATH: process.env.PATH,
              ...nodeEnvironment(),
              ...env,
              TEAMS_HTTP_PORT: new URL(gateway.origin).port,
              ...more,
            },
            cwd: folder,
          },
          (_error, stdout, stderr) => {
            capture.add(`command ${name}`, `${stdout}\n${stderr}`)
            resolve()
          },
        )
        child.stdin?.end(input)
      })
    await Promise.all([
      cli('doctor', ['doctor']),
      cli('send', ['send', '--json'], onTheWire(patientEvent(marks, 'command'))),
    ])
    await Promise.all([
      cli('send wrongly', ['send'], JSON.stringify({ event_type: patient.id, [patient.id]: patient.id })),
      cli('list', ['notifications', 'list', '--json']),
    ])

    // A database that fails in the middle, and one that is gone.
    await sql`ALTER TABLE teams_events RENAME TO teams_events_away`.execute(gateway.wired.database.kysely)
    await look('table gone')
    await capture.failure('table gone', () => service.accept([patientEvent(marks, 'table-gone')], 'library'))
    await sql`ALTER TABLE teams_events_away RENAME TO teams_events`.execute(gateway.wired.database.kysely)
    if (kind === 'postgres') {
      await postgres.kill()
      await look('database gone')
      await capture.failure('database gone', () => service.accept([patientEvent(marks, 'database-gone')], 'library'))
      await capture.failure('database gone, read', () =>
        service.listNotifications({ correlationId: patient.id, limit: 1 }),
      )
      await postgres.restart()
      while ((await ask('back?', '/readyz')).status !== 200) await setTimeout(100)
      reached.tables = await captureRows(capture, gateway.wired.database.kysely)
      await gateway.stop()
      await postgres.kill()
      reached.files = captureFiles(capture, join(postgres.folder, 'data'))
      await postgres.restart()
    } else {
      await gateway.wired.database.close()
      await look('database gone')
      await capture.failure('database gone', () => service.accept([patientEvent(marks, 'database-gone')], 'library'))
      await gateway.stop().catch((error: unknown) => capture.add('error stop', String(error)))
      const database = await openEmbedded(dataDir)
      reached.tables = await captureRows(capture, database.kysely)
      await database.close()
      reached.files = captureFiles(capture, dataDir)
    }
    const { port } = new URL(flows.origin)
    await startWrongly(capture, marks, { folder: embeddedFolder(), databaseUrl: postgres.url, takenPort: Number(port) })
  }, 180_000)

  afterAll(async () => {
    await stops.run()
    capture.stop()
  })

  const searched = (where: string) => {
    const captured = capture.of(where)
    expect(captured.length).toBeGreaterThan(0)
    return leaksIn(captured, needlesFor(marks, others))
  }

  it('went through every input and every known failure', () => {
    expect(reached.accepted).toBe(12)
    expect(reached.statuses).toEqual([200, 400, 401, 403, 404, 405, 413, 415, 422])
    // A text that no database can hold is one that nothing has.
    expect(capture.of('answer well').filter(({ text }) => text.startsWith('5'))).toEqual([])
    expect(reached.tables).toEqual(
      expect.arrayContaining(['teams_idempotency_keys', 'teams_channels', 'job_common', 'queue']),
    )
    expect(reached.files).toBeGreaterThan(500)
    expect(Object.keys(others)).toEqual(['database password', 'Vault token', 'Entra token'])
    const paths = flows.received.map(({ path }) => path).join('\n')
    for (const sig of ['sig', 'sigInFile', 'sigInVault'] as const) expect(paths).toContain(secrets[sig])
    const logged = capture
      .of('log')
      .map(({ text }) => text)
      .join('\n')
    for (const outcome of [...FAILING, 'token_unavailable', 'accepted'])
      expect(logged).toContain(`"outcome":"${outcome}"`)
    const answers = capture.of('answer').map(({ text }) => text.slice(0, 3))
    expect([...new Set(answers)]).toEqual(expect.arrayContaining(['200', '202', '409', '503']))
  })

  it.each(['log', 'answer', 'error', 'row', 'file', 'post', 'live message', 'command'])('are in no %s', (where) => {
    expect(searched(where)).toEqual([])
  })

  it('leave only log lines of known events, with the fields of the event', () => {
    const lines = capture.of('log').map(({ text }): Record<string, unknown> => JSON.parse(text))
    const names = new Set(lines.map(({ event }) => event))
    expect([...names]).toEqual(
      expect.arrayContaining(['event_accepted', 'request_answered', 'notification_sent', 'channel_breaker_opened']),
    )
    const undeclared = lines.filter(({ event, level, msg, ...line }) => {
      const row = Object.entries<LogEventRow>(LOG_EVENTS).find(([name]) => name === event)?.[1]
      if (row === undefined || row.level !== level || row.message !== msg) return true
      const may: string[] = ['time', ...row.fields, ...(row.optional ?? [])]
      return Object.keys(line).some((name) => !may.includes(name)) || row.fields.some((name) => !(name in line))
    })
    expect(undeclared).toEqual([])
  })

  it('cause no error other than a GatewayError', () => {
    expect(capture.of('error').filter(({ text }) => !text.startsWith('GatewayError: '))).toEqual([])
  })

  it('are not printed by this process', () => {
    expect(leaksIn(capture.of('stdio'), needlesFor(marks, others))).toEqual([])
  })
})

describe('the search', () => {
  it('finds patient data in rows and their sources where the policy shows them', async () => {
    const marks = createMarks()
    const capture = startCapture()
    capture.stop()
    const dataDir = embeddedFolder()
    const gateway = await createGateway({
      env: {},
      settings: {
        TEAMS_DATA_DIR: dataDir,
        TEAMS_PHI_POLICY: 'show',
        TEAMS_UNDECLARED_DATA: 'keep',
        TEAMS_SANDBOX: 'on',
      },
      log: capture.log,
      deliver: false,
    })
    const { notifications } = await gateway.send(patientEvent(marks, 'shown'))
    capture.add('answer', JSON.stringify(await gateway.service.getNotification(notifications[0]?.id ?? '')))
    await gateway.stop()
    const database = await openEmbedded(dataDir)
    await captureRows(capture, database.kysely)
    await database.close()
    const found = (where: string) =>
      leaksIn(capture.of(where), needlesFor(marks, {})).map((leak) => leak.replace(/ in .*/s, ''))
    const everything = [
      ...['patient id', 'member id', 'patient number', 'patient name'],
      ...Object.keys(marks.patient.saudi),
      'iqama, Arabic digits',
    ]
    expect(found('answer')).toEqual(everything)
    expect(found('row of teams_events')).toEqual(everything)
  })

  it('finds each secret unencoded and in every encoding', () => {
    const marks = createMarks()
    const needles = needlesFor(marks, { other: 'a-secret-of-this-run' })
    for (const [name, value] of [...Object.entries(marks.secrets), ['other', 'a-secret-of-this-run'] as const]) {
      const plain = name === 'inbound' ? Buffer.from(value.slice(6), 'base64').toString() : value
      for (const text of [
        plain,
        ...['', 'x', 'xy'].map((before) => Buffer.from(`${before}${plain}yz`).toString('base64')),
      ])
        expect(leaksIn([{ where: 'here', text: `it was ${text}!` }], needles)).toEqual([
          expect.stringMatching(`^${name} in here: `),
        ])
    }
  })
})
