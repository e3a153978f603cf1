import type { BenchDatabase } from './database.ts'

/** Rows that `fill` wrote. */
export interface Filled {
  readonly events: number
  readonly notifications: number
  readonly attempts: number
}

/** Days for which cards are kept by default; in older months they are forgotten already. */
const CARD_DAYS = 90

/**
 * Fills past months as years of work would have: `rows` notifications over `months` months, each sent once, half as many
 * events, and the cards of the last 90 days. Tables are filled before they become partitions, so that their indexes are
 * built at once and not row by row; the months are many because that is what six years of audit leave behind, and what
 * every statement without a month in its condition has to look through.
 */
export async function fill(
  database: BenchDatabase,
  rows: number,
  months: number,
  log: (line: string) => void,
): Promise<Filled> {
  const perMonth = Math.ceil(rows / months / 2) * 2
  const filled = { events: 0, notifications: 0, attempts: 0 }
  for (let back = months; back >= 1; back--) {
    const [month] = await database.query<{ suffix: string; from: string; to: string }>(
      `SELECT to_char(m, '_YYYY_MM') AS suffix, m || ' UTC' AS "from", m + interval '1 month' || ' UTC' AS "to"
         FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => $1::int) AS m) AS month`,
      [back],
    )
    if (!month) continue
    const part = (table: string) => `${table}${month.suffix}`
    for (const table of ['teams_events', 'teams_notifications', 'teams_attempts'])
      await database.query(`CREATE TABLE ${part(table)} (LIKE ${table} INCLUDING ALL EXCLUDING INDEXES)`)
    await fillMonth(database, part, month, perMonth)
    for (const table of ['teams_events', 'teams_notifications', 'teams_attempts']) {
      await database.query(
        `ALTER TABLE ${table} ATTACH PARTITION ${part(table)} FOR VALUES FROM ('${month.from}') TO ('${month.to}')`,
      )
      // As autovacuum leaves it; it would do so while we measure.
      await database.query(`VACUUM (FREEZE, ANALYZE) ${part(table)}`)
    }
    filled.events += perMonth / 2
    filled.notifications += perMonth
    filled.attempts += perMonth
    if (back % 12 === 0 || back === 1)
      log(`growth: ${filled.notifications} notifications written, ${back - 1} months to go`)
  }
  await database.query('ANALYZE teams_events; ANALYZE teams_notifications; ANALYZE teams_attempts')
  await database.query('CHECKPOINT')
  return filled
}

/** One month: events in even steps over it, two notifications of each, one attempt of each of those. */
async function fillMonth(
  database: BenchDatabase,
  part: (table: string) => string,
  { from, to }: { from: string; to: string },
  notifications: number,
): Promise<void> {
  const step = `(timestamptz '${to}' - timestamptz '${from}') / ${notifications / 2}`
  // Version 7 ids begin with their time, as the gateway's do: neighbours in time are neighbours in the index.
  const idAt = (time: string, salt: string) =>
    `(lpad(to_hex((extract(epoch FROM ${time}) * 1000)::bigint), 12, '0') || '7' || substr(md5(${salt}), 1, 3) || '8' || substr(md5(${salt}), 4, 15))::uuid`
  await database.query(`
    INSERT INTO ${part('teams_events')} (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
    SELECT ${idAt('at', "n || 'e'")}, (ARRAY['nphies.claim.submitted', 'celery.task.failed', 'vault.unseal.failed', 'nphies.api.error'])[1 + n % 4],
           'past-' || to_char(at, 'YYYYMM') || '-' || n, (ARRAY['INFO', 'HIGH', 'MEDIUM', 'CRITICAL'])[1 + n % 4],
           ARRAY['nphies_integration', 'pmo'],
           jsonb_build_object('claim_id', 'CLM-' || n, 'provider', md5(n::text), 'payer', 'Bupa Arabia (301)', 'total_amount', n),
           'http:bench', at, at
      FROM (SELECT n, date_trunc('milliseconds', timestamptz '${from}' + n * ${step}) AS at
              FROM generate_series(0, ${notifications / 2 - 1}) AS n) AS moments`)
  const card = `jsonb_build_object('type', 'AdaptiveCard', 'version', '1.5', 'body',
    (SELECT jsonb_agg(jsonb_build_object('type', 'TextBlock', 'wrap', true, 'text', md5(e.correlation_id || line) || md5(line || c.channel)))
       FROM generate_series(1, 18) AS line))`
  await database.query(`
    INSERT INTO ${part('teams_notifications')}
      (id, correlation_id, event_type, stakeholders, priority, webhook_url, card_payload, sent_at, accepted_at, status_code,
       acknowledged_by, acknowledged_at, created_at, updated_at, event_id, channel, language, state, attempts, next_attempt_at)
    SELECT ${idAt('e.created_at', 'e.correlation_id || c.channel')}, e.correlation_id, e.event_type, e.stakeholders, e.priority,
           'https://prod-1.westus.logic.azure.com/workflows/…/triggers/manual/paths/invoke',
           CASE WHEN e.created_at > now() - interval '${CARD_DAYS} days' THEN ${card} END,
           e.created_at + interval '800 milliseconds', e.created_at + interval '1 second', 202,
           CASE WHEN e.priority IN ('CRITICAL', 'HIGH') THEN 'somebody' END,
           CASE WHEN e.priority IN ('CRITICAL', 'HIGH') THEN e.created_at + interval '5 minutes' END,
           e.created_at, e.created_at + interval '1 second', e.id, c.channel, 'en', 'accepted', 1, e.created_at
      FROM ${part('teams_events')} e, unnest(e.stakeholders) AS c (channel)`)
  await database.query(`
    INSERT INTO ${part('teams_attempts')} (notification_id, attempt, started_at, finished_at, outcome, status_code, held_by, created_at)
    SELECT id, 1, sent_at, accepted_at, 'accepted', 202, event_id, created_at
      FROM ${part('teams_notifications')}`)
}

/** Empties this month, so that each round begins as the first did: with the past, and nothing of today. */
export async function emptyPresent(database: BenchDatabase): Promise<void> {
  const tables = await database.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
      WHERE i.inhparent IN ('teams_events'::regclass, 'teams_notifications'::regclass, 'teams_attempts'::regclass)
        AND CASE WHEN c.relname ~ '_\\d{4}_\\d{2}$'
                 THEN to_date(right(c.relname, 7), 'YYYY_MM') >= date_trunc('month', now() AT TIME ZONE 'UTC')
                 ELSE true END`,
  )
  await database.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}, teams_channels, teams_idempotency_keys`)
  await database.query('CHECKPOINT')
}
