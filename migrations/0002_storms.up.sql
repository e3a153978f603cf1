-- Storm control: what stands in a digest, what is a repeat, what is silenced, what is resolved.
--
-- Everything is added, nothing changed: gateways of the version before go on working while this is applied and after
-- it. The new columns are null in the rows that they write. Adding a column waits for whoever uses the table, and
-- everybody else waits behind it; so it gives up soon (55P03), and the migrator tries again.
SET LOCAL lock_timeout = '2s';

-- When the last round of digests was made, while a storm lasts; null when there is none. Before the notifications: turns
-- lock their channel first too, and would else wait for this as this waits for them.
ALTER TABLE teams_channels ADD COLUMN digested_at timestamptz;

ALTER TABLE teams_notifications
  -- What it has in common with others of a storm: event type and chosen fields of its data, as a hash.
  ADD COLUMN fingerprint text,
  -- What it is about, as a hash: the correlation id that the caller gave, or chosen fields of its data.
  ADD COLUMN dedup_key   text,
  -- The notification whose card is the digest that this one stands in.
  ADD COLUMN digest_id   uuid,
  -- The silence or maintenance window that kept it back.
  ADD COLUMN silence_id  uuid,
  -- The notification that this one repeats. How often one was repeated is the number of rows that name it here: a
  -- counter would be locked by every caller's transaction in which something repeats, and the drain would wait for it.
  ADD COLUMN repeat_of   uuid;

CREATE INDEX teams_notifications_dedup_idx ON teams_notifications (dedup_key, channel, created_at)
  WHERE dedup_key IS NOT NULL AND repeat_of IS NULL;
CREATE INDEX teams_notifications_repeat_idx ON teams_notifications (repeat_of, created_at)
  WHERE repeat_of IS NOT NULL;
CREATE INDEX teams_notifications_digest_idx ON teams_notifications (digest_id, id)
  WHERE digest_id IS NOT NULL;
CREATE INDEX teams_notifications_silence_idx ON teams_notifications (silence_id)
  WHERE silence_id IS NOT NULL;

-- Resolved events close what they resolve. Rows are only added, for the same reason as there is no counter of repeats:
-- an update of the closed notification, inside a caller's long transaction, would hold up the drain.
CREATE TABLE teams_resolutions (
  dedup_key  text        NOT NULL,
  -- The type that is closed.
  event_type text        NOT NULL,
  -- The event that says so.
  event_id   uuid        NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (dedup_key, event_type, event_id)
);

-- The event that closed a notification; null while it is open. Of one transaction, the later event counts as later.
CREATE FUNCTION teams_resolved_by(n teams_notifications) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT r.event_id FROM teams_resolutions r
   WHERE r.dedup_key = n.dedup_key AND r.event_type = n.event_type
     AND (r.created_at, r.event_id) > (n.created_at, n.event_id)
   ORDER BY r.created_at, r.event_id LIMIT 1
$$;

-- Silences and maintenance windows. A row is never changed but by its end: whoever wants another one ends it and
-- makes a new one, so that it stays known who kept back what, from when to when, and why.
CREATE TABLE teams_silences (
  id         uuid        PRIMARY KEY,
  kind       text        NOT NULL CHECK (kind IN ('silence', 'maintenance')),
  -- [{"field": "event_type", "operator": "=", "value": "celery.*"}, …]: all of them must match.
  matchers   jsonb       NOT NULL CHECK (jsonb_typeof(matchers) = 'array' AND jsonb_array_length(matchers) > 0),
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  -- A maintenance window may come again every day or every week, until somebody ends it.
  every      text        CHECK (every IN ('day', 'week')),
  reason     text        NOT NULL,
  created_by text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_by   text,
  ended_at   timestamptz,
  CHECK (ends_at > starts_at),
  CHECK (every IS NULL OR kind = 'maintenance'),
  CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
-- For what every accept asks: which are neither ended nor over.
CREATE INDEX teams_silences_open_idx ON teams_silences ((CASE WHEN every IS NULL THEN ends_at ELSE 'infinity' END))
  WHERE ended_at IS NULL;

CREATE OR REPLACE VIEW teams_notifications_unacknowledged_critical AS
  SELECT id, correlation_id, event_type, priority, stakeholders, channel, sent_at, retry_count,
         extract(epoch FROM now() - sent_at)::bigint AS age_seconds
    FROM teams_notifications n
   WHERE priority IN ('CRITICAL', 'HIGH')
     AND sent_at IS NOT NULL
     AND acknowledged_at IS NULL
     AND teams_resolved_by(n) IS NULL
   ORDER BY sent_at;
