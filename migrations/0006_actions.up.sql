-- Actions: what people do with cards, who they are and how that is known, and what came of it.
--
-- Everything is added, nothing is rewritten: gateways of the version before go on working while this is applied and after
-- it. Adding a column waits for the transactions that use the table, and all others wait behind it; so it gives up soon
-- (55P03), and the migrator tries again.
SET LOCAL lock_timeout = '2s';

-- Until then, events that repeat a discarded one make no card. Null for one that is not discarded, or whose repeats make cards.
ALTER TABLE teams_notifications ADD COLUMN quiet_until timestamptz(3);

-- Rows are inserted with their effect in one transaction, or before it where the effect is outside (retry, poll). They leave with
-- the record (TEAMS_AUDIT_RETENTION_DAYS).
CREATE TABLE teams_actions (
  id               uuid           PRIMARY KEY,
  action           text           NOT NULL CHECK (action IN ('acknowledge', 'unacknowledge', 'escalate', 'discard', 'restore',
                                                             'replay', 'retry', 'poll')),
  -- unknown: it was begun, and whether the other side did it is not known.
  state            text           NOT NULL CHECK (state IN ('requested', 'running', 'done', 'refused', 'failed', 'unknown')),
  -- Why it was refused or failed; null where that needs no reason.
  code             text,
  -- The event that was asked for, and its month.
  event_id         uuid           NOT NULL,
  event_created_at timestamptz(3) NOT NULL,
  -- The notification whose button it was; null where none was named.
  notification_id  uuid,
  -- The events that it was done to, sorted: of a digest its members, too. Of one that was not done, the event that was asked for.
  event_ids        uuid[]         NOT NULL,
  -- How it is known who acts.
  via              text           NOT NULL,
  actor_id         text,
  actor_name       text,
  verified         boolean        NOT NULL,
  -- The relay that vouches for the person.
  relayed_by       text,
  reason           text,
  note             text,
  tier             integer        CHECK (tier >= 1),
  quiet_until      timestamptz(3),
  -- What the other side said.
  result           jsonb,
  requested_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  started_at       timestamptz(3),
  finished_at      timestamptz(3),
  -- The process that runs it holds it until then.
  lease_until      timestamptz,
  -- The caller's idempotency key, as <SHA-256 of the key and its caller>; and of what was asked for with it.
  key_hash         text           UNIQUE,
  content_hash     text,
  -- The action of another person that this one confirms, where two are needed.
  confirms         uuid,
  salt             uuid,
  CHECK ((finished_at IS NULL) = (state IN ('requested', 'running')))
);
CREATE INDEX teams_actions_events_idx ON teams_actions USING gin (event_ids);
CREATE INDEX teams_actions_requested_at_idx ON teams_actions (requested_at);
CREATE INDEX teams_actions_open_idx ON teams_actions (action, event_id) WHERE finished_at IS NULL;

-- As before, without those that somebody discarded.
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
