import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding, Note } from '../../src/audit/verify/findings.ts'
import { DERIVED_COLUMNS, OTHER_COLUMNS } from '../../src/audit/verify/notification-columns.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import type { Database } from '../../src/store/database.ts'
import { insertEntry } from '../../src/store/insert-entry.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { liveALife } from './a-life.ts'

type Db = Kysely<Tables>

const ADOPTED = { month: '2026-01', before: new Date(), events: 0, notifications: 0, attempts: 0, rows: null }

async function all(db: Db): Promise<(Finding | Note)[]> {
  return Array.fromAsync(verifyRows(db))
}

describe.each(KINDS)('the rows of the record on %s', (kind) => {
  let database: Database
  let db: Db
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await liveALife(db)
  })
  afterAll(() => database.close())

  it('follow from their entries, whatever happened to them', async () => {
    expect(await inReadSnapshot(db, all)).toEqual([])
  })

  /** Changes the record with SQL and verifies it, in a transaction that is rolled back. */
  async function tampered(...statements: readonly string[]): Promise<readonly (Finding | Note)[]> {
    let found: readonly (Finding | Note)[] = []
    const away = db.transaction().execute(async (transaction) => {
      // As a superuser passes the triggers.
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      for (const statement of statements) {
        const { numAffectedRows } = await sql.raw(statement).execute(transaction)
        expect(numAffectedRows, statement).toBe(1n)
      }
      found = await all(transaction)
      throw new Error('away')
    })
    await expect(away).rejects.toThrow('away')
    return found
  }
  const named = (found: readonly (Finding | Note)[]) =>
    found.map((one) => ('note' in one ? one : { code: one.code, ...one.row }))
  async function idOf(query: string): Promise<string> {
    const { rows } = await sql<{ id: string }>`SELECT id FROM (${sql.raw(query)}) AS found LIMIT 1`.execute(db)
    return rows[0]?.id ?? expect.fail(`no row: ${query}`)
  }

  it('have no column that is neither derived nor known not to be', async () => {
    const { rows } = await sql<{ name: string }>`
      SELECT attname::text AS name FROM pg_attribute
       WHERE attrelid = 'teams_notifications'::regclass AND attnum > 0 AND NOT attisdropped`.execute(db)
    expect(Object.keys({ ...DERIVED_COLUMNS, ...OTHER_COLUMNS }).sort()).toEqual(rows.map(({ name }) => name).sort())
  })

  const SENT = "SELECT id FROM teams_notifications WHERE state = 'accepted' AND attempts = 3"
  const WAITS = "SELECT id FROM teams_notifications WHERE channel = 'runtime_eng' AND state = 'pending'"
  const SENDING = "SELECT id FROM teams_notifications WHERE state = 'sending'"
  const REPEAT = "SELECT id FROM teams_notifications WHERE state = 'suppressed' AND reason = 'repeat'"
  const ACTED = "SELECT id FROM teams_notifications WHERE acknowledged_by = 'Sara'"
  const DISCARDED = "SELECT id FROM teams_notifications WHERE action_taken = 'discard'"
  const MUTED = "SELECT id FROM teams_notifications WHERE reason = 'muted' AND channel = 'pmo'"

  /** A column of a notification, and the value that it is given, by the rows that are changed. */
  const EDITS: readonly (readonly [column: string, value: string, of: string])[] = [
    ['event_id', '(SELECT id FROM teams_events ORDER BY id DESC LIMIT 1)', SENT],
    ['event_id', 'gen_random_uuid()', SENT],
    ['created_at', "created_at - interval '1 second'", SENT],
    ['correlation_id', "'other'", SENT],
    ['event_type', "'deployment.completed'", SENT],
    ['stakeholders', "'{sre}'", SENT],
    ['priority', "'INFO'", SENT],
    ['channel', "'pmo'", SENT],
    ['language', "'en'", SENT],
    ['state', "'posted'", SENT],
    ['state', "'accepted'", WAITS],
    ['state', "'failed'", SENDING],
    ['state', "'pending'", REPEAT],
    ['reason', "'silence'", MUTED],
    ['reason', "'server_error'", SENT],
    ['status_code', '200', SENT],
    ['retry_count', '0', SENT],
    ['sent_at', "sent_at - interval '1 millisecond'", SENT],
    ['accepted_at', "accepted_at + interval '1 day'", SENT],
    ['accepted_at', 'NULL', SENT],
    ['error_message', "'it was the network'", SENT],
    ['error_message', 'NULL', WAITS],
    ['webhook_url', "'https://elsewhere'", SENT],
    ['attempts', '2', SENT],
    ['attempts', '7', SENDING],
    ['card_payload', 'card_payload || \'{"attempt": 7}\'', SENT],
    ['card_payload', "'{}'", MUTED],
    ['card_payload', 'NULL', SENT],
    [
      'card_payload',
      "jsonb_build_object('text', (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 900)))",
      SENT,
    ],
    ['digest_id', 'gen_random_uuid()', "SELECT id FROM teams_notifications WHERE state = 'digested'"],
    ['digest_id', 'gen_random_uuid()', SENT],
    ['silence_id', 'NULL', "SELECT id FROM teams_notifications WHERE reason = 'silence'"],
    ['silence_id', 'gen_random_uuid()', SENT],
    ['repeat_of', 'NULL', REPEAT],
    ['repeat_of', 'gen_random_uuid()', SENT],
    ['escalation_step', '2', SENT],
    ['salt', 'NULL', SENT],
    ['card_salt', 'NULL', SENT],
    ['acknowledged_by', "'Sara'", SENT],
    ['acknowledged_at', 'now()', SENT],
    ['action_taken', "'discard'", SENT],
    ['action_data', "'{}'", SENT],
    ['quiet_until', 'now()', SENT],
    ['acknowledged_by', "'Omar'", ACTED],
    ['acknowledged_at', 'NULL', ACTED],
    ['action_taken', 'NULL', ACTED],
    ['action_data', 'action_data || \'{"by": "Omar"}\'', ACTED],
    ['quiet_until', 'NULL', DISCARDED],
  ]

  it.each(EDITS)('show that teams_notifications.%s was set to %s', async (column, value, of) => {
    const id = await idOf(of)
    const found = await tampered(`UPDATE teams_notifications SET ${column} = ${value} WHERE id = '${id}'`)
    // The salt belongs to the card, and to its row.
    const own = named(found).filter(
      (one) => !('column' in one && column === 'card_payload' && one.column === 'card_salt'),
    )
    const expected = { code: 'row_differs', table: 'teams_notifications', id, column }
    // An attempt is of the notification's month.
    const more = column === 'created_at' ? [1, 2, 3].map(() => ({ ...expected, table: 'teams_attempts' })) : []
    expect(own).toEqual([...more, expected])
  })

  it('show each derived column that is edited', () => {
    expect(new Set(EDITS.map(([column]) => column))).toEqual(new Set(Object.keys(DERIVED_COLUMNS)))
  })

  it('name the entry that says otherwise', async () => {
    const id = await idOf(SENT)
    const { rows } = await sql<{ id: string }>`
      SELECT max(id)::text AS id FROM teams_audit_entries
       WHERE subject = ${id}::uuid AND convert_from(body, 'UTF8') LIKE '%"kind":"attempt.finished"%'`.execute(db)
    expect(await tampered(`UPDATE teams_notifications SET status_code = 500 WHERE id = '${id}'`)).toEqual([
      {
        code: 'row_differs',
        row: { table: 'teams_notifications', id, column: 'status_code' },
        entryId: rows[0]?.id,
        kind: 'attempt.finished',
        subject: id,
        detail: `status_code of the row is not what entry ${rows[0]?.id} (attempt.finished) says`,
      },
    ])
  })

  const EVENT = "SELECT id FROM teams_events WHERE language = 'ar'"
  const SILENCE = 'SELECT id FROM teams_silences'
  const REPLAY = 'SELECT notification_id AS id FROM teams_replays'
  const RESOLUTION = 'SELECT event_id AS id FROM teams_resolutions'
  const ACTION = "SELECT id FROM teams_actions WHERE action = 'discard'"
  const ARCHIVED = "SELECT id FROM teams_archive WHERE subject = 't-1'"
  const RETRY = "SELECT id FROM teams_actions WHERE action = 'retry'"

  it.each<[table: string, column: string, value: string, of: string, key?: string]>([
    ['teams_events', 'event_type', "'deployment.completed'", EVENT],
    ['teams_events', 'correlation_id', "'other'", EVENT],
    ['teams_events', 'priority', "'INFO'", EVENT],
    ['teams_events', 'stakeholders', "'{sre}'", EVENT],
    ['teams_events', 'data', 'data || \'{"summary": "fast"}\'', EVENT],
    [
      'teams_events',
      'data',
      "jsonb_build_object('a', (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 900)))",
      EVENT,
    ],
    ['teams_events', 'language', 'NULL', EVENT],
    ['teams_events', 'origin', "'http:somebody'", EVENT],
    ['teams_events', 'origin', "'cli'", EVENT],
    ['teams_events', 'occurred_at', "occurred_at - interval '1 second'", EVENT],
    ['teams_silences', 'kind', "'maintenance'", SILENCE],
    ['teams_silences', 'matchers', '\'[{"field": "event_type", "operator": "=", "value": "*"}]\'', SILENCE],
    ['teams_silences', 'starts_at', "starts_at - interval '1 day'", SILENCE],
    ['teams_silences', 'ends_at', "ends_at - interval '1 minute'", SILENCE],
    ['teams_silences', 'reason', "'nobody knows'", SILENCE],
    ['teams_silences', 'created_by', "'http:other'", SILENCE],
    ['teams_silences', 'created_at', "created_at - interval '1 day'", SILENCE],
    ['teams_silences', 'ended_by', "'library'", SILENCE],
    ['teams_silences', 'ended_at', "ended_at + interval '1 minute'", SILENCE],
    ['teams_actions', 'action', "'restore'", ACTION],
    ['teams_actions', 'state', "'failed'", ACTION],
    ['teams_actions', 'code', "'resolved'", ACTION],
    ['teams_actions', 'event_id', 'gen_random_uuid()', ACTION],
    ['teams_actions', 'notification_id', 'NULL', ACTION],
    ['teams_actions', 'event_ids', "'{}'", ACTION],
    ['teams_actions', 'via', "'typed'", ACTION],
    ['teams_actions', 'actor_id', "'other'", ACTION],
    ['teams_actions', 'actor_name', "'Omar'", ACTION],
    ['teams_actions', 'verified', 'false', ACTION],
    ['teams_actions', 'relayed_by', "'http:other'", ACTION],
    ['teams_actions', 'reason', "'other'", ACTION],
    ['teams_actions', 'note', 'NULL', ACTION],
    ['teams_actions', 'tier', '7', ACTION],
    ['teams_actions', 'quiet_until', 'NULL', ACTION],
    ['teams_actions', 'requested_at', "requested_at - interval '1 second'", ACTION],
    ['teams_actions', 'started_at', "started_at - interval '1 second'", RETRY],
    ['teams_actions', 'finished_at', "finished_at + interval '1 second'", RETRY],
    ['teams_actions', 'result', '\'{"task_id": "t-2"}\'', RETRY],
    ['teams_actions', 'confirms', 'gen_random_uuid()', RETRY],
    ['teams_actions', 'salt', 'NULL', RETRY],
    ['teams_archive', 'kind', "'other'", ARCHIVED],
    ['teams_archive', 'source', "'other'", ARCHIVED],
    ['teams_archive', 'subject', "'t-7'", ARCHIVED],
    ['teams_archive', 'event_id', 'gen_random_uuid()', ARCHIVED],
    ['teams_archive', 'action_id', 'NULL', ARCHIVED],
    ['teams_archive', 'about', '\'{"queue": "other"}\'', ARCHIVED],
    ['teams_archive', 'state', "'restored'", ARCHIVED],
    ['teams_archive', 'key_id', "'00000000'", ARCHIVED],
    ['teams_archive', 'data_key', 'NULL', ARCHIVED],
    ['teams_archive', 'content', "'x'", ARCHIVED],
    ['teams_archive', 'size', '7', ARCHIVED],
    ['teams_archive', 'archived_at', "archived_at - interval '1 second'", ARCHIVED],
    ['teams_archive', 'restored_at', 'now()', ARCHIVED],
    ['teams_resolutions', 'event_type', "'deployment.completed'", RESOLUTION, 'event_id'],
    ['teams_resolutions', 'dedup_key', "'other'", RESOLUTION, 'event_id'],
    ['teams_resolutions', 'created_at', "created_at - interval '1 minute'", RESOLUTION, 'event_id'],
  ])('show that %s.%s was set to %s', async (table, column, value, of, key = 'id') => {
    const id = await idOf(of)
    const found = await tampered(`UPDATE ${table} SET ${column} = ${value} WHERE ${key} = '${id}'`)
    expect(named(found)).toEqual([{ code: 'row_differs', table, id, column }])
  })

  it.each([
    ['teams_attempts', 'outcome', "'accepted'"],
    ['teams_attempts', 'status_code', '202'],
    ['teams_attempts', 'error_code', 'NULL'],
    ['teams_attempts', 'message', "'all is well'"],
    ['teams_attempts', 'started_at', "started_at - interval '1 second'"],
    ['teams_attempts', 'finished_at', "finished_at + interval '1 second'"],
    ['teams_attempts', 'repeat', 'true'],
    ['teams_attempts', 'created_at', "created_at - interval '1 second'"],
  ])('show that %s.%s was set to %s', async (table, column, value) => {
    const id = await idOf(SENT)
    const found = await tampered(
      `UPDATE ${table} SET ${column} = ${value} WHERE notification_id = '${id}' AND attempt = 2`,
    )
    expect(named(found)).toEqual([{ code: 'row_differs', table, id, column }])
  })

  it.each([
    ['replayed_by', "'http:other'"],
    ['replayed_at', "replayed_at - interval '1 second'"],
  ])('show that teams_replays.%s was set to %s', async (column, value) => {
    const id = await idOf(REPLAY)
    const found = await tampered(`UPDATE teams_replays SET ${column} = ${value} WHERE replayed_by = 'cli'`)
    expect(named(found)).toContainEqual({ code: 'row_differs', table: 'teams_replays', id, column })
    expect(found).toHaveLength(1)
  })

  it.each([
    ['started_at', "started_at - interval '1 second'"],
    ['finished_at', "finished_at + interval '1 second'"],
    ['repeat', 'true'],
  ])('show that %s of an interrupted attempt was set to %s', async (column, value) => {
    const of = "SELECT notification_id AS id FROM teams_attempts WHERE outcome = 'interrupted' AND attempt = 1"
    const id = await idOf(of)
    const found = await tampered(
      `UPDATE teams_attempts SET ${column} = ${value} WHERE notification_id = '${id}' AND attempt = 1`,
    )
    expect(named(found)).toEqual([{ code: 'row_differs', table: 'teams_attempts', id, column }])
  })

  it.each([
    ['teams_events', 'id', EVENT],
    ['teams_notifications', 'id', SENT],
    ['teams_notifications', 'id', MUTED],
    ['teams_notifications', 'id', WAITS],
    ['teams_silences', 'id', SILENCE],
    ['teams_resolutions', 'event_id', RESOLUTION],
    ['teams_actions', 'id', ACTION],
    ['teams_archive', 'id', ARCHIVED],
  ])('show that a row of %s was deleted', async (table, key, of) => {
    const id = await idOf(of)
    expect(named(await tampered(`DELETE FROM ${table} WHERE ${key} = '${id}'`))).toEqual([
      { code: 'entry_not_backed', table, id },
    ])
  })

  it('show that a row of teams_attempts or teams_replays was deleted', async () => {
    const id = await idOf(SENT)
    expect(named(await tampered(`DELETE FROM teams_attempts WHERE notification_id = '${id}' AND attempt = 2`))).toEqual(
      [{ code: 'entry_not_backed', table: 'teams_attempts', id }],
    )
    const replayed = await idOf(REPLAY)
    expect(named(await tampered("DELETE FROM teams_replays WHERE replayed_by = 'cli'"))).toEqual([
      { code: 'entry_not_backed', table: 'teams_replays', id: replayed },
    ])
  })

  const NEW = '0190c8f0-0000-7000-8000-000000000000'
  it.each([
    [
      'teams_events',
      `INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, salt)
       VALUES ('${NEW}', 't', 'c', 'HIGH', '{sre}', '{}', 'library', now(), gen_random_uuid())`,
    ],
    [
      'teams_notifications',
      `INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, salt)
       SELECT '${NEW}', id, correlation_id, event_type, stakeholders, priority, 'sre', 'en', gen_random_uuid()
         FROM teams_events WHERE language = 'ar'`,
    ],
    [
      'teams_notifications',
      `INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language)
       VALUES ('${NEW}', '${NEW}', 'c', 't', '{sre}', 'HIGH', 'sre', 'en')`,
    ],
    [
      'teams_attempts',
      `INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
       VALUES ('${NEW}', 1, now(), now(), 'accepted', '${NEW}', now())`,
    ],
    [
      'teams_replays',
      `INSERT INTO teams_replays (notification_id, replayed_by, salt) VALUES ('${NEW}', 'cli', '${NEW}')`,
    ],
    [
      'teams_resolutions',
      `INSERT INTO teams_resolutions (dedup_key, event_type, event_id) VALUES ('k', 't', '${NEW}')`,
    ],
    [
      'teams_silences',
      `INSERT INTO teams_silences (id, kind, matchers, starts_at, ends_at, reason, created_by, salt)
       VALUES ('${NEW}', 'silence', '[1]', now(), now() + interval '1 hour', 'r', 'cli', '${NEW}')`,
    ],
    [
      'teams_actions',
      `INSERT INTO teams_actions (id, action, state, event_id, event_created_at, event_ids, via, verified, finished_at, salt)
       VALUES ('${NEW}', 'acknowledge', 'done', '${NEW}', now(), '{}', 'entra', true, now(), '${NEW}')`,
    ],
    [
      'teams_archive',
      `INSERT INTO teams_archive (id, kind, subject, content, size) VALUES ('${NEW}', 'k', 't', 'x', 1)`,
    ],
  ])('show a row that was inserted into %s', async (table, statement) => {
    expect(named(await tampered(statement))).toEqual([{ code: 'row_not_backed', table, id: NEW }])
  })

  it('show an edit also beside a row that was inserted with a time from before the trail', async () => {
    const id = await idOf(SENT)
    const found = await tampered(
      `INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
       VALUES ('${NEW}', 't', 'c', 'HIGH', '{sre}', '{}', 'library', now(), now() - interval '1 day')`,
      `UPDATE teams_notifications SET status_code = 500 WHERE id = '${id}'`,
    )
    expect(named(found)).toContainEqual({
      code: 'row_differs',
      table: 'teams_notifications',
      id,
      column: 'status_code',
    })
  })

  it('show a second row of an id', async () => {
    const id = await idOf(SENT)
    const columns = 'event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, salt'
    const found = await tampered(
      `INSERT INTO teams_notifications (id, created_at, ${columns})
       SELECT id, created_at + interval '1 second', ${columns} FROM teams_notifications WHERE id = '${id}'`,
      `INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, held_by, created_at)
       SELECT notification_id, 4, started_at, finished_at, outcome, held_by, created_at
         FROM teams_attempts WHERE notification_id = '${id}' AND attempt = 3`,
    )
    expect(named(found)).toEqual([
      { code: 'row_not_backed', table: 'teams_notifications', id },
      { code: 'row_not_backed', table: 'teams_attempts', id },
    ])
  })

  it('are findings where values were erased with their salts, which may hide that they were edited', async () => {
    const [id, event, replay, silence] = [await idOf(SENT), await idOf(EVENT), await idOf(REPLAY), await idOf(SILENCE)]
    const found = await tampered(
      `UPDATE teams_events SET salt = NULL, data = '{}', correlation_id = 'erased' WHERE id = '${event}'`,
      `UPDATE teams_notifications SET salt = NULL, error_message = NULL, webhook_url = NULL, correlation_id = 'erased'
        WHERE id = '${id}'`,
      `UPDATE teams_silences SET salt = NULL, reason = '' WHERE id = '${silence}'`,
      `UPDATE teams_replays SET salt = NULL WHERE replayed_by = 'cli'`,
    )
    const expected = (table: string, of: string) => ({ code: 'row_differs', table, id: of, column: 'salt' })
    expect(named(found)).toEqual([
      expected('teams_events', event),
      expected('teams_notifications', id),
      expected('teams_replays', replay),
      expected('teams_silences', silence),
    ])
  })

  it('show a value that was edited, or that no entry has', async () => {
    await insertEntry(db, 'record.adopted', ADOPTED, { hashed: { rows: 'root' } })
    expect(await inReadSnapshot(db, all)).toEqual([])
    const edited = await tampered("UPDATE teams_audit_values SET value = 'other' WHERE value = 'root'")
    expect(edited).toMatchObject([
      { code: 'row_differs', row: { table: 'teams_audit_values', column: 'value' }, kind: 'record.adopted' },
    ])
    const added = await tampered("INSERT INTO teams_audit_values VALUES (77777, 'who', gen_random_uuid(), 'Sara')")
    expect(added).toMatchObject([{ code: 'row_not_backed', row: { table: 'teams_audit_values', id: '77777' } }])
  })
})
