import { type Kysely, sql } from 'kysely'
import type { JsonObject } from '../kernel/json.ts'
import { shortIdleTimeout } from './session.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A source's lease: only while its fence is the newest may its holder write. */
export interface SourceLease {
  readonly name: string
  readonly fence: number
}

/** What was known about a source when its lease was taken. */
export interface TakenSource {
  readonly lease: SourceLease
  readonly checkpoint: JsonObject
  readonly sight: Sight
  readonly blindSince: Date | undefined
}

/** Whether a source sees its system. */
export interface Sight {
  /** The last time that it did. */
  readonly seenAt: Date | undefined
  /** Since when it does not; undefined while it does. */
  readonly unseenSince: Date | undefined
  /** Why it does not. */
  readonly code: string | undefined
}

const later = (ms: number) => sql`clock_timestamp() + make_interval(secs => ${ms / 1000}::float8)`

/**
 * Takes the lease of a source, if no replica has it. A lease that ends later than any lease can was set before the database's clock
 * was set back, and counts as over.
 *
 * @param options.holder for people: which replica has it
 * @returns undefined where another replica has the lease
 */
export async function takeSource(
  db: Kysely<Tables>,
  options: { readonly name: string; readonly kind: string; readonly holder: string; readonly leaseMs: number },
): Promise<TakenSource | undefined> {
  const { name, kind, holder, leaseMs } = options
  const { rows } = await sql<{
    fence: number
    checkpoint: JsonObject
    seen_at: Date | null
    unseen_since: Date | null
    blind_since: Date | null
    code: string | null
  }>`
    WITH ${changeRows(
      'source.taken',
      'taken',
      sql`
      INSERT INTO teams_sources AS o (name, kind, holder, lease_until, fence)
      VALUES (${name}::text, ${kind}::text, ${holder}::text, ${later(leaseMs)}, 1)
      ON CONFLICT (name) DO UPDATE
         SET checkpoint = CASE WHEN o.kind = excluded.kind THEN o.checkpoint ELSE '{}' END,
             kind = excluded.kind, holder = excluded.holder, lease_until = excluded.lease_until, fence = o.fence + 1
       WHERE o.lease_until IS NULL OR o.lease_until < clock_timestamp() OR o.lease_until > ${later(leaseMs + 1_000)}`,
      { returning: sql`o.fence, o.checkpoint, o.seen_at, o.unseen_since, o.blind_since, o.code` },
    )} SELECT fence, checkpoint, seen_at, unseen_since, blind_since, code FROM taken`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  return {
    lease: { name, fence: row.fence },
    checkpoint: row.checkpoint,
    sight: {
      seenAt: row.seen_at ?? undefined,
      unseenSince: row.unseen_since ?? undefined,
      code: row.code ?? undefined,
    },
    blindSince: row.blind_since ?? undefined,
  }
}

/**
 * Renews a lease and keeps what the source sees. With `leaseMs` 0 the lease is given back, so that another replica need not wait for
 * its end.
 *
 * @returns false where another replica has taken the source over
 */
export async function renewSource(
  db: Kysely<Tables>,
  { name, fence }: SourceLease,
  leaseMs: number,
  { seenAt, unseenSince, code }: Sight,
): Promise<boolean> {
  const { rows } = await sql`
    WITH ${changeRows(
      'source.renewed',
      'renewed',
      sql`
      UPDATE teams_sources o
         SET lease_until = ${leaseMs === 0 ? sql`NULL` : later(leaseMs)}, holder = ${leaseMs === 0 ? sql`NULL` : sql`o.holder`},
             seen_at = ${seenAt ?? null}::timestamptz, unseen_since = ${unseenSince ?? null}::timestamptz,
             code = ${code ?? null}::text
       WHERE o.name = ${name}::text AND o.fence = ${fence}::int`,
    )} SELECT 1 FROM renewed`.execute(db)
  return rows.length > 0
}

/** What a source writes together with its events. */
export type SourceChange =
  | { readonly checkpoint: JsonObject }
  /** Since when it is blind; null once it sees again. */
  | { readonly blindSince: Date | null }

/**
 * Writes what a source knows, and locks its row until the transaction ends.
 *
 * @returns false where another replica has taken the source over, and nothing was written
 */
export async function saveSource(
  transaction: Kysely<Tables>,
  { name, fence }: SourceLease,
  change: SourceChange,
): Promise<boolean> {
  const { rows } = await sql`
    WITH ${changeRows(
      'source.saved',
      'saved',
      sql`
      UPDATE teams_sources o
         SET ${
           'checkpoint' in change
             ? sql`checkpoint = ${JSON.stringify(change.checkpoint)}::jsonb`
             : sql`blind_since = ${change.blindSince}::timestamptz`
         }
       WHERE o.name = ${name}::text AND o.fence = ${fence}::int`,
    )} SELECT ${shortIdleTimeout} FROM saved`.execute(transaction)
  return rows.length > 0
}

/** A source as its row has it. */
export interface SourceRow extends Sight {
  readonly name: string
  readonly kind: string
  readonly checkpoint: JsonObject
  /** The replica that runs it; undefined where its lease is over. */
  readonly holder: string | undefined
  readonly blindSince: Date | undefined
}

/** Reads the rows of all sources, also of those that the configuration has no more. */
export async function readSources(db: Kysely<Tables>): Promise<ReadonlyMap<string, SourceRow>> {
  const rows = await db
    .selectFrom('teams_sources')
    .select(['name', 'kind', 'checkpoint', 'seen_at', 'unseen_since', 'blind_since', 'code'])
    .select(sql<string | null>`CASE WHEN lease_until >= clock_timestamp() THEN holder END`.as('holder'))
    .execute()
  return new Map(
    rows.map((row) => [
      row.name,
      {
        name: row.name,
        kind: row.kind,
        checkpoint: row.checkpoint,
        holder: row.holder ?? undefined,
        seenAt: row.seen_at ?? undefined,
        unseenSince: row.unseen_since ?? undefined,
        blindSince: row.blind_since ?? undefined,
        code: row.code ?? undefined,
      },
    ]),
  )
}
