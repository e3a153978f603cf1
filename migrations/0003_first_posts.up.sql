-- sent_at becomes the first post, whatever came of it, so that what failed shows in figures by time; accepted_at is when
-- Teams first took it. retry_count counts retries that were used up, and no posts that a resting channel sent again.
--
-- Columns and indexes are added without reading a row. What old rows lack is filled in afterwards, in small
-- statements, by the gateway and by "migrate up" (src/store/first-posts.ts). A gateway of the version before may go on
-- working: the trigger below decides for both versions, and so is the only place where the rule is written.
SET LOCAL lock_timeout = '2s';

ALTER TABLE teams_notifications ADD COLUMN accepted_at timestamptz;

-- Fires before every UPDATE of a notification. A try that is over is one that left "sending" and was not taken off the
-- count of attempts: whoever hands a notification back unposted takes it off.
CREATE OR REPLACE FUNCTION teams_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Filling in what old rows lack is no change of the notification.
  IF current_setting('teams.filling', true) = 'on' THEN
    RETURN NEW;
  END IF;
  NEW.updated_at = clock_timestamp();
  IF OLD.state = 'sending' AND NEW.state <> 'sending' AND NEW.attempts = OLD.attempts THEN
    NEW.sent_at = coalesce(OLD.sent_at, OLD.held_since, NEW.sent_at);
    NEW.retry_count = greatest(OLD.retry_count, OLD.failures);
  ELSIF OLD.state = 'sending' OR NEW.state = 'sending' THEN
    NEW.sent_at = OLD.sent_at;
    NEW.retry_count = OLD.retry_count;
  END IF;
  IF NEW.state IN ('accepted', 'posted') AND OLD.state NOT IN ('accepted', 'posted') THEN
    NEW.accepted_at = coalesce(OLD.accepted_at, NEW.accepted_at, clock_timestamp());
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON COLUMN teams_notifications.sent_at IS 'When the first attempt began, whatever came of it; null until then. Members of a digest have none: the digest has.';
COMMENT ON COLUMN teams_notifications.accepted_at IS 'When Teams first took it (2xx); null until then.';
COMMENT ON COLUMN teams_notifications.status_code IS 'HTTP status of the last attempt; null where no answer came.';
COMMENT ON COLUMN teams_notifications.retry_count IS 'Retries used up, which TEAMS_MAX_RETRIES bounds: posts after a failure of its own. A post after a 429, a rest of the channel or an interruption is none; "attempts" counts every post. A replay has all retries again and does not lower this.';
COMMENT ON COLUMN teams_notifications.attempts IS 'Posts made so far, for whatever reason.';
COMMENT ON COLUMN teams_notifications.failures IS 'Posts since the last replay that failed for reasons that use up a retry.';

-- For figures by time over years of months. They are made on the whole table only by name: an empty month gets its own
-- here, a month that is added gets them as it is attached, and the months that have rows get theirs once they are over.
CREATE INDEX teams_notifications_first_post_idx ON ONLY teams_notifications USING brin (sent_at) WITH (autosummarize = on);
CREATE INDEX teams_notifications_refused_idx ON ONLY teams_notifications (status_code, sent_at) WHERE status_code >= 400;
CREATE INDEX teams_notifications_acknowledged_idx ON ONLY teams_notifications (priority, acknowledged_at)
  WHERE acknowledged_at IS NOT NULL;
CREATE INDEX teams_notifications_digested_urgent_idx ON ONLY teams_notifications (digest_id)
  WHERE state = 'digested' AND priority IN ('CRITICAL', 'HIGH') AND acknowledged_at IS NULL;

-- The indexes that a month still lacks, with the statement that makes each: those of the whole table, to which it is then
-- attached (parent); and, once the month has been over for a week, one by sent_at, by which the last notifications of all
-- are found without reading every month. While a month is written to, that one would cost each card two more entries.
CREATE FUNCTION teams_missing_indexes() RETURNS TABLE (month regclass, over boolean, parent regclass, child text, statement text)
LANGUAGE sql STABLE AS $$
  WITH months AS (
    SELECT t.oid, t.relname::text AS name, t.relname ~ '_[0-9]{4}_[0-9]{2}$'
             AND to_date(right(t.relname, 7), 'YYYY_MM') + interval '1 month 7 days' < now() AT TIME ZONE 'UTC' AS over
      FROM pg_inherits m JOIN pg_class t ON t.oid = m.inhrelid
     WHERE m.inhparent = 'teams_notifications'::regclass
  ), wanted AS (
    SELECT m.oid, m.over, x.indexrelid AS parent, m.name || substring(i.relname FROM '^teams_notifications(_.*)$') AS child,
           substring(pg_get_indexdef(x.indexrelid) FROM ' USING (.*)$') AS definition
      FROM months m CROSS JOIN pg_index x JOIN pg_class i ON i.oid = x.indexrelid
     WHERE x.indrelid = 'teams_notifications'::regclass AND NOT x.indisprimary
       AND NOT EXISTS (SELECT 1 FROM pg_inherits a JOIN pg_index c ON c.indexrelid = a.inhrelid
                        WHERE a.inhparent = x.indexrelid AND c.indrelid = m.oid)
     UNION ALL
    SELECT m.oid, m.over, NULL, m.name || '_last_idx', 'btree (sent_at)'
      FROM months m
     WHERE m.over AND NOT EXISTS (SELECT 1 FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                                   WHERE x.indrelid = m.oid AND i.relname = m.name || '_last_idx')
  )
  SELECT w.oid::regclass, w.over, w.parent::regclass, w.child,
         format('CREATE INDEX %I ON %s USING %s', w.child, w.oid::regclass, w.definition)
    FROM wanted w
$$;

DO $$
DECLARE
  missing record;
  filled  boolean;
BEGIN
  FOR missing IN SELECT * FROM teams_missing_indexes() LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', missing.month) INTO filled;
    CONTINUE WHEN filled;
    EXECUTE missing.statement;
    CONTINUE WHEN missing.parent IS NULL;
    EXECUTE format('ALTER INDEX %s ATTACH PARTITION %I', missing.parent, missing.child);
  END LOOP;
END
$$;

-- CRITICAL and HIGH that somebody should have seen, or failed to see, and nobody has acknowledged or resolved. What
-- stands in a digest counts from when the digest was first posted.
CREATE OR REPLACE VIEW teams_notifications_unacknowledged_critical AS
  SELECT n.id, n.correlation_id, n.event_type, n.priority, n.stakeholders, n.channel, n.sent_at, n.retry_count,
         extract(epoch FROM now() - n.sent_at)::bigint AS age_seconds
    FROM teams_notifications n
   WHERE n.priority IN ('CRITICAL', 'HIGH')
     AND n.sent_at IS NOT NULL
     AND n.acknowledged_at IS NULL
     AND teams_resolved_by(n) IS NULL
   UNION ALL
  SELECT n.id, n.correlation_id, n.event_type, n.priority, n.stakeholders, n.channel, d.sent_at, n.retry_count,
         extract(epoch FROM now() - d.sent_at)::bigint
    FROM teams_notifications n
    JOIN teams_notifications d ON d.id = n.digest_id AND d.created_at >= n.created_at
   WHERE n.priority IN ('CRITICAL', 'HIGH')
     AND n.state = 'digested'
     AND n.sent_at IS NULL
     AND d.sent_at IS NOT NULL
     AND n.acknowledged_at IS NULL
     AND teams_resolved_by(n) IS NULL
   ORDER BY sent_at;
