// The statements that a good engineer would write by hand for this shape: one for each step, so one round trip and one
// commit each; arrays of rows as JSON, prepared once; the gateway's audit entries, byte for byte. No locks of a channel, no budget, no wake-up jobs: those are what
// the gateway adds, and what the ratio shows the price of.

/** Columns with their types, as `jsonb_to_recordset` wants them. */
const TYPES: Readonly<Record<string, string>> = {
  id: 'uuid',
  event_id: 'uuid',
  stakeholders: 'text[]',
  data: 'jsonb',
  occurred_at: 'timestamptz',
}

function definition(columns: readonly string[]): string {
  return columns.map((column) => `${column} ${TYPES[column] ?? 'text'}`).join(', ')
}

/** Accept: $1 events, $2 notifications, $3 audit entries, all JSON arrays. `entries` is false for a gateway that has none. */
export function insertStatement(
  eventColumns: readonly string[],
  notificationColumns: readonly string[],
  entries: boolean,
): string {
  const events = eventColumns.join(', ')
  const notifications = notificationColumns.join(', ')
  return `
    WITH written AS (
      INSERT INTO teams_events (${events})
      SELECT ${events} FROM jsonb_to_recordset($1::jsonb) AS e (${definition(eventColumns)})
    ), entries AS (${entries ? INSERT_ENTRIES : 'SELECT $3::text'}
    )
    INSERT INTO teams_notifications (${notifications})
    SELECT ${notifications} FROM jsonb_to_recordset($2::jsonb) AS n (${definition(notificationColumns)})`
}

/** The bytes of each entry in hex, and what it is about. */
const INSERT_ENTRIES = `
      INSERT INTO teams_audit_entries (subject, body)
      SELECT subject, decode(entry, 'hex') FROM jsonb_to_recordset($3::jsonb) AS a (subject uuid, entry text)`

/**
 * A step over the tables whose names end so: $1, a JSON array of finished posts, is recorded, and $4 due notifications of channel $3 are claimed, both by $2.
 * Without the claim a second process would post the same cards. All of it was
 * accepted between $5 and $6, so that no other month is opened.
 */
export const stepStatement = (month: string, entries: boolean) => `
  WITH s AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS s (
      id uuid, created_at timestamptz, webhook_url text, card jsonb, status_code integer, message text, outcome text, entry text,
      started_at timestamptz, finished_at timestamptz)
  ), moved AS (
    UPDATE teams_notifications${month} n
       SET state = 'accepted', webhook_url = s.webhook_url, card_payload = s.card, status_code = s.status_code,
           sent_at = clock_timestamp(), held_by = NULL, held_since = NULL
      FROM s WHERE n.id = s.id AND n.created_at = s.created_at AND n.created_at BETWEEN $5 AND $6 AND n.state = 'sending' AND n.held_by = $2
  ), attempts AS (
    INSERT INTO teams_attempts${month}
      (notification_id, attempt, started_at, finished_at, outcome, status_code, message, held_by, created_at)
    SELECT id, 1, started_at, finished_at, outcome, status_code, message, $2, created_at FROM s
  )${entries ? ", entries AS (INSERT INTO teams_audit_entries (subject, body) SELECT id, decode(entry, 'hex') FROM s)" : ''}, due AS (
    SELECT id, created_at FROM teams_notifications${month}
     WHERE channel = $3 AND state = 'pending' AND next_attempt_at <= clock_timestamp() AND created_at BETWEEN $5 AND $6
     ORDER BY priority_rank, created_at, id
     LIMIT $4
     FOR UPDATE SKIP LOCKED
  )
  UPDATE teams_notifications${month} n
     SET state = 'sending', held_by = $2, held_since = clock_timestamp(), attempts = n.attempts + 1
    FROM due WHERE n.id = due.id AND n.created_at = due.created_at AND n.created_at BETWEEN $5 AND $6
  RETURNING n.id, n.created_at`
