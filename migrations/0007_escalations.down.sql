SET LOCAL lock_timeout = '2s';

DROP TABLE teams_escalations;
CREATE OR REPLACE VIEW teams_notifications_unacknowledged_critical AS
  SELECT n.id, n.correlation_id, n.event_type, n.priority, n.stakeholders, n.channel, n.sent_at, n.retry_count,
         extract(epoch FROM now() - n.sent_at)::bigint AS age_seconds
    FROM teams_notifications n
   WHERE n.priority IN ('CRITICAL', 'HIGH')
     AND n.sent_at IS NOT NULL
     AND n.acknowledged_at IS NULL
     AND n.action_taken IS DISTINCT FROM 'discard'
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
     AND n.action_taken IS DISTINCT FROM 'discard'
     AND teams_resolved_by(n) IS NULL
   ORDER BY sent_at;
ALTER TABLE teams_notifications DROP COLUMN escalation, DROP COLUMN escalation_step;
