import { type Kysely, type Selectable, sql } from 'kysely'
import { actorVia } from '../contract/audit-entries.ts'
import type { Silence, SilenceKind } from '../contract/silences.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { GatewayError } from '../kernel/errors.ts'
import { newId, timeOfId } from '../kernel/ids.ts'
import { hashSql } from './entry-sql.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

const COLUMNS = [
  'id',
  'kind',
  'matchers',
  'starts_at',
  'ends_at',
  'every',
  'reason',
  'created_by',
  'created_at',
  'ended_by',
  'ended_at',
] as const

/** The columns that a change returns besides the id. */
const ALL_BUT_ID = sql.join(COLUMNS.filter((column) => column !== 'id').map((column) => sql.ref(`s.${column}`)))

type Row = Pick<Selectable<Tables['teams_silences']>, (typeof COLUMNS)[number]>

/** A silence with the time at which it was read, on the database's clock. */
export interface ReadSilence {
  readonly silence: Silence
  readonly now: Date
}

// Not clock_timestamp(): no index can be asked with what may change from row to row.
const now = sql<Date>`statement_timestamp()`
/** SQL: neither ended nor over. A recurring silence stays open until somebody ends it. Written as in the index. */
const isOpen = sql<boolean>`(ended_at IS NULL AND CASE WHEN every IS NULL THEN ends_at ELSE 'infinity' END > ${now})`

/** The database's clock, which all replicas share. */
export async function readClock(db: Kysely<Tables>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`SELECT ${now} AS now`.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database told no time')
  return row.now
}

/**
 * The silences that are active or will be, on the database's clock, the oldest first. One cheap query, because
 * accepting an event runs it.
 */
export async function readOpenSilences(db: Kysely<Tables>): Promise<readonly ReadSilence[]> {
  const rows = await db
    .selectFrom('teams_silences')
    .select(COLUMNS)
    .select(now.as('now'))
    .where(isOpen)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ silence: toSilence(row), now: row.now }))
}

/** Inserts a silence. Its id has the time at which it was made, so lists are ordered by id. */
export async function insertSilence(
  db: Kysely<Tables>,
  silence: Pick<Silence, 'kind' | 'matchers' | 'startsAt' | 'endsAt' | 'every' | 'reason' | 'createdBy'>,
): Promise<ReadSilence> {
  const { rows } = await sql<Row & { now: Date }>`
    WITH ${changeRows(
      'silence.made',
      'made',
      sql`
      INSERT INTO teams_silences AS s (id, kind, matchers, starts_at, ends_at, every, reason, created_by, salt)
      VALUES (${newId()}::uuid, ${silence.kind}::text, ${JSON.stringify(silence.matchers)}::jsonb,
              ${silence.startsAt}::timestamptz, ${silence.endsAt}::timestamptz, ${silence.every}::text,
              ${silence.reason}::text, ${silence.createdBy}::text, gen_random_uuid())`,
      {
        returning: sql`${ALL_BUT_ID}, s.salt`,
        entry: {
          values: {
            silence: sql`s.id`,
            type: sql`s.kind`,
            starts_at: sql`s.starts_at`,
            ends_at: sql`s.ends_at`,
            every: sql`s.every`,
            matchers: hashSql(
              sql`s.salt`,
              sql`${canonicalJson(silence.matchers.map((matcher) => ({ ...matcher })))}::text`,
            ),
            reason: hashSql(sql`s.salt`, sql`s.reason`),
            via: sql.lit(actorVia(silence.createdBy)),
            who: hashSql(sql`s.salt`, sql`s.created_by`),
          },
        },
      },
    )} SELECT *, ${now} AS now FROM made`.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database did not return the silence that it was given')
  return { silence: toSilence(row), now: row.now }
}

/**
 * Lists silences, the newest first; one more than `limit` where there are more.
 *
 * @param query.open true for open ones, false for those that are over; both if absent
 * @throws GatewayError `invalid_request` for an invalid cursor
 */
export async function readSilences(
  db: Kysely<Tables>,
  query: {
    readonly open?: boolean
    readonly kind?: SilenceKind | undefined
    readonly cursor?: string | undefined
    /** No limit if absent, which is safe for open silences only: there are few. */
    readonly limit?: number
  },
): Promise<readonly ReadSilence[]> {
  let select = db.selectFrom('teams_silences').select(COLUMNS).select(now.as('now')).orderBy('id', 'desc')
  if (query.open !== undefined) select = select.where(query.open ? isOpen : sql<boolean>`NOT ${isOpen}`)
  if (query.kind !== undefined) select = select.where('kind', '=', query.kind)
  if (query.limit !== undefined) select = select.limit(query.limit + 1)
  if (query.cursor !== undefined) {
    if (timeOfId(query.cursor) === undefined)
      throw new GatewayError('invalid_request', [
        { at: 'cursor', found: 'text of another form', expected: 'the next_cursor of an earlier answer' },
      ])
    select = select.where('id', '<', query.cursor)
  }
  return (await select.execute()).map((row) => ({ silence: toSilence(row), now: row.now }))
}

/** One silence. @throws GatewayError `not_found` */
export async function readSilence(db: Kysely<Tables>, id: string): Promise<ReadSilence> {
  const row = isId(id)
    ? await db
        .selectFrom('teams_silences')
        .select(COLUMNS)
        .select(now.as('now'))
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined
  if (row) return { silence: toSilence(row), now: row.now }
  throw new GatewayError('not_found', [
    { at: 'id', found: 'an id that no silence has', expected: 'the id of a silence' },
  ])
}

/** Ends an open silence. @throws GatewayError `not_found`, `silence_over` */
export async function endSilence(db: Kysely<Tables>, id: string, by: string): Promise<ReadSilence> {
  const { rows } = isId(id)
    ? await sql<Row & { now: Date }>`
        WITH ${changeRows(
          'silence.ended',
          'ended',
          sql`
          UPDATE teams_silences s SET ended_by = ${by}::text, ended_at = ${now} WHERE id = ${id}::uuid AND ${isOpen}`,
          {
            returning: sql`${ALL_BUT_ID}, s.salt`,
            entry: {
              values: {
                silence: sql`s.id`,
                ended_at: sql`s.ended_at`,
                via: sql.lit(actorVia(by)),
                who: hashSql(sql`s.salt`, sql`s.ended_by`),
              },
            },
          },
        )} SELECT *, ${now} AS now FROM ended`.execute(db)
    : { rows: [] }
  const [row] = rows
  if (row) return { silence: toSilence(row), now: row.now }
  const { silence } = await readSilence(db, id)
  throw new GatewayError('silence_over', [
    {
      at: 'id',
      found: silence.endedAt === null ? 'a silence that has come to its end' : 'a silence that somebody ended',
      expected: 'a silence that is active or waits',
    },
  ])
}

/** Counts the notifications that a silence suppressed. */
export async function countSuppressed(db: Kysely<Tables>, id: string): Promise<number> {
  const row = await db
    .selectFrom('teams_notifications')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('silence_id', '=', id)
    .executeTakeFirstOrThrow()
  return row.count
}

/** True where a text has the form of an id; PostgreSQL refuses to compare others with a uuid. */
function isId(id: string): boolean {
  return timeOfId(id) !== undefined
}

function toSilence(row: Row): Silence {
  return {
    id: row.id,
    kind: row.kind,
    matchers: row.matchers,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    every: row.every,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endedBy: row.ended_by,
    endedAt: row.ended_at,
  }
}
