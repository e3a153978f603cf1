SET LOCAL lock_timeout = '2s';

CREATE OR REPLACE FUNCTION teams_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at = clock_timestamp();
  RETURN NEW;
END
$$;

-- To the version before, sent_at says that Teams accepted the notification. Rows keep the time of their first attempt, and
-- the view asks for the state too. Clearing sent_at of all others was rejected: on years of rows it takes longer than the
-- client waits for a statement, and it can deadlock with turns that record.
CREATE OR REPLACE VIEW teams_notifications_unacknowledged_critical AS
  SELECT id, correlation_id, event_type, priority, stakeholders, channel, sent_at, retry_count,
         extract(epoch FROM now() - sent_at)::bigint AS age_seconds
    FROM teams_notifications n
   WHERE priority IN ('CRITICAL', 'HIGH')
     AND state IN ('accepted', 'posted')
     AND sent_at IS NOT NULL
     AND acknowledged_at IS NULL
     AND teams_resolved_by(n) IS NULL
   ORDER BY sent_at;

DROP FUNCTION teams_missing_indexes();
DO $$
DECLARE
  last regclass;
BEGIN
  FOR last IN SELECT i.oid::regclass FROM pg_inherits m JOIN pg_index x ON x.indrelid = m.inhrelid
                JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = m.inhrelid
               WHERE m.inhparent = 'teams_notifications'::regclass AND i.relname = t.relname || '_last_idx' LOOP
    EXECUTE format('DROP INDEX %s', last);
  END LOOP;
END
$$;
DROP INDEX teams_notifications_digested_urgent_idx;
DROP INDEX teams_notifications_acknowledged_idx;
DROP INDEX teams_notifications_refused_idx;
DROP INDEX teams_notifications_first_post_idx;
ALTER TABLE teams_notifications DROP COLUMN accepted_at;
COMMENT ON COLUMN teams_notifications.sent_at IS NULL;
COMMENT ON COLUMN teams_notifications.status_code IS NULL;
COMMENT ON COLUMN teams_notifications.retry_count IS NULL;
COMMENT ON COLUMN teams_notifications.attempts IS NULL;
COMMENT ON COLUMN teams_notifications.failures IS NULL;
