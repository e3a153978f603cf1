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

-- Moves the oldest past month of the default partitions into partitions of its own; returns it, or null where there is none.
-- Rows of past months are there when nobody could make partitions in time: a user without the right to, or a gateway that
-- was off. They would never leave, since retention drops months. One month for each call, so that each is a transaction.
--
-- Rows are moved first, which holds up nobody but who changes one of them, and all tables are attached at the end: that
-- needs the default partitions for itself. It gives up (55P03) soon where somebody reads them, and everything stays as it was. The
-- new tables' bounds are a CHECK while rows are moved, so that attaching need not read them again.
--
-- A month in which something waits or is being sent stays where it is: a turn would find its row gone.
CREATE FUNCTION teams_move_past_month() RETURNS text LANGUAGE plpgsql
  SET lock_timeout = '500ms' SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  parents CONSTANT text[] := ARRAY['teams_events', 'teams_notifications', 'teams_attempts'];
  parent  text;
  suffix  text;
  part    text;
  starts  timestamptz;
  ends    timestamptz;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('teams_ensure_partitions')) THEN
    RETURN NULL;
  END IF;
  FOR starts IN
    SELECT DISTINCT date_trunc('month', created_at) FROM (
      SELECT created_at FROM teams_events_default UNION ALL
      SELECT created_at FROM teams_notifications_default UNION ALL
      SELECT created_at FROM teams_attempts_default) AS strays
     WHERE created_at < date_trunc('month', now()) ORDER BY 1
  LOOP
    ends   := starts + interval '1 month';
    suffix := to_char(starts, '_YYYY_MM');
    CONTINUE WHEN EXISTS (SELECT 1 FROM teams_notifications_default
                           WHERE created_at >= starts AND created_at < ends AND state IN ('pending', 'sending'));
    -- A table of that name is somebody's, such as a month that was detached to be archived.
    CONTINUE WHEN EXISTS (SELECT 1 FROM unnest(parents) AS name WHERE to_regclass(name || suffix) IS NOT NULL);
    FOREACH parent IN ARRAY parents LOOP
      part := parent || suffix;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
      EXECUTE format('ALTER TABLE %I ADD CONSTRAINT month CHECK (created_at >= %L AND created_at < %L)', part, starts, ends);
      -- A generated column can not be inserted, so the columns are named.
      EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)
         INSERT INTO %I (%s) SELECT %5$s FROM moved',
        parent || '_default', starts, ends, part, teams_plain_columns(parent));
    END LOOP;
    FOREACH parent IN ARRAY parents LOOP
      part := parent || suffix;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
      EXECUTE format('ALTER TABLE %I DROP CONSTRAINT month', part);
    END LOOP;
    RETURN suffix;
  END LOOP;
  RETURN NULL;
END
$$;
