-- What is open, in the order in which it was said; what a key stood for; who replayed what; past months that lie in the
-- default partition.
--
-- Everything is added, nothing is rewritten, and no index is built on a big table. Gateways of the version before go on
-- working while this is applied and after it: the new columns are null in the rows that they write. Adding a column waits for
-- whoever uses the table, and everybody else waits behind it; so it gives up soon (55P03), and the migrator tries again.
SET LOCAL lock_timeout = '2s';

ALTER TABLE teams_notifications
  -- When the gateway was given the event, by the database's clock. created_at is when the transaction began in which that
  -- happened, which may be a caller's own and hours old. Null in rows of the version before: there created_at counts.
  ADD COLUMN received_at timestamptz(3);

-- The content that an idempotency key stood for, as <event id>:<SHA-256 of that id and the content>. The event's id is the
-- salt. It is also how a row shows that a gateway of the version before took it over, which changes event_id alone: then
-- nothing is known of the content. Null in rows of the version before.
ALTER TABLE teams_idempotency_keys ADD COLUMN content_hash text;

-- The last resolution of a key, and the first one after a notification, are each one row of it.
CREATE INDEX teams_resolutions_time_idx ON teams_resolutions (dedup_key, event_type, created_at, event_id);

-- The event that closed a notification; null while it is open. In the order in which the gateway was told: resolutions
-- bear the time at which they were said. The order of commits is known to nobody while they are made. Of one call, the later
-- event counts as later.
CREATE OR REPLACE FUNCTION teams_resolved_by(n teams_notifications) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT r.event_id FROM teams_resolutions r
   WHERE r.dedup_key = n.dedup_key AND r.event_type = n.event_type
     AND (r.created_at, r.event_id) > (coalesce(n.received_at, n.created_at), n.event_id)
   ORDER BY r.created_at, r.event_id LIMIT 1
$$;

-- Who put a dead letter back to waiting, and when. Rows are only added. It leaves with the record (TEAMS_AUDIT_RETENTION_DAYS).
CREATE TABLE teams_replays (
  notification_id uuid        NOT NULL,
  replayed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  replayed_by     text        NOT NULL,
  PRIMARY KEY (notification_id, replayed_at)
);
CREATE INDEX teams_replays_replayed_at_idx ON teams_replays (replayed_at);
