import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { createClient } from '../../../src/client/client.ts'
import { QUICK, spawnGateway } from '../../acceptance/gateways.ts'
import { runCli } from '../../cli/cli.ts'
import { startedStore } from '../../services/stores.ts'

/** Longest time until another replica runs the source: the lease, and the next try to take it. On a busy machine, some more. */
const TAKEN_OVER_MS = 15_000 + 5_000 + 15_000

it('a source is run by one of two replicas, and by the other once the first is killed; what is open makes no event again', async () => {
  const store = await startedStore('postgres')
  // The source watches the server that the gateways store their events on.
  const watched = new URL(inject('postgresUrl'))
  const folder = mkdtempSync(join(inject('temporaryFolder'), 'sources-'))
  const file = join(folder, 'config.yaml')
  writeFileSync(
    file,
    `sources:
  own_db:
    kind: postgres
    host: ${watched.hostname}
    port: ${watched.port}
    user: ${watched.username}
    tls: "off"
    interval: 5s
    open_after: 0s
    replicas: 3
`,
  )
  const env = {
    ...Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)])),
    ...store,
    TEAMS_CONFIG_FILE: file,
    TEAMS_SOURCE_SECRET_OWN_DB: decodeURIComponent(watched.password),
  }
  const admin = new pg.Client({ connectionString: store.DATABASE_URL })
  await admin.connect()
  onTestFinished(() => admin.end())
  const events = async () => {
    const { rows } = await admin.query(
      "SELECT event_type, origin FROM teams_events WHERE origin LIKE 'source:%' ORDER BY created_at",
    )
    return rows
  }
  const missing = { event_type: 'postgres.replica.missing', origin: 'source:own_db' }

  const gateways = await Promise.all([spawnGateway(env), spawnGateway(env)])
  const [first] = gateways
  const seen = async () => (await createClient({ url: first.origin }).sources())[0]
  await expect.poll(seen, { timeout: 30_000 }).toMatchObject({
    name: 'own_db',
    code: null,
    unseenSince: null,
    open: [{ finding: 'replicas', subject: '' }],
  })
  expect(await events()).toEqual([missing])
  const holder = (await seen())?.runBy ?? ''
  const killed = gateways.find(({ pid }) => holder.endsWith(`:${pid}`))
  const other = gateways.find((gateway) => gateway !== killed)
  if (killed === undefined || other === undefined) throw new Error(`no gateway is ${holder}`)

  await killed.end('SIGKILL')
  const left = createClient({ url: other.origin })
  const runBy = async () => (await left.sources())[0]?.runBy
  await expect.poll(runBy, { timeout: TAKEN_OVER_MS }).toMatch(new RegExp(`:${other.pid}$`))
  // It has looked itself, and found what was open already.
  const looks = async () =>
    (await fetch(`${other.origin}/metrics`).then((answer) => answer.text())).match(
      /^teams_source_(looks_total|up|open_findings).*$/gm,
    )
  await expect
    .poll(looks, { timeout: 30_000 })
    .toEqual([
      'teams_source_up{source="own_db",kind="postgres"} 1',
      'teams_source_open_findings{source="own_db",kind="postgres"} 1',
      expect.stringMatching(/looks_total\{source="own_db",kind="postgres",result="ok"\} [1-9]/),
    ])
  expect(await events()).toEqual([missing])

  // A replica that stops gives its lease back at once, and the command line sees the same rows.
  await other.end('SIGTERM')
  const listed = await runCli(['sources', 'list'], { env })
  expect(listed.stdout).toMatch(/own_db +postgres +yes .* no replica +replicas/)
  expect(listed.code).toBe(0)
  const checked = await runCli(['sources', 'check', '--json'], { env })
  expect(checked.code).toBe(0)
  expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true, checks: [{ status: 'ok' }, { status: 'ok' }] })
  const wrong = await runCli(['sources', 'check'], { env: { ...env, TEAMS_SOURCE_SECRET_OWN_DB: 'MARKEDVALUE' } })
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toContain('secret_refused')
  expect(wrong.stdout + wrong.stderr).not.toContain('MARKEDVALUE')
  expect((await runCli(['sources', 'check', 'own_bd'], { env })).stderr).toContain('perhaps own_db')
}, 150_000)
