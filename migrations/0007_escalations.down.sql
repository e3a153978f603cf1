SET LOCAL lock_timeout = '2s';

DROP TABLE teams_escalations;
ALTER TABLE teams_notifications DROP COLUMN escalation, DROP COLUMN escalation_step;
