import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import { adoptRecord } from '../../src/audit/adopt-record.ts'
import { verifyAudit } from '../../src/gateway/verify-audit.ts'
import { createLog } from '../../src/kernel/log.ts'
import { mayChangeAudit } from '../../src/store/audit-rights.ts'
import { fillFirstPosts } from '../../src/store/first-posts.ts'
import { applyRetention, ensurePartitions, movePastMonths } from '../../src/store/maintenance.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { whenDone } from '../services/cleanup.ts'
import { freshDatabase } from '../services/database.ts'
import { QUICK } from './gateways.ts'

/** The SQL of a guide that makes a role, for a role and a password of our own. */
function guideSql(guide: string, name: string, role: string, password: string): string {
  const text = readFileSync(new URL(`../../docs/guides/${guide}`, import.meta.url), 'utf8')
  const [, block] = text.match(new RegExp(`\`\`\`sql\n(CREATE ROLE ${name} [\\s\\S]*?)\`\`\``)) ?? []
  if (!block) throw new Error(`docs/guides/${guide} has no SQL of ${name}`)
  return block.replaceAll(name, role).replace("'…'", `'${password}'`)
}

const AUDIT_TABLES = [
  'teams_audit_entries',
  'teams_audit_leaves',
  'teams_audit_nodes',
  'teams_audit_checkpoints',
  'teams_audit_origins',
]
/** A column of each table, for an UPDATE that would change nothing. */
const COLUMN: Readonly<Record<string, string>> = { teams_audit_origins: 'origin', teams_audit_entries: 'body' }

describe('the role of the guide', () => {
  const suffix = randomBytes(6).toString('hex')
  const [owner, role, auditor, password] = [`o_${suffix}`, `g_${suffix}`, `a_${suffix}`, 'only-here']
  let url: string
  let admin: pg.Client

  const urlOf = (user: string) => {
    const own = new URL(url)
    own.username = user
    own.password = password
    return own.href
  }
  async function connect(user: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: urlOf(user) })
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }
  /** The audit tables with every month. */
  async function protectedTables(): Promise<readonly { name: string; column: string }[]> {
    const { rows } = await admin.query<{ name: string; parent: string }>(
      `SELECT parent AS name, parent FROM unnest($1::text[]) AS parent
        UNION ALL SELECT inhrelid::regclass::text, 'teams_audit_entries' FROM pg_inherits
                   WHERE inhparent = 'teams_audit_entries'::regclass`,
      [AUDIT_TABLES],
    )
    return rows.map(({ name, parent }) => ({ name, column: COLUMN[parent] ?? 'origin_id' }))
  }
  const changesOf = ({ name, column }: { name: string; column: string }) => [
    `UPDATE ${name} SET ${column} = ${column}`,
    `UPDATE ${name} SET ${column} = ${column} WHERE false`,
    `DELETE FROM ${name}`,
    `TRUNCATE ${name}`,
  ]

  beforeAll(async () => {
    ;({ url } = await freshDatabase())
    admin = new pg.Client({ connectionString: url })
    await admin.connect()
    whenDone(async () => {
      await admin.query(
        `REASSIGN OWNED BY ${owner} TO CURRENT_USER; DROP OWNED BY ${role}, ${auditor}; DROP ROLE ${role}, ${auditor}`,
      )
      await admin.query(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`)
      await admin.end()
    })
    // An owner who is no superuser, as it should be.
    await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD '${password}'`)
    await admin.query(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" OWNER TO ${owner}`)
    const gateway = await createGateway({ env: {}, settings: { ...QUICK, DATABASE_URL: urlOf(owner) } })
    await gateway.start()
    await gateway.stop()
    await admin.query(guideSql('operations.md', 'gateway_user', role, password))
    await admin.query(guideSql('audit.md', 'audit_reader', auditor, password))
  })

  it('lets a gateway deliver, seal, and make months', async () => {
    const client = await connect(role)
    const lastMonth = async () =>
      (
        await client.query(
          "SELECT max(relname) AS month FROM pg_class WHERE relname ~ '^teams_audit_entries_\\d{4}_\\d{2}$'",
        )
      ).rows[0].month
    const before = await lastMonth()
    expect((await client.query('SELECT teams_ensure_partitions(5) AS made')).rows[0].made).toBeGreaterThan(0)
    expect((await lastMonth()) > before).toBe(true)
    const gateway = await createGateway({
      env: {},
      settings: { ...QUICK, DATABASE_URL: urlOf(role), TEAMS_MIGRATE: false },
    })
    onTestFinished(() => gateway.stop())
    await gateway.start()
    const { notifications } = await gateway.send({
      eventType: 'vault.seal.detected',
      data: { node: 'v' },
      stakeholders: ['sre'],
    })
    const id = notifications[0]?.id ?? ''
    await expect
      .poll(async () => (await gateway.service.getNotification(id)).state, { timeout: 30_000 })
      .toBe('accepted')
    const matchers = [{ field: 'event_type', operator: '=', value: 'gateway.*' }]
    const endsAt = new Date(Date.now() + 60_000)
    const { id: silenceId } = await gateway.service.createSilence({ matchers, endsAt, reason: 'r' }, 'test')
    const actor = { via: 'library', id: null, name: 'test', verified: false, roles: [], relayedBy: null } as const
    const acknowledge = { action: 'acknowledge', notificationId: id }
    expect(await gateway.service.act(acknowledge, actor)).toMatchObject({ state: 'done' })
    expect(await gateway.service.act(acknowledge, actor)).toMatchObject({ state: 'refused' })
    await gateway.service.endSilence(silenceId, 'test')
    const unsealed = `SELECT count(*)::int AS n FROM teams_audit_entries e
      WHERE NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id)`
    await expect.poll(async () => (await client.query(unsealed)).rows[0].n, { timeout: 30_000 }).toBe(0)
    const kinds = await client.query(
      `SELECT convert_from(body, 'UTF8')::json ->> 'kind' AS kind FROM teams_audit_entries`,
    )
    expect(kinds.rows.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['event.accepted', 'attempt.finished', 'action.done', 'action.refused']),
    )
  })

  it('lets the maintenance run, and rows of earlier versions be completed and adopted', async () => {
    const database = await openPostgres({ url: urlOf(role), pool: 2, log: createLog('silent') })
    onTestFinished(() => database.close())
    await ensurePartitions(database.kysely)
    await applyRetention(database.kysely, 2192, 90)
    await movePastMonths(database.kysely)
    expect(await fillFirstPosts(database.kysely, () => false)).toMatchObject({ rows: 0, busy: false })
    expect(await adoptRecord(database.kysely, () => false, { settledMs: 0 })).toEqual({ months: 0 })
  })

  it('works in a month that only the default partition has, which is moved later', async () => {
    const client = await connect(role)
    await client.query(
      `INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'old', 't', '{sre}', 'HIGH', 'sre', 'en', 'accepted', '2015-03-07Z'`,
    )
    expect((await client.query('SELECT teams_move_past_month() AS month')).rows[0].month).toBe('_2015_03')
    expect(
      (
        await client.query(
          "SELECT tableoid::regclass::text AS part FROM teams_notifications WHERE correlation_id = 'old'",
        )
      ).rows,
    ).toEqual([{ part: 'teams_notifications_2015_03' }])
    // No entry is about this row, and audit verify below says so of every such row.
    await admin.query("DELETE FROM teams_notifications WHERE correlation_id = 'old'")
  })

  it('may not change or remove anything of the audit trail, or date an entry', async () => {
    const client = await connect(role)
    for (const table of await protectedTables())
      for (const statement of changesOf(table))
        await expect(client.query(statement), statement).rejects.toThrow('permission denied')
    for (const statement of [
      "INSERT INTO teams_audit_entries (id, body) VALUES (1, 'x')",
      "INSERT INTO teams_audit_entries (xid, body) VALUES ('3', 'x')",
      "INSERT INTO teams_audit_entries (created_at, body) VALUES (now() - interval '1 day', 'x')",
      "SELECT setval('teams_audit_entries_id_seq', 1)",
      'SET session_replication_role = replica',
      'CREATE TABLE teams_mine ()',
      'CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$',
    ])
      await expect(client.query(statement), statement).rejects.toThrow('permission denied')
    for (const statement of [
      'DROP TRIGGER teams_audit_refuse ON teams_audit_entries',
      'ALTER TABLE teams_audit_leaves DISABLE TRIGGER ALL',
      'DROP TABLE teams_audit_nodes',
      'CREATE OR REPLACE FUNCTION teams_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
    ])
      await expect(client.query(statement), statement).rejects.toThrow(/must be owner|permission denied/)
    // The exception for moving a month is the owner's.
    await client.query("SET teams.moving_month = 'on'")
    await expect(client.query('DELETE FROM teams_audit_entries_default')).rejects.toThrow('permission denied')
  })

  it('may write nothing where a name decides: temporary tables do not stand in for the months', async () => {
    const client = await connect(role)
    await client.query(
      `CREATE TEMPORARY TABLE teams_audit_entries_default (LIKE teams_audit_entries);
       CREATE TEMPORARY TABLE pg_class (relname text);
       SET search_path = pg_temp, public`,
    )
    await client.query('SELECT teams_ensure_partitions(6)')
    await client.query('SELECT teams_move_past_month()')
    const { rows } = await admin.query(
      `SELECT count(*)::int AS made, count(t.tgname)::int AS protected FROM pg_inherits i
         LEFT JOIN pg_trigger t ON t.tgrelid = i.inhrelid AND t.tgname = 'teams_audit_refuse'
        WHERE i.inhparent = 'teams_audit_entries'::regclass`,
    )
    expect(rows[0].protected).toBe(rows[0].made)
  })

  it('is told apart from the owner, whom the triggers refuse', async () => {
    const client = await connect(owner)
    for (const table of await protectedTables())
      for (const statement of changesOf(table))
        await expect(client.query(statement), statement).rejects.toThrow('the audit trail is only added to')
  })

  it.each([
    { user: 'the gateway', may: false },
    { user: 'the owner', may: true },
  ])('is told apart by doctor: $user', async ({ may }) => {
    const database = await openPostgres({ url: urlOf(may ? owner : role), pool: 1, log: createLog('silent') })
    onTestFinished(() => database.close())
    expect(await mayChangeAudit(database.kysely)).toBe(may)
  })

  it('and triggers are passed by a superuser, which audit verify shows a user who may only read', async () => {
    const database = await openPostgres({ url: urlOf(auditor), pool: 2, log: createLog('silent') })
    onTestFinished(() => database.close())
    const verify = () => verifyAudit(database.kysely, { keys: [], anchors: [] })
    expect((await verify()).findings).toEqual([])
    const walkPast = (from: string, to: string) =>
      admin.query(`BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE teams_audit_entries SET body = convert_to(replace(convert_from(body, 'UTF8'), '${from}', '${to}'), 'UTF8')
         WHERE position('${from}'::bytea in body) > 0;
        COMMIT`)
    await walkPast('"outcome":"accepted"', '"outcome":"timeout_"')
    const { intact, findings } = await verify()
    expect(intact).toBe(false)
    // The attempt's row still has what the entry said.
    expect(findings).toMatchObject([{ code: 'entry_edited' }, { code: 'row_differs', row: { column: 'outcome' } }])
    await walkPast('"outcome":"timeout_"', '"outcome":"accepted"')
    expect((await verify()).findings).toEqual([])
  })

  it('lets events climb, and an auditor verify it', async () => {
    const config = {
      escalation: {
        policies: { quick: { for: [{ priorities: ['CRITICAL'] }], tiers: [{ after: '0s', channels: ['pmo'] }] } },
      },
    } as const
    const gateway = await createGateway({
      env: {},
      settings: { ...QUICK, DATABASE_URL: urlOf(role), TEAMS_MIGRATE: false, TEAMS_ESCALATION: 'on' },
      config,
    })
    onTestFinished(() => gateway.stop())
    await gateway.start()
    await gateway.send({ eventType: 'vault.seal.detected', data: { node: 'v-2' }, stakeholders: ['sre'] })
    const tier = async () => (await gateway.service.listEscalations({ limit: 1 })).escalations[0]?.tier
    await expect.poll(tier, { timeout: 30_000 }).toBe(2)
    const database = await openPostgres({ url: urlOf(auditor), pool: 2, log: createLog('silent') })
    onTestFinished(() => database.close())
    expect((await verifyAudit(database.kysely, { keys: [], anchors: [] })).findings).toEqual([])
  })

  it('is the only one besides the owner who may make months', async () => {
    const other = `x_${suffix}`
    await admin.query(`CREATE ROLE ${other} LOGIN PASSWORD '${password}'`)
    onTestFinished(async () => {
      await admin.query(`DROP ROLE ${other}`)
    })
    const client = new pg.Client({ connectionString: urlOf(other) })
    await client.connect()
    for (const call of ['SELECT teams_ensure_partitions(3)', 'SELECT teams_move_past_month()'])
      await expect(client.query(call)).rejects.toThrow('permission denied for function')
    await client.end()
  })

  it('lets a gateway run sources, and take webhooks of Alertmanager', async () => {
    const gateway = await createGateway({
      env: {},
      settings: { ...QUICK, DATABASE_URL: urlOf(role), TEAMS_MIGRATE: false },
      config: {
        sources: {
          claims_db: { kind: 'postgres', host: '127.0.0.1', port: 1, user: 'monitor' },
          main: { kind: 'alertmanager' },
        },
      },
    })
    onTestFinished(() => gateway.stop())
    await gateway.start()
    const alert = {
      status: 'firing',
      labels: { alertname: 'Full' },
      startsAt: '2026-11-30T10:00:00Z',
      fingerprint: 'a',
    }
    const webhook = { version: '4', groupKey: '{}:{}', status: 'firing', receiver: 'teams', alerts: [alert] }
    expect(await gateway.service.receiveAlerts('main', webhook, 'test')).toHaveLength(1)
    await expect.poll(() => gateway.service.listSources(), { timeout: 30_000 }).toMatchObject([{ code: 'not_reached' }])
  })
})
