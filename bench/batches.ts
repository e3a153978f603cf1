import type { BenchDatabase } from './database.ts'

/** How the gateway grouped its work. */
export interface BatchCounts {
  /** Transactions that recorded cards, and cards that they recorded. */
  readonly steps: number
  readonly rows: number
  /** Share of them that claimed others in the same transaction. */
  readonly claiming: number
}

/**
 * From now on every statement that moves notifications leaves a row with how many it moved, and to which state. A
 * trigger counts the rows that really change, independent of the gateway's SQL and grouping: nothing
 * about the gateway is assumed. Of the whole table and of each month, since only that of the table that a statement names
 * sees it. It costs time, so only the run that the ceiling's rows are taken from has it.
 */
export async function watchBatches(database: BenchDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE bench_batches (state text NOT NULL, changed integer NOT NULL);
    CREATE FUNCTION bench_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO bench_batches SELECT state, count(*) FROM changed GROUP BY state;
      RETURN NULL;
    END $$;
    DO $$
    DECLARE
      one regclass;
    BEGIN
      FOR one IN SELECT relid FROM pg_partition_tree('teams_notifications') LOOP
        EXECUTE format('CREATE TRIGGER bench_count AFTER UPDATE ON %s
          REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION bench_count()', one);
      END LOOP;
    END $$`)
}

/** What was counted. Rows of one transaction bear its number, so that statements of one commit count as one. */
export async function countBatches(database: BenchDatabase): Promise<BatchCounts> {
  const [row] = await database.query<{ steps: string; rows: string; claiming: string }>(`
    SELECT count(*) AS steps, sum(recorded) AS rows, count(*) FILTER (WHERE claimed > 0) AS claiming
      FROM (SELECT sum(changed) FILTER (WHERE state = 'accepted') AS recorded,
                   coalesce(sum(changed) FILTER (WHERE state = 'sending'), 0) AS claimed
              FROM bench_batches GROUP BY xmin::text) AS transactions
     WHERE recorded > 0`)
  const steps = Number(row?.steps ?? 0)
  return { steps, rows: Number(row?.rows ?? 0), claiming: Number(row?.claiming ?? 0) / steps }
}
