import type { BenchDatabase } from './database.ts'

/** What may be asked of either database. */
export type Queries = Pick<BenchDatabase, 'query'>

/**
 * From now on each transaction that changes escalations leaves a row with its number, its begin and the time of its COMMIT. The
 * trigger that notes the latter is deferred, and runs once for a transaction: nothing about the gateway is assumed.
 */
export async function watchTicks({ query }: Queries): Promise<void> {
  await query(`
    CREATE TABLE bench_ticks (
      xid xid8 PRIMARY KEY, began timestamptz NOT NULL DEFAULT now(), ended timestamptz)`)
  await query(`
    CREATE FUNCTION bench_tick() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO bench_ticks (xid) VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$`)
  await query(`
    CREATE FUNCTION bench_tock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE bench_ticks SET ended = clock_timestamp() WHERE xid = NEW.xid;
      RETURN NULL;
    END $$`)
  await query(`
    CREATE CONSTRAINT TRIGGER bench_tock AFTER INSERT ON bench_ticks DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION bench_tock()`)
  await query(`
    CREATE TRIGGER bench_tick AFTER UPDATE ON teams_escalations FOR EACH STATEMENT EXECUTE FUNCTION bench_tick()`)
}

/** What ticks did. Times in seconds. */
export interface TickFacts {
  /** From the BEGIN of the longest tick to its COMMIT. */
  readonly longest: number
  /** From when a tier was due, or the gateway listened where that is later, to the COMMIT of the tick that called it. */
  readonly latest: number
  /** From when the gateway listened to the last tier's COMMIT. */
  readonly allCalled: number
  /** Audit entries of called tiers. */
  readonly entries: number
  /** Notifications of tiers. */
  readonly cards: number
  /** Tiers of events with a notification, those with more than one of a channel, and those without an entry. */
  readonly called: number
  readonly calledTwice: number
  readonly withoutEntry: number
}

/**
 * Reads what ticks did to the events of a policy since {@link watchTicks}, from the rows of transactions, tier cards and entries.
 *
 * @param readyAt when the gateway listened
 */
export async function readTicks({ query }: Queries, policy: string, readyAt: Date): Promise<TickFacts> {
  const [row] = await query<{ [F in keyof TickFacts]: number | string }>(
    `WITH entries AS (
       SELECT x.xid, x.subject, (f.fields ->> 'tier')::int AS tier, (f.fields ->> 'next_at')::timestamptz AS next_at
         FROM teams_audit_entries x, LATERAL (SELECT convert_from(x.body, 'UTF8')::jsonb AS fields) f
        WHERE f.fields ->> 'kind' = 'escalation.called' AND f.fields ->> 'policy' = $2::text
     ), calls AS (
       SELECT t.ended, greatest(lag(c.next_at) OVER (PARTITION BY c.subject ORDER BY c.tier), $1::timestamptz) AS due
         FROM entries c JOIN bench_ticks t ON t.xid = c.xid
     ), cards AS (
       SELECT event_id, escalation_step AS tier, channel, count(*) AS cards FROM teams_notifications
        WHERE escalation_step IS NOT NULL
          AND event_id IN (SELECT event_id FROM teams_escalations WHERE policy = $2::text) GROUP BY 1, 2, 3
     )
     SELECT (SELECT extract(epoch FROM max(ended - began)) FROM bench_ticks WHERE began >= $1::timestamptz) AS longest,
            (SELECT extract(epoch FROM max(ended - due)) FROM calls) AS latest,
            (SELECT extract(epoch FROM max(ended) - $1::timestamptz) FROM calls) AS "allCalled",
            (SELECT count(*) FROM entries) AS entries,
            (SELECT sum(cards) FROM cards) AS cards,
            (SELECT count(*) FROM cards) AS called,
            (SELECT count(*) FROM cards WHERE cards > 1) AS "calledTwice",
            (SELECT count(*) FROM cards c WHERE NOT EXISTS (
               SELECT 1 FROM entries x WHERE x.subject = c.event_id AND x.tier = c.tier)) AS "withoutEntry"`,
    [readyAt.toISOString(), policy],
  )
  const of = (name: keyof TickFacts) => Number(row?.[name] ?? Number.NaN)
  return {
    longest: of('longest'),
    latest: of('latest'),
    allCalled: of('allCalled'),
    entries: of('entries'),
    cards: of('cards'),
    called: of('called'),
    calledTwice: of('calledTwice'),
    withoutEntry: of('withoutEntry'),
  }
}
