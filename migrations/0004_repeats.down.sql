SET LOCAL lock_timeout = '2s';

DROP FUNCTION teams_move_past_month();
DROP TABLE teams_replays;
CREATE OR REPLACE FUNCTION teams_resolved_by(n teams_notifications) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT r.event_id FROM teams_resolutions r
   WHERE r.dedup_key = n.dedup_key AND r.event_type = n.event_type
     AND (r.created_at, r.event_id) > (n.created_at, n.event_id)
   ORDER BY r.created_at, r.event_id LIMIT 1
$$;
DROP INDEX teams_resolutions_time_idx;
ALTER TABLE teams_idempotency_keys DROP COLUMN content_hash;
ALTER TABLE teams_notifications DROP COLUMN received_at;
