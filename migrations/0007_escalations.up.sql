-- Escalation: for each event that climbs while nobody acknowledges it, where it stands and when it goes on.
--
-- Everything is added, nothing is rewritten: gateways of the version before go on working while this is applied and after
-- it. Adding a column waits for the transactions that use the table, and all others wait behind it; so it gives up soon
-- (55P03), and the migrator tries again.
SET LOCAL lock_timeout = '2s';

ALTER TABLE teams_notifications
  -- The tier of the policy that this notification calls; null for the first ones of an event.
  ADD COLUMN escalation_step integer,
  -- What its card says of it: the tiers of the policy, the people to mention; or that an acknowledgement is about to expire.
  ADD COLUMN escalation      jsonb;

-- One row for each event, from its acceptance. Events that do not climb have none: of type gateway.*, silenced, repeats, without
-- a policy.
CREATE TABLE teams_escalations (
  event_id         uuid           PRIMARY KEY,
  -- The month of the event.
  event_created_at timestamptz(3) NOT NULL DEFAULT now(),
  event_type       text           NOT NULL,
  priority         text           NOT NULL,
  -- By these its resolution is found: as in its notifications.
  received_at      timestamptz(3) NOT NULL,
  dedup_key        text,
  fingerprint      text,
  -- Of a digest's event: its notification. The events that stand in it climb with it.
  digest_id        uuid,
  policy           text           NOT NULL,
  -- The tiers, as they were when the event was accepted. Calendars are named only, and read when a tier is due.
  plan             jsonb          NOT NULL,
  state            text           NOT NULL CHECK (state IN ('climbing', 'acknowledged', 'ended')),
  -- Why it ended.
  reason           text           CHECK (reason IN ('resolved', 'discarded', 'digested', 'removed')),
  -- The tier that was called last; 1 is the event's own channels.
  tier             integer        NOT NULL DEFAULT 1 CHECK (tier >= 1),
  -- How often the policy has begun again.
  round            integer        NOT NULL DEFAULT 0,
  -- When that tier was called, its wait began again, or the event was acknowledged.
  since            timestamptz(3) NOT NULL,
  -- When the next tier is called, the reminder is sent, or the acknowledgement expires; null where nothing follows.
  next_at          timestamptz(3),
  -- The calendar for whose hours the next tier waits longer than its policy says.
  held_by          text,
  ack_expires_at   timestamptz(3),
  reminded_at      timestamptz(3),
  ended_at         timestamptz(3),
  salt             uuid,
  CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
  CHECK (state <> 'ended' OR next_at IS NULL)
);
CREATE INDEX teams_escalations_due_idx ON teams_escalations (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX teams_escalations_open_idx ON teams_escalations (dedup_key, event_type) WHERE state <> 'ended';
CREATE INDEX teams_escalations_over_idx ON teams_escalations (event_created_at) WHERE next_at IS NULL;

-- As before, without the reminders of acknowledged events, which are acknowledged with them.
CREATE OR REPLACE VIEW teams_notifications_unacknowledged_critical AS
  SELECT n.id, n.correlation_id, n.event_type, n.priority, n.stakeholders, n.channel, n.sent_at, n.retry_count,
         extract(epoch FROM now() - n.sent_at)::bigint AS age_seconds
    FROM teams_notifications n
   WHERE n.priority IN ('CRITICAL', 'HIGH')
     AND n.sent_at IS NOT NULL
     AND n.acknowledged_at IS NULL
     AND n.escalation ->> 'kind' IS DISTINCT FROM 'reminder'
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
