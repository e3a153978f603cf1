SET LOCAL lock_timeout = '2s';

ALTER TABLE teams_channels DROP COLUMN digested_at;

-- The version before knows no digests, but sends their notifications as it sends any other; their members stay digested.
-- Rows of migration 0003 have a sent_at whatever came of the attempt, so the view asks for the state too.
CREATE OR REPLACE VIEW teams_notifications_unacknowledged_critical AS
  SELECT id, correlation_id, event_type, priority, stakeholders, channel, sent_at, retry_count,
         extract(epoch FROM now() - sent_at)::bigint AS age_seconds
    FROM teams_notifications
   WHERE priority IN ('CRITICAL', 'HIGH')
     AND state IN ('accepted', 'posted')
     AND sent_at IS NOT NULL
     AND acknowledged_at IS NULL
   ORDER BY sent_at;
DROP FUNCTION teams_resolved_by(teams_notifications);
DROP TABLE teams_silences;
DROP TABLE teams_resolutions;
DROP INDEX teams_notifications_silence_idx;
DROP INDEX teams_notifications_digest_idx;
DROP INDEX teams_notifications_repeat_idx;
DROP INDEX teams_notifications_dedup_idx;
ALTER TABLE teams_notifications
  DROP COLUMN repeat_of, DROP COLUMN silence_id, DROP COLUMN digest_id, DROP COLUMN dedup_key, DROP COLUMN fingerprint;
