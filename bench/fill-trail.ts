import type { BenchDatabase } from './database.ts'

/** What `fillTrail` wrote. */
export interface FilledTrail {
  readonly events: number
  readonly notifications: number
  readonly entries: number
}

/** Tables of the record that are filled before they become partitions, so that their indexes are built at once. */
const TABLES = ['teams_events', 'teams_notifications', 'teams_attempts', 'teams_audit_entries'] as const

/**
 * Fills last month with events of two notifications that were each accepted at the first attempt, and with the audit entries
 * that a gateway writes for them: three for each event. Not sealed.
 */
export async function fillTrail(database: BenchDatabase, entries: number): Promise<FilledTrail> {
  const events = Math.ceil(entries / 3)
  const [month] = await database.query<{ suffix: string; from: string; to: string }>(
    `SELECT to_char(m, '_YYYY_MM') AS suffix, m || ' UTC' AS "from", m + interval '1 month' || ' UTC' AS "to"
       FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month' AS m) AS month`,
  )
  if (!month) throw new Error('the database did not say which month it is')
  const part = (table: string) => `${table}${month.suffix}`
  for (const table of TABLES)
    await database.query(`CREATE TABLE ${part(table)} (LIKE ${table} INCLUDING ALL EXCLUDING INDEXES)`)
  await fillRecord(database, part, month, events)
  await fillEntries(database, part)
  for (const table of TABLES) {
    await database.query(
      `ALTER TABLE ${table} ATTACH PARTITION ${part(table)} FOR VALUES FROM ('${month.from}') TO ('${month.to}')`,
    )
    await database.query(`VACUUM (FREEZE, ANALYZE) ${part(table)}`)
  }
  await database.query(`SELECT teams_audit_protect('${part('teams_audit_entries')}')`)
  await database.query('CHECKPOINT')
  return { events, notifications: events * 2, entries: events * 3 }
}

const CARD = '{"body":[{"text":"a card","type":"TextBlock"}],"type":"AdaptiveCard","version":"1.5"}'
const ADDRESS = 'https://prod-1.westus.logic.azure.com/workflows/…/triggers/manual/paths/invoke'

async function fillRecord(
  database: BenchDatabase,
  part: (table: string) => string,
  { from, to }: { readonly from: string; readonly to: string },
  events: number,
): Promise<void> {
  const step = `(timestamptz '${to}' - timestamptz '${from}') / ${events}`
  // Version 7 ids begin with their time, as the gateway's do.
  const idAt = (time: string, salt: string) =>
    `(lpad(to_hex((extract(epoch FROM ${time}) * 1000)::bigint), 12, '0') || '7' || substr(md5(${salt}), 1, 3) || '8' || substr(md5(${salt}), 4, 15))::uuid`
  await database.query(`
    INSERT INTO ${part('teams_events')}
      (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at, salt)
    SELECT ${idAt('at', "n || 'e'")}, 'nphies.claim.submitted', 'past-' || n, 'INFO', ARRAY['nphies_integration', 'pmo'],
           jsonb_build_object('claim_id', 'CLM-' || n, 'provider', md5(n::text)), 'http:bench', at, at, md5(n || 's')::uuid
      FROM (SELECT n, date_trunc('milliseconds', timestamptz '${from}' + n * ${step}) AS at
              FROM generate_series(0, ${events - 1}) AS n) AS moments`)
  await database.query(`
    INSERT INTO ${part('teams_notifications')}
      (id, correlation_id, event_type, stakeholders, priority, webhook_url, card_payload, sent_at, accepted_at, status_code,
       created_at, updated_at, received_at, event_id, channel, language, state, attempts, next_attempt_at, salt, card_salt)
    SELECT ${idAt('e.created_at', 'e.correlation_id || c.channel')}, e.correlation_id, e.event_type, e.stakeholders, e.priority,
           '${ADDRESS}', '${CARD}'::jsonb, e.created_at, e.created_at + interval '1 second', 202,
           e.created_at, e.created_at, e.created_at, e.id, c.channel, 'en', 'accepted', 1, e.created_at,
           md5(e.id || c.channel)::uuid, md5(c.channel || e.id)::uuid
      FROM ${part('teams_events')} e, unnest(e.stakeholders) AS c (channel)`)
  // For the routing of each event, below.
  await database.query(`CREATE INDEX ON ${part('teams_notifications')} (event_id)`)
  await database.query(`
    INSERT INTO ${part('teams_attempts')}
      (notification_id, attempt, started_at, finished_at, outcome, status_code, message, held_by, created_at)
    SELECT id, 1, sent_at, accepted_at, 'accepted', 202, 'taken', event_id, created_at FROM ${part('teams_notifications')}`)
}

/** Entries in the order in which a gateway writes them, with transaction numbers as if each were one of its own. */
async function fillEntries(database: BenchDatabase, part: (table: string) => string): Promise<void> {
  const time = (value: string) => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  const hash = (salt: string, value: string) =>
    `encode(sha256(uuid_send(${salt}) || convert_to(${value}, 'UTF8')), 'hex')`
  // The entry's own time has to be the row's, or each would look written later than it says.
  const body = (kind: string, at: string, fields: string) =>
    `regexp_replace(convert_from(teams_audit_body('${kind}', ${fields}), 'UTF8'), '"at":"[^"]*"', '"at":"' || ${time(at)} || '"')`
  await database.query(`
    INSERT INTO ${part('teams_audit_entries')} (created_at, subject, body)
    SELECT created_at, subject, convert_to(body, 'UTF8') FROM (
      SELECT e.created_at, e.id AS subject, 0 AS nth, ${body(
        'event.accepted',
        'e.created_at',
        `concat('"event":"', e.id, '","type":"', e.event_type, '","priority":"INFO","language":null,"correlation":"',
           ${hash('e.salt', 'e.correlation_id')}, '","data":"',
           ${hash('e.salt', `format('{"claim_id":"%s","provider":"%s"}', e.data ->> 'claim_id', e.data ->> 'provider')`)},
           '","occurred_at":"', ${time('e.occurred_at')},
           '","masked":[],"ignored":0,"stakeholders":["nphies_integration","pmo"],"notifications":[',
           (SELECT string_agg(format('{"id":"%s","channel":"%s","language":"en","state":"pending","reason":null,"silence":null,"repeat_of":null}', n.id, n.channel), ',')
              FROM ${part('teams_notifications')} n WHERE n.event_id = e.id), '],"via":"token","who":"', ${hash('e.salt', 'e.origin')}, '"}')`,
      )} AS body
        FROM ${part('teams_events')} e
       UNION ALL
      SELECT n.created_at, n.id, 1, ${body(
        'attempt.finished',
        'n.accepted_at',
        `concat('"notification":"', n.id, '","state":"accepted","reason":null,"status_code":202,"retry_count":0,"sent_at":"',
           ${time('n.sent_at')}, '","accepted_at":"', ${time('n.accepted_at')}, '","error":null,"address":"',
           ${hash('n.salt', 'n.webhook_url')},
           '","posted":true,"attempt":1,"outcome":"accepted","attempt_status":202,"error_code":null,"started_at":"',
           ${time('n.sent_at')}, '","finished_at":"', ${time('n.accepted_at')}, '","repeat":false,"message":"',
           ${hash('n.salt', "'taken'")}, '","card":"', ${hash('n.card_salt', `'${CARD}'`)}, '"}')`,
      )}
        FROM ${part('teams_notifications')} n) AS written
     ORDER BY created_at, nth`)
}
