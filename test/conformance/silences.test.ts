import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { SilenceInput } from '../../src/contract/silences.ts'
import { createSilences } from '../../src/gateway/silences.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createLog } from '../../src/kernel/log.ts'
import type { Database } from '../../src/store/database.ts'
import { getNotification, listNotifications } from '../../src/store/notifications.ts'
import { countSuppressed, endSilence, insertSilence, readClock, readOpenSilences } from '../../src/store/silences.ts'
import { readWaiting, suppressWaiting } from '../../src/store/suppress-waiting.ts'
import { ensureChannels } from '../../src/store/turns.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const NOBODY = '0190c8f0-0000-7000-8000-000000000000'

describe.each(KINDS)('silences on %s', (kind) => {
  let database: Database
  let silences: ReturnType<typeof createSilences>
  const minutes = (count: number) => new Date(Date.now() + count * 60_000)
  const one = (field: string, value: string) => [{ field, operator: '=', value }] as const
  const input = (change: Partial<SilenceInput> = {}): SilenceInput => ({
    matchers: one('event_type', 'celery.*'),
    endsAt: minutes(60),
    reason: 'broker moves',
    ...change,
  })

  beforeAll(async () => {
    database = await openMigrated(kind)
    silences = createSilences({ database, catalogue, log: createLog('silent') })
    await ensureChannels(
      database.kysely,
      ['sre', 'pmo'].map((key) => ({ key, burst: 10 })),
    )
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    for (const table of ['teams_silences', 'teams_notifications', 'teams_events', 'teams_resolutions'])
      await sql`DELETE FROM ${sql.table(table)}`.execute(database.kysely)
  })

  /** Writes events with a notification each, and gives the notifications' ids. */
  async function write(
    count: number,
    row: {
      channel?: string
      state?: string
      type?: string
      priority?: string
      data?: object
      minutesAgo?: number
    } = {},
  ): Promise<string[]> {
    const rows = Array.from({ length: count }, (_, index) => ({
      id: newId(),
      event_id: newId(),
      type: row.type ?? 'celery.task.failed',
      priority: row.priority ?? ['CRITICAL', 'HIGH', 'INFO'][index % 3],
      channel: row.channel ?? 'sre',
      state: row.state ?? 'pending',
      data: row.data ?? { queue: index % 2 === 0 ? 'claims' : 'mail', task_id: index },
      at: new Date(Date.now() - (row.minutesAgo ?? 0) * 60_000 - (index % 7)),
    }))
    const given = sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (id uuid, event_id uuid, type text,
      priority text, channel text, state text, data jsonb, at timestamptz)`
    await sql`INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
      SELECT event_id, type, 'c', priority, '{sre}', data, 'test', at, at FROM ${given}`.execute(database.kysely)
    await sql`INSERT INTO teams_notifications
        (id, event_id, event_type, correlation_id, priority, stakeholders, channel, language, state, created_at)
      SELECT id, event_id, type, 'c', priority, '{sre}', channel, 'en', state, at FROM ${given}`.execute(
      database.kysely,
    )
    return rows.map(({ id }) => id)
  }

  async function states(): Promise<Record<string, number>> {
    const { rows } = await sql<{ state: string; count: number }>`
      SELECT concat_ws(' ', channel, state, reason) AS state, count(*)::int AS count
        FROM teams_notifications GROUP BY 1`.execute(database.kysely)
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  }

  it('are returned as open until they are over or ended, oldest first', async () => {
    const at = {
      every: null,
      kind: 'maintenance',
      matchers: one('channel', 'sre'),
      reason: 'r',
      createdBy: 't',
    } as const
    const put = async (change: object) =>
      (await insertSilence(database.kysely, { ...at, startsAt: minutes(-2), endsAt: minutes(2), ...change })).silence.id
    const active = await put({})
    const waiting = await put({ startsAt: minutes(1) })
    await put({ endsAt: minutes(-1) })
    const ended = await put({})
    const again = await put({ startsAt: minutes(-90_000), endsAt: minutes(-89_990), every: 'day' })
    const endedToo = await put({ endsAt: minutes(-1), every: 'week' })
    for (const id of [ended, endedToo]) await endSilence(database.kysely, id, 'test')
    const open = (await readOpenSilences(database.kysely)).map(({ silence }) => silence)
    expect(open.map(({ id }) => id)).toEqual([active, waiting, again])
    expect(open[2]).toMatchObject({ every: 'day', endedAt: null, matchers: at.matchers })
  })

  it('are created, and answered so, although a part of the backlog could not be suppressed', async () => {
    const lines: string[] = []
    const log = createLog('error', { write: (line) => lines.push(line) })
    await write(4, { data: { queue: 'claims' } })
    await write(3, { channel: 'pmo' })
    // A trigger of the host, which fails each suppression on one channel.
    await sql`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''not on this channel''; END'`.execute(database.kysely)
    await sql`CREATE TRIGGER refuse BEFORE UPDATE ON teams_notifications FOR EACH ROW
      WHEN (NEW.state = 'suppressed' AND NEW.channel = 'sre') EXECUTE FUNCTION refuse()`.execute(database.kysely)
    try {
      const made = await createSilences({ database, catalogue, log }).createSilence(input(), 'ops')
      expect(made).toMatchObject({ state: 'active', keptBack: 3 })
      expect(await silences.getSilence(made.id)).toMatchObject({ createdBy: 'ops', keptBack: 3 })
      expect(await states()).toEqual({ 'pmo suppressed silence': 3, 'sre pending': 4 })
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ silence_id: made.id, kept_back: 3 }])
    } finally {
      await sql`DROP TRIGGER refuse ON teams_notifications`.execute(database.kysely)
      await sql`DROP FUNCTION refuse`.execute(database.kysely)
    }
  })

  it('are created, shown and ended, with caller and reason', async () => {
    const matchers = [
      ...one('data.queue', 'مطالبات*'),
      { field: 'priority', operator: '!=', value: 'CRITICAL' },
    ] as const
    const before = await readClock(database.kysely)
    const made = await silences.createSilence(input({ matchers, reason: "it's “planned”" }), 'cli:sara')
    expect(made).toMatchObject({
      kind: 'silence',
      matchers,
      every: null,
      reason: "it's “planned”",
      createdBy: 'cli:sara',
      endedAt: null,
      endedBy: null,
      state: 'active',
      keptBack: 0,
    })
    expect(made.startsAt.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(made.occurrence).toEqual({ startsAt: made.startsAt, endsAt: made.endsAt })
    expect(await silences.getSilence(made.id)).toEqual(made)
    const ended = await silences.endSilence(made.id, 'http:ops')
    expect(ended).toMatchObject({ id: made.id, state: 'over', occurrence: null, endedBy: 'http:ops' })
    await expect(silences.endSilence(made.id, 'another caller')).rejects.toMatchObject({ code: 'silence_over' })
    expect(await silences.getSilence(made.id)).toEqual({ ...ended, keptBack: 0 })
  })

  it('can not be ended after they expired', async () => {
    const { id } = await silences.createSilence(input({ endsAt: new Date(Date.now() + 200) }), 't')
    while ((await silences.getSilence(id)).state !== 'over') await setTimeout(20)
    await expect(silences.endSilence(id, 't')).rejects.toMatchObject({ code: 'silence_over' })
    expect(await silences.getSilence(id)).toMatchObject({ endedAt: null, endedBy: null })
  })

  it.each(['', 'nonsense', NOBODY, '00000000-0000-0000-0000-000000000000'])('has none of the id %j', async (id) => {
    await expect(silences.getSilence(id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(silences.endSilence(id, 't')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('are listed by state and kind, in pages, newest first', async () => {
    const window = { kind: 'maintenance', every: 'day' } as const
    const ids: string[] = []
    for (const change of [
      {},
      { startsAt: minutes(5) },
      { ...window, startsAt: minutes(-1500), endsAt: minutes(-1400) },
      { ...window, startsAt: minutes(-1500), endsAt: minutes(-1450) },
      {},
    ])
      ids.push((await silences.createSilence(input(change), 't')).id)
    await silences.endSilence(ids[4] ?? '', 't')
    const list = async (query: object) => {
      const page = await silences.listSilences({ limit: 50, ...query })
      return page.silences.map(({ id }) => ids.indexOf(id))
    }
    expect(await list({})).toEqual([4, 3, 2, 1, 0])
    expect(await list({ state: 'active' })).toEqual([2, 0])
    expect(await list({ state: 'waiting' })).toEqual([3, 1])
    expect(await list({ state: 'over' })).toEqual([4])
    expect(await list({ kind: 'maintenance' })).toEqual([3, 2])
    expect(await list({ kind: 'silence', state: 'waiting' })).toEqual([1])
    for (const state of [undefined, 'active'] as const) {
      const seen: number[] = []
      let cursor: string | null | undefined
      while (cursor !== null) {
        const page = await silences.listSilences({
          limit: 1,
          ...(state ? { state } : {}),
          ...(cursor ? { cursor } : {}),
        })
        seen.push(...page.silences.map(({ id }) => ids.indexOf(id)))
        cursor = page.nextCursor
      }
      expect(seen).toEqual(state ? [2, 0] : [4, 3, 2, 1, 0])
    }
    for (const state of [undefined, 'active'] as const)
      await expect(silences.listSilences({ limit: 5, cursor: 'x', ...(state ? { state } : {}) })).rejects.toMatchObject(
        {
          code: 'invalid_request',
          problems: [{ at: 'cursor' }],
        },
      )
  })

  it('suppress the matching backlog, page by page, and nothing else', async () => {
    await write(2_400)
    await write(10, { state: 'sending' })
    await write(10, { state: 'accepted' })
    await write(10, { type: 'vault.seal.detected' })
    await write(20, { channel: 'pmo' })
    const matchers = [...one('event_type', 'celery.*'), ...one('data.queue', 'claims')]
    const made = await silences.createSilence(input({ kind: 'maintenance', matchers }), 't')
    expect(made.keptBack).toBe(1_210)
    expect(await states()).toEqual({
      'sre suppressed maintenance': 1_200,
      'sre pending': 1_210,
      'sre sending': 10,
      'sre accepted': 10,
      'pmo suppressed maintenance': 10,
      'pmo pending': 10,
    })
    const { notifications } = await listNotifications(database.kysely, { state: 'suppressed', limit: 1 })
    expect(notifications[0]).toMatchObject({ silenceId: made.id, reason: 'maintenance', nextAttemptAt: null })
    const { rows } = await sql<{ priority: string }>`
      SELECT DISTINCT priority FROM teams_notifications WHERE silence_id = ${made.id} ORDER BY 1`.execute(
      database.kysely,
    )
    expect(rows.map(({ priority }) => priority)).toEqual(['CRITICAL', 'HIGH', 'INFO'])
    expect((await silences.getSilence(made.id)).keptBack).toBe(1_210)
    // What another one keeps back is left to it.
    expect((await silences.createSilence(input(), 't')).keptBack).toBe(1_210)
    expect((await silences.getSilence(made.id)).keptBack).toBe(1_210)
  })

  it('suppress nothing before they start, nor without a match', async () => {
    await write(5)
    expect((await silences.createSilence(input({ startsAt: minutes(5) }), 't')).keptBack).toBe(0)
    expect((await silences.createSilence(input({ matchers: one('channel', 'pmo') }), 't')).keptBack).toBe(0)
    expect(await states()).toEqual({ 'sre pending': 5 })
  })

  it('read only the data fields that a matcher names', async () => {
    const data = { queue: 'q', retry_count: 3, labels: { alertname: 'DiskFull' }, 'labels.alertname': 'as written' }
    await write(1, { data: { ...data, traceback: 'x'.repeat(100_000) } })
    const read = async (dataKeys: string[]) =>
      (await readWaiting(database.kysely, { channel: 'sre', after: undefined, dataKeys, limit: 10 }))[0]?.data
    expect(await read([])).toEqual({})
    expect(await read(['absent'])).toEqual({})
    expect(await read(['queue', 'labels', 'absent'])).toEqual({ queue: 'q', labels: data.labels })
    const matchers = [...one('data.labels.alertname', 'as*'), ...one('data.retry_count', '3')]
    expect((await silences.createSilence(input({ matchers }), 't')).keptBack).toBe(1)
  })

  it('suppress no notification that is no longer pending, and none after they were ended', async () => {
    const [moved = '', waits = '', late = ''] = await write(3)
    const { silence } = await insertSilence(database.kysely, {
      ...input(),
      kind: 'silence',
      startsAt: minutes(-1),
      endsAt: minutes(1),
      every: null,
      createdBy: 't',
    })
    const kept = async (...ids: string[]) =>
      suppressWaiting(
        database.kysely,
        silence,
        await Promise.all(ids.map((id) => getNotification(database.kysely, id))),
      )
    await sql`UPDATE teams_notifications SET state = 'sending' WHERE id = ${moved}`.execute(database.kysely)
    expect(await kept(moved, waits)).toBe(1)
    await endSilence(database.kysely, silence.id, 't')
    expect(await kept(late)).toBe(0)
    expect(await states()).toEqual({ 'sre sending': 1, 'sre suppressed silence': 1, 'sre pending': 1 })
  })

  it('are refused with every problem, and not created', async () => {
    await expect(silences.createSilence({ matchers: [], endsAt: minutes(-1) }, 't')).rejects.toMatchObject({
      code: 'invalid_silence',
      problems: [{ at: 'matchers' }, { at: 'endsAt' }, { at: 'reason' }],
    })
    expect(await silences.listSilences({ limit: 1 })).toEqual({ silences: [], nextCursor: null })
  })

  it('count no notification for an id that no silence has', async () => {
    expect(await countSuppressed(database.kysely, NOBODY)).toBe(0)
  })

  describe('a notification', () => {
    const set = (id: string, column: string, value: string) =>
      sql`UPDATE teams_notifications SET ${sql.ref(column)} = ${value} WHERE id = ${id}`.execute(database.kysely)

    it('of a digest is found by the digest id only', async () => {
      const members = await write(5, { state: 'digested', minutesAgo: 10 })
      const [digest = '', other = ''] = await write(2, { type: 'gateway.digest', state: 'accepted' })
      for (const id of members.slice(0, 4)) await set(id, 'digest_id', digest)
      const of = (digestId: string, more: object = {}) =>
        listNotifications(database.kysely, { digestId, limit: 50, ...more })
      const found = await of(digest)
      expect(found.notifications.map(({ id }) => id)).toEqual(members.slice(0, 4).toReversed())
      expect(found.notifications.every(({ digestId }) => digestId === digest)).toBe(true)
      const first = await of(digest, { limit: 3 })
      expect(first.notifications).toHaveLength(3)
      expect((await of(digest, { limit: 3, cursor: first.nextCursor })).notifications).toHaveLength(1)
      expect((await of(digest, { state: 'pending' })).notifications).toEqual([])
      for (const none of [other, NOBODY, '00000000-0000-0000-0000-000000000000'])
        expect(await of(none)).toEqual({ notifications: [], nextCursor: null })
    })

    it('shows how often it was repeated, and when last', async () => {
      const [first = '', ...repeats] = await write(4)
      for (const id of repeats) await set(id, 'repeat_of', first)
      const last = (await Promise.all(repeats.map((id) => getNotification(database.kysely, id))))
        .map(({ createdAt }) => createdAt.getTime())
        .sort((a, b) => b - a)[0]
      const detail = await getNotification(database.kysely, first)
      expect([detail.repeatCount, detail.lastRepeatAt?.getTime(), detail.repeatOf]).toEqual([3, last, null])
      const repeat = await getNotification(database.kysely, repeats[0] ?? '')
      expect([repeat.repeatCount, repeat.lastRepeatAt, repeat.repeatOf]).toEqual([0, null, first])
    })

    it('shows the first event that resolved it after it was accepted', async () => {
      const [id = ''] = await write(1, { minutesAgo: 30 })
      await set(id, 'dedup_key', 'about-this')
      const resolve = async (minutesAgo: number, dedupKey = 'about-this', eventType = 'celery.task.failed') => {
        const eventId = newId()
        await database.kysely
          .insertInto('teams_resolutions')
          .values({ dedup_key: dedupKey, event_type: eventType, event_id: eventId, created_at: minutes(-minutesAgo) })
          .execute()
        return eventId
      }
      await resolve(40)
      await resolve(25, 'about-that')
      await resolve(25, 'about-this', 'celery.task.timeout')
      expect(await getNotification(database.kysely, id)).toMatchObject({ resolvedAt: null, resolvedBy: null })
      await resolve(10)
      const first = await resolve(20)
      const detail = await getNotification(database.kysely, id)
      expect(detail.resolvedBy).toBe(first)
      expect(Math.round((Date.now() - (detail.resolvedAt?.getTime() ?? 0)) / 60_000)).toBe(20)
    })
  })
})

describe('a silence on a PostgreSQL with concurrent turns', () => {
  it('does not wait for rows that a turn has locked, and leaves them', async () => {
    const database = await openMigrated('postgres')
    try {
      const silences = createSilences({ database, catalogue, log: createLog('silent') })
      await ensureChannels(database.kysely, [{ key: 'sre', burst: 1 }])
      const ids = [newId(), newId()]
      for (const id of ids)
        await sql`INSERT INTO teams_notifications (id, event_id, event_type, correlation_id, priority, stakeholders, channel, language)
          VALUES (${id}, ${newId()}, 'celery.task.failed', 'c', 'HIGH', '{sre}', 'sre', 'en')`.execute(database.kysely)
      const matchers = [{ field: 'channel', operator: '=', value: 'sre' }]
      await database.kysely.transaction().execute(async (turn) => {
        await sql`SELECT 1 FROM teams_notifications WHERE id = ${ids[0]} FOR UPDATE`.execute(turn)
        const made = await silences.createSilence({ matchers, endsAt: new Date(Date.now() + 60_000), reason: 'r' }, 't')
        expect(made.keptBack).toBe(1)
      })
      expect(await getNotification(database.kysely, ids[0] ?? '')).toMatchObject({ state: 'pending', silenceId: null })
      expect(await getNotification(database.kysely, ids[1] ?? '')).toMatchObject({ state: 'suppressed' })
    } finally {
      await database.close()
    }
  })
})
